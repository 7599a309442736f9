//! A list of what is asked about, as buyers have it: pasted lines, a text file or a workbook, with a header or without.

use super::asking::Question;
use super::batch::LINES_MAX;
use super::sheet::{Cell, Kind, Line, Sheet, fold, read};
use crate::domain::Refusal;
use crate::domain::error::shown;

/// What a column of such a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    /// A number, an identifier, an address.
    Asked,
    /// The holder that is expected.
    Holder,
    /// Its credit code: expected where there is a number, asked about where there is none.
    Uscc,
    /// The level that is expected.
    Level,
    /// The scope that is expected.
    Scope,
    /// The line it had in the list that this one was made of.
    Line,
    /// What was wrong with it there ([`FAULTS`]).
    Fault,
}

/// What can be wrong with a cell, so that what stands there is not what was meant: written into a list that is read again, for what is
/// read again by itself may pass for something else.
const FAULTS: [&str; 4] = ["digits_lost", "turned_into_date", "formula_error", "text_empty"];
/// Most bytes of texts of a list, so that it can be handed back to whoever sent it and sent again.
const TEXT_MAX: usize = 3 << 20;

/// Every column with the folded names it goes by, in the order columns have in a list without a header.
const NAMES: [(Column, &str); 7] = [
    (
        Column::Asked,
        "证书编号 编号 证书号 证书号码 认证证书编号 证书 证书编号或网址 编号或代码 标志 标志网址 标志编号 网址 链接 二维码 二维码内容 查询内容 您填的 \
         certificatenumber number certificateno certno certificate certificateid mark markurl url link asked",
    ),
    (
        Column::Holder,
        "持证人 持证组织 持证单位 获证组织 获证企业 企业名称 企业 公司名称 公司 单位名称 单位 投标人 投标单位 投标人名称 供应商 供应商名称 要求的持证人 \
         holder holdername bidder supplier vendor company companyname organisation organization expectedholder",
    ),
    (
        Column::Level,
        "级别 星级 等级 认证级别 认证等级 认证星级 服务级别 服务等级 证书级别 证书等级 要求级别 要求等级 要求星级 要求的级别 level grade stars requiredlevel expectedlevel",
    ),
    (Column::Scope, "范围 认证范围 服务范围 证书范围 覆盖范围 要求范围 要求的范围 scope requiredscope expectedscope"),
    (Column::Uscc, "统一社会信用代码 信用代码 社会信用代码 要求的信用代码 uscc creditcode unifiedsocialcreditcode"),
    (Column::Line, "行 行号 line row"),
    (Column::Fault, "没有读出 unread"),
];
/// A list may have one column, so one known header is a header.
const KIND: Kind = Kind { known_in, least: 1 };

/// A list that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct List {
    /// What is asked, each with its row in the file or its line in the text.
    pub entries: Vec<Entry>,
    /// The sheet of a workbook that was read.
    pub sheet: Option<String>,
    /// Its sheets that were not.
    pub sheets_not_read: Vec<String>,
    /// Headers of columns that say nothing about what is asked.
    pub ignored: Vec<String>,
    /// Lines with something in them above the header, which are titles or notes.
    pub above: usize,
}

/// A line of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its row, from 1, as a spreadsheet counts.
    pub row: usize,
    /// What is asked, or what stands where it should be.
    pub question: Question,
    /// Why what is asked cannot be read.
    pub fault: Option<Refusal>,
}

/// Reads a list; what the bytes are is told from the bytes.
///
/// # Errors
/// What [`read`] refuses; `no_number_column` where a header names none of what can be asked about; `column_doubled`;
/// `too_many_lines`; `list_too_long`; `empty_file`.
pub fn read_list(bytes: &[u8]) -> Result<List, Refusal> {
    let Sheet { name, others, lines, .. } = read(bytes, KIND)?;
    let (places, ignored, below) = match KIND.header(&lines) {
        Some(at) => {
            let header = &lines[at];
            let unknown = header.cells.iter().filter(|c| !c.is_blank() && column_of(c).is_none());
            (Places::named(header)?, unknown.map(|c| c.shown().into_owned()).collect(), at + 1)
        }
        None => (Places::in_order(), vec![], 0),
    };
    let entries: Vec<Entry> = lines[below..].iter().filter_map(|line| places.entry(line)).collect();
    let texts: usize = entries.iter().map(Entry::bytes).sum();
    if texts > TEXT_MAX {
        let why = format!(
            "its texts come to {texts} bytes; at most {TEXT_MAX} are read: leave out what is not asked or expected"
        );
        return Err(Refusal::invalid("list_too_long", why));
    }
    match entries.len() {
        0 => Err(Refusal::invalid("empty_file", "nothing is asked about: there is no line below the header")),
        n if n > LINES_MAX => {
            let why = format!("there are {n} lines; at most {LINES_MAX} are asked about at once: split the list");
            Err(Refusal::invalid("too_many_lines", why))
        }
        _ => Ok(List { entries, sheet: name, sheets_not_read: others, ignored, above: below.saturating_sub(1) }),
    }
}

/// Where each column stands.
struct Places([(Column, Option<usize>); NAMES.len()]);

impl Places {
    fn named(header: &Line) -> Result<Self, Refusal> {
        let places = Self(NAMES.map(|(column, _)| (column, place(header, column))));
        for (column, at) in places.0 {
            let Some(first) = at else { continue };
            let doubled = header.cells.iter().skip(first + 1).find(|c| column_of(c) == Some(column));
            if let Some(second) = doubled {
                let (first, second) = (shown(&header.cell(first).shown()), shown(&second.shown()));
                let why = format!("“{first}” and “{second}” say the same thing of a line: keep one of the two columns");
                return Err(Refusal::invalid("column_doubled", why));
            }
        }
        if places.of(Column::Asked).or(places.of(Column::Uscc)).is_some() {
            return Ok(places);
        }
        let why = "the header names no column of what is asked about: call one 证书编号 or 统一社会信用代码";
        Err(Refusal::invalid("no_number_column", why))
    }

    /// Without a header: what is asked, then the holder, level and scope that are expected, then the credit code.
    fn in_order() -> Self {
        let mut at = 0..;
        Self(NAMES.map(|(column, _)| (column, at.next().filter(|_| !matches!(column, Column::Line | Column::Fault)))))
    }

    fn of(&self, column: Column) -> Option<usize> {
        self.0.iter().find(|(c, _)| *c == column).and_then(|(_, at)| *at)
    }

    /// What a line asks; nothing where it asks nothing.
    fn entry(&self, line: &Line) -> Option<Entry> {
        let cell = |column| self.of(column).map(|at| line.cell(at)).filter(|c| !c.says_none());
        let text = |column| cell(column).map(|c| c.shown().into_owned());
        let fault = text(Column::Fault).and_then(|code| FAULTS.into_iter().find(|fault| *fault == code));
        let fault =
            fault.map(|code| Refusal::invalid(code, "the spreadsheet this came from had no number here any more"));
        let (asked, uscc) = match (cell(Column::Asked), cell(Column::Uscc)) {
            (None, None)
                if fault.is_none()
                    && [Column::Holder, Column::Level, Column::Scope].into_iter().all(|c| cell(c).is_none()) =>
            {
                return None;
            }
            (None, uscc) if fault.is_none() => (uscc, None),
            both => both,
        };
        let fault = fault.or_else(|| match asked {
            None => Some(Refusal::invalid("text_empty", "nothing is asked about on this line")),
            Some(asked) => asked.exact().err(),
        });
        let question = Question {
            asked: asked.map_or_else(String::new, |c| c.shown().into_owned()),
            // What cannot be read there is an expectation that is not met.
            uscc: uscc.map(|c| c.shown().into_owned()),
            holder: text(Column::Holder),
            level: text(Column::Level),
            scope: text(Column::Scope),
        };
        let row = text(Column::Line).and_then(|row| row.parse().ok()).unwrap_or(line.row);
        Some(Entry { row, question, fault })
    }
}

impl Entry {
    fn bytes(&self) -> usize {
        let q = &self.question;
        let all = [Some(&q.asked), q.holder.as_ref(), q.uscc.as_ref(), q.level.as_ref(), q.scope.as_ref()];
        all.into_iter().flatten().map(String::len).sum()
    }
}

/// A list as it is read again, with the same entries: a header, then a line each, with the row it had.
#[must_use]
pub fn written(entries: &[Entry]) -> String {
    let mut out = String::from("行\t证书编号\t持证人\t级别\t范围\t统一社会信用代码\t没有读出\n");
    for entry in entries {
        let cell = |text: &str| text.replace(['\t', '\n', '\r', '"'], " ");
        let q = &entry.question;
        let [holder, level, scope, uscc] =
            [&q.holder, &q.level, &q.scope, &q.uscc].map(|t| cell(t.as_deref().unwrap_or_default()));
        let fault = entry.fault.as_ref().map_or("", |why| why.code).to_owned();
        let cells = [cell(&q.asked), holder, level, scope, uscc, fault];
        let line = format!("{}\t{}", entry.row, cells.join("\t"));
        out.push_str(line.trim_end_matches('\t'));
        out.push('\n');
    }
    out
}

fn known_in(line: &Line) -> usize {
    NAMES.iter().filter(|(column, _)| place(line, *column).is_some()).count()
}

fn column_of(cell: &Cell) -> Option<Column> {
    let folded = fold(&cell.shown());
    NAMES.iter().find(|(_, names)| names.split_whitespace().any(|n| n == folded)).map(|(column, _)| *column)
}

fn place(line: &Line, column: Column) -> Option<usize> {
    line.cells.iter().position(|cell| column_of(cell) == Some(column))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn asked(text: &str) -> Vec<(usize, Question)> {
        read_list(text.as_bytes()).unwrap().entries.into_iter().map(|e| (e.row, e.question)).collect()
    }

    fn question(asked: &str, holder: &str, level: &str, scope: &str) -> Question {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Question { asked: asked.to_owned(), holder: some(holder), level: some(level), scope: some(scope), uscc: None }
    }

    #[test]
    fn lists_are_read_as_people_paste_them() {
        assert_eq!(
            asked("29326SC10002R0M\n\n  91110108551385082Q \r\nhttps://xb.example.cn/m/1"),
            [
                (1, question("29326SC10002R0M", "", "", "")),
                (3, question("91110108551385082Q", "", "", "")),
                (4, question("https://xb.example.cn/m/1", "", "", "")),
            ]
        );
        let whole = question("A-1", "示例电器有限公司", "五星级", "家用电器");
        for text in [
            "A-1\t示例电器有限公司\t五星级\t家用电器",
            "A-1,示例电器有限公司,五星级,家用电器",
            "证书编号,投标人,要求级别,范围\nA-1,示例电器有限公司,五星级,家用电器",
            "投标核验名单\n序号;星级;供应商名称;报价;证书号（必填）;认证范围\n1;五星级;示例电器有限公司;9;A-1;家用电器",
        ] {
            let found = asked(text);
            assert_eq!(found.iter().map(|(_, q)| q).collect::<Vec<_>>(), [&whole], "{text}");
        }
        let list = read_list("序号,编号,报价\n1,A-1,9".as_bytes()).unwrap();
        assert_eq!(list.ignored, ["序号", "报价"]);
        assert_eq!(asked("行\t编号\n7\tA-1"), [(7, question("A-1", "", "", ""))]);
    }

    #[test]
    fn a_credit_code_is_expected_beside_a_number_and_asked_about_without_one() {
        let found = asked("编号,统一社会信用代码\nA-1,91110108551385082Q\n,91990000MA0000001B\n/,-\n");
        assert_eq!(found[0].1.uscc.as_deref(), Some("91110108551385082Q"));
        assert_eq!(found[1].1, question("91990000MA0000001B", "", "", ""));
        assert_eq!(found.len(), 2, "a line that asks nothing is none");
        let holder = &read_list("编号,企业名称\n,示例公司".as_bytes()).unwrap().entries[0];
        assert_eq!(holder.fault.as_ref().unwrap().code, "text_empty");
        assert_eq!(holder.question.holder.as_deref(), Some("示例公司"), "whose line it was is not lost");
    }

    #[test]
    fn what_is_no_list_is_refused_with_what_would_be_right() {
        let code = |bytes: &[u8]| read_list(bytes).unwrap_err().code;
        assert_eq!(code(b""), "empty_file");
        assert_eq!(code("证书编号\n".as_bytes()), "empty_file");
        assert_eq!(code("投标人,级别\n示例,五星".as_bytes()), "no_number_column");
        assert_eq!(code("A\n".repeat(LINES_MAX + 1).as_bytes()), "too_many_lines");
        assert_eq!(code(b"<html>"), "not_a_table");
        assert_eq!(code(b"\xff\xfe\x00"), "unreadable_text");
        let lost = read_list("编号\n9.13401E+17".as_bytes()).unwrap();
        assert_eq!(lost.entries[0].fault.as_ref().unwrap().code, "digits_lost");
    }

    #[test]
    fn what_could_not_be_read_is_not_read_as_something_else_the_next_time() {
        let text = "编号,企业名称,信用代码\n9.13401E+17,示例\nA-1,\"示例\t公司\",#N/A\n,只有企业";
        let first = read_list(text.as_bytes()).unwrap();
        let again = read_list(written(&first.entries).as_bytes()).unwrap();
        let told = |e: &Entry| (e.row, e.question.clone(), e.fault.as_ref().map(|why| why.code));
        for at in [0, 2] {
            assert_eq!(told(&again.entries[at]), told(&first.entries[at]));
        }
        assert_eq!(again.entries[1].question.holder.as_deref(), Some("示例 公司"));
        assert_eq!(again.entries[1].question.uscc.as_deref(), Some("#N/A"), "an expectation that is not met");
    }

    #[test]
    fn a_list_that_can_be_read_in_two_ways_is_refused() {
        let code = |text: &str| read_list(text.as_bytes()).unwrap_err().code;
        assert_eq!(code("编号,证书编号\n1,A-1"), "column_doubled");
        assert_eq!(code("证书编号,企业名称,投标人\nA-1,甲,乙"), "column_doubled");
        assert_eq!(code(&format!("A-1,{}\n", "示".repeat(600)).repeat(3_000)), "list_too_long");
        assert_eq!(read_list("名单\n2026年\n证书编号\nA-1".as_bytes()).unwrap().above, 2);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "\\PC{0,200}") {
            let _ = (read_list(&bytes), read_list(text.as_bytes()), read_list(&[b"PK\x03\x04", bytes.as_slice()].concat()));
        }
    }
}

//! The columns a roster has, the names people give them, and where they stand in a file.

use super::fault::{ColumnRef, RosterFault};
use crate::domain::Refusal;
use crate::service::sheet::{Kind, Line, fold};

/// How the header of a roster is told from a title, which may hold one such word by chance.
pub(super) const KIND: Kind = Kind { known_in, least: 2 };
/// Header cells named in one message.
const MAX_HEADERS_SHOWN: usize = 30;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// 证书编号.
    Number,
    /// 获证组织.
    Holder,
    /// 统一社会信用代码.
    Uscc,
    /// 注册地址.
    Address,
    /// 认证范围.
    Scope,
    /// 级别.
    Level,
    /// 发证日期.
    IssuedOn,
    /// 有效期至.
    ValidUntil,
    /// 状态.
    Status,
    /// 初次发证日期.
    FirstIssuedOn,
    /// 下次监督日期.
    SurveillanceDueOn,
    /// 状态日期.
    StatusOn,
    /// 状态原因.
    StatusReason,
    /// 暂停至.
    SuspendedUntil,
    /// 场所.
    Sites,
}

/// Every column with the folded names it goes by, parted by spaces; the first is the one messages use.
const NAMES: &[(Column, &str)] = &[
    (
        Column::Number,
        "证书编号 编号 证书号 证书号码 认证证书编号 \
         certificatenumber number certificateno certno",
    ),
    (
        Column::Holder,
        "获证组织 企业名称 组织名称 获证组织名称 获证企业 获证企业名称 公司名称 单位名称 持证单位 持证组织 名称 \
         holder name holdername organisation organization company companyname",
    ),
    (
        Column::Uscc,
        "统一社会信用代码 信用代码 社会信用代码 统一信用代码 \
         uscc unifiedsocialcreditcode creditcode",
    ),
    (
        Column::Address,
        "注册地址 地址 组织地址 企业地址 住所 \
         address registeredaddress",
    ),
    (
        Column::Scope,
        "认证范围 范围 证书范围 \
         scope scopeofcertification certificationscope",
    ),
    (
        Column::Level,
        "级别 等级 星级 认证级别 认证等级 证书级别 服务级别 \
         level starlevel grade",
    ),
    (
        Column::IssuedOn,
        "发证日期 颁证日期 颁发日期 签发日期 发证时间 颁证时间 本次发证日期 \
         issuedon issuedate issued dateofissue",
    ),
    (
        Column::ValidUntil,
        "有效期至 到期日期 到期日 有效期截止 截止日期 有效截止日期 有效期止 到期时间 \
         validuntil validto expirydate expireson expires",
    ),
    (
        Column::Status,
        "状态 证书状态 当前状态 \
         status certificatestatus",
    ),
    (
        Column::FirstIssuedOn,
        "初次发证日期 首次发证日期 初次颁证日期 首次颁证日期 初次获证日期 \
         firstissuedon firstissuedate initialissuedate",
    ),
    (
        Column::SurveillanceDueOn,
        "下次监督日期 下次监督时间 下次监审日期 监督到期日 \
         surveillancedueon nextsurveillance nextsurveillancedate surveillancedue",
    ),
    (
        Column::StatusOn,
        "状态日期 状态变更日期 状态变化日期 \
         statuson statusdate",
    ),
    (
        Column::StatusReason,
        "状态原因 原因 状态变更原因 原因代码 \
         statusreason reason reasoncode",
    ),
    (
        Column::SuspendedUntil,
        "暂停至 暂停截止日期 暂停到期日 暂停到期日期 \
         suspendeduntil",
    ),
    (
        Column::Sites,
        "场所 多场所 覆盖场所 场所清单 \
         sites site",
    ),
];

impl Column {
    /// The columns no roster goes without. The status is one of them: a roster that does not say it does not say 有效.
    pub const REQUIRED: [Self; 9] = [
        Self::Number,
        Self::Holder,
        Self::Uscc,
        Self::Address,
        Self::Scope,
        Self::Level,
        Self::IssuedOn,
        Self::ValidUntil,
        Self::Status,
    ];

    /// Its name in messages, e.g. 证书编号.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(c, _)| *c == self).and_then(|(_, names)| names.split(' ').next()).unwrap_or_default()
    }

    /// The column that goes by this header.
    fn of(header: &str) -> Option<Self> {
        let folded = fold(header);
        NAMES.iter().find(|(_, names)| names.split(' ').any(|n| n == folded)).map(|(c, _)| *c)
    }
}

/// How many different columns are known in a line.
fn known_in(line: &Line) -> usize {
    let mut seen: Vec<Column> = Vec::new();
    for column in line.cells.iter().filter_map(|c| Column::of(&c.shown())) {
        if !seen.contains(&column) {
            seen.push(column);
        }
    }
    seen.len()
}

/// Where each column stands in one file.
#[derive(Debug)]
pub(super) struct Layout {
    places: Vec<(Column, usize)>,
    refs: Vec<ColumnRef>,
    /// Columns nothing is read from.
    pub ignored: Vec<ColumnRef>,
}

impl Layout {
    /// Reads the header line; a missing or doubled column is a fault of the whole table.
    pub(super) fn of(header: &Line) -> (Self, Vec<RosterFault>) {
        let mut layout = Self { places: Vec::new(), refs: Vec::new(), ignored: Vec::new() };
        let mut faults = Vec::new();
        for (i, cell) in header.cells.iter().enumerate() {
            let text = cell.shown();
            let here = ColumnRef::new(i, &text);
            layout.refs.push(here.clone());
            match Column::of(&text) {
                Some(column) => match layout.place(column) {
                    Some(first) => faults.push(doubled(header.row, column, &layout.refs[first], here)),
                    None => layout.places.push((column, i)),
                },
                None if cell.is_blank() => {}
                None => layout.ignored.push(here),
            }
        }
        let missing: Vec<&str> =
            Column::REQUIRED.into_iter().filter(|c| layout.place(*c).is_none()).map(Column::name).collect();
        if !missing.is_empty() {
            faults.push(RosterFault::at(header.row, None, "", layout.missing(&missing)));
        }
        (layout, faults)
    }

    /// Index of a column.
    pub(super) fn place(&self, column: Column) -> Option<usize> {
        self.places.iter().find(|(c, _)| *c == column).map(|(_, i)| *i)
    }

    /// A column as a person finds it.
    pub(super) fn reference(&self, column: Column) -> Option<ColumnRef> {
        self.place(column).and_then(|i| self.refs.get(i)).cloned()
    }

    /// Whether the line says the header again, as printed lists do on every page.
    pub(super) fn repeats_header(&self, line: &Line) -> bool {
        self.place(Column::Number).is_some_and(|i| Column::of(&line.cell(i).shown()) == Some(Column::Number))
    }

    fn missing(&self, names: &[&str]) -> Refusal {
        let mut found: Vec<&str> = self.refs.iter().map(|r| r.header.as_str()).filter(|h| !h.is_empty()).collect();
        let more = found.len().saturating_sub(MAX_HEADERS_SHOWN);
        found.truncate(MAX_HEADERS_SHOWN);
        let and_more = if more > 0 { format!(" and {more} more") } else { String::new() };
        Refusal::invalid(
            "column_missing",
            format!(
                "the header row lacks {}: add the column or name it so; the headers found are {}{and_more}",
                names.join("、"),
                found.join("、")
            ),
        )
    }
}

fn doubled(row: usize, column: Column, first: &ColumnRef, second: ColumnRef) -> RosterFault {
    let refusal = Refusal::invalid(
        "column_doubled",
        format!(
            "columns {} and {} both read as {}: keep the right one and rename or delete the other",
            first.letter,
            second.letter,
            column.name()
        ),
    );
    let value = second.header.clone();
    RosterFault::at(row, Some(second), &value, refusal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_folded_and_means_one_column() {
        let all: Vec<&str> = NAMES.iter().flat_map(|(_, names)| names.split(' ')).collect();
        for (i, name) in all.iter().enumerate() {
            assert_eq!(fold(name), *name);
            assert!(!all[..i].contains(name), "{name} stands twice");
        }
    }

    #[test]
    fn the_specification_lists_every_name_and_no_other() {
        let spec = include_str!("../../../docs/SPEC-roster.md");
        let table = spec.split("## ").find(|s| s.starts_with("Columns")).unwrap();
        let mut listed: Vec<String> = table.split('`').skip(1).step_by(2).map(fold).collect();
        let mut known: Vec<&str> = NAMES.iter().flat_map(|(_, names)| names.split(' ')).collect();
        listed.sort();
        known.sort_unstable();
        assert_eq!(listed, known);
    }

    #[test]
    fn headers_fold_to_their_column() {
        for (header, column) in [
            ("\u{feff}证书编号", Column::Number),
            ("证 书\n编 号*", Column::Number),
            ("Certificate Number", Column::Number),
            ("ＵＳＣＣ", Column::Uscc),
            ("统一社会信用代码（18位）", Column::Uscc),
            ("有效期至【年-月-日】：", Column::ValidUntil),
            ("valid_until", Column::ValidUntil),
            ("Issued-On (date)", Column::IssuedOn),
            ("星级", Column::Level),
            ("暂停至", Column::SuspendedUntil),
        ] {
            assert_eq!(Column::of(header), Some(column), "{header}");
        }
        for unknown in ["", "序号", "（证书编号）", "有效期", "备注"] {
            assert_eq!(Column::of(unknown), None, "{unknown}");
        }
    }
}

//! The usage sheet of a mark: one page for whoever prints it, Chinese first, English beside it.

mod figures;

use super::{Sign, refused};
use crate::domain::Refusal;
use crate::draw::lines::wrap;
use crate::draw::shape::rounded;
use crate::draw::{Code, Colour, Font, Item, Letters, Modules, POINT, Page, Paint, Weight};

/// What stands on a usage sheet. Names are printed whatever they are: [`SUBSTITUTE`](crate::draw::font::SUBSTITUTE) stands for a letter the font lacks.
#[derive(Debug, Clone)]
pub struct Usage {
    /// What the licence says, each with its label in Chinese and English, in this order.
    pub facts: Vec<Fact>,
    /// Each layout that can be drawn.
    pub specimens: Vec<Specimen>,
    /// Layouts that cannot be drawn, in Chinese and English; empty where all can.
    pub lacking: Option<(String, String)>,
    /// The verification domain.
    pub host: String,
}

/// A fact with its label.
#[derive(Debug, Clone)]
pub struct Fact {
    /// Its label in Chinese and English.
    pub label: (&'static str, &'static str),
    /// What it says.
    pub text: String,
    /// It takes the sheet's whole width.
    pub wide: bool,
}

/// One layout, shown true to size at the least width it may be printed at.
#[derive(Debug, Clone)]
pub struct Specimen {
    /// Its name in Chinese and English.
    pub name: (&'static str, &'static str),
    /// The mark at its least width.
    pub page: Page,
    /// Width and height in millimetres as designed: in Chinese, and with English beside it.
    pub designed: Vec<(&'static str, f64, f64)>,
    /// From how far it is read, in millimetres: at its least width and as designed.
    pub read_from: (f64, f64),
    /// Width of a module in millimetres: at its least width and as designed.
    pub module: (f64, f64),
    /// Least width in flexographic print and on corrugated board, in millimetres.
    pub flexo: f64,
    /// Its code proves the mark with no server.
    pub signed: bool,
}

impl Specimen {
    fn code(&self) -> Option<&Code> {
        self.page.items.iter().find_map(|item| match item {
            Item::Code(code) => Some(code),
            _ => None,
        })
    }
}

/// Left and right edge of all that stands on the sheet, in millimetres.
const LEFT: f64 = 15.0;
const RIGHT: f64 = 195.0;
/// Between columns.
const GAP: f64 = 8.0;
/// Sizes of letters, in points: what is said, and what is said beside; nothing is smaller.
const TEXT: f64 = 8.5;
const SMALL: f64 = 7.0;
/// Specimens wider than this stand below each other.
const WIDE: f64 = 50.0;
/// Specimens taller than this have a column of their own.
const TALL: f64 = 45.0;
/// The lowest base line above the foot.
const LOWEST: f64 = 283.0;

/// Draws the sheet: one page, or two where names are so long that one does not hold it.
///
/// # Errors
/// `print_font_broken`; `usage_overflow` where two pages do not hold it.
pub fn usage(usage: &Usage) -> Result<Vec<Page>, Refusal> {
    let (pages, fits) = drawn(usage, false)?;
    if fits {
        return Ok(pages);
    }
    let (pages, fits) = drawn(usage, true)?;
    if fits { Ok(pages) } else { Err(Refusal::rule("usage_overflow", "the usage sheet does not fit its two pages")) }
}

/// The pages, and whether all stands above their feet.
fn drawn(usage: &Usage, turn: bool) -> Result<(Vec<Page>, bool), Refusal> {
    let mut sheet = Sheet { page: Page::a4() };
    let mut pages = vec![];
    let mut y = sheet.head(usage)?;
    y = sheet.sizes(usage, y + 8.2)?;
    y = sheet.table(usage, y + 3.4)?;
    let mut fits = y <= LOWEST;
    if turn {
        sheet.foot(usage)?;
        pages.push(std::mem::replace(&mut sheet.page, Page::a4()));
        sheet.band();
        y = 8.0;
    }
    y = sheet.dos(usage, y + 7.8)?;
    y = sheet.donts(y + 7.4)?;
    fits &= y <= LOWEST;
    sheet.foot(usage)?;
    pages.push(sheet.page);
    Ok((pages, fits))
}

/// The sheet while it is drawn. Texts stand on their base line; places and lengths are in millimetres, letters in points.
struct Sheet {
    page: Page,
}

fn weight(bold: bool) -> Weight {
    if bold { Weight::Bold } else { Weight::Regular }
}

fn printable(text: &str, bold: bool) -> Result<String, Refusal> {
    Ok(Font::of(weight(bold)).map_err(refused)?.printable(text))
}

/// Millimetres as people write them: at most two decimals, no zeros at the end.
fn mm(length: f64) -> String {
    let text = format!("{length:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Sheet {
    fn line(&mut self, text: &str, at: (f64, f64), size: f64, bold: bool, colour: Colour) -> Result<f64, Refusal> {
        let letters = Letters::new(&printable(text, bold)?, weight(bold), size * POINT, colour, at);
        let end = at.0 + letters.width().map_err(refused)?;
        self.page.letters(letters);
        Ok(end)
    }

    /// Where a line begins that ends there.
    fn beginning(&self, text: &str, end: f64, size: f64, bold: bool) -> Result<f64, Refusal> {
        let letters = Letters::new(&printable(text, bold)?, weight(bold), size * POINT, Colour::INK, (0.0, 0.0));
        Ok(end - letters.width().map_err(refused)?)
    }

    /// Chinese, and English softly beside it.
    fn both(&mut self, (zh, en): (&str, &str), at: (f64, f64), size: f64, bold: bool) -> Result<f64, Refusal> {
        let end = self.line(zh, at, size, bold, Colour::INK)?;
        self.line(en, (end + 1.6, at.1), SMALL.max(size * 0.72), false, Colour::SOFT)
    }

    /// The same, English below the Chinese, each in lines of at most that width; the base line of the last.
    fn stacked(&mut self, (zh, en): (&str, &str), (x, mut y): (f64, f64), width: f64) -> Result<f64, Refusal> {
        for (text, size, step, colour) in [(zh, TEXT, 3.7, Colour::INK), (en, SMALL, 2.95, Colour::SOFT)] {
            let font = Font::of(Weight::Regular).map_err(refused)?;
            for line in wrap(font, text, width / (size * POINT)) {
                self.line(&line, (x, y), size, false, colour)?;
                y += step;
            }
            // English keeps close to its Chinese.
            y -= if size == TEXT { 0.35 } else { 2.95 };
        }
        Ok(y)
    }

    fn rule(&mut self, y: f64, thick: f64, colour: Colour) {
        self.page.fill(rounded(LEFT, y, RIGHT - LEFT, thick, 0.0, 0.0), colour);
    }

    fn sign(&mut self, sign: Sign, colour: Colour, at: (f64, f64), size: f64) {
        self.page.items.extend(sign.shapes(colour, at, size).into_iter().map(Item::Shape));
    }

    fn heading(&mut self, words: (&str, &str), y: f64) -> Result<(), Refusal> {
        self.page.fill(rounded(LEFT, y - 3.1, 1.1, 3.7, 0.0, 0.0), Colour::VERMILION);
        self.both(words, (LEFT + 2.8, y), 10.5, true).map(drop)
    }

    fn band(&mut self) {
        self.page.fill(rounded(0.0, 0.0, 210.0, 4.0, 0.0, 0.0), Colour::VERMILION);
    }

    /// Title and facts; the base line of the last.
    fn head(&mut self, usage: &Usage) -> Result<f64, Refusal> {
        self.band();
        self.both(("售后服务认证标志使用说明", "How to print and use the star mark"), (LEFT, 17.5), 17.0, true)?;
        self.rule(21.0, 0.3, Colour::INK);
        let (mut y, mut column) = (26.8, 0);
        let font = Font::of(Weight::Bold).map_err(refused)?;
        for fact in &usage.facts {
            if fact.wide && column == 1 {
                (column, y) = (0, y + 5.4);
            }
            let x = LEFT + f64::from(column) * (RIGHT - LEFT + GAP) / 2.0;
            let end = self.line(fact.label.0, (x, y), SMALL, false, Colour::SOFT)?;
            self.line(fact.label.1, (end + 1.0, y), SMALL, false, Colour::SOFT)?;
            let (text_x, width) = (x + 29.0, if fact.wide { RIGHT - LEFT } else { (RIGHT - LEFT - GAP) / 2.0 } - 29.0);
            let lines = wrap(font, &fact.text, width / (TEXT * POINT));
            for (i, line) in lines.iter().enumerate() {
                self.line(line, (text_x, y + 3.9 * i as f64), TEXT, true, Colour::INK)?;
            }
            y += 3.9 * (lines.len() - 1) as f64;
            if fact.wide || column == 1 || lines.len() > 1 {
                (column, y) = (0, y + 5.4);
            } else {
                column = 1;
            }
        }
        Ok(if column == 1 { y } else { y - 5.4 })
    }

    /// The specimens and the quiet zone; the lower edge of the lowest.
    fn sizes(&mut self, usage: &Usage, y: f64) -> Result<f64, Refusal> {
        self.heading(
            (
                "最小尺寸（本页按 100% 打印时为实际大小）",
                "Least sizes, true to size where this page is printed at 100 %",
            ),
            y,
        )?;
        let top = y + 5.0;
        let is = |wanted: fn(&Specimen) -> bool| usage.specimens.iter().filter(move |s| wanted(s)).collect::<Vec<_>>();
        let tall = is(|s| s.page.width <= WIDE && s.page.height > TALL).into_iter().map(|s| vec![s]);
        let wide = is(|s| s.page.width > WIDE);
        let mut columns: Vec<Vec<&Specimen>> = tall.chain([wide]).filter(|c| !c.is_empty()).collect();
        let others = is(|s| s.page.width <= WIDE && s.page.height <= TALL);
        // The last column has the quiet zone: below the small mark, or beside it where that is the only one.
        if columns.is_empty() {
            columns.extend([others, vec![]]);
        } else {
            columns.push(others);
        }
        let width = |column: &[&Specimen], least: f64| column.iter().map(|s| s.page.width).fold(least, f64::max);
        let last = columns.len() - 1;
        let widths: Vec<f64> = columns
            .iter()
            .enumerate()
            .map(|(i, c)| width(c, if i == last { figures::QUIET_WIDTH } else { 0.0 }))
            .collect();
        let gap = (RIGHT - LEFT - widths.iter().sum::<f64>()) / last.max(1) as f64;
        let (mut x, mut lowest) = (LEFT, top);
        for (i, (column, width)) in columns.into_iter().zip(widths).enumerate() {
            let mut below = top;
            for specimen in column {
                below = self.specimen(specimen, (x, below))? + 5.2;
            }
            // The finest code asks for the most care.
            let finest = || is(|s| s.signed).into_iter().chain(&usage.specimens).next();
            if let Some(specimen) = finest().filter(|_| i == last)
                && let Some(code) = specimen.code()
            {
                let small = usage.specimens.iter().find(|s| !s.signed && specimen.signed).map(|s| s.module.0);
                below = self.quiet_zone(&code.modules, specimen.module, small, (x, below))? + 5.2;
            }
            (x, lowest) = (x + width + gap.min(GAP * 3.0), lowest.max(below - 5.2));
        }
        Ok(lowest)
    }

    fn table(&mut self, usage: &Usage, y: f64) -> Result<f64, Refusal> {
        const COLUMNS: [(f64, &str, &str); 6] = [
            (LEFT, "版式", "Layout"),
            (LEFT + 27.0, "二维码", "Code"),
            (LEFT + 50.0, "设计尺寸", "As designed (mm)"),
            (LEFT + 99.0, "最小宽度", "Least width"),
            (LEFT + 127.0, "柔印、瓦楞纸", "Flexo"),
            (LEFT + 155.5, "识读距离", "Read from"),
        ];
        const SECOND: f64 = 24.0;
        self.rule(y, 0.25, Colour::INK);
        for (x, zh, en) in COLUMNS {
            let end = self.line(zh, (x, y + 4.0), 7.5, true, Colour::INK)?;
            self.line(en, (end + 1.2, y + 4.0), SMALL, false, Colour::SOFT)?;
        }
        self.rule(y + 5.6, 0.12, Colour::LINE);
        let mut at = y + 9.6;
        for specimen in &usage.specimens {
            self.both(specimen.name, (LEFT, at), TEXT, true)?;
            let code = if specimen.signed { ("签名码", "signed") } else { ("链接码", "link") };
            self.line(code.0, (COLUMNS[1].0, at), TEXT, false, Colour::INK)
                .and_then(|end| self.line(code.1, (end + 1.2, at), SMALL, false, Colour::SOFT))?;
            for (i, (words, width, height)) in specimen.designed.iter().enumerate() {
                let x = COLUMNS[2].0 + i as f64 * SECOND;
                let end = self.line(&format!("{} × {}", mm(*width), mm(*height)), (x, at), TEXT, false, Colour::INK)?;
                self.line(words, (end + 1.0, at), SMALL, false, Colour::SOFT)?;
            }
            self.line(&format!("{} mm", mm(specimen.page.width)), (COLUMNS[3].0, at), TEXT, true, Colour::INK)?;
            self.line(&format!("{} mm", mm(specimen.flexo)), (COLUMNS[4].0, at), TEXT, false, Colour::INK)?;
            let cm = |mm: f64| format!("{:.0}", (mm / 10.0).floor());
            let (least, designed) = (cm(specimen.read_from.0), cm(specimen.read_from.1));
            let far = if least == designed { format!("{least} cm") } else { format!("{least} – {designed} cm") };
            self.line(&far, (COLUMNS[5].0, at), TEXT, false, Colour::INK)?;
            at += 5.0;
        }
        self.rule(at - 3.2, 0.25, Colour::INK);
        let far = ("识读距离：前为最小宽度，后为设计宽度。", "Read from: at the least width – as designed.");
        self.both(far, (LEFT, at + 0.4), SMALL, false)?;
        at += 4.0;
        if let Some((zh, en)) = &usage.lacking {
            at = self.stacked((zh, en), (LEFT, at + 1.0), RIGHT - LEFT)? + 3.0;
        }
        Ok(at - 3.2)
    }

    fn dos(&mut self, usage: &Usage, y: f64) -> Result<f64, Refusal> {
        let host = &usage.host;
        let check = (
            format!("印前用手机试扫：应打开 {host} 的查验页。"),
            format!("Scan a proof before printing: it opens a page of {host}."),
        );
        let lines: [(&str, &str); 8] = [
            ("整体使用，等比缩放，不小于最小宽度。", "Use the whole mark, in proportion, not below its least width."),
            (
                "始终保留“售后服务认证，非产品认证”一行。",
                "Always keep the line: it certifies the service, not the product.",
            ),
            (
                "二维码用单黑（K100）印在纯白底上，静区留白。",
                "Code in black alone (K100) on white, its quiet zone kept free.",
            ),
            (
                "保留标志自带的白底；模切、贴标时四周另留 2 mm。",
                "Keep the mark's own white plate; for die-cuts leave 2 mm around it.",
            ),
            (
                "印刷首选 PDF；PNG 按所标分辨率原尺寸使用。",
                "Print from the PDF; place a PNG at its own size and resolution.",
            ),
            (&check.0, &check.1),
            (
                "不改颜色：红 C20 M100 Y95 K12，或单色黑。",
                "Its own colours: red C20 M100 Y95 K12 (screens #A8201A), or black.",
            ),
            (
                "仅用于上列许可用途；暂停、终止、到期时立即停用。",
                "For the licensed use alone; stop when suspended, ended or expired.",
            ),
        ];
        self.heading(("应当", "Do"), y)?;
        let width = (RIGHT - LEFT - GAP) / 2.0;
        let mut at = y + 6.0;
        for pair in lines.chunks(2) {
            let mut lowest = at;
            for (i, words) in pair.iter().enumerate() {
                let x = LEFT + i as f64 * (width + GAP);
                self.sign(Sign::Tick, Colour::INK, (x, at - 3.0), 3.8);
                lowest = lowest.max(self.stacked(*words, (x + 5.6, at), width - 5.6)?);
            }
            at = lowest + 4.6;
        }
        Ok(at - 4.6)
    }

    fn foot(&mut self, usage: &Usage) -> Result<(), Refusal> {
        self.rule(286.0, 0.15, Colour::LINE);
        self.line("本页随标志许可提供 Comes with the licence of the mark", (LEFT, 290.3), SMALL, false, Colour::SOFT)?;
        let words = format!("查验与疑问 Check and ask: {}", usage.host);
        let x = self.beginning(&words, RIGHT, SMALL, false)?;
        self.line(&words, (x, 290.3), SMALL, false, Colour::SOFT).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::shape::Step;

    fn specimen(name: &'static str, width: f64, height: f64) -> Specimen {
        let mut page = Page::new(width, height);
        page.fill(rounded(0.0, 0.0, width, height, 2.0, 2.0), Colour::INK);
        let modules = Modules::from_rows(vec![0x0aaa_aaaa; 29]).unwrap();
        page.items.push(Item::Code(Code { modules, x: 4.0, y: 4.0, module: 0.42 }));
        let designed = vec![("中文", 36.0, 71.0), ("中英", 36.0, 81.0)];
        Specimen {
            name: (name, name),
            page,
            designed,
            read_from: (198.4, 236.2),
            module: (0.42, 0.5),
            flexo: 43.2,
            signed: true,
        }
    }

    fn sample(text: &str) -> Usage {
        let fact = |wide| {
            let text = if wide { text } else { "29326SC00001R0M" };
            Fact { label: ("获证组织", "Holder"), text: text.to_owned(), wide }
        };
        Usage {
            facts: vec![fact(true), fact(true), fact(true), fact(false), fact(false), fact(false), fact(false)],
            specimens: vec![
                specimen("竖版", 30.3, 59.8),
                specimen("横版", 72.3, 31.9),
                specimen("小标", 20.0, 30.0),
                specimen("印章版", 70.6, 40.3),
            ],
            lacking: Some(("竖版不能绘制。".into(), "The layout vertical cannot be drawn.".into())),
            host: "xb.example.cn".into(),
        }
    }

    fn ends(steps: &[Step]) -> impl Iterator<Item = (f64, f64)> + '_ {
        steps.iter().filter_map(|step| match *step {
            Step::Move(x, y) | Step::Line(x, y) | Step::Cubic(.., x, y) => Some((x, y)),
            Step::Close => None,
        })
    }

    #[test]
    fn all_stands_on_the_page_in_letters_of_seven_points() {
        for (text, pages) in [("示例", 1), (&"示例电器（上海）智能制造".repeat(10), 2)] {
            let sheet = usage(&sample(text)).unwrap();
            assert_eq!(sheet.len(), pages, "{text}");
            assert!(sheet.iter().all(|page| page.smallest_type().unwrap() >= 7.0 - 1e-9));
            for item in sheet.iter().flat_map(|page| &page.items) {
                if let Item::Letters(letters) = item {
                    assert!(letters.x >= LEFT - 1e-6, "{letters:?}");
                    assert!(letters.x + letters.width().unwrap() <= RIGHT + 1e-6, "{letters:?}");
                }
                if let Item::Shape(shape) = item {
                    assert!(ends(&shape.path).all(|(x, y)| (0.0..=210.0).contains(&x) && (0.0..=297.0).contains(&y)));
                }
            }
        }
    }

    #[test]
    fn specimens_stand_true_to_size_and_their_sizes_are_told() {
        let [page] = &usage(&sample("示例")).unwrap()[..] else { panic!("more than a page") };
        let widths: Vec<f64> = page
            .items
            .iter()
            .filter_map(|item| match item {
                Item::Code(code) => Some(code.module),
                _ => None,
            })
            .collect();
        // The four, and the code that is enlarged to show its quiet zone.
        assert_eq!((widths.len(), widths.iter().filter(|m| **m == 0.42).count()), (5, 4));
        let said: Vec<&str> = page
            .items
            .iter()
            .filter_map(|item| match item {
                Item::Letters(letters) => Some(letters.text.as_str()),
                _ => None,
            })
            .collect();
        for text in ["30.3 mm", "36 × 71", "36 × 81", "19 – 23 cm", "43.2 mm", "静区 4 X", "竖版不能绘制。"]
        {
            assert!(said.contains(&text), "{text}: {said:?}");
        }
        assert!(said.iter().any(|t| t.contains("售后服务认证，非产品认证")));
    }

    #[test]
    fn a_name_the_font_lacks_does_not_sink_the_sheet_and_too_much_is_told() {
        assert!(usage(&sample("示😀例한")).is_ok());
        assert_eq!(usage(&sample(&"示例".repeat(900))).unwrap_err().code, "usage_overflow");
    }
}

//! The certificate on paper: A4, what the scheme requires on it, the surveillance record, an annex for each site, and the code that
//! tells how it stands today.

mod sheet;

use super::Sign;
use super::stars::stars;
use crate::domain::certificate::{Certificate, SurveillanceOutcome};
use crate::domain::record::Terms;
use crate::domain::{Level, Refusal, Standing};
use crate::draw::shape::{Ends, circle, polyline, rounded, star};
use crate::draw::{Colour, Modules, Page, Paint};
use jiff::Timestamp;
use jiff::civil::Date;
use sheet::{Ink, Sheet};

/// What goes on paper.
#[derive(Debug, Clone, Copy)]
pub struct Papers<'a> {
    /// The certificate, its life included.
    pub certificate: &'a Certificate,
    /// How it stands; anything but in force is printed across every page.
    pub standing: Standing,
    /// Since which day, in China.
    pub since: Date,
    /// As known at that moment.
    pub known_at: Timestamp,
    /// The verification host.
    pub host: &'a str,
    /// Address of its page, which the code says.
    pub url: &'a str,
}

/// Middle of the page.
const MIDDLE: f64 = 105.0;
/// Left edge of labels, of values, and right edge of everything.
const LEFT: f64 = 34.0;
const VALUES: f64 = 72.0;
const RIGHT: f64 = 176.0;
/// Rows of the surveillance record: two surveillances in a validity of three years, and room for as many that were not passed.
const ROWS: usize = 4;
/// Most rows that a sheet holds; of more the last are shown.
const ROWS_MAX: usize = 12;

/// Every page: the certificate, the surveillance record, an annex for each site.
///
/// # Errors
/// `print_letter_missing` names a letter the font lacks, with the field's pointer; `print_text_too_long` for a name or a scope that
/// does not fit at 7 pt; `print_code_overflow`.
pub fn certificate(papers: &Papers<'_>) -> Result<Vec<Page>, Refusal> {
    let code = super::code(papers.url)?;
    let terms = papers.certificate.terms();
    let all = |scope: Scope| -> Result<Vec<Sheet>, Refusal> {
        let mut pages = vec![front(papers, terms, scope, &code)?];
        if scope == Scope::Apart {
            pages.push(scope_page(papers, terms, &code)?);
        }
        pages.push(record(papers, terms, &code)?);
        for i in 0..terms.sites.len() {
            pages.push(annex(papers, terms, scope, i, &code)?);
        }
        Ok(pages)
    };
    let sheets = all(Scope::InPlace)
        .or_else(|why| if why.code == "print_text_too_long" { all(Scope::Apart) } else { Err(why) })?;
    let count = sheets.len();
    let numbered = |(i, mut sheet): (usize, Sheet)| {
        let text = format!("第 {} 页，共 {count} 页　Page {} of {count}", i + 1, i + 1);
        sheet.centred(MIDDLE, 276.6, &text, Ink::soft(2.5), "", 100.0)?;
        Ok(sheet.into_page())
    };
    sheets.into_iter().enumerate().map(numbered).collect()
}

/// Where the scope stands: a long one has a page of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    InPlace,
    Apart,
}

fn scope_page(papers: &Papers<'_>, terms: &Terms, code: &Modules) -> Result<Sheet, Refusal> {
    let mut s = framed(papers)?;
    s.centred(MIDDLE, 34.0, "认证范围", Ink::bold(7.0).spaced(1.0), "", 150.0)?;
    s.centred(MIDDLE, 41.2, "Scope of certification", Ink::soft(3.4), "", 150.0)?;
    s.centred(MIDDLE, 50.0, &format!("证书编号 No. {}", terms.number), Ink::plain(3.7), "/number", 150.0)?;
    s.centred(MIDDLE, 57.0, terms.holder.name.as_str(), Ink::bold(4.2), "/holder/name", RIGHT - LEFT)?;
    band(&mut s, papers, 60.8)?;
    s.paragraph(terms.scope.as_str(), "/scope", (LEFT, RIGHT), 68.0, 214.0)?;
    foot(&mut s, papers, terms, code)?;
    Ok(s)
}

fn front(papers: &Papers<'_>, terms: &Terms, scope: Scope, code: &Modules) -> Result<Sheet, Refusal> {
    let mut s = framed(papers)?;
    s.centred(MIDDLE, 31.0, terms.body.name.as_str(), Ink::bold(4.6), "/body/name", 140.0)?;
    s.centred(MIDDLE, 49.0, "商品售后服务认证证书", Ink::bold(9.6).spaced(1.4), "", 150.0)?;
    s.centred(MIDDLE, 58.2, "Certificate of After-sales Service Certification", Ink::soft(3.7), "", 150.0)?;
    level(&mut s, papers, terms.level, (71.5, 85.0, 92.5), 8.4)?;
    let number = format!("证书编号 No. {}", terms.number);
    s.centred(MIDDLE, 101.0, &number, Ink::plain(3.9), "/number", 140.0)?;
    s.centred(MIDDLE, 112.0, "兹证明", Ink::plain(4.2).spaced(0.8), "", 120.0)?;
    s.centred(MIDDLE, 117.4, "This is to certify that", Ink::soft(3.0), "", 120.0)?;
    s.centred_in((MIDDLE, 127.5), terms.holder.name.as_str(), Ink::bold(7.2), "/holder/name", RIGHT - LEFT, 2)?;
    let meets = format!("的售后服务符合 {}《商品售后服务评价体系》的要求，评为{}。", terms.standard, terms.level.zh());
    s.centred(MIDDLE, 139.6, &meets, Ink::plain(4.1), "/standard", RIGHT - LEFT)?;
    let meets =
        format!("meets the requirements of {} in its after-sales service, level {}.", terms.standard, terms.level.en());
    s.centred(MIDDLE, 145.4, &meets, Ink::soft(3.0), "/standard", RIGHT - LEFT)?;
    facts(&mut s, terms, scope, None)?;
    foot(&mut s, papers, terms, code)?;
    Ok(s)
}

/// Label in both languages, value, pointer.
fn facts(s: &mut Sheet, terms: &Terms, scope: Scope, site: Option<usize>) -> Result<(), Refusal> {
    let sites = match terms.sites.len() {
        0 => "与注册地址相同。 The address above.".to_owned(),
        1 => "1 处，见附件。 One, see the annex.".to_owned(),
        n => format!("{n} 处，见附件。 {n}, see the annexes."),
    };
    let days = |from, to| format!("{from} 至 {to}");
    let scope = match scope {
        Scope::InPlace => terms.scope.to_string(),
        Scope::Apart => "见后页 See the page “Scope of certification”".to_owned(),
    };
    let holder = (("获证组织", "Holder"), terms.holder.name.to_string(), "/holder/name");
    let uscc = (("统一社会信用代码", "Credit code"), terms.holder.uscc.to_string(), "/holder/uscc");
    let address = (("注册地址", "Address"), terms.holder.address.to_string(), "/holder/address");
    let scope = (("认证范围", "Scope"), scope, "/scope");
    let valid = (("有效期", "Valid"), days(terms.issued_on, terms.valid_until), "/valid_until");
    let first = (("首次发证日期", "First issued"), terms.first_issued_on.to_string(), "/first_issued_on");
    let of_site = |field: &str| format!("/sites/{}/{field}", site.unwrap_or_default());
    let (name_at, address_at) = (of_site("name"), of_site("address"));
    let (rows, top, bottom) = match site.and_then(|i| terms.sites.get(i)) {
        Some(site) => {
            let name = (("场所名称", "Site"), site.name.to_string(), name_at.as_str());
            let place = (("场所地址", "Site's address"), site.address.to_string(), address_at.as_str());
            (vec![name, place, holder, uscc, scope, valid], 92.0, 212.0)
        }
        None => (vec![uscc, address, scope, (("覆盖场所", "Sites"), sites, ""), valid, first], 154.0, 219.0),
    };
    s.table(&rows, (LEFT, VALUES, RIGHT), top, bottom)
}

/// Code, body, place for signature and seal; and that paper is no proof.
fn foot(s: &mut Sheet, papers: &Papers<'_>, terms: &Terms, code: &Modules) -> Result<(), Refusal> {
    let side = 27.0;
    s.code(code, (LEFT, 226.0), side);
    let x = VALUES;
    s.left(x, 230.0, "扫码查它现在是否有效", Ink::bold(3.5), "")?;
    s.left(x, 234.6, "Scan to see whether it is in force today", Ink::soft(2.6), "")?;
    s.left(x, 240.6, papers.host, Ink::bold(3.5), "")?;
    s.left(x, 247.0, "纸质证书本身不作证明。", Ink::plain(2.9), "")?;
    s.left(x, 251.0, "The paper by itself is no proof.", Ink::soft(2.6), "")?;
    let place = (RIGHT - 50.0, RIGHT);
    let middle = f64::midpoint(place.0, place.1);
    s.line(place.0, place.1, 243.0);
    s.centred(middle, 246.4, "签发人 Signed by", Ink::soft(2.6), "", 50.0)?;
    s.centred(middle, 251.0, &format!("发证日期 Issued on {}", terms.issued_on), Ink::plain(2.9), "/issued_on", 52.0)?;
    s.centred(middle, 232.0, "（盖章 Seal）", Ink::soft(2.6), "", 50.0)?;
    let about = format!("{}　批准号 Approval {}", terms.body.name, terms.body.approval_number);
    s.centred(MIDDLE, 262.5, &about, Ink::plain(3.0), "/body", RIGHT - LEFT + 16.0)?;
    s.centred(MIDDLE, 267.3, terms.body.address.as_str(), Ink::soft(2.7), "/body/address", RIGHT - LEFT + 16.0)?;
    let line = "售后服务认证，非产品认证　Service certification, not product certification";
    s.centred(MIDDLE, 271.9, line, Ink::soft(2.7), "", RIGHT - LEFT + 16.0)
}

/// The surveillance record: what was found, and rows for what is still to come.
fn record(papers: &Papers<'_>, terms: &Terms, code: &Modules) -> Result<Sheet, Refusal> {
    let mut s = framed(papers)?;
    s.centred(MIDDLE, 34.0, "监督审查记录", Ink::bold(7.0).spaced(1.0), "", 150.0)?;
    s.centred(MIDDLE, 41.2, "Surveillance record", Ink::soft(3.4), "", 150.0)?;
    let of = format!("证书编号 No. {}", terms.number);
    s.centred(MIDDLE, 50.0, &of, Ink::plain(3.7), "/number", 150.0)?;
    s.centred(MIDDLE, 57.0, terms.holder.name.as_str(), Ink::bold(4.2), "/holder/name", RIGHT - LEFT)?;
    band(&mut s, papers, 60.8)?;
    let columns = [LEFT, LEFT + 16.0, LEFT + 60.0, LEFT + 100.0];
    let heads =
        [("次", "No."), ("应在此前完成", "Due by"), ("现场审查结束", "On site until"), ("结果、盖章", "Outcome, seal")];
    let mut y = 70.0;
    for (x, (zh, en)) in columns.iter().zip(heads) {
        s.left(*x, y, zh, Ink::bold(3.3), "")?;
        s.left(*x, y + 4.4, en, Ink::soft(2.5), "")?;
    }
    y += 8.4;
    s.line(LEFT, RIGHT, y);
    let done: Vec<_> = papers.certificate.surveillances(papers.known_at).collect();
    let due = papers.certificate.awaits_surveillance(papers.known_at).filter(|due| *due < terms.valid_until);
    let rows = (done.len() + usize::from(due.is_some())).max(ROWS);
    let earlier = rows.saturating_sub(ROWS_MAX);
    let shown = earlier..rows;
    let high = 120.0 / shown.len() as f64;
    for row in shown {
        let middle = y + high / 2.0;
        s.left(columns[0], middle, &(row + 1).to_string(), Ink::plain(3.4), "")?;
        if let Some((on, outcome)) = done.get(row) {
            let (zh, en, colour) = match outcome {
                SurveillanceOutcome::Passed => ("通过", "Passed", Colour::INK),
                SurveillanceOutcome::Failed => ("未通过", "Not passed", Colour::VERMILION),
            };
            s.left(columns[2], middle, &on.to_string(), Ink::plain(3.6), "")?;
            s.left(columns[3], middle, zh, Ink::bold(3.6).coloured(colour), "")?;
            s.left(columns[3], middle + 4.4, en, Ink::soft(2.6), "")?;
        } else if let (true, Some(due)) = (row == done.len(), due) {
            s.left(columns[1], middle, &due.to_string(), Ink::plain(3.6), "")?;
        }
        y += high;
        s.line(LEFT, RIGHT, y);
    }
    let newer = "新的记录以扫码查到的为准，本表打印后不会自己更新。";
    let newer_en = "What the code leads to is newer: this table does not change once it is printed.";
    let (before, before_en) = match earlier {
        0 => (String::new(), String::new()),
        n => (format!("前 {n} 次见扫码打开的页面。"), format!(" The first {n} stand on the page it leads to.")),
    };
    s.left(LEFT, y + 8.0, &format!("{newer}{before}"), Ink::plain(3.0), "")?;
    s.left(LEFT, y + 12.6, &format!("{newer_en}{before_en}"), Ink::soft(2.6), "")?;
    foot(&mut s, papers, terms, code)?;
    Ok(s)
}

/// A page to hang at a site.
fn annex(papers: &Papers<'_>, terms: &Terms, scope: Scope, i: usize, code: &Modules) -> Result<Sheet, Refusal> {
    let mut s = framed(papers)?;
    s.centred(MIDDLE, 36.0, "证书附件 · 覆盖场所", Ink::bold(7.0).spaced(1.0), "", 150.0)?;
    let count = format!("Annex for a site covered, {} of {}", i + 1, terms.sites.len());
    s.centred(MIDDLE, 43.4, &count, Ink::soft(3.4), "", 150.0)?;
    level(&mut s, papers, terms.level, (55.5, 67.0, 73.0), 6.4)?;
    let number = format!("证书编号 No. {}　　附件 Annex {}", terms.number, i + 1);
    s.centred(MIDDLE, 81.5, &number, Ink::plain(3.7), "/number", 150.0)?;
    facts(&mut s, terms, scope, Some(i))?;
    foot(&mut s, papers, terms, code)?;
    Ok(s)
}

/// A sheet with its two frames. A certificate that is not in force never passes for one that is, on paper as little as anywhere:
/// how it stands lies across the whole sheet, under the letters.
fn framed(papers: &Papers<'_>) -> Result<Sheet, Refusal> {
    let mut s = Sheet::new();
    if papers.standing != Standing::Valid {
        s.across(papers.standing.zh(), papers.standing.en())?;
    }
    let frame = |inset: f64| rounded(inset, inset, 210.0 - 2.0 * inset, 297.0 - 2.0 * inset, 0.0, 0.0);
    s.shape(frame(11.0), Paint::Stroke(Colour::VERMILION, 1.1, Ends::Sharp));
    s.shape(frame(13.2), Paint::Stroke(Colour::VERMILION, 0.3, Ends::Sharp));
    for (x, y) in [(13.2, 13.2), (196.8, 13.2), (13.2, 283.8), (196.8, 283.8)] {
        s.fill(circle(x, y, 4.2), Colour::WHITE);
        s.fill(star(x, y + 0.1, 2.7), Colour::VERMILION);
    }
    Ok(s)
}

/// Stars, the level's word, and its English. What is not in force is not praised: its stars are hollow, its level struck out, and how it
/// stands is said in their place.
fn level(
    s: &mut Sheet,
    papers: &Papers<'_>,
    level: Level,
    (stars, word, below): (f64, f64, f64),
    size: f64,
) -> Result<(), Refusal> {
    let ink = Ink::bold(size).spaced(size * 0.28);
    if papers.standing == Standing::Valid {
        rank(s, level, stars, Colour::VERMILION, level.stars());
        s.centred(MIDDLE, word, level.zh(), ink.coloured(Colour::VERMILION), "", 120.0)?;
        return s.centred(MIDDLE, below, level.title_en(), Ink::soft(size * 0.45), "", 120.0);
    }
    let colour = Sign::of(papers.standing).colour();
    if level != Level::Qualified {
        rank(s, level, stars, Colour::SOFT, 0);
    }
    s.centred(MIDDLE, word - 1.2, level.zh(), ink.coloured(Colour::SOFT), "", 120.0)?;
    let half = size * 2.1;
    s.shape(
        polyline(&[(MIDDLE - half, word - 1.2), (MIDDLE + half, word - 1.2)]),
        Paint::Stroke(colour, 0.7, Ends::Sharp),
    );
    // In the place of the English, and of the room below it.
    band(s, papers, below - 1.9)
}

/// How it stands, where that is not in force.
fn band(s: &mut Sheet, papers: &Papers<'_>, top: f64) -> Result<(), Refusal> {
    if papers.standing == Standing::Valid {
        return Ok(());
    }
    let sign = Sign::of(papers.standing);
    let (colour, high) = (sign.colour(), 6.2);
    s.fill(rounded(LEFT, top, RIGHT - LEFT, high, 0.0, 0.0), colour);
    let (zh, en) = (papers.standing.zh(), papers.standing.en());
    let said = match papers.standing {
        // Since it was put on record, which says nothing to whoever holds it.
        Standing::NotYetEffective => {
            let from = papers.certificate.terms().issued_on;
            format!("{zh} {en} · {from} 起有效 in force from then on")
        }
        _ => format!("{zh} {en} · 自 {} 起 · 现在不能使用 Not to be used now", papers.since),
    };
    let middle = top + high / 2.0;
    s.centred(MIDDLE, middle, &said, Ink::bold(3.4).coloured(Colour::WHITE), "", RIGHT - LEFT - 20.0)?;
    s.fill(circle(LEFT + 5.0, middle, 2.6), Colour::WHITE);
    sign.shapes(colour, (LEFT + 3.2, middle - 1.8), 3.6).into_iter().for_each(|shape| s.shape(shape.path, shape.paint));
    Ok(())
}

/// Five stars, so many filled and the others hollow; a badge with a tick for the level without stars.
fn rank(s: &mut Sheet, level: Level, y: f64, colour: Colour, filled: u8) {
    let radius = 4.6;
    if level == Level::Qualified {
        s.fill(circle(MIDDLE, y, radius * 1.15), colour);
        let tick = [(-0.46, 0.04), (-0.13, 0.38), (0.48, -0.34)]
            .map(|(a, b)| (MIDDLE + a * radius * 1.15, y + b * radius * 1.15));
        return s.shape(polyline(&tick), Paint::Stroke(Colour::WHITE, radius * 0.26, Ends::Sharp));
    }
    stars(filled, (MIDDLE, y), radius, colour).into_iter().for_each(|shape| s.shape(shape.path, shape.paint));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Item;

    #[test]
    fn the_level_without_stars_has_a_badge_and_the_others_five_stars() {
        let drawn = |level: Level| {
            let mut sheet = Sheet::new();
            let blank = Sheet::new().into_page().items.len();
            rank(&mut sheet, level, 50.0, Colour::VERMILION, level.stars());
            sheet.into_page().items.split_off(blank)
        };
        assert_eq!(drawn(Level::Qualified).len(), 2, "a disc and its tick");
        for level in [Level::ThreeStar, Level::FourStar, Level::FiveStar] {
            let is = |item: &&Item| matches!(item, Item::Shape(shape) if shape.paint.colour() == Colour::WHITE);
            let hollow = drawn(level).iter().filter(is).count();
            assert_eq!(hollow, 5 - usize::from(level.stars()), "{level:?}");
        }
    }
}

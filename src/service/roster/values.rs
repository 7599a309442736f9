//! What a cell says, in the forms people write: dates, levels, numbers, codes, sites.

use crate::domain::dates::parse_date;
use crate::domain::error::shown;
use crate::domain::holder::Site;
use crate::domain::record::MAX_SITES;
use crate::domain::text::{Address, Name};
use crate::domain::written::plain;
use crate::domain::{CertificateNumber, Level, Refusal, Uscc};
use crate::service::sheet::{Cell, serial_day};
use jiff::civil::Date;

/// Two pieces of a number cell that are both this long are two numbers.
const NUMBER_LEAST: usize = 8;

/// Reads a date in any of the forms of the specification.
pub(super) fn date(cell: &Cell, is_1904: bool) -> Result<Date, Refusal> {
    let text = match cell {
        Cell::Error(_) => return Err(cell.formula_error()),
        Cell::Number(n) => match serial_day(*n, is_1904) {
            Some(day) => day.to_string(),
            None => cell.shown().into_owned(),
        },
        Cell::Day(_) | Cell::Text(_) | Cell::Empty => cell.shown().into_owned(),
    };
    let folded = folded_date(&text);
    let digits = folded.bytes().all(|b| b.is_ascii_digit());
    let serial = || folded.parse::<f64>().ok().and_then(|n| serial_day(n, is_1904)).map(|d| d.to_string());
    let iso = match folded.len() {
        8 if digits => Some(format!("{}-{}-{}", &folded[..4], &folded[4..6], &folded[6..])),
        5 if digits => serial(),
        _ => iso_of_parts(&folded),
    };
    iso.and_then(|iso| parse_date(&iso).ok()).ok_or_else(|| bad_date(&text))
}

/// Half-width, one sort of sign, and without a time of day.
fn folded_date(text: &str) -> String {
    let folded = plain(text).trim().to_owned();
    if folded.contains('年') {
        let plain: String = folded.chars().filter(|c| !c.is_whitespace()).collect();
        return plain.trim_end_matches(['日', '号']).replace(['年', '月'], "-");
    }
    match folded.split_once([' ', 'T']) {
        Some((day, time)) if is_time(time) => day.to_owned(),
        _ => folded,
    }
}

fn is_time(text: &str) -> bool {
    let text = text.trim();
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let parts: Vec<&str> = clock.split(':').collect();
    let number = |p: &str| (1..=9).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit());
    matches!(parts.len(), 2 | 3) && parts.iter().all(|p| p.len() <= 2 && number(p)) && number(fraction)
}

/// `2026/5/8` to `2026-05-08`; the year comes first and one sign parts all three.
fn iso_of_parts(text: &str) -> Option<String> {
    let sign = text.chars().find(|c| matches!(c, '-' | '/' | '.'))?;
    let parts: Vec<&str> = text.split(sign).map(str::trim).collect();
    let [year, month, day] = parts.as_slice() else { return None };
    let number = |p: &str, most: usize| (1..=most).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit());
    (year.len() == 4 && number(year, 4) && number(month, 2) && number(day, 2))
        .then(|| format!("{year}-{month:0>2}-{day:0>2}"))
}

fn bad_date(text: &str) -> Refusal {
    Refusal::invalid(
        "bad_date",
        format!(
            "“{}” is not a date: write one real day, year first, as 2026-05-08, 2026/5/8, 2026.5.8, 20260508 or 2026年5月8日",
            shown(text)
        ),
    )
}

/// Reads a level in digits, stars or words.
pub(super) fn level(cell: &Cell) -> Result<Level, Refusal> {
    let text = cell.shown();
    Level::typed(&text).ok_or_else(|| {
        Refusal::invalid(
            "unknown_level",
            format!("“{}” is no level: there are 五星级, 四星级, 三星级 and 达标级", shown(&text)),
        )
    })
}

/// Reads one certificate number; two in a cell or a name in its place are told apart from a slip of the pen.
pub(super) fn number(cell: &Cell) -> Result<CertificateNumber, Refusal> {
    let text = cell.exact()?;
    let pieces: Vec<&str> = text.split_whitespace().filter(|p| p.chars().count() >= NUMBER_LEAST).collect();
    if text.contains(['\n', '、', ',', '，', ';', '；']) || pieces.len() > 1 {
        return Err(Refusal::invalid(
            "two_numbers",
            "this cell seems to hold more than one certificate number: write each in a row of its own, without spaces",
        ));
    }
    let number = CertificateNumber::parse(&text)?;
    if !number.as_str().bytes().any(|b| b.is_ascii_digit()) {
        return Err(Refusal::invalid(
            "bad_number",
            format!("“{}” has no digit, so it is a name or note rather than a certificate number", shown(&text)),
        ));
    }
    Ok(number)
}

/// Reads a unified social credit code.
pub(super) fn uscc(cell: &Cell) -> Result<Uscc, Refusal> {
    cell.exact().and_then(|text| Uscc::parse(&text))
}

/// Reads the name of an organisation: it has letters, so a code or number in its column is noticed.
pub(super) fn name(cell: &Cell) -> Result<Name, Refusal> {
    let text = one_line(cell)?;
    if !text.chars().any(char::is_alphabetic) || Uscc::parse(&text).is_ok() {
        return Err(Refusal::invalid(
            "bad_name",
            format!("“{}” is a number or code, not the registered name of an organisation", shown(&text)),
        ));
    }
    Name::parse(&text)
}

/// The text of a cell in one line: a break within it stands for a space.
pub(super) fn one_line(cell: &Cell) -> Result<String, Refusal> {
    Ok(cell.exact()?.split(['\n', '\r', '\t']).map(str::trim).filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" "))
}

/// Reads `name|address;name|address`.
pub(super) fn sites(cell: &Cell) -> Result<Vec<Site>, Refusal> {
    let text = one_line(cell)?;
    let mut sites = Vec::new();
    for piece in text.split([';', '；']).map(str::trim).filter(|p| !p.is_empty()) {
        let nth = sites.len() + 1;
        let bad = |why: &str| {
            Refusal::invalid("bad_sites", format!("site {nth}, “{}”: {why}; write 名称|地址;名称|地址", shown(piece)))
        };
        if nth > MAX_SITES {
            return Err(bad(&format!("a certificate lists at most {MAX_SITES} sites")));
        }
        let parts: Vec<&str> = piece.split(['|', '｜']).collect();
        let [name, address] = parts.as_slice() else {
            return Err(bad("one | stands between its name and its address"));
        };
        let name = Name::parse(name).map_err(|r| bad(&r.message))?;
        let address = Address::parse(address).map_err(|r| bad(&r.message))?;
        sites.push(Site { name, address });
    }
    Ok(sites)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(t: &str) -> Cell {
        Cell::text(t.to_owned())
    }

    #[test]
    fn a_day_in_every_form() {
        let day = Date::constant(2026, 5, 8);
        for form in [
            "2026-05-08",
            "2026-5-8",
            "2026/5/8",
            "2026/05/08",
            "2026.5.8",
            "20260508",
            "2026年5月8日",
            "2026年05月08号",
            "2026 年 5 月 8 日",
            "２０２６－０５－０８",
            "2026—05—08",
            "2026-05-08 00:00:00",
            "2026/5/8 0:00",
            "2026-05-08T09:30:00.000",
            " 2026-05-08\t",
            "46150",
        ] {
            assert_eq!(date(&text(form), false), Ok(day), "{form}");
        }
        for cell in [Cell::Number(46_150.0), Cell::Number(46_150.999), Cell::Number(20_260_508.0), Cell::Day(day)] {
            assert_eq!(date(&cell, false), Ok(day), "{cell:?}");
        }
        for cell in [Cell::Number(44_688.0), text("44688"), text("2026-05-08")] {
            assert_eq!(date(&cell, true), Ok(day), "{cell:?}");
        }
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for bad in [
            "08/05/2026",
            "5/8/26",
            "26-05-08",
            "2026-02-30",
            "2026-13-01",
            "2026-05",
            "2026年5月",
            "长期",
            "2023-05-08至2026-05-07",
            "2026-05/08",
            "1926-05-08",
            "2926-05-08",
            "99999",
            "12345",
            "2026-05-08 星期五",
            "2026-05-08+08:00",
            "2026--8",
            "-2026-5-8",
            "2026年5月8日至",
            "20260532",
            "２０２６０５３２",
        ] {
            let refusal = date(&text(bad), false).unwrap_err();
            assert_eq!(refusal.code, "bad_date", "{bad}");
        }
        for bad in [Cell::Number(f64::NAN), Cell::Number(1e300), Cell::Number(-46_150.0), Cell::Number(2026.5)] {
            assert_eq!(date(&bad, false).unwrap_err().code, "bad_date", "{bad:?}");
        }
        assert_eq!(date(&Cell::Error("#REF!".into()), false).unwrap_err().code, "formula_error");
    }

    #[test]
    fn levels_in_words_digits_and_stars() {
        for (level_is, forms) in [
            (Level::FiveStar, &["五星", "五星级", "5星级", "★★★★★", "five_star", "Five-Star", "５", "5 stars"][..]),
            (Level::FourStar, &["四星级", "4星", "⭐⭐⭐⭐", "four star", "4"]),
            (Level::ThreeStar, &["三星级", "★★★", "3星级"]),
            (Level::Qualified, &["达标", "达标级", "QUALIFIED", " 达 标 级 "]),
        ] {
            for form in forms {
                assert_eq!(level(&text(form)), Ok(level_is), "{form}");
            }
        }
        assert_eq!(level(&Cell::Number(5.0)), Ok(Level::FiveStar));
        for bad in ["六星级", "★★★★☆", "★★", "8", "AAAAA", "五星级四星级", "55", "级"] {
            let refusal = level(&text(bad)).unwrap_err();
            assert_eq!(refusal.code, "unknown_level", "{bad}");
            for zh in Level::ALL.map(Level::zh) {
                assert!(refusal.message.contains(zh), "{}", refusal.message);
            }
        }
        assert!(level(&Cell::Number(3.5)).is_err());
    }

    #[test]
    fn one_number_a_cell_and_no_name_in_its_place() {
        for (form, is) in [("29326sc 10002 r0m", "29326SC10002R0M"), ("00114Q26950R7L／3502\n", "00114Q26950R7L/3502")]
        {
            assert_eq!(number(&text(form)).unwrap().as_str(), is);
        }
        for (bad, code) in [
            ("29326SC10002R0M\n29326SC10003R0M", "two_numbers"),
            ("29326SC10002R0M、29326SC10003R0M", "two_numbers"),
            ("29326SC10002R0M 29326SC10003R0M", "two_numbers"),
            ("示例电器有限公司", "bad_number"),
            ("2.93261E+14", "digits_lost"),
        ] {
            assert_eq!(number(&text(bad)).unwrap_err().code, code, "{bad}");
        }
    }

    #[test]
    fn names_are_names_and_sites_are_pairs() {
        assert_eq!(name(&text("示例电器\n有限公司")).unwrap().as_str(), "示例电器 有限公司");
        assert_eq!(name(&text("91110108551385082Q")).unwrap_err().code, "bad_name");
        assert_eq!(name(&Cell::Number(42.0)).unwrap_err().code, "bad_name");
        let two = sites(&text("一分店|甲路1号；二分店｜乙路2号;")).unwrap();
        assert_eq!(two.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["一分店", "二分店"]);
        for bad in ["一分店", "一分店|甲路|1号", "一分店|", "|甲路"] {
            assert_eq!(sites(&text(bad)).unwrap_err().code, "bad_sites", "{bad}");
        }
        assert_eq!(sites(&text(&"a|b;".repeat(MAX_SITES + 1))).unwrap_err().code, "bad_sites");
    }
}

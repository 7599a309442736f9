//! Where a text may be broken, and how it is set into a width.

use super::{DrawError, Font};

/// Signs that begin no line.
const NOT_FIRST: &str = "、。，．：；！？）〕］｝〉》」』】〗’”·…—%‰℃,.:;!?)]}";
/// Signs that end no line.
const NOT_LAST: &str = "（〔［｛〈《「『【〖‘“([{￥$";
/// A text keeps one line down to this part of its size; below it, two lines are tried.
const ONE_LINE_DOWN_TO: f64 = 0.85;

/// What a text is given to stand in, in millimetres.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// Width of a line.
    pub width: f64,
    /// Size (em) on one line.
    pub one: f64,
    /// Size (em) on two lines; 0 where there is room for one only.
    pub two: f64,
    /// Smallest size (em).
    pub least: f64,
}

/// A text set: its size and its one or two lines.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// An em, in millimetres.
    pub size: f64,
    /// Its lines.
    pub lines: Vec<String>,
}

/// Sets a text at its size, smaller, or on two lines; none where two lines at the smallest size do not hold it.
///
/// # Errors
/// [`DrawError::LetterMissing`].
pub fn fit(font: &Font, text: &str, room: Room) -> Result<Option<Setting>, DrawError> {
    let fits = |nominal: f64, ems: f64| nominal.min(room.width / ems);
    let one = fits(room.one, font.width(text)?);
    let single = || Setting { size: one, lines: vec![text.to_owned()] };
    if one >= room.least.max(room.one * ONE_LINE_DOWN_TO) {
        return Ok(Some(single()));
    }
    if room.two > 0.0
        && let Some((ems, lines)) = halves(font, text, (room.width / room.two, room.width / room.least))?
    {
        let two = fits(room.two, ems);
        if two > one && two >= room.least {
            return Ok(Some(Setting { size: two, lines }));
        }
    }
    Ok((one >= room.least).then(single))
}

/// The best break into two lines of at most `most` ems, with the wider line's width: at a place where people pause, as even as can
/// be. `enough` ems fit at full size: lines need be no shorter.
fn halves(font: &Font, text: &str, (enough, most): (f64, f64)) -> Result<Option<(f64, Vec<String>)>, DrawError> {
    let mut best: Option<(f64, f64, Vec<String>)> = None;
    let chars: Vec<char> = text.chars().collect();
    for at in (1..chars.len()).filter(|at| breaks(&chars, *at)) {
        let (upper, lower) = (line(&chars[..at]), line(&chars[at..]));
        let (above, below) = (font.width(&upper)?, font.width(&lower)?);
        let ems = above.max(below);
        if ems > most {
            continue;
        }
        // Evenness settles it among places as good as each other.
        let cost = ems.max(enough) * (1.0 + reluctance(&chars, at)) + (above - below).abs() * 1e-3;
        if best.as_ref().is_none_or(|(least, ..)| cost < *least) {
            best = Some((cost, ems, vec![upper, lower]));
        }
    }
    Ok(best.map(|(_, ems, lines)| (ems, lines)))
}

/// How much larger letters must come out of a break there than of one at a comma: inside brackets, between letters that may be of one
/// word, inside a number.
fn reluctance(chars: &[char], at: usize) -> f64 {
    let (before, after) = (chars[at - 1], chars[at]);
    let opened = |c: &&char| "（〔［｛〈《「『【〖([{".contains(**c);
    let closed = |c: &&char| "）〕］｝〉》」』】〗)]}".contains(**c);
    let upper = &chars[..at];
    if upper.iter().filter(opened).count() > upper.iter().filter(closed).count() {
        return 0.3;
    }
    match before {
        ' ' if chars[..at - 1].last().is_some_and(|c| is_wide(*c) || NOT_FIRST.contains(*c)) => 0.0,
        ' ' => 0.05,
        '-' | '_' | '/' => 0.15,
        _ if NOT_FIRST.contains(before) || NOT_LAST.contains(after) => 0.0,
        _ => 0.1,
    }
}

/// The text in lines of at most `width` ems, each as full as it can be. Numbers, words and dates stay whole where they fit a
/// line; a letter the font lacks counts for an em.
#[must_use]
pub fn wrap(font: &Font, text: &str, width: f64) -> Vec<String> {
    let advance = |c: char| font.glyph(c).map_or(1.0, |(_, advance)| advance);
    let chars: Vec<char> = text.chars().collect();
    let (mut out, mut from, mut fits_to, mut taken) = (vec![], 0, 0, 0.0);
    let mut at = 0;
    while at < chars.len() {
        taken += advance(chars[at]);
        // A space at the end of a line takes no room.
        if taken > width && at > from && chars[at] != ' ' {
            let end = if fits_to > from { fits_to } else { at };
            out.push(line(&chars[from..end]));
            from = end;
            (at, fits_to, taken) = (end, end, 0.0);
            continue;
        }
        at += 1;
        if at < chars.len() && breaks(&chars, at) {
            fits_to = at;
        }
    }
    out.push(line(&chars[from..]));
    out
}

fn line(chars: &[char]) -> String {
    chars.iter().collect::<String>().trim_end().to_owned()
}

fn is_wide(c: char) -> bool {
    c as u32 >= 0x2e80
}

/// Whether a line may end before that character: at spaces, after hyphens, and beside Han characters; never inside a western
/// word or a number, before a closing sign or after an opening one.
fn breaks(chars: &[char], at: usize) -> bool {
    let (before, after) = (chars[at - 1], chars[at]);
    if NOT_FIRST.contains(after) || NOT_LAST.contains(before) || after == ' ' {
        return false;
    }
    match before {
        ' ' => true,
        '-' => !after.is_ascii_digit(),
        // The slashes of an address belong to its host.
        '/' => after != '/' && (at < 2 || chars[at - 2] != '/'),
        '_' => true,
        _ => is_wide(before) || is_wide(after),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Weight;
    use super::*;

    const ROOM: Room = Room { width: 31.0, one: 2.5, two: 2.0, least: 1.6 };

    fn check(text: &str, size: f64, lines: &[&str]) {
        let s = fit(Font::of(Weight::Bold).unwrap(), text, ROOM).unwrap().unwrap();
        assert_eq!(s.lines, lines);
        assert!((s.size - size).abs() < 0.02, "{text}: {}", s.size);
    }

    #[test]
    fn one_line_then_smaller_then_two() {
        check("示例电器有限公司", 2.5, &["示例电器有限公司"]);
        check("示例电器制造集团有限公司华东", 2.214, &["示例电器制造集团有限公司华东"]);
        check("示例电器（上海）智能制造集团股份有限公司", 2.0, &["示例电器（上海）", "智能制造集团股份有限公司"]);
        check("本证书只认证售后服务，不是对产品的认证", 2.0, &["本证书只认证售后服务，", "不是对产品的认证"]);
        check(
            "示例国际质量认证检验检测（北京）有限责任公司",
            2.0,
            &["示例国际质量认证检验检测", "（北京）有限责任公司"],
        );
        check("证书编号 CN-2026-SC-29326-10002-R0M", 2.0, &["证书编号", "CN-2026-SC-29326-10002-R0M"]);
        let name = "Exemplary Household Appliances Manufacturing Co., Ltd.";
        check(name, 1.87, &["Exemplary Household Appliances", "Manufacturing Co., Ltd."]);
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let font = Font::of(Weight::Bold).unwrap();
        assert_eq!(fit(font, &"示".repeat(40), ROOM), Ok(None));
        assert_eq!(fit(font, &"W".repeat(40), ROOM), Ok(None));
        assert_eq!(fit(font, "示\u{1F600}例", ROOM), Err(DrawError::LetterMissing('😀')));
        assert!(fit(font, &"示".repeat(38), ROOM).unwrap().is_some());
        assert_eq!(fit(font, &"示".repeat(24), Room { two: 0.0, ..ROOM }), Ok(None));
    }

    #[test]
    fn lines_break_where_a_reader_expects() {
        let font = Font::of(Weight::Regular).unwrap();
        let lines = |text: &str, width: f64| wrap(font, text, width).join("|");
        assert_eq!(lines("家用电器的售后服务", 4.0), "家用电器|的售后服|务");
        assert_eq!(lines("售后服务（空调）。", 5.0), "售后服务|（空调）。");
        assert_eq!(lines("有效期至 2026-05-08 止", 6.0), "有效期至|2026-05-08|止");
        assert_eq!(lines("after-sales service of appliances", 6.0), "after-sales|service of|appliances");
        assert_eq!(lines("29326SC00001R0M29326SC00001R0M", 5.0).replace('|', ""), "29326SC00001R0M29326SC00001R0M");
        assert_eq!(lines("", 5.0), "");
        assert_eq!(lines("见 https://xb.example.cn/r/AAECAwQF", 12.0), "见 https://xb.example.cn/|r/AAECAwQF");
        for line in wrap(font, &"示例电器（北京）有限公司, ".repeat(20), 9.3) {
            assert!(font.width(&line).unwrap() <= 9.3, "{line}");
        }
    }

    #[test]
    fn lines_do_not_break_inside_words_or_before_closing_signs() {
        for (before, after, may) in [
            ('司', '（', true),
            ('（', '上', false),
            ('海', '）', false),
            ('a', 'b', false),
            ('a', '司', true),
            ('司', 'a', true),
            ('-', '2', false),
            ('-', 'b', true),
            ('2', '-', false),
            (' ', 'a', true),
            ('司', '，', false),
        ] {
            assert_eq!(breaks(&[before, after], 1), may, "{before}{after}");
        }
    }
}

//! The badge that a holder puts on its own site: how its certificate stands when the picture is asked for.

use super::line::line;
use super::stars::{stars, width};
use super::{Sign, refused};
use crate::domain::{Level, Refusal};
use crate::draw::lines::{Room, Setting, fit, wrap};
use crate::draw::shape::{Ends, polygon, polyline, rounded};
use crate::draw::{Colour, Font, Page, Paint, Weight};

/// What stands on it, in the reader's language.
#[derive(Debug, Clone, Copy)]
pub struct Badge<'a> {
    /// How it stands; only [`Sign::Tick`] is green and praised, every other is grey.
    pub sign: Sign,
    /// Its word, and the same word in the other language.
    pub word: (&'a str, &'a str),
    /// What it is about.
    pub about: About<'a>,
    /// Last line: when this was so, and where it is checked.
    pub foot: &'a str,
}

/// What a badge is about.
#[derive(Debug, Clone, Copy)]
pub enum About<'a> {
    /// A certificate on record.
    Certificate {
        /// The holder, always whole: a badge may stand on somebody else's site.
        holder: &'a str,
        /// The level.
        level: Level,
        /// Its word.
        rank: &'a str,
        /// Stands beside a level that may not be shown as held.
        note: &'a str,
        /// The number with its label.
        number: &'a str,
        /// What is certified and what is not, in two lines; where the certificate is in force.
        service: [&'a str; 2],
    },
    /// Nothing that could be claimed: what is said in its place, each sentence on lines of its own.
    Nothing([&'a str; 2]),
}

/// Width and height in CSS pixels.
pub const PIXELS: (u32, u32) = (324, 144);
/// Millimetres of a CSS pixel.
const PIXEL: f64 = 25.4 / 96.0;
const WIDE: f64 = PIXELS.0 as f64;
const HIGH: f64 = PIXELS.1 as f64;
const LEFT: f64 = 14.0;
const ROOM: f64 = WIDE - 2.0 * LEFT;
const CORNER: f64 = 6.0;
/// Lower edge of the band, and how high the hatch on it is.
const BAND: f64 = 40.0;
const HATCH: f64 = 6.0;
/// Upper and lower edge of the room for the holder's name.
const NAME: (f64, f64) = (44.0, 86.0);
/// From base line to base line, in ems.
const LEADING: f64 = 1.25;
/// Letters of names that take more than two lines become smaller by so much at a time.
const STEP: f64 = 0.5;
/// Letters of a sentence.
const SENTENCE: f64 = 13.5;
/// The stars of a level in force.
const STAR: Colour = Colour::screen(0xb4, 0x69, 0x0e);
/// Whatever is not in force.
const GREY: Colour = Sign::Unknown.colour();

/// Draws it.
///
/// # Errors
/// `print_font_broken`.
pub fn badge(badge: &Badge<'_>) -> Result<Page, Refusal> {
    let holds = badge.sign == Sign::Tick;
    let colour = if holds { badge.sign.colour() } else { GREY };
    let mut page = Page::new(WIDE, HIGH);
    page.fill(rounded(0.0, 0.0, WIDE, HIGH, CORNER, CORNER), Colour::WHITE);
    page.fill(rounded(0.0, 0.0, WIDE, BAND, CORNER, 0.0), colour);
    let middle = if holds { BAND / 2.0 } else { (BAND - HATCH) / 2.0 };
    for shape in badge.sign.shapes(colour, (LEFT, middle - 13.0), 26.0) {
        // White on the band, and cut out in its colour.
        let swapped = |was: Colour| if was == Colour::WHITE { colour } else { Colour::WHITE };
        let paint = match shape.paint {
            Paint::Fill(was) => Paint::Fill(swapped(was)),
            Paint::Stroke(was, width, ends) => Paint::Stroke(swapped(was), width, ends),
        };
        page.shape(shape.path, paint);
    }
    let x = line(&mut page, badge.word.0, (LEFT + 34.0, middle), (Weight::Bold, 20.0), Colour::WHITE)?;
    line(&mut page, badge.word.1, (x + 8.0, middle + 1.5), (Weight::Regular, 12.0), Colour::WHITE)?;
    if !holds {
        hatch(&mut page);
    }
    match badge.about {
        About::Certificate { holder, number, service, .. } => {
            if holds {
                for (text, y) in service.into_iter().zip([middle - 7.0, middle + 7.0]) {
                    ending(&mut page, text, (WIDE - LEFT, y), 10.5)?;
                }
            }
            name(&mut page, holder)?;
            rank(&mut page, &badge.about, colour, holds)?;
            shrunk(&mut page, number, 116.0, (Weight::Regular, 12.0), Colour::INK)?;
        }
        About::Nothing(sentences) => {
            let font = Font::of(Weight::Regular).map_err(refused)?;
            let lines = sentences.iter().flat_map(|said| wrap(font, &font.printable(said), ROOM / SENTENCE));
            for (i, text) in lines.enumerate() {
                line(&mut page, &text, (LEFT, 58.0 + 19.0 * i as f64), (Weight::Regular, SENTENCE), Colour::INK)?;
            }
        }
    }
    shrunk(&mut page, badge.foot, 132.0, (Weight::Regular, 11.0), Colour::SOFT)?;
    let edge = rounded(0.5, 0.5, WIDE - 1.0, HIGH - 1.0, CORNER - 0.5, CORNER - 0.5);
    page.shape(edge, Paint::Stroke(colour, 1.0, Ends::Sharp));
    Ok(page.scaled(PIXEL))
}

/// The lower edge of a band that is not in force, which a grey copy keeps.
fn hatch(page: &mut Page) {
    let (upper, lower) = (BAND - HATCH, BAND);
    let mut x = 0.0;
    while x + 2.0 * HATCH <= WIDE {
        let stripe = [(x + HATCH, upper), (x + 2.0 * HATCH, upper), (x + HATCH, lower), (x, lower)];
        page.fill(polygon(&stripe), Colour::WHITE);
        x += 2.0 * HATCH;
    }
}

/// The holder's name, whole: on one line, on two, then smaller and on as many as it takes.
fn name(page: &mut Page, holder: &str) -> Result<(), Refusal> {
    let font = Font::of(Weight::Bold).map_err(refused)?;
    let holder = font.printable(holder);
    let room = Room { width: ROOM, one: 17.0, two: 15.0, least: 10.5 };
    let set = fit(font, &holder, room).map_err(refused)?;
    let Setting { size, lines } = set.unwrap_or_else(|| {
        let at = |size: f64| Setting { size, lines: wrap(font, &holder, ROOM / size) };
        let mut set = at(room.least);
        while set.lines.len() as f64 * set.size * LEADING > NAME.1 - NAME.0 && set.size > STEP {
            set = at(set.size - STEP);
        }
        set
    });
    let first = (NAME.0 + NAME.1) / 2.0 - size * LEADING * (lines.len() - 1) as f64 / 2.0;
    for (i, text) in lines.iter().enumerate() {
        line(page, text, (LEFT, first + size * LEADING * i as f64), (Weight::Bold, size), Colour::INK)?;
    }
    Ok(())
}

/// Stars and the level's word; hollow and struck out where it does not hold.
fn rank(page: &mut Page, about: &About<'_>, grey: Colour, holds: bool) -> Result<(), Refusal> {
    let About::Certificate { level, rank, note, .. } = about else { return Ok(()) };
    let (y, radius) = (98.0, 7.0);
    let mut x = LEFT;
    if level.stars() > 0 {
        let (filled, colour) = if holds { (level.stars(), STAR) } else { (0, grey) };
        for shape in stars(filled, (LEFT + width(radius) / 2.0, y), radius, colour) {
            page.shape(shape.path, shape.paint);
        }
        x += width(radius) + 9.0;
    }
    let end = line(page, rank, (x, y), (Weight::Bold, 14.0), if holds { Colour::INK } else { grey })?;
    if !holds {
        page.shape(polyline(&[(x - 2.0, y), (end + 2.0, y)]), Paint::Stroke(grey, 1.5, Ends::Sharp));
        line(page, note, (end + 9.0, y), (Weight::Bold, 12.0), Colour::INK)?;
    }
    Ok(())
}

/// A line that becomes smaller rather than being cut.
fn shrunk(page: &mut Page, text: &str, y: f64, (weight, size): (Weight, f64), colour: Colour) -> Result<(), Refusal> {
    let font = Font::of(weight).map_err(refused)?;
    let ems = font.width(&font.printable(text)).map_err(refused)?;
    line(page, text, (LEFT, y), (weight, size.min(ROOM / ems)), colour).map(drop)
}

/// A white line that ends there.
fn ending(page: &mut Page, text: &str, (end, y): (f64, f64), size: f64) -> Result<(), Refusal> {
    let font = Font::of(Weight::Regular).map_err(refused)?;
    let ems = font.width(&font.printable(text)).map_err(refused)?;
    line(page, text, (end - ems * size, y), (Weight::Regular, size), Colour::WHITE).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Standing;
    use crate::draw::{Item, Letters};
    use proptest::prelude::*;

    fn of(sign: Sign, holder: &str, level: Level, number: &str) -> Page {
        let about = About::Certificate {
            holder,
            level,
            rank: level.title_en(),
            note: "cannot be told now",
            number,
            service: ["Service certification,", "not product certification"],
        };
        badge(&Badge { sign, word: ("Not yet in force", "尚未生效"), about, foot: "2026-05-08 · xb.example.cn" })
            .unwrap()
    }

    fn letters(page: &Page) -> Vec<&Letters> {
        page.items.iter().filter_map(|item| if let Item::Letters(l) = item { Some(l) } else { None }).collect()
    }

    /// What it says is whole, stands within the edges, and no line stands on another.
    fn whole(page: &Page, holder: &str) {
        let px = |mm: f64| mm / PIXEL;
        let mut name = String::new();
        for l in letters(page) {
            let right = px(l.x + l.width().unwrap());
            assert!(px(l.x) >= LEFT - 1e-6 && right <= WIDE - LEFT + 1e-3, "{right}: {l:?}");
            assert!(px(l.y) > px(l.size) * 0.7 && px(l.y) < HIGH - 4.0, "{l:?}");
            if (NAME.0..NAME.1 + 4.0).contains(&px(l.y)) {
                assert!(px(l.y - l.size) > BAND - 4.0, "{l:?}");
                name.push_str(&l.text);
            }
        }
        let seen = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        assert_eq!(seen(&name), seen(&Font::of(Weight::Bold).unwrap().printable(holder)));
    }

    #[test]
    fn only_what_is_in_force_is_green_and_praised() {
        for (standing, level) in Standing::ALL.into_iter().flat_map(|s| Level::ALL.map(|l| (s, l))) {
            let page = of(Sign::of(standing), "示例电器有限公司", level, "29326SC10002R0M");
            let has =
                |colour: Colour| page.items.iter().any(|i| matches!(i, Item::Shape(s) if s.paint.colour() == colour));
            let holds = standing == Standing::Valid;
            assert_eq!((has(Sign::Tick.colour()), has(GREY)), (holds, !holds), "{standing:?}");
            assert_eq!(has(STAR), holds && level.stars() > 0, "{standing:?} {level:?}");
            let says = |text: &str| letters(&page).iter().any(|l| l.text == text);
            assert_eq!(says("cannot be told now"), !holds, "{standing:?}");
            whole(&page, "示例电器有限公司");
        }
    }

    #[test]
    fn a_long_name_takes_two_lines_then_smaller_ones_and_is_never_cut() {
        let lines = |holder: &str| {
            letters(&of(Sign::Pause, holder, Level::FiveStar, "1")).iter().filter(|l| l.weight == Weight::Bold).count()
                - 3
        };
        assert_eq!(lines("北京示例云帆新能源汽车有限公司"), 1);
        assert_eq!(lines("示例国际智能家用电器制造（上海）集团股份有限公司长三角区域服务分公司"), 2);
        for holder in
            ["示例".repeat(60), "W".repeat(120), "示😀例 Łódź".to_owned(), "示 ".repeat(60), "WWWWWWWWWWW ".repeat(10)]
        {
            whole(&of(Sign::Tick, &holder, Level::Qualified, &"W".repeat(40)), holder.trim());
        }
    }

    #[test]
    fn what_claims_nothing_shows_no_stars() {
        let about = About::Nothing(["登记簿上没有证书 1234567890123456。", "这里什么也没有证明。"]);
        let page =
            badge(&Badge { sign: Sign::Empty, word: ("查无此证", "No such record"), about, foot: "xb.example.cn" })
                .unwrap();
        assert_eq!(letters(&page).len(), 5);
        assert!(page.items.iter().all(|i| !matches!(i, Item::Shape(s) if s.paint.colour() == STAR)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_name_is_cut(holder in "(\\PC|[示例Wil（）-]| ){1,120}") {
            let holder = holder.trim();
            if !holder.is_empty() {
                whole(&of(Sign::Cross, holder, Level::ThreeStar, "29326SC10002R0M"), holder);
            }
        }
    }
}

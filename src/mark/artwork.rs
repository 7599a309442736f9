//! The printed layouts and what stands on them, drawn at their nominal size and scaled as a whole.

mod facts;
mod horizontal;
mod seal;
mod sheet;
mod small;
mod vertical;

use super::picture::{CodePlace, Picture};
use super::{Face, Ink, Layout, Words};
use crate::domain::{Level, Refusal};
use crate::draw::POINT;
use sheet::Sheet;

/// Smallest letters in print, in millimetres: 4.5 pt.
const LEAST_TYPE: f64 = 4.5 * POINT;
/// The scheme's name on every mark.
const SCHEME: &str = "商品售后服务认证";
const SCHEME_EN: &str = "After-sales Service Certification";
/// Stands in the scheme's place on a test mark.
const TEST_SCHEME: &str = "测试标志 不作证明";
const TEST_SCHEME_EN: &str = "Test mark, proves nothing";
/// The line that no mark is without: the Measures forbid suggesting that the product is certified.
const NOT_PRODUCT: &str = "售后服务认证，非产品认证";
const NOT_PRODUCT_HALVES: (&str, &str) = ("售后服务认证，", "非产品认证");
const NOT_PRODUCT_EN: [&str; 2] = ["Service certification,", "not product certification"];
const NOT_PRODUCT_EN_WHOLE: &str = "Service certification, not product certification";

/// Width and height of a layout in millimetres as designed.
pub(super) const fn nominal(layout: Layout, words: Words) -> (f64, f64) {
    match layout {
        Layout::Vertical => vertical::nominal(words),
        Layout::Horizontal => horizontal::nominal(words),
        Layout::Small => small::nominal(words),
        Layout::Seal => seal::nominal(words),
    }
}

/// Draws a mark that wide, in millimetres.
///
/// # Errors
/// `mark_too_narrow` below [`Layout::least_width`]; `mark_text_empty`, `mark_text_too_long` and `mark_letter_missing` with the
/// field's pointer.
pub fn compose(face: &Face, layout: Layout, ink: Ink, words: Words, width: f64) -> Result<Picture, Refusal> {
    let least = layout.least_width();
    if width < least.millimetres() - 1e-6 {
        let other = match layout {
            Layout::Small => String::new(),
            _ => format!("; the layout small goes down to {} mm", Layout::Small.least_width()),
        };
        let name = layout.wire();
        let asked = format!("{width:.1}");
        return Err(Refusal::rule(
            "mark_too_narrow",
            format!(
                "a {name} mark is at least {least} mm wide, else phones do not read its code; {} mm was asked{other}",
                asked.trim_end_matches(".0")
            ),
        ));
    }
    let nominal = layout.nominal(words);
    let scale = width / nominal.0;
    let mut sheet = Sheet::new(nominal, ink, words, LEAST_TYPE / scale, face.test);
    let (x, y) = match layout {
        Layout::Vertical => vertical::draw(&mut sheet, face)?,
        Layout::Horizontal => horizontal::draw(&mut sheet, face)?,
        Layout::Small => small::draw(&mut sheet, face)?,
        Layout::Seal => seal::draw(&mut sheet, face)?,
    };
    let place = CodePlace { x, y, module: layout.class().module() };
    let picture = Picture { title: title(face), description: description(face), ground: sheet.into_page(), place };
    Ok(picture.scaled(scale))
}

fn scheme(face: &Face) -> &'static str {
    if face.test { TEST_SCHEME } else { SCHEME }
}

fn scheme_en(face: &Face) -> &'static str {
    if face.test { TEST_SCHEME_EN } else { SCHEME_EN }
}

fn title(face: &Face) -> String {
    format!("{} {} {}", scheme(face), face.level.zh(), face.holder.trim())
}

fn description(face: &Face) -> String {
    let stars = match face.level {
        Level::Qualified => String::new(),
        l => format!("（五颗星中{}颗实心）", l.stars()),
    };
    format!(
        "{}，{}{stars}。获证组织：{}。依据：{}。证书编号：{}。有效期至{}。发证机构：{}。查验：扫码或访问{}。{NOT_PRODUCT}。",
        scheme(face),
        face.level.zh(),
        face.holder.trim(),
        face.standard.trim(),
        face.number.trim(),
        face.valid_until,
        face.body.trim(),
        face.host
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::{Colour, Item, Paint, Shape, Step};
    use crate::mark::Class;
    use crate::mark::{Format, Order, testing};

    /// Left, upper, right and lower edge of an outline, control points included.
    fn extent(path: &[Step]) -> [f64; 4] {
        let mut e = [f64::MAX, f64::MAX, f64::MIN, f64::MIN];
        let mut take = |x: f64, y: f64| e = [e[0].min(x), e[1].min(y), e[2].max(x), e[3].max(y)];
        for step in path {
            match *step {
                Step::Move(x, y) | Step::Line(x, y) => take(x, y),
                Step::Cubic(a, b, c, d, x, y) => {
                    take(a, b);
                    take(c, d);
                    take(x, y);
                }
                Step::Close => {}
            }
        }
        e
    }

    fn drawn(name: &str, face: &Face, order: &Order) -> Picture {
        let drawn = compose(face, order.layout, order.ink, order.words, order.width.millimetres());
        drawn.unwrap_or_else(|e| panic!("{name} {order:?}: {e}"))
    }

    fn shapes(picture: &Picture) -> impl Iterator<Item = &Shape> {
        picture.ground.items.iter().filter_map(|item| match item {
            Item::Shape(shape) => Some(shape),
            _ => None,
        })
    }

    #[test]
    fn nothing_is_cut_and_nothing_stands_in_the_quiet_zone() {
        for (name, face, text, order) in testing::shelf() {
            let p = drawn(&name, &face, &order);
            let scale = p.ground.width / order.layout.nominal(order.words).0;
            let n = Class::of(&text).modules() as f64;
            let (quiet, side) = (4.0 * p.place.module, n * p.place.module);
            let zone = [p.place.x - quiet, p.place.y - quiet, p.place.x + side + quiet, p.place.y + side + quiet];
            // All that is no plate and no seal.
            let is_ground = |e: &[f64; 4]| e[2] - e[0] > 30.0 * scale || (e[2] - e[0]) > 0.9 * p.ground.width;
            for item in &p.ground.items {
                let (what, e) = match item {
                    Item::Shape(s) if s.path.is_empty() => continue,
                    Item::Shape(s) => ("a shape".to_owned(), extent(&s.path)),
                    Item::Letters(l) if l.text.trim().is_empty() => continue,
                    Item::Letters(l) => (l.text.clone(), extent(&l.outline().unwrap())),
                    Item::Code(_) => unreachable!(),
                };
                let letters = matches!(item, Item::Letters(_));
                if !letters && is_ground(&e) {
                    continue;
                }
                let margin = if letters { 0.7 } else { 0.25 } * scale;
                let [left, top, right, bottom] = e;
                assert!(left >= margin && right <= p.ground.width - margin, "{name}: {what}: {left} to {right}");
                assert!(top >= margin && bottom <= p.ground.height - margin, "{name}: {what}: {top} to {bottom}");
                let clear = right <= zone[0] || left >= zone[2] || bottom <= zone[1] || top >= zone[3];
                assert!(clear, "{name}: {what}: {left},{top} to {right},{bottom} lies in the quiet zone");
            }
        }
    }

    #[test]
    fn lines_do_not_run_into_each_other() {
        for (name, face, _, order) in testing::shelf() {
            let p = drawn(&name, &face, &order);
            let level = |item: &Item| match item {
                Item::Letters(l) if l.turn == (1.0, 0.0) && !l.text.trim().is_empty() => {
                    Some((l.text.clone(), extent(&l.outline().unwrap())))
                }
                _ => None,
            };
            let lines: Vec<(String, [f64; 4])> = p.ground.items.iter().filter_map(level).collect();
            for (i, (a, ea)) in lines.iter().enumerate() {
                for (b, eb) in &lines[i + 1..] {
                    let apart = ea[2] <= eb[0] || eb[2] <= ea[0] || ea[3] <= eb[1] || eb[3] <= ea[1];
                    assert!(apart, "{name}: “{a}” and “{b}” overlap");
                }
            }
        }
    }

    #[test]
    fn no_letter_is_below_four_and_a_half_points() {
        for (name, face, _, order) in testing::shelf() {
            let p = drawn(&name, &face, &order);
            let least = p.ground.smallest_type().unwrap();
            assert!(least >= 4.5 - 1e-6, "{name}: {least}");
        }
    }

    #[test]
    fn the_level_is_the_largest_and_the_line_of_the_service_is_on_all() {
        for (name, face, _, order) in testing::shelf() {
            let p = drawn(&name, &face, &order);
            let letters = |item: &Item| match item {
                Item::Letters(l) => Some((l.size, l.text.clone())),
                _ => None,
            };
            let all: Vec<(f64, String)> = p.ground.items.iter().filter_map(letters).collect();
            let largest = all.iter().max_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
            assert_eq!(largest.1, face.level.zh(), "{name}");
            // Lines may break at any space.
            let whole: String = all.into_iter().map(|(_, text)| text.replace(' ', "")).collect();
            assert!(whole.contains(NOT_PRODUCT), "{name}: {whole}");
            let english = ["notproductcertification", "nottheproduct"].iter().any(|line| whole.contains(line));
            assert_eq!(english, order.words == Words::ZhEn, "{name}: {whole}");
        }
    }

    #[test]
    fn modules_are_never_below_what_phones_read() {
        for layout in Layout::ALL {
            let least = layout.class().least_module();
            let reached = layout.module(layout.least_width().millimetres());
            assert!(reached >= least - 1e-9 && reached < least * 1.01, "{layout:?}: {reached}");
            let (zh, both) = (layout.nominal(Words::Zh), layout.nominal(Words::ZhEn));
            assert!(zh.0 == both.0 && zh.1 <= both.1, "{layout:?}");
        }
        assert!((Layout::Vertical.reading_distance(36.0) - 236.25).abs() < 1e-9);
    }

    #[test]
    fn letters_shrink_to_four_and_a_half_points_and_no_further() {
        let fits = |count: usize, width: f64| {
            let mut face = testing::face(Level::FiveStar);
            face.holder = "示".repeat(count);
            compose(&face, Layout::Vertical, Ink::Colour, Words::Zh, width).is_ok()
        };
        // 31.2 mm hold 19 letters of 1.5875 mm; a wider mark holds more, a narrower one fewer.
        assert!(fits(38, 36.0) && !fits(40, 36.0));
        assert!(fits(40, 40.0));
        let least = Layout::Vertical.least_width().millimetres();
        assert!(fits(32, least) && !fits(38, least));
    }

    #[test]
    fn stars_filled_and_hollow_always_make_five() {
        for level in Level::ALL {
            for layout in Layout::ALL {
                let face = testing::face(level);
                let p = compose(&face, layout, Ink::Colour, Words::Zh, layout.width().millimetres()).unwrap();
                let stars =
                    |colour| shapes(&p).filter(|s| s.path.len() == 11 && s.paint == Paint::Fill(colour)).count();
                let (outer, hollow) = (stars(Colour::WHITE), stars(Colour::VERMILION));
                match level {
                    Level::Qualified => assert_eq!((outer, hollow), (0, 0)),
                    l => assert_eq!((outer, hollow), (5, 5 - l.stars() as usize)),
                }
            }
        }
    }

    #[test]
    fn a_test_mark_says_so_in_place_of_the_scheme() {
        for layout in Layout::ALL {
            for words in Words::ALL {
                let mut face = testing::face(Level::FiveStar);
                face.test = true;
                let p = drawn("test", &face, &Order { words, ..Order::new(layout, Format::Png) });
                assert!(p.title.starts_with("测试标志") && p.description.starts_with("测试标志"));
                let said: String = p
                    .ground
                    .items
                    .iter()
                    .filter_map(|item| match item {
                        Item::Letters(l) => Some(l.text.as_str()),
                        _ => None,
                    })
                    .collect();
                assert!(said.contains(TEST_SCHEME) && !said.contains(SCHEME), "{layout:?} {words:?}: {said}");
            }
        }
    }
}

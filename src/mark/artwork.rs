//! The two printed layouts and what stands on them, drawn at their nominal size and scaled as a whole.

mod sheet;
mod small;
mod vertical;

use super::display::{CodePlace, Picture};
use super::qr::{Class, Symbol};
use super::{Face, Ink, Width};
use crate::domain::error::shown;
use crate::domain::{Level, Refusal};
use sheet::Sheet;

/// Smallest letters in print: 4.5 pt in millimetres.
const LEAST_TYPE: f64 = 4.5 * 25.4 / 72.0;
/// The scheme's name on every mark.
const SCHEME: &str = "商品售后服务认证";
/// Stands in the scheme's place on a test mark.
const TEST_SCHEME: &str = "测试标志 不作证明";

/// A printed layout. `horizontal` and `seal` will stand here when they are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layout {
    /// 36 x 71 mm, signed code: packaging and premises.
    Vertical,
    /// 20 x 30 mm, link code: where there is no room.
    Small,
}

impl Layout {
    /// Every layout.
    pub const ALL: [Self; 2] = [Self::Vertical, Self::Small];

    /// Name on the wire.
    #[must_use]
    pub const fn wire(self) -> &'static str {
        match self {
            Self::Vertical => "vertical",
            Self::Small => "small",
        }
    }

    /// Reads the wire name.
    ///
    /// # Errors
    /// `unknown_mark_layout` names the layouts there are.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        Self::ALL.into_iter().find(|l| l.wire() == text).ok_or_else(|| {
            let message = format!("“{}” is no layout of a mark: there are vertical and small", shown(text));
            Refusal::invalid("unknown_mark_layout", message)
        })
    }

    /// The sort of code it carries.
    #[must_use]
    pub const fn class(self) -> Class {
        match self {
            Self::Vertical => Class::Signed,
            Self::Small => Class::Link,
        }
    }

    /// Width and height in millimetres as designed.
    #[must_use]
    pub const fn nominal(self) -> (f64, f64) {
        match self {
            Self::Vertical => (36.0, 71.0),
            Self::Small => (20.0, 30.0),
        }
    }

    /// Width of a module in micrometres: as designed, and the least that phones read in print (measured: 0.42 mm signed,
    /// 0.40 mm link).
    const fn module_um(self) -> (u32, u32) {
        match self {
            Self::Vertical => (500, 420),
            Self::Small => (400, 400),
        }
    }

    /// The width as designed.
    #[must_use]
    pub const fn width(self) -> Width {
        match self {
            Self::Vertical => Width::from_tenths(360),
            Self::Small => Width::from_tenths(200),
        }
    }

    /// The least width a mark of this layout may be printed at: its code's modules reach their minimum there.
    #[must_use]
    pub const fn least_width(self) -> Width {
        let (module, least) = self.module_um();
        Width::from_tenths((self.width().tenths() * least).div_ceil(module))
    }
}

/// Draws a mark.
///
/// # Errors
/// `mark_too_narrow` below [`Layout::least_width`]; `mark_text_empty`, `mark_text_too_long` and `mark_letter_missing` with the
/// field's pointer.
pub fn compose(face: &Face, layout: Layout, ink: Ink, width: Width, code: Symbol) -> Result<Picture, Refusal> {
    let least = layout.least_width();
    if width < least {
        let other = match layout {
            Layout::Vertical => format!("; the layout small goes down to {} mm", Layout::Small.least_width()),
            Layout::Small => String::new(),
        };
        let name = layout.wire();
        return Err(Refusal::rule(
            "mark_too_narrow",
            format!(
                "a {name} mark is at least {least} mm wide, else phones do not read its code; {width} mm was asked{other}"
            ),
        ));
    }
    let (nominal_width, nominal_height) = layout.nominal();
    let scale = width.millimetres() / nominal_width;
    let mut sheet = Sheet::new(ink, LEAST_TYPE / scale)?;
    let (x, y) = match layout {
        Layout::Vertical => vertical::draw(&mut sheet, face)?,
        Layout::Small => small::draw(&mut sheet, face)?,
    };
    let module = f64::from(layout.module_um().0) / 1000.0;
    let mut picture = Picture {
        width: nominal_width,
        height: nominal_height,
        title: title(face),
        description: description(face),
        shapes: sheet.into_shapes(),
        place: CodePlace { x, y, module },
        code,
    };
    picture.scale(scale);
    Ok(picture)
}

fn scheme(face: &Face) -> &'static str {
    if face.test { TEST_SCHEME } else { SCHEME }
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
        "{}，{}{stars}。获证组织：{}。依据：{}。证书编号：{}。有效期至{}。发证机构：{}。查验：扫码或访问{}。售后服务认证，非产品认证。",
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
    use crate::mark::display::{Colour, Paint, Shape, Step};
    use crate::mark::{Format, Order, qr, testing};

    /// Left, upper, right and lower edge of an outline, control points included.
    fn extent(shape: &Shape) -> [f64; 4] {
        let mut e = [f64::MAX, f64::MAX, f64::MIN, f64::MIN];
        let mut take = |x: f64, y: f64| e = [e[0].min(x), e[1].min(y), e[2].max(x), e[3].max(y)];
        for step in &shape.path {
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

    #[test]
    fn nothing_is_cut_and_nothing_stands_in_the_quiet_zone() {
        for (name, face, text, order) in testing::shelf() {
            let code = qr::draw(&face.host, &text).unwrap().remove(0);
            let p = compose(&face, order.layout, order.ink, order.width, code).unwrap();
            let (scale, q) = (p.width / order.layout.nominal().0, p.place.quiet());
            let side = p.place.module * p.code.modules() as f64;
            let zone = [p.place.x - q, p.place.y - q, p.place.x + side + q, p.place.y + side + q];
            // The first three shapes are the plate.
            for shape in p.shapes.iter().skip(3).filter(|s| !s.path.is_empty()) {
                let [left, top, right, bottom] = extent(shape);
                let margin = 0.9 * scale;
                assert!(left >= margin && right <= p.width - margin, "{name}: {left} to {right}");
                assert!(top >= margin && bottom <= p.height - margin, "{name}: {top} to {bottom}");
                let clear = right <= zone[0] || left >= zone[2] || bottom <= zone[1] || top >= zone[3];
                assert!(clear, "{name}: {left},{top} to {right},{bottom} lies in the quiet zone");
            }
            assert!(extent(&p.shapes[1])[3] <= zone[1] + 1e-9, "{name}: the head lies in the quiet zone");
            assert!((p.place.x * 2.0 + side - p.width).abs() < 1e-9, "{name}: the code is not in the middle");
        }
    }

    #[test]
    fn modules_are_never_below_what_phones_read() {
        for layout in Layout::ALL {
            let (nominal, least) = layout.module_um();
            let reached = layout.least_width().millimetres() / layout.nominal().0 * f64::from(nominal);
            assert!(reached >= f64::from(least) && reached < f64::from(least) * 1.01, "{layout:?}: {reached}");
        }
    }

    #[test]
    fn letters_shrink_to_four_and_a_half_points_and_no_further() {
        let order = Order::new(Layout::Vertical, Format::Png);
        let fits = |count: usize, width: Width| {
            let mut face = testing::face(Level::FiveStar);
            face.holder = "示".repeat(count);
            let code = qr::draw(&face.host, &testing::signed(Level::FiveStar)).unwrap().remove(0);
            compose(&face, order.layout, order.ink, width, code).is_ok()
        };
        // 31.2 mm hold 19 letters of 1.5875 mm; a wider mark holds more, a narrower one fewer.
        assert!(fits(38, order.width) && !fits(40, order.width));
        assert!(fits(40, Width::from_tenths(400)));
        assert!(fits(32, order.layout.least_width()) && !fits(38, order.layout.least_width()));
    }

    #[test]
    fn stars_filled_and_hollow_always_make_five() {
        for level in Level::ALL {
            let p = testing::picture(level, Layout::Vertical, Ink::Colour);
            let stars =
                |colour| p.shapes.iter().filter(|s| s.path.len() == 11 && s.paint == Paint::Fill(colour)).count();
            let (outer, hollow) = (stars(Colour::WHITE), stars(Colour::VERMILION));
            match level {
                Level::Qualified => assert_eq!((outer, hollow), (0, 0)),
                l => assert_eq!((outer, hollow), (5, 5 - l.stars() as usize)),
            }
        }
    }

    #[test]
    fn a_test_mark_says_so_in_place_of_the_scheme() {
        let mut face = testing::face(Level::FiveStar);
        face.test = true;
        let code = qr::draw(&face.host, &testing::link()).unwrap().remove(0);
        let p = compose(&face, Layout::Small, Ink::Colour, Layout::Small.width(), code).unwrap();
        assert!(p.title.starts_with("测试标志") && p.description.starts_with("测试标志"));
        assert_ne!(p.shapes, testing::picture(Level::FiveStar, Layout::Small, Ink::Colour).shapes);
    }
}

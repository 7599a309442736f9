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

//! Which file of a mark is wanted: its format, colouring, size and resolution.

use super::{Layout, Words};
use crate::domain::Refusal;
use crate::domain::error::shown;
use crate::domain::mark_licence::Medium;
use std::fmt;

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Pixels, `image/png`.
    Png,
    /// Outlines, `image/svg+xml`.
    Svg,
    /// Letters and outlines for printers, `application/pdf`.
    Pdf,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Png, Self::Svg, Self::Pdf];

    /// Name on the wire and file extension.
    #[must_use]
    pub const fn wire(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Svg => "svg",
            Self::Pdf => "pdf",
        }
    }

    /// Media type (IANA).
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Svg => "image/svg+xml",
            Self::Pdf => "application/pdf",
        }
    }

    /// Reads the wire name.
    ///
    /// # Errors
    /// `unknown_mark_format` names the formats there are.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        Self::ALL.into_iter().find(|f| f.wire() == text).ok_or_else(|| {
            let message = format!("“{}” is no format of a mark: there are png, svg and pdf", shown(text));
            Refusal::invalid("unknown_mark_format", message)
        })
    }
}

/// How a mark is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ink {
    /// Vermilion head, dark letters.
    Colour,
    /// Black only, for one-colour printing.
    OneColour,
}

impl Ink {
    /// Every colouring.
    pub const ALL: [Self; 2] = [Self::Colour, Self::OneColour];

    /// Name on the wire.
    #[must_use]
    pub const fn wire(self) -> &'static str {
        match self {
            Self::Colour => "colour",
            Self::OneColour => "one_colour",
        }
    }

    /// Reads the wire name.
    ///
    /// # Errors
    /// `unknown_mark_ink` names the colourings there are.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        Self::ALL.into_iter().find(|i| i.wire() == text).ok_or_else(|| {
            let message = format!("“{}” is no colouring of a mark: there are colour and one_colour", shown(text));
            Refusal::invalid("unknown_mark_ink", message)
        })
    }
}

/// Printed width of a mark in tenths of a millimetre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Width(u32);

impl Width {
    /// Widest mark: 1 m; a larger one is scaled from an SVG.
    pub const MAX: Self = Self(10_000);

    pub(super) const fn from_tenths(tenths: u32) -> Self {
        Self(tenths)
    }

    /// Reads millimetres with at most one decimal, e.g. `36` or `40.5`.
    ///
    /// # Errors
    /// `bad_mark_width` for anything else, zero, or more than 1000 mm.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let (whole, tenth) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |t: &str, max: usize| (1..=max).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit());
        let value = (digits(whole, 4) && digits(tenth, 1))
            .then(|| Some(whole.parse::<u32>().ok()? * 10 + tenth.parse::<u32>().ok()?))
            .flatten();
        value.map(Self).filter(|w| w.0 > 0 && *w <= Self::MAX).ok_or_else(|| {
            let message = format!("“{}” is no width: write millimetres up to 1000, e.g. 36 or 40.5", shown(text));
            Refusal::invalid("bad_mark_width", message)
        })
    }

    /// Tenths of a millimetre.
    #[must_use]
    pub const fn tenths(self) -> u32 {
        self.0
    }

    /// Millimetres.
    #[must_use]
    pub fn millimetres(self) -> f64 {
        f64::from(self.0) / 10.0
    }
}

impl fmt::Display for Width {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 % 10 {
            0 => write!(f, "{}", self.0 / 10),
            tenth => write!(f, "{}.{tenth}", self.0 / 10),
        }
    }
}

/// Pixels of a module at which what has none is proofread: about 300 dpi at the designed size.
const PROOF_PX: u32 = 6;

/// How many pixels a picture has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resolution {
    /// That many pixels to a module; the width stays as ordered, and the file says the resolution that gives.
    ModulePx(u32),
    /// That many pixels to an inch, exactly; the mark becomes as wide as whole pixels for each module make it.
    Dpi(u32),
}

impl Resolution {
    /// Unless asked otherwise: about 610 dpi at the designed size.
    pub const DEFAULT: Self = Self::ModulePx(12);
    /// Fewest pixels a module may have: below, scaling by the next program closes gaps.
    pub const MODULE_PX_MIN: u32 = 4;
    /// Most pixels of a module.
    pub const MODULE_PX_MAX: u32 = 240;
    /// Lowest and highest resolution that can be asked for.
    pub const DPI: (u32, u32) = (72, 2400);

    /// Reads dots per inch.
    ///
    /// # Errors
    /// `bad_mark_dpi` for anything but a whole number of [`Resolution::DPI`].
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let (low, high) = Self::DPI;
        let dpi = Some(text).filter(|t| t.len() <= 4 && t.bytes().all(|b| b.is_ascii_digit()));
        let dpi = dpi.and_then(|t| t.parse::<u32>().ok()).filter(|d| (low..=high).contains(d));
        dpi.map(Self::Dpi).ok_or_else(|| {
            let message =
                format!("“{}” is no resolution: write dots per inch from {low} to {high}, e.g. 300", shown(text));
            Refusal::invalid("bad_mark_dpi", message)
        })
    }
}

/// An order as people give it: what they leave out follows from the medium and the width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted {
    /// What suits where none is named ([`Layout::suited`]).
    pub layout: Option<Layout>,
    /// PNG where none is named.
    pub format: Option<Format>,
    /// In colour.
    pub ink: Option<Ink>,
    /// In Chinese.
    pub words: Option<Words>,
    /// As designed.
    pub width: Option<Width>,
    /// Of a PNG; [`Resolution::DEFAULT`].
    pub resolution: Option<Resolution>,
}

impl Wanted {
    /// The order that is meant, for a mark on that medium.
    ///
    /// # Errors
    /// `bad_mark_dpi` where a file without pixels is wanted at a resolution.
    pub fn order(self, medium: Medium) -> Result<Order, Refusal> {
        let layout = self.layout.unwrap_or_else(|| Layout::suited(medium, self.width));
        let plain = Order::new(layout, self.format.unwrap_or(Format::Png));
        if self.resolution.is_some() && plain.format != Format::Png {
            let why = format!("dpi is for png; {} has no pixels", plain.format.wire());
            return Err(Refusal::invalid("bad_mark_dpi", why));
        }
        Ok(Order {
            ink: self.ink.unwrap_or(plain.ink),
            words: self.words.unwrap_or(plain.words),
            width: self.width.unwrap_or(plain.width),
            resolution: self.resolution.unwrap_or(plain.resolution),
            ..plain
        })
    }
}

/// Which file of a mark is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Order {
    /// The layout; it decides the class of the code.
    pub layout: Layout,
    /// The file format.
    pub format: Format,
    /// The colouring.
    pub ink: Ink,
    /// The languages.
    pub words: Words,
    /// Printed width; the height follows.
    pub width: Width,
    /// Pixels of a PNG; the other formats have none.
    pub resolution: Resolution,
}

impl Order {
    /// That layout in that format as designed: in colour, in Chinese, at its own width.
    #[must_use]
    pub fn new(layout: Layout, format: Format) -> Self {
        Self {
            layout,
            format,
            ink: Ink::Colour,
            words: Words::Zh,
            width: layout.width(),
            resolution: Resolution::DEFAULT,
        }
    }

    /// The width it will have and its pixels to a millimetre: whole pixels for each module.
    ///
    /// # Errors
    /// `mark_module_px` where a module would have fewer than 4 pixels, or too many.
    pub fn size(&self) -> Result<(f64, f64), Refusal> {
        let asked = self.width.millimetres();
        let module = self.layout.module(asked);
        let (pixels, width, scale) = match self.resolution {
            // Outlines are as wide as was asked, and proofread at few pixels.
            _ if self.format != Format::Png => (PROOF_PX, asked, f64::from(PROOF_PX) / module),
            Resolution::ModulePx(pixels) => (pixels, asked, f64::from(pixels) / module),
            Resolution::Dpi(dpi) => {
                let scale = f64::from(dpi) / 25.4;
                let least = self.layout.class().least_module();
                let nearest = (module * scale).round();
                // Not below what phones read.
                let pixels = if nearest / scale < least - 1e-9 { (least * scale - 1e-9).ceil() } else { nearest };
                (pixels as u32, asked * pixels / scale / module, scale)
            }
        };
        let (low, high) = (Resolution::MODULE_PX_MIN, Resolution::MODULE_PX_MAX);
        if (low..=high).contains(&pixels) {
            return Ok((width, scale));
        }
        let message = format!(
            "a module of the code would have {pixels} pixels; it takes {low} to {high}: ask for {} dots per inch",
            if pixels < low { "more" } else { "fewer" }
        );
        Err(Refusal::invalid("mark_module_px", message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths() {
        assert_eq!(Width::parse("36").unwrap(), Layout::Vertical.width());
        assert_eq!(Width::parse("40.5").unwrap().to_string(), "40.5");
        for bad in ["", "0", "0.0", "-1", "36.55", "1000.1", "99999", "1e3", "３６", ".5", "5.", "NaN", "36 "] {
            assert_eq!(Width::parse(bad).unwrap_err().code, "bad_mark_width", "{bad}");
        }
        assert_eq!(Layout::Vertical.least_width().to_string(), "30.3");
        assert_eq!(Layout::Small.least_width().to_string(), "20");
    }

    #[test]
    fn wire_names_round_trip() {
        assert!(Layout::ALL.iter().all(|l| Layout::parse(l.wire()) == Ok(*l)));
        assert!(Format::ALL.iter().all(|f| Format::parse(f.wire()) == Ok(*f)));
        assert!(Ink::ALL.iter().all(|i| Ink::parse(i.wire()) == Ok(*i)));
        assert_eq!(Layout::parse("round").unwrap_err().code, "unknown_mark_layout");
        assert_eq!(Format::parse("tiff").unwrap_err().code, "unknown_mark_format");
        assert!(Words::ALL.iter().all(|w| Words::parse(w.wire()) == Ok(*w)));
        assert_eq!(Ink::parse("").unwrap_err().code, "unknown_mark_ink");
    }

    fn size(layout: Layout, width: &str, resolution: Resolution) -> Result<(f64, f64), Refusal> {
        let order = Order { width: Width::parse(width).unwrap(), resolution, ..Order::new(layout, Format::Png) };
        order.size()
    }

    #[test]
    fn modules_are_whole_pixels_at_every_resolution() {
        for layout in Layout::ALL {
            for dpi in [254, 300, 350, 600, 1200, 2400] {
                for width in [layout.least_width().to_string(), layout.width().to_string(), "120.7".to_owned()] {
                    let (is, scale) = size(layout, &width, Resolution::Dpi(dpi)).unwrap();
                    assert!((scale * 25.4 - f64::from(dpi)).abs() < 1e-9);
                    let pixels = layout.module(is) * scale;
                    assert!((pixels - pixels.round()).abs() < 1e-9, "{layout:?} {dpi} {width}: {pixels}");
                    assert!(is >= layout.least_width().millimetres() - 1e-6);
                    let asked: f64 = width.parse().unwrap();
                    assert!((is - asked).abs() / asked <= 0.2, "{layout:?} {dpi} {width}: {is}");
                }
            }
        }
    }

    #[test]
    fn too_few_pixels_for_a_module_are_refused() {
        for (width, resolution) in
            [("36", Resolution::Dpi(72)), ("36", Resolution::ModulePx(3)), ("36", Resolution::ModulePx(241))]
        {
            assert_eq!(size(Layout::Vertical, width, resolution).unwrap_err().code, "mark_module_px");
        }
        for bad in ["", "71", "2401", "3e2", "+300", "300.0", "-300"] {
            assert_eq!(Resolution::parse(bad).unwrap_err().code, "bad_mark_dpi", "{bad}");
        }
        assert_eq!(Resolution::parse("300"), Ok(Resolution::Dpi(300)));
    }
}

//! Floor 1: the star mark in print: what it says, how it is drawn, and how it is read back (docs/SPEC-mark.md).
//!
//! Keys are handled elsewhere: signatures come in as 64 bytes and go out unchecked.

pub mod artwork;
mod crowd;
mod decoders;
pub mod display;
pub mod font;
mod gate;
mod lines;
pub mod payload;
pub mod qr;
pub mod raster;
pub mod read;
#[cfg(test)]
mod testing;
pub mod text;
pub mod vector;
#[cfg(test)]
mod vectors;

pub use artwork::Layout;
pub use payload::{Claims, KeyHint, SignedToken, Token, signing_input};
pub use qr::Class;
pub use text::{MarkText, ScannedUrl, Scheme};

use crate::domain::error::shown;
use crate::domain::{Host, Level, Refusal};
use jiff::civil::Date;
use std::fmt;

/// What stands on a mark in letters. The code's text is handed in beside it and must not contradict it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Face {
    /// Certified level.
    pub level: Level,
    /// A test mark says so in place of the scheme's name.
    pub test: bool,
    /// The verification domain in print and in the code.
    pub host: Host,
    /// The holder's name.
    pub holder: String,
    /// The standard, e.g. `GB/T 27922-2011`.
    pub standard: String,
    /// The certificate number.
    pub number: String,
    /// Last day of validity.
    pub valid_until: Date,
    /// The certification body's name.
    pub body: String,
}

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Pixels, `image/png`.
    Png,
    /// Outlines, `image/svg+xml`.
    Svg,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 2] = [Self::Png, Self::Svg];

    /// Name on the wire and file extension.
    #[must_use]
    pub const fn wire(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Svg => "svg",
        }
    }

    /// Media type (IANA).
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Svg => "image/svg+xml",
        }
    }

    /// Reads the wire name.
    ///
    /// # Errors
    /// `unknown_mark_format` names the formats there are.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        Self::ALL.into_iter().find(|f| f.wire() == text).ok_or_else(|| {
            let message = format!("“{}” is no format of a mark: there are png and svg", shown(text));
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

    const fn from_tenths(tenths: u32) -> Self {
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

/// Which file of a mark is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Order {
    /// The layout; it decides the class of the code.
    pub layout: Layout,
    /// The file format.
    pub format: Format,
    /// The colouring.
    pub ink: Ink,
    /// Printed width; the height follows.
    pub width: Width,
    /// Pixels to a module, 4 to 24. A PNG's size follows from it; an SVG is proofread at it.
    pub module_px: u32,
}

impl Order {
    /// That layout in that format as designed: in colour, at its own width, 12 pixels to a module.
    #[must_use]
    pub const fn new(layout: Layout, format: Format) -> Self {
        Self { layout, format, ink: Ink::Colour, width: layout.width(), module_px: raster::MODULE_PX_DEFAULT }
    }
}

/// Draws a mark, proofreads it with two decoders, and gives the file's bytes. The same input gives the same bytes.
///
/// # Errors
/// `mark_class` if the layout takes the other class of code; `mark_contradiction` if a signed token says another level, day or
/// test than the letters; `mark_too_narrow`, `mark_module_px`; `mark_text_empty`, `mark_text_too_long`, `mark_letter_missing`
/// with the field's pointer; `mark_unreadable` if no mask of the code is read back.
pub fn render(face: &Face, text: &MarkText, order: &Order) -> Result<Vec<u8>, Refusal> {
    render_before(face, text, order, &gate::both)
}

fn render_before(face: &Face, text: &MarkText, order: &Order, eyes: gate::Eyes<'_>) -> Result<Vec<u8>, Refusal> {
    if Class::of(text) != order.layout.class() {
        let (name, wanted) = match order.layout.class() {
            Class::Link => (order.layout.wire(), "the 16-digit link code"),
            Class::Signed => (order.layout.wire(), "the 217-digit signed code"),
        };
        return Err(Refusal::invalid("mark_class", format!("the layout {name} carries {wanted}, not the other one")));
    }
    agree(face, text)?;
    let symbols = qr::draw(&face.host, text)?;
    let first =
        symbols.first().cloned().ok_or_else(|| Refusal::rule("mark_code_overflow", "the code was not drawn"))?;
    let picture = artwork::compose(face, order.layout, order.ink, order.width, first)?;
    gate::passed(&picture, symbols, order, &text.url(&face.host), eyes)
}

/// A signed code and the letters around it say the same.
fn agree(face: &Face, text: &MarkText) -> Result<(), Refusal> {
    let MarkText::Signed(signed) = text else { return Ok(()) };
    let token = signed.token();
    let differs = if token.level() != face.level {
        "level"
    } else if token.expires() != face.valid_until {
        "day of expiry"
    } else if token.is_test() != face.test {
        "test sign"
    } else {
        return Ok(());
    };
    let message =
        format!("the {differs} in the mark's code is not the one in its letters; sign a new token for this mark");
    Err(Refusal::rule("mark_contradiction", message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

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
        assert_eq!(Layout::parse("seal").unwrap_err().code, "unknown_mark_layout");
        assert_eq!(Format::parse("pdf").unwrap_err().code, "unknown_mark_format");
        assert_eq!(Ink::parse("").unwrap_err().code, "unknown_mark_ink");
    }

    #[test]
    fn every_mark_leaves_and_reads_back() {
        for level in Level::ALL {
            for layout in Layout::ALL {
                let order = Order { module_px: 6, ..Order::new(layout, Format::Png) };
                let file = render(&testing::face(level), &testing::text(level, layout), &order).unwrap();
                let expected = BTreeSet::from([testing::url(level, layout)]);
                assert_eq!(read::codes(&file).unwrap(), expected, "{level:?} {layout:?}");
            }
        }
    }

    #[test]
    fn a_mark_that_one_family_does_not_read_does_not_leave() {
        let only = BTreeSet::from([testing::url(Level::FiveStar, Layout::Vertical)]);
        let more: BTreeSet<String> = only.iter().cloned().chain(["https://xb.example.cn/".to_owned()]).collect();
        for format in Format::ALL {
            let order = Order { module_px: 4, ..Order::new(Layout::Vertical, format) };
            let leaves = |seen: [&BTreeSet<String>; 2]| {
                let eyes = |_: &decoders::Grey| seen.map(Clone::clone).to_vec();
                let text = testing::text(Level::FiveStar, Layout::Vertical);
                render_before(&testing::face(Level::FiveStar), &text, &order, &eyes).map_err(|r| r.code)
            };
            leaves([&only, &only]).unwrap();
            let none = BTreeSet::new();
            for seen in [[&only, &none], [&none, &only], [&only, &more], [&none, &none]] {
                assert_eq!(leaves(seen).unwrap_err(), "mark_unreadable", "{format:?} {seen:?}");
            }
        }
        let seen =
            read::grey(&raster::png(&testing::picture(Level::FiveStar, Layout::Vertical, Ink::Colour), 4).unwrap());
        assert_eq!(gate::both(&seen.unwrap()), [only.clone(), only], "there are two");
    }

    #[test]
    fn an_svg_is_outlined_in_millimetres_and_always_the_same() {
        let mut face = testing::face(Level::ThreeStar);
        face.holder = "A<b>&\"公司'".into();
        let text = testing::text(Level::ThreeStar, Layout::Vertical);
        let order = Order { module_px: 4, ..Order::new(Layout::Vertical, Format::Svg) };
        let file = render(&face, &text, &order).unwrap();
        assert_eq!(file, render(&face, &text, &order).unwrap());
        let svg = String::from_utf8(file).unwrap();
        assert!(svg.contains("width=\"36mm\" height=\"71mm\" viewBox=\"0 0 36000 71000\""));
        assert!(svg.contains("三星级 A&lt;b&gt;&amp;&quot;公司&#39;</title>"));
        assert!(!svg.contains("<text") && !svg.contains("font-family"));
    }

    fn refused(change: impl FnOnce(&mut Face, &mut MarkText, &mut Order)) -> (&'static str, String) {
        let mut face = testing::face(Level::FiveStar);
        let mut text = testing::text(Level::FiveStar, Layout::Vertical);
        let mut order = Order { module_px: 4, ..Order::new(Layout::Vertical, Format::Png) };
        change(&mut face, &mut text, &mut order);
        let refusal = render(&face, &text, &order).err().unwrap();
        (refusal.code, refusal.to_string())
    }

    #[test]
    fn letters_and_code_must_agree() {
        assert_eq!(refused(|f, _, _| f.level = Level::FourStar).0, "mark_contradiction");
        assert_eq!(refused(|f, _, _| f.test = true).0, "mark_contradiction");
        assert_eq!(refused(|f, _, _| f.valid_until = f.valid_until.tomorrow().unwrap()).0, "mark_contradiction");
        assert_eq!(refused(|_, t, _| *t = testing::link()).0, "mark_class");
        assert_eq!(refused(|_, _, o| o.layout = Layout::Small).0, "mark_class");
    }

    #[test]
    fn what_cannot_be_printed_is_refused_with_the_way_out() {
        let (code, message) = refused(|_, _, o| o.width = Width(302));
        assert_eq!(code, "mark_too_narrow");
        assert!(message.contains("30.3 mm"), "{message}");
        let (code, message) = refused(|f, _, _| f.holder = "示".repeat(60));
        assert_eq!(code, "mark_text_too_long");
        assert!(message.starts_with("/holder: "), "{message}");
        let (code, message) = refused(|f, _, _| f.body = "示例😀".into());
        assert_eq!(code, "mark_letter_missing");
        assert!(message.contains("/body") && message.contains("U+1F600"), "{message}");
        assert_eq!(refused(|f, _, _| f.number = String::new()).0, "mark_text_empty");
        assert_eq!(refused(|f, _, _| f.standard = " ".into()).0, "mark_text_empty");
        assert_eq!(refused(|_, _, o| o.module_px = 3).0, "mark_module_px");
    }

    #[test]
    fn the_least_width_still_leaves() {
        let order =
            Order { width: Layout::Vertical.least_width(), module_px: 4, ..Order::new(Layout::Vertical, Format::Png) };
        render(&testing::face(Level::Qualified), &testing::text(Level::Qualified, Layout::Vertical), &order).unwrap();
    }

    /// Every level, layout, format and colouring, with long and western names too. With STARMARK_MARKS set to a folder the
    /// files are written there for the decoders of others (tests/decoders/run).
    /// STARMARK_RANDOM_MARKS is the number of random codes added to the shelf.
    #[test]
    fn the_whole_shelf() {
        let folder = std::env::var_os("STARMARK_MARKS").map(std::path::PathBuf::from);
        let module_px = if folder.is_some() { raster::MODULE_PX_DEFAULT } else { 4 };
        let random = std::env::var("STARMARK_RANDOM_MARKS").ok().and_then(|n| n.parse().ok()).unwrap_or(4);
        for (name, face, text, order) in testing::shelf().into_iter().chain(testing::random(random)) {
            let file = render(&face, &text, &Order { module_px, ..order }).unwrap_or_else(|e| panic!("{name}: {e}"));
            if let Some(folder) = &folder {
                std::fs::create_dir_all(folder).unwrap();
                std::fs::write(folder.join(format!("{name}.{}", order.format.wire())), file).unwrap();
                std::fs::write(folder.join(format!("{name}.txt")), text.url(&face.host)).unwrap();
            }
        }
    }
}

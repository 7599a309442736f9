//! Floor 1: the star mark in print: what it says, how it is drawn, and how it is read back (docs/SPEC-mark.md).
//!
//! Keys are handled elsewhere: signatures come in as 64 bytes and go out unchecked.

pub mod advice;
pub mod artwork;
mod crowd;
mod decoders;
pub mod evidence;
mod gate;
mod layout;
mod order;
pub mod payload;
mod picture;
pub mod qr;
pub mod read;
#[cfg(test)]
mod testing;
pub mod text;
#[cfg(test)]
mod vectors;

pub use layout::{Layout, Words};
pub use order::{Format, Ink, Order, Resolution, Wanted, Width};
pub use payload::{Claims, KeyHint, SignedToken, Token, signing_input};
pub use picture::Picture;
pub use qr::Class;
pub use text::{MarkText, ScannedUrl, Scheme};

use crate::domain::{Host, Level, Refusal};
use crate::draw::pdf::{About, Use, pdf};
use crate::draw::{DrawError, Page, svg};
use jiff::civil::Date;

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

/// A file of a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// How wide the mark is in print, in micrometres.
    pub width_um: u32,
}

/// Draws a mark, proofreads it with two decoders, and gives the file's bytes. The same input gives the same bytes.
///
/// # Errors
/// `mark_class` if the layout takes the other class of code; `mark_contradiction` if a signed token says another level, day or
/// test than the letters; `mark_too_narrow`, `mark_module_px`, `mark_too_many_pixels`; `mark_text_empty`,
/// `mark_text_too_long`, `mark_letter_missing` with the field's pointer; `mark_unreadable` if no mask of the code is read back.
pub fn render(face: &Face, text: &MarkText, order: &Order) -> Result<File, Refusal> {
    render_before(face, text, order, &gate::both)
}

fn render_before(face: &Face, text: &MarkText, order: &Order, eyes: gate::Eyes<'_>) -> Result<File, Refusal> {
    let (picture, page, file, width) = proofread(face, text, order, eyes)?;
    let bytes = match (order.format, file) {
        (Format::Png, Some(file)) => file,
        (Format::Png, None) => crate::draw::png::png(&page, order.size()?.1).map_err(refused)?,
        (Format::Svg, _) => as_svg(&picture, &page)?,
        (Format::Pdf, _) => as_pdf(face, text, &picture, page)?,
    };
    Ok(File { bytes, width_um: micrometres(width) })
}

/// The files of outlines of a mark, proofread once for both: SVG and PDF. The order's format does not count.
///
/// # Errors
/// As [`render`].
pub fn outlines(face: &Face, text: &MarkText, order: &Order) -> Result<[(Format, File); 2], Refusal> {
    let (picture, page, _, width) = proofread(face, text, &Order { format: Format::Svg, ..*order }, &gate::both)?;
    let width_um = micrometres(width);
    let svg = as_svg(&picture, &page)?;
    let pdf = as_pdf(face, text, &picture, page)?;
    Ok([(Format::Svg, svg), (Format::Pdf, pdf)].map(|(format, bytes)| (format, File { bytes, width_um })))
}

fn micrometres(width: f64) -> u32 {
    (width * 1000.0).round() as u32
}

fn as_svg(picture: &Picture, page: &Page) -> Result<Vec<u8>, Refusal> {
    Ok(svg::svg(page, &picture.title, &picture.description).map_err(refused)?.into_bytes())
}

fn as_pdf(face: &Face, text: &MarkText, picture: &Picture, page: Page) -> Result<Vec<u8>, Refusal> {
    let about = About {
        title: picture.title.clone(),
        author: face.body.trim().to_owned(),
        // The same licence gives the same bytes, whenever they are asked for.
        made_at: None,
        id: text.url(&face.host),
    };
    pdf(&[page], &about, Use::Press).map_err(refused)
}

/// The page of a mark that wide, proofread: to be put on a page of paper.
///
/// # Errors
/// As [`render`].
pub fn page(face: &Face, text: &MarkText, order: &Order) -> Result<Page, Refusal> {
    Ok(proofread(face, text, &Order { format: Format::Svg, ..*order }, &gate::both)?.1)
}

type Proofread = (Picture, Page, Option<Vec<u8>>, f64);

fn proofread(face: &Face, text: &MarkText, order: &Order, eyes: gate::Eyes<'_>) -> Result<Proofread, Refusal> {
    if Class::of(text) != order.layout.class() {
        let (name, wanted) = match order.layout.class() {
            Class::Link => (order.layout.wire(), "the 16-digit link code"),
            Class::Signed => (order.layout.wire(), "the 217-digit signed code"),
        };
        return Err(Refusal::invalid("mark_class", format!("the layout {name} carries {wanted}, not the other one")));
    }
    agree(face, text)?;
    let (width, scale) = order.size()?;
    let picture = artwork::compose(face, order.layout, order.ink, order.words, width)?;
    let codes = qr::draw(&face.host, text)?;
    let (page, file) = gate::passed(&picture, codes, (scale, order.format), &text.url(&face.host), eyes)?;
    Ok((picture, page, file, width))
}

/// Why a mark is not drawn, in the words of its own.
fn refused(error: DrawError) -> Refusal {
    match error {
        DrawError::LetterMissing(_) => {
            Refusal::invalid("mark_letter_missing", format!("{error}; write the name without it"))
        }
        DrawError::FontBroken => Refusal::rule("mark_font_broken", error.to_string()),
        DrawError::Pixels(..) => {
            let why = format!("{error}; ask for fewer dots per inch, or for an SVG or a PDF, which have no pixels");
            Refusal::invalid("mark_too_many_pixels", why)
        }
        DrawError::Unwritten(_) => Refusal::rule("mark_not_drawn", error.to_string()),
    }
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
    fn every_mark_leaves_and_reads_back() {
        for level in Level::ALL {
            for layout in Layout::ALL {
                let order = Order { resolution: Resolution::ModulePx(6), ..Order::new(layout, Format::Png) };
                let file = render(&testing::face(level), &testing::text(level, layout), &order).unwrap();
                let expected = BTreeSet::from([testing::url(level, layout)]);
                assert_eq!(read::codes(&file.bytes).unwrap(), expected, "{level:?} {layout:?}");
            }
        }
    }

    #[test]
    fn a_mark_that_one_family_does_not_read_does_not_leave() {
        let only = BTreeSet::from([testing::url(Level::FiveStar, Layout::Vertical)]);
        let more: BTreeSet<String> = only.iter().cloned().chain(["https://xb.example.cn/".to_owned()]).collect();
        for format in Format::ALL {
            let order = Order { resolution: Resolution::ModulePx(4), ..Order::new(Layout::Vertical, format) };
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
        let page = testing::page(Level::FiveStar, Layout::Vertical, Ink::Colour);
        let seen = read::of_pixels(&crate::draw::raster::rasterise(&page, 8.0).unwrap());
        assert_eq!(gate::both(&seen), [only.clone(), only], "there are two");
    }

    #[test]
    fn an_svg_is_outlined_in_millimetres_and_always_the_same() {
        let mut face = testing::face(Level::ThreeStar);
        face.holder = "A<b>&\"公司'".into();
        let text = testing::text(Level::ThreeStar, Layout::Vertical);
        let order = Order { resolution: Resolution::ModulePx(4), ..Order::new(Layout::Vertical, Format::Svg) };
        let file = render(&face, &text, &order).unwrap();
        assert_eq!(file, render(&face, &text, &order).unwrap());
        let svg = String::from_utf8(file.bytes).unwrap();
        assert!(svg.contains("width=\"36mm\" height=\"71mm\" viewBox=\"0 0 36000 71000\""));
        assert!(svg.contains("三星级 A&lt;b&gt;&amp;&quot;公司&#39;</title>"));
        assert!(!svg.contains("<text") && !svg.contains("font-family"));
    }

    fn refused(change: impl FnOnce(&mut Face, &mut MarkText, &mut Order)) -> (&'static str, String) {
        let mut face = testing::face(Level::FiveStar);
        let mut text = testing::text(Level::FiveStar, Layout::Vertical);
        let mut order = Order { resolution: Resolution::ModulePx(4), ..Order::new(Layout::Vertical, Format::Png) };
        change(&mut face, &mut text, &mut order);
        let refusal = render(&face, &text, &order).err().unwrap();
        (refusal.code, refusal.to_string())
    }

    #[test]
    fn outlines_are_the_files_that_are_given_out_one_by_one() {
        let (face, text) = (testing::face(Level::FourStar), testing::text(Level::FourStar, Layout::Seal));
        let order =
            Order { resolution: Resolution::ModulePx(6), words: Words::ZhEn, ..Order::new(Layout::Seal, Format::Png) };
        for (format, file) in outlines(&face, &text, &order).unwrap() {
            assert_eq!(file, render(&face, &text, &Order { format, ..order }).unwrap(), "{format:?}");
        }
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
        let (code, message) = refused(|_, _, o| o.width = Width::from_tenths(302));
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
        assert_eq!(refused(|_, _, o| o.resolution = Resolution::ModulePx(3)).0, "mark_module_px");
    }

    #[test]
    fn the_least_width_still_leaves() {
        let order = Order {
            width: Layout::Vertical.least_width(),
            resolution: Resolution::ModulePx(4),
            ..Order::new(Layout::Vertical, Format::Png)
        };
        render(&testing::face(Level::Qualified), &testing::text(Level::Qualified, Layout::Vertical), &order).unwrap();
    }

    /// Every level, layout, format and colouring, with long and western names too. With STARMARK_MARKS set to a folder the
    /// files are written there for the decoders of others (tests/decoders/run).
    /// STARMARK_RANDOM_MARKS is the number of random codes added to the shelf.
    #[test]
    fn the_whole_shelf() {
        let folder = std::env::var_os("STARMARK_MARKS").map(std::path::PathBuf::from);
        let resolution = if folder.is_some() { Resolution::DEFAULT } else { Resolution::ModulePx(4) };
        let random = std::env::var("STARMARK_RANDOM_MARKS").ok().and_then(|n| n.parse().ok()).unwrap_or(4);
        for (name, face, text, order) in testing::shelf().into_iter().chain(testing::random(random)) {
            let file = render(&face, &text, &Order { resolution, ..order }).unwrap_or_else(|e| panic!("{name}: {e}"));
            if let Some(folder) = &folder {
                std::fs::create_dir_all(folder).unwrap();
                std::fs::write(folder.join(format!("{name}.{}", order.format.wire())), file.bytes).unwrap();
                std::fs::write(folder.join(format!("{name}.txt")), text.url(&face.host)).unwrap();
            }
        }
    }
}

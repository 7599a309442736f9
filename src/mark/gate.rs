//! Nothing leaves unread: a mark's own pixels are decoded by both families before the file is handed out.

use super::decoders::{Family, Grey};
use super::picture::Picture;
use super::{Format, read, refused};
use crate::domain::Refusal;
use crate::draw::png::png;
use crate::draw::raster::rasterise;
use crate::draw::{Modules, Page};
use std::collections::BTreeSet;

/// What each family reads in a picture, one set of texts for each.
pub(super) type Eyes<'e> = &'e dyn Fn(&Grey) -> Vec<BTreeSet<String>>;

/// Both families. One that sees nothing gets the picture twice as large: quirc's grid misses clean codes at 5 pixels a module,
/// and some at 6, whatever their mask (tried for every layout and level from 4 to 16 pixels; at 8 to 16 it misses none).
pub(super) fn both(seen: &Grey) -> Vec<BTreeSet<String>> {
    let texts = |family: &Family| {
        let own = family.texts(seen);
        if own.is_empty() { family.texts(&read::doubled(seen)) } else { own }
    };
    Family::ALL.iter().map(texts).collect()
}

/// Draws the page with one mask after the other until all eyes read `text`, and nothing else, out of its pixels; gives the page
/// and, where a PNG is wanted, the file that was read.
///
/// # Errors
/// `mark_unreadable` if no mask passes; the errors of drawing.
pub(super) fn passed(
    picture: &Picture,
    codes: Vec<Modules>,
    (scale, format): (f64, Format),
    text: &str,
    eyes: Eyes<'_>,
) -> Result<(Page, Option<Vec<u8>>), Refusal> {
    first_read(codes, text, eyes, |code| {
        let page = picture.with(&code);
        if format != Format::Png {
            let seen = read::of_pixels(&rasterise(&page, scale).map_err(refused)?);
            return Ok(((page, None), seen));
        }
        let file = png(&page, scale).map_err(refused)?;
        let seen = read::grey(&file)?;
        Ok(((page, Some(file)), seen))
    })
}

fn first_read<T>(
    codes: Vec<Modules>,
    text: &str,
    eyes: Eyes<'_>,
    draw: impl Fn(Modules) -> Result<(T, Grey), Refusal>,
) -> Result<T, Refusal> {
    let only = BTreeSet::from([text.to_owned()]);
    for code in codes {
        let (file, seen) = draw(code)?;
        if eyes(&seen).iter().all(|texts| *texts == only) {
            return Ok(file);
        }
    }
    Err(Refusal::rule(
        "mark_unreadable",
        "the mark's code was not read back out of its own picture with any of its eight masks; it was not handed out",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Host, Level};
    use crate::mark::{Ink, Layout, Order, Resolution, Words, qr, testing};
    use std::cell::Cell;

    /// Eight pixels a module.
    fn grey_of(page: &Page) -> Grey {
        read::of_pixels(&rasterise(page, 16.0).unwrap())
    }

    fn setting() -> (Picture, Vec<Modules>, String) {
        let text = testing::signed(Level::FiveStar);
        let host = Host::parse("xb.example.cn").unwrap();
        let picture = testing::picture(Level::FiveStar, Layout::Vertical, Ink::Colour);
        (picture, qr::draw(&host, &text).unwrap(), text.url(&host))
    }

    #[test]
    fn a_miss_takes_the_next_mask() {
        let (picture, symbols, text) = setting();
        let drawn = Cell::new(0);
        let nth = first_read(symbols, &text, &both, |symbol| {
            drawn.set(drawn.get() + 1);
            let mut grey = grey_of(&picture.with(&symbol));
            if drawn.get() < 3 {
                let half = grey.pixels.len() / 2;
                grey.pixels[half..].fill(255);
                grey.pixels[..half].fill(255);
            }
            Ok((drawn.get(), grey))
        });
        assert_eq!(nth.unwrap(), 3);
    }

    #[test]
    fn every_whole_number_of_pixels_leaves() {
        for px in 4..=12u32 {
            for (level, layout) in [(Level::Qualified, Layout::Vertical), (Level::Qualified, Layout::Horizontal)] {
                let text = testing::text(level, layout);
                let order = Order {
                    resolution: Resolution::ModulePx(px),
                    words: Words::ZhEn,
                    ..Order::new(layout, Format::Png)
                };
                crate::mark::render(&testing::face(level), &text, &order)
                    .unwrap_or_else(|e| panic!("{px} {layout:?}: {e}"));
            }
        }
    }

    #[test]
    fn a_picture_that_says_something_else_or_more_does_not_leave() {
        let (picture, symbols, text) = setting();
        let draw = |symbol| Ok(((), grey_of(&picture.with(&symbol))));
        assert_eq!(
            first_read(symbols.clone(), "https://xb.example.cn/m/1", &both, draw).unwrap_err().code,
            "mark_unreadable"
        );
        let small = grey_of(&testing::page(Level::FiveStar, Layout::Small, Ink::Colour));
        let twice = |symbol| {
            let a = grey_of(&picture.with(&symbol));
            let (w, h) = (a.width + small.width, a.height);
            let mut pixels = Vec::new();
            for y in 0..h {
                pixels.extend_from_slice(&a.pixels[(y * a.width) as usize..][..a.width as usize]);
                match y < small.height {
                    true => {
                        pixels.extend_from_slice(&small.pixels[(y * small.width) as usize..][..small.width as usize])
                    }
                    false => pixels.extend(std::iter::repeat_n(255, small.width as usize)),
                }
            }
            Ok(((), Grey { width: w, height: h, pixels }))
        };
        assert_eq!(first_read(symbols, &text, &both, twice).unwrap_err().code, "mark_unreadable");
    }
}

//! A picture as SVG 1.1: millimetres outside, whole micrometres inside, every letter outlined, the code one path.

use super::display::{Colour, Paint, Picture, Step, rounded};
use super::qr::Symbol;
use std::fmt::Write as _;

/// Writes the picture.
#[must_use]
pub fn svg(picture: &Picture) -> String {
    let (w, h) = (um(picture.width), um(picture.height));
    let mut out = String::with_capacity(96 * 1024);
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" role=\"img\" aria-labelledby=\"t d\" \
         width=\"{}mm\" height=\"{}mm\" viewBox=\"0 0 {w} {h}\">\n<title id=\"t\">{}</title>\n<desc id=\"d\">{}</desc>\n",
        millimetres(w),
        millimetres(h),
        escaped(&picture.title),
        escaped(&picture.description)
    );
    for shape in &picture.shapes {
        let paint = match shape.paint {
            Paint::Fill(colour) => format!("fill=\"{}\"", hex(colour)),
            Paint::Stroke(colour, width) => {
                format!("fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"", hex(colour), um(width))
            }
        };
        let _ = writeln!(out, "<path {paint} d=\"{}\"/>", outline(&shape.path));
    }
    let place = picture.place;
    let quiet = place.quiet();
    let side = place.module * picture.code.modules() as f64 + 2.0 * quiet;
    let ground = outline(&rounded(place.x - quiet, place.y - quiet, side, side, 0.0, 0.0));
    let _ = writeln!(out, "<path fill=\"#ffffff\" d=\"{ground}\"/>");
    let code = code_path(&picture.code, place.x, place.y, place.module);
    let _ = write!(
        out,
        "<path fill=\"#000000\" fill-rule=\"evenodd\" shape-rendering=\"crispEdges\" d=\"{code}\"/>\n</svg>\n"
    );
    out
}

/// Millimetres in whole micrometres.
fn um(mm: f64) -> i64 {
    (mm * 1000.0).round() as i64
}

fn millimetres(um: i64) -> String {
    let text = format!("{}.{:03}", um / 1000, um % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn hex(colour: Colour) -> String {
    let [r, g, b] = colour.0;
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML 1.0 has no way to write these.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Path data in relative steps. Differences are taken between rounded points, so rounding never adds up.
struct Trace {
    out: String,
    at: (i64, i64),
    begin: (i64, i64),
}

impl Trace {
    fn new() -> Self {
        Self { out: String::new(), at: (0, 0), begin: (0, 0) }
    }

    fn numbers(&mut self, letter: char, points: &[(f64, f64)]) {
        self.out.push(letter);
        for (i, (x, y)) in points.iter().enumerate() {
            let (dx, dy) = (um(*x) - self.at.0, um(*y) - self.at.1);
            if i > 0 && dx >= 0 {
                self.out.push(' ');
            }
            let gap = if dy >= 0 { " " } else { "" };
            let _ = write!(self.out, "{dx}{gap}{dy}");
        }
        if let Some((x, y)) = points.last() {
            self.at = (um(*x), um(*y));
        }
    }
}

fn outline(path: &[Step]) -> String {
    let mut trace = Trace::new();
    for step in path {
        match *step {
            Step::Move(x, y) => {
                trace.numbers('m', &[(x, y)]);
                trace.begin = trace.at;
            }
            Step::Line(x, y) => trace.numbers('l', &[(x, y)]),
            Step::Cubic(ax, ay, bx, by, x, y) => trace.numbers('c', &[(ax, ay), (bx, by), (x, y)]),
            Step::Close => {
                trace.out.push('z');
                trace.at = trace.begin;
            }
        }
    }
    trace.out
}

/// Directions of an edge: right, down, left, up; the next one clockwise is a turn to the right.
const AHEAD: [(isize, isize); 4] = [(1, 0), (0, 1), (-1, 0), (0, -1)];

/// The border between dark and light as closed contours: neighbours share no seam that a printer could open.
///
/// Every edge has its dark module on the right hand; where two dark modules touch at a corner the contour turns right and
/// so stays with its own.
fn code_path(code: &Symbol, x0: f64, y0: f64, module: f64) -> String {
    let n = code.modules();
    let at = |i: usize, origin: f64| um(origin + i as f64 * module);
    let mut leaving = edges(code);
    let mut out = String::new();
    for y in 0..=n {
        for x in 0..=n {
            // A contour's first corner in reading order has an edge to the right.
            while leaving[y][x] & 1 != 0 {
                let _ = write!(out, "M{} {}", at(x, x0), at(y, y0));
                let (mut cx, mut cy, mut way) = (x, y, 0);
                loop {
                    leaving[cy][cx] &= !(1 << way);
                    cx = cx.saturating_add_signed(AHEAD[way].0);
                    cy = cy.saturating_add_signed(AHEAD[way].1);
                    if (cx, cy) == (x, y) {
                        break;
                    }
                    let exits = leaving[cy][cx];
                    let Some(next) = [(way + 1) % 4, way, (way + 3) % 4].into_iter().find(|d| exits >> d & 1 == 1)
                    else {
                        break;
                    };
                    if next != way {
                        let _ =
                            if way % 2 == 0 { write!(out, "H{}", at(cx, x0)) } else { write!(out, "V{}", at(cy, y0)) };
                    }
                    way = next;
                }
                out.push('z');
            }
        }
    }
    out
}

/// For each corner of the grid, a bit for each direction in which an edge leaves it.
fn edges(code: &Symbol) -> Vec<Vec<u8>> {
    let n = code.modules();
    let mut leaving = vec![vec![0u8; n + 1]; n + 1];
    for y in 0..n {
        for x in (0..n).filter(|x| code.is_dark(*x, y)) {
            let light = |dx: isize, dy: isize| match (x.checked_add_signed(dx), y.checked_add_signed(dy)) {
                (Some(x), Some(y)) => !code.is_dark(x, y),
                _ => true,
            };
            leaving[y][x] |= u8::from(light(0, -1));
            leaving[y][x + 1] |= u8::from(light(1, 0)) << 1;
            leaving[y + 1][x + 1] |= u8::from(light(0, 1)) << 2;
            leaving[y + 1][x] |= u8::from(light(-1, 0)) << 3;
        }
    }
    leaving
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Host, Level};
    use crate::mark::{qr, testing};

    /// Fills the contours of a path of absolute M, H, V, z by the even-odd rule at module centres.
    fn filled(path: &str, n: usize) -> Vec<Vec<bool>> {
        let mut dark = vec![vec![false; n]; n];
        for contour in path.split('z').filter(|c| !c.is_empty()) {
            let (mut at, mut first, mut edges) = ((0i64, 0i64), (0, 0), Vec::new());
            let spaced = contour.replace('M', " M ").replace('H', " H ").replace('V', " V ");
            let mut words = spaced.split_whitespace();
            while let Some(word) = words.next() {
                let mut number = || words.next().unwrap().parse::<i64>().unwrap() / 1000;
                let to = match word {
                    "M" => (number(), number()),
                    "H" => (number(), at.1),
                    _ => (at.0, number()),
                };
                match word {
                    "M" => first = to,
                    "V" => edges.push((at.0, at.1.min(to.1), at.1.max(to.1))),
                    _ => {}
                }
                at = to;
            }
            edges.push((first.0, at.1.min(first.1), at.1.max(first.1)));
            for (x, top, bottom) in edges {
                for y in top..bottom {
                    for cell in &mut dark[y as usize][x as usize..] {
                        *cell = !*cell;
                    }
                }
            }
        }
        dark
    }

    #[test]
    fn the_contours_enclose_exactly_the_dark_modules() {
        let host = Host::parse("xb.example.cn").unwrap();
        for code in qr::draw(&host, &testing::signed(Level::FiveStar)).unwrap() {
            let n = code.modules();
            let dark = filled(&code_path(&code, 0.0, 0.0, 1.0), n);
            let drawn: Vec<Vec<bool>> = (0..n).map(|y| (0..n).map(|x| code.is_dark(x, y)).collect()).collect();
            assert_eq!(dark, drawn);
        }
    }

    #[test]
    fn numbers_and_names_are_written_safely() {
        assert_eq!(millimetres(36_000), "36");
        assert_eq!(millimetres(30_250), "30.25");
        assert_eq!(escaped("a<b>&\"'\u{1}"), "a&lt;b&gt;&amp;&quot;&#39;\u{fffd}");
        assert_eq!(
            outline(&[Step::Move(1.0, 1.0), Step::Line(0.5, 2.0), Step::Close, Step::Move(1.0, 1.0)]),
            "m1000 1000l-500 1000zm0 0"
        );
    }
}

//! A page as SVG 1.1: millimetres outside, whole micrometres inside, every letter outlined, each code one path.

use super::DrawError;
use super::page::{Code, Item, Page};
use super::shape::{Colour, Ends, Paint, Step};
use std::fmt::Write as _;

/// Writes the page; title and description are for those who cannot see it.
///
/// # Errors
/// [`DrawError::LetterMissing`].
pub fn svg(page: &Page, title: &str, description: &str) -> Result<String, DrawError> {
    let (w, h) = (um(page.width), um(page.height));
    let mut out = String::with_capacity(96 * 1024);
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" role=\"img\" aria-labelledby=\"t d\" \
         width=\"{}mm\" height=\"{}mm\" viewBox=\"0 0 {w} {h}\">\n<title id=\"t\">{}</title>\n<desc id=\"d\">{}</desc>\n",
        millimetres(w),
        millimetres(h),
        escaped(title),
        escaped(description)
    );
    for item in &page.items {
        match item {
            Item::Shape(shape) => path(&mut out, shape.paint, &shape.path),
            Item::Letters(letters) => path(&mut out, Paint::Fill(letters.colour), &letters.outline()?),
            Item::Code(c) => code(&mut out, c),
        }
    }
    out.push_str("</svg>\n");
    Ok(out)
}

fn path(out: &mut String, paint: Paint, steps: &[Step]) {
    let colour = hex(paint.colour());
    let _ = match paint {
        Paint::Fill(_) => write!(out, "<path fill=\"{colour}\""),
        Paint::Stroke(_, width, ends) => {
            let style = match ends {
                Ends::Sharp => String::new(),
                Ends::Round => " stroke-linecap=\"round\" stroke-linejoin=\"round\"".to_owned(),
                Ends::Dashed => {
                    let [dash, gap] = ends.dashes(width as f32).unwrap_or_default().map(|l| um(f64::from(l)));
                    format!(" stroke-linejoin=\"round\" stroke-dasharray=\"{dash} {gap}\"")
                }
            };
            write!(out, "<path fill=\"none\" stroke=\"{colour}\" stroke-width=\"{}\"{style}", um(width))
        }
    };
    let _ = writeln!(out, " d=\"{}\"/>", outline(steps));
}

fn code(out: &mut String, code: &Code) {
    path(out, Paint::Fill(Colour::WHITE), &code.plate());
    out.push_str("<path fill=\"#000000\" fill-rule=\"evenodd\" shape-rendering=\"crispEdges\" d=\"");
    let (x, y) = (|i: usize| um(code.x + i as f64 * code.module), |i: usize| um(code.y + i as f64 * code.module));
    for contour in code.modules.contours() {
        let mut before = (0, 0);
        for (i, corner) in contour.into_iter().enumerate() {
            let _ = match i {
                0 => write!(out, "M{} {}", x(corner.0), y(corner.1)),
                _ if corner.1 == before.1 => write!(out, "H{}", x(corner.0)),
                _ => write!(out, "V{}", y(corner.1)),
            };
            before = corner;
        }
        out.push('z');
    }
    out.push_str("\"/>\n");
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
    let [r, g, b] = colour.rgb;
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
    let mut trace = Trace { out: String::new(), at: (0, 0), begin: (0, 0) };
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

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_code_is_one_path_upon_its_plate() {
        let modules = super::super::Modules::from_rows(vec![0b01, 0b11]).unwrap();
        let mut page = Page::new(10.0, 10.0);
        page.items.push(Item::Code(Code { modules, x: 4.0, y: 4.0, module: 0.5 }));
        let file = svg(&page, "a", "b").unwrap();
        assert!(file.contains("<path fill=\"#ffffff\" d=\"m2000 2000l5000 0l0 5000l-5000 0z\"/>"), "{file}");
        assert!(file.contains("crispEdges\" d=\"M4000 4000H4500V4500H5000V5000H4000z\"/>"), "{file}");
    }
}

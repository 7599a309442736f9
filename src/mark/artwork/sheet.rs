//! What both layouts draw with: letters, stars, the badge, the plate, a column of facts.

use crate::domain::{Level, Refusal};
use crate::mark::Ink;
use crate::mark::display::{Colour, Paint, Shape, Step, circle, rounded, star};
use crate::mark::font::{CAP_HEIGHT, Font, Weight};
use crate::mark::lines::{self, Room, Setting};

/// Distance between the base lines of one fact, in ems: Han characters fill the em.
const LEADING: f64 = 1.14;
/// Rounding of sums, in millimetres.
const EPSILON: f64 = 1e-6;
/// Corners of a mark, in millimetres.
const CORNER: f64 = 2.0;
/// Its outline, which lets it stand on any ground.
const OUTLINE: f64 = 0.4;

/// Letters of one kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) weight: Weight,
    /// An em in millimetres.
    pub(super) size: f64,
    /// Added between letters, in millimetres.
    pub(super) spacing: f64,
    pub(super) colour: Colour,
}

/// One fact of a column, set to fit.
pub(super) struct Fact {
    lines: Vec<String>,
    style: Style,
}

impl Fact {
    fn height(&self) -> f64 {
        self.lines.len() as f64 * self.style.size * LEADING
    }
}

/// A mark being drawn at nominal size.
pub(super) struct Sheet {
    regular: Font,
    bold: Font,
    /// Colour of letters and lines.
    pub(super) ink: Colour,
    /// Colour of the head.
    pub(super) head: Colour,
    /// Smallest letters allowed (em, millimetres at nominal size).
    pub(super) least_type: f64,
    shapes: Vec<Shape>,
}

impl Sheet {
    pub(super) fn new(ink: Ink, least_type: f64) -> Result<Self, Refusal> {
        let (letters, head) = match ink {
            Ink::Colour => (Colour::INK, Colour::VERMILION),
            Ink::OneColour => (Colour::BLACK, Colour::BLACK),
        };
        let (regular, bold) = (Font::of(Weight::Regular)?, Font::of(Weight::Bold)?);
        Ok(Self { regular, bold, ink: letters, head, least_type, shapes: Vec::new() })
    }

    pub(super) fn into_shapes(self) -> Vec<Shape> {
        self.shapes
    }

    fn font(&self, weight: Weight) -> &Font {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }

    pub(super) fn push(&mut self, path: Vec<Step>, paint: Paint) {
        self.shapes.push(Shape { path, paint });
    }

    /// The white plate with its head and its outline; the outline's outer edge is the mark's edge.
    pub(super) fn plate(&mut self, width: f64, height: f64, head: f64) {
        self.push(rounded(0.0, 0.0, width, height, CORNER, CORNER), Paint::Fill(self.ink));
        let (inner, corner) = (width - 2.0 * OUTLINE, CORNER - OUTLINE);
        let lower = height - head - OUTLINE;
        self.push(rounded(OUTLINE, OUTLINE, inner, head - OUTLINE, corner, 0.0), Paint::Fill(self.head));
        self.push(rounded(OUTLINE, head, inner, lower, 0.0, corner), Paint::Fill(Colour::WHITE));
    }

    /// A line of letters centred on `cx`, the middle of its capitals on `middle`.
    pub(super) fn centred(&mut self, text: &str, style: Style, cx: f64, middle: f64) -> Result<(), Refusal> {
        let font = self.font(style.weight);
        let gaps = text.chars().count().saturating_sub(1) as f64;
        let width = font.width(text)? * style.size + gaps * style.spacing;
        let base = middle + style.size * CAP_HEIGHT / 2.0;
        let path = font.outline(text, cx - width / 2.0, base, style.size, style.spacing)?;
        self.push(path, Paint::Fill(style.colour));
        Ok(())
    }

    /// Sets a text into a width, `at` being its pointer and `what` its name in a refusal.
    pub(super) fn fact(&self, text: &str, at: &str, what: &str, style: Style, room: Room) -> Result<Fact, Refusal> {
        let Setting { size, lines } = lines::set(self.font(style.weight), text, what, room).map_err(|r| r.under(at))?;
        Ok(Fact { lines, style: Style { size, ..style } })
    }

    /// Facts below each other between `top` and `bottom`; what room is left goes evenly between them. A crowded column is set
    /// smaller as a whole.
    ///
    /// # Errors
    /// `mark_text_too_long` if it does not fit even then.
    pub(super) fn column(&mut self, facts: &mut [Fact], cx: f64, top: f64, bottom: f64) -> Result<(), Refusal> {
        let room = bottom - top;
        let height = |facts: &[Fact]| -> f64 { facts.iter().map(Fact::height).sum() };
        let crowding = room / height(facts);
        if crowding < 1.0 {
            for fact in &mut *facts {
                fact.style.size = (fact.style.size * crowding).max(self.least_type);
            }
        }
        let spare = room - height(facts);
        if spare < -EPSILON {
            return Err(Refusal::rule(
                "mark_text_too_long",
                "holder, number and body together do not fit the mark at the smallest type allowed (4.5 pt); order a wider \
                 mark or shorten one of them",
            ));
        }
        // Lines of one fact stay close; the room goes between facts, above and below.
        let gap = (spare / (facts.len() + 1) as f64).max(0.0);
        let mut y = top + gap;
        for fact in &*facts {
            let line_height = fact.style.size * LEADING;
            for line in &fact.lines {
                self.centred(line, fact.style, cx, y + line_height / 2.0)?;
                y += line_height;
            }
            y += gap;
        }
        Ok(())
    }

    /// Five stars in a row, the level's filled and the others hollow; a badge with a tick for the level without stars.
    pub(super) fn rank(&mut self, level: Level, cx: f64, cy: f64, radius: f64) {
        if level == Level::Qualified {
            return self.badge(cx, cy, radius);
        }
        let pitch = radius * 2.24;
        // Lines are drawn inside the star's edge, so that hollow and filled ones are of one size.
        let line = radius * 0.125;
        for i in 0..5u8 {
            let x = cx + (f64::from(i) - 2.0) * pitch;
            // A star reaches further up than down: its middle lies lower than its centre.
            let y = cy + radius * 0.095;
            if i < level.stars() {
                self.push(star(x, y, radius), Paint::Fill(Colour::WHITE));
            } else {
                self.push(star(x, y, radius), Paint::Fill(Colour::WHITE));
                self.push(star(x, y, radius - line * 3.236), Paint::Fill(self.head));
            }
        }
    }

    fn badge(&mut self, cx: f64, cy: f64, radius: f64) {
        let r = radius * 1.08;
        self.push(circle(cx, cy, r), Paint::Fill(Colour::WHITE));
        let at = |x: f64, y: f64| (cx + x * r, cy + y * r);
        let ((ax, ay), (bx, by), (x, y)) = (at(-0.46, 0.04), at(-0.13, 0.38), at(0.48, -0.34));
        let tick = vec![Step::Move(ax, ay), Step::Line(bx, by), Step::Line(x, y)];
        self.push(tick, Paint::Stroke(self.head, r * 0.23));
    }
}

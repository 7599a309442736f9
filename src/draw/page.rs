//! A page: how large it is, and what stands on it, the undermost first.

use super::code::{Modules, QUIET_ZONE};
use super::font::{CAP_HEIGHT, Font, Weight};
use super::shape::{Colour, Paint, Shape, Step, rounded};
use super::{DrawError, POINT};

/// One line of letters.
#[derive(Debug, Clone, PartialEq)]
pub struct Letters {
    /// What it says.
    pub text: String,
    /// How heavy.
    pub weight: Weight,
    /// Left end, in millimetres.
    pub x: f64,
    /// The base line.
    pub y: f64,
    /// An em, in millimetres.
    pub size: f64,
    /// Added between letters, in millimetres.
    pub spacing: f64,
    /// Their colour.
    pub colour: Colour,
    /// Cosine and sine of the base line's direction; (1, 0) for a level one.
    pub turn: (f64, f64),
}

impl Letters {
    /// A level line whose left end stands there on its base line.
    #[must_use]
    pub fn new(text: &str, weight: Weight, size: f64, colour: Colour, (x, y): (f64, f64)) -> Self {
        Self { text: text.to_owned(), weight, x, y, size, spacing: 0.0, colour, turn: (1.0, 0.0) }
    }

    /// How wide it is, in millimetres.
    ///
    /// # Errors
    /// [`DrawError::LetterMissing`].
    pub fn width(&self) -> Result<f64, DrawError> {
        let gaps = self.text.chars().count().saturating_sub(1) as f64;
        Ok(Font::of(self.weight)?.width(&self.text)? * self.size + gaps * self.spacing)
    }

    /// The same line with its middle at `x`, and the middle of its capitals at `y`.
    ///
    /// # Errors
    /// [`DrawError::LetterMissing`].
    pub fn centred(mut self, x: f64, y: f64) -> Result<Self, DrawError> {
        self.x = x - self.width()? / 2.0;
        self.y = y + self.size * CAP_HEIGHT / 2.0;
        Ok(self)
    }

    /// Its outline where it stands.
    ///
    /// # Errors
    /// [`DrawError::LetterMissing`].
    pub fn outline(&self) -> Result<Vec<Step>, DrawError> {
        let (cosine, sine) = self.turn;
        let path = Font::of(self.weight)?.outline(&self.text, self.size, self.spacing)?;
        let place = |x: f64, y: f64| (self.x + x * cosine - y * sine, self.y + x * sine + y * cosine);
        Ok(path.into_iter().map(|step| step.map(place)).collect())
    }
}

/// A code where it stands, black on a white plate that covers its quiet zone.
#[derive(Debug, Clone, PartialEq)]
pub struct Code {
    /// Its modules.
    pub modules: Modules,
    /// Left edge of the first module, in millimetres.
    pub x: f64,
    /// Upper edge of the first module.
    pub y: f64,
    /// Width of a module (X).
    pub module: f64,
}

impl Code {
    /// Width of the code without its quiet zone, in millimetres.
    #[must_use]
    pub fn side(&self) -> f64 {
        self.module * self.modules.side() as f64
    }

    /// Width of the quiet zone on each side, in millimetres.
    #[must_use]
    pub fn quiet(&self) -> f64 {
        self.module * QUIET_ZONE as f64
    }

    /// The plate: code and quiet zone.
    #[must_use]
    pub fn plate(&self) -> Vec<Step> {
        let (quiet, side) = (self.quiet(), self.side() + 2.0 * self.quiet());
        rounded(self.x - quiet, self.y - quiet, side, side, 0.0, 0.0)
    }
}

/// Something on a page.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// An outline and its paint.
    Shape(Shape),
    /// A line of letters.
    Letters(Letters),
    /// A code.
    Code(Code),
}

/// One page.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Width in millimetres.
    pub width: f64,
    /// Height in millimetres.
    pub height: f64,
    /// What stands on it, the undermost first.
    pub items: Vec<Item>,
}

impl Page {
    /// An empty page: nothing, not even paper.
    #[must_use]
    pub const fn new(width: f64, height: f64) -> Self {
        Self { width, height, items: Vec::new() }
    }

    /// An empty sheet of A4 (ISO 216), white.
    #[must_use]
    pub fn a4() -> Self {
        let mut page = Self::new(210.0, 297.0);
        page.fill(rounded(0.0, 0.0, 210.0, 297.0, 0.0, 0.0), Colour::WHITE);
        page
    }

    /// Adds an outline and its paint.
    pub fn shape(&mut self, path: Vec<Step>, paint: Paint) {
        self.items.push(Item::Shape(Shape { path, paint }));
    }

    /// Adds a filled outline.
    pub fn fill(&mut self, path: Vec<Step>, colour: Colour) {
        self.shape(path, Paint::Fill(colour));
    }

    /// Adds a line of letters.
    pub fn letters(&mut self, letters: Letters) {
        self.items.push(Item::Letters(letters));
    }

    /// The same page, enlarged or reduced by that factor.
    #[must_use]
    pub fn scaled(mut self, by: f64) -> Self {
        self.width *= by;
        self.height *= by;
        for item in &mut self.items {
            match item {
                Item::Shape(shape) => {
                    if let Paint::Stroke(_, width, _) = &mut shape.paint {
                        *width *= by;
                    }
                    for step in &mut shape.path {
                        *step = step.map(|x, y| (x * by, y * by));
                    }
                }
                Item::Letters(l) => {
                    for length in [&mut l.x, &mut l.y, &mut l.size, &mut l.spacing] {
                        *length *= by;
                    }
                }
                Item::Code(c) => {
                    for length in [&mut c.x, &mut c.y, &mut c.module] {
                        *length *= by;
                    }
                }
            }
        }
        self
    }

    /// Puts what stands on another page upon this one, its upper left corner there.
    pub fn put(&mut self, other: Self, x: f64, y: f64) {
        self.items.extend(other.items.into_iter().map(|item| match item {
            Item::Shape(shape) => {
                let path = shape.path.into_iter().map(|step| step.map(|a, b| (a + x, b + y))).collect();
                Item::Shape(Shape { path, ..shape })
            }
            Item::Letters(l) => Item::Letters(Letters { x: l.x + x, y: l.y + y, ..l }),
            Item::Code(c) => Item::Code(Code { x: c.x + x, y: c.y + y, ..c }),
        }));
    }

    /// The size of its smallest letters, in points; none without letters.
    #[must_use]
    pub fn smallest_type(&self) -> Option<f64> {
        let sizes = self.items.iter().filter_map(|item| match item {
            Item::Letters(l) => Some(l.size / POINT),
            _ => None,
        });
        sizes.reduce(f64::min)
    }
}

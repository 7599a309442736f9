//! A picture as a list of shapes in millimetres. Every file format is made from it, so that they all show the same.

use super::qr::{QUIET_ZONE, Symbol};

/// An opaque colour, 8 bits each of red, green and blue (sRGB).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Colour(pub [u8; 3]);

impl Colour {
    /// Paper.
    pub const WHITE: Self = Self([255, 255, 255]);
    /// The code, and everything in one-colour marks.
    pub const BLACK: Self = Self([0, 0, 0]);
    /// Letters and lines of coloured marks.
    pub const INK: Self = Self([0x16, 0x20, 0x2a]);
    /// Head of coloured marks.
    pub const VERMILION: Self = Self([0xa8, 0x20, 0x1a]);
}

/// One step of an outline; coordinates in millimetres from the upper left corner, y downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// Begins a new contour there.
    Move(f64, f64),
    /// Straight on to there.
    Line(f64, f64),
    /// Cubic Bézier: two control points, then the end.
    Cubic(f64, f64, f64, f64, f64, f64),
    /// Back to the contour's beginning.
    Close,
}

/// How an outline is painted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Paint {
    /// Filled, non-zero winding.
    Fill(Colour),
    /// A line of that width in millimetres, mitred corners.
    Stroke(Colour, f64),
}

/// An outline and its paint.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// The outline.
    pub path: Vec<Step>,
    /// Its paint.
    pub paint: Paint,
}

/// Where a code stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CodePlace {
    /// Left edge of the first module, in millimetres.
    pub x: f64,
    /// Upper edge of the first module.
    pub y: f64,
    /// Width of a module (X).
    pub module: f64,
}

impl CodePlace {
    /// Width of the quiet zone on each side, in millimetres.
    #[must_use]
    pub fn quiet(&self) -> f64 {
        self.module * QUIET_ZONE as f64
    }
}

/// A whole mark, ready for any format. The code is drawn last, black on a white plate that covers its quiet zone.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// Width in millimetres.
    pub width: f64,
    /// Height in millimetres.
    pub height: f64,
    /// What it is, in one line, for those who cannot see it.
    pub title: String,
    /// What it says, for those who cannot see it.
    pub description: String,
    /// Shapes, the undermost first.
    pub shapes: Vec<Shape>,
    /// Where the code stands.
    pub place: CodePlace,
    /// The code.
    pub code: Symbol,
}

impl Picture {
    /// The same picture with another drawing of its code.
    #[must_use]
    pub fn with_code(&self, code: Symbol) -> Self {
        Self { code, ..self.clone() }
    }

    /// Enlarges or reduces everything by that factor.
    pub(super) fn scale(&mut self, by: f64) {
        self.width *= by;
        self.height *= by;
        self.place = CodePlace { x: self.place.x * by, y: self.place.y * by, module: self.place.module * by };
        for shape in &mut self.shapes {
            if let Paint::Stroke(_, width) = &mut shape.paint {
                *width *= by;
            }
            for step in &mut shape.path {
                *step = map(*step, |x, y| (x * by, y * by));
            }
        }
    }
}

/// The same step with every point moved by `f`.
pub(super) fn map(step: Step, f: impl Fn(f64, f64) -> (f64, f64)) -> Step {
    match step {
        Step::Move(x, y) => {
            let (x, y) = f(x, y);
            Step::Move(x, y)
        }
        Step::Line(x, y) => {
            let (x, y) = f(x, y);
            Step::Line(x, y)
        }
        Step::Cubic(ax, ay, bx, by, x, y) => {
            let ((ax, ay), (bx, by), (x, y)) = (f(ax, ay), f(bx, by), f(x, y));
            Step::Cubic(ax, ay, bx, by, x, y)
        }
        Step::Close => Step::Close,
    }
}

/// A box with round corners; a radius of 0 gives a plain rectangle. `corners` says which are round: upper, lower.
#[must_use]
pub fn rounded(x: f64, y: f64, width: f64, height: f64, upper: f64, lower: f64) -> Vec<Step> {
    // Distance of a Bézier's control points that comes closest to a quarter circle.
    const KAPPA: f64 = 0.552_284_75;
    let (x2, y2) = (x + width, y + height);
    let (u, l, uk, lk) = (upper, lower, upper * (1.0 - KAPPA), lower * (1.0 - KAPPA));
    vec![
        Step::Move(x + u, y),
        Step::Line(x2 - u, y),
        Step::Cubic(x2 - uk, y, x2, y + uk, x2, y + u),
        Step::Line(x2, y2 - l),
        Step::Cubic(x2, y2 - lk, x2 - lk, y2, x2 - l, y2),
        Step::Line(x + l, y2),
        Step::Cubic(x + lk, y2, x, y2 - lk, x, y2 - l),
        Step::Line(x, y + u),
        Step::Cubic(x, y + uk, x + uk, y, x + u, y),
        Step::Close,
    ]
}

/// A circle.
#[must_use]
pub fn circle(cx: f64, cy: f64, radius: f64) -> Vec<Step> {
    rounded(cx - radius, cy - radius, 2.0 * radius, 2.0 * radius, radius, radius)
}

/// A star of five points, one upwards; `radius` reaches the points, the inner corners lie on the pentagram.
#[must_use]
pub fn star(cx: f64, cy: f64, radius: f64) -> Vec<Step> {
    // Corners of the unit pentagram, from the upper point clockwise; written out so that no machine's sine decides.
    const UNIT: [(f64, f64); 10] = [
        (0.0, -1.0),
        (0.224_514, -0.309_017),
        (0.951_057, -0.309_017),
        (0.363_271, 0.118_034),
        (0.587_785, 0.809_017),
        (0.0, 0.381_966),
        (-0.587_785, 0.809_017),
        (-0.363_271, 0.118_034),
        (-0.951_057, -0.309_017),
        (-0.224_514, -0.309_017),
    ];
    let at = |(x, y): (f64, f64)| (cx + x * radius, cy + y * radius);
    let mut path: Vec<Step> = UNIT
        .iter()
        .enumerate()
        .map(|(i, p)| {
            let (x, y) = at(*p);
            if i == 0 { Step::Move(x, y) } else { Step::Line(x, y) }
        })
        .collect();
    path.push(Step::Close);
    path
}

//! Outlines and their paint, in millimetres from the upper left corner, y downwards.

/// An opaque colour: as screens show it and as four inks print it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Colour {
    /// 8 bits each of red, green and blue (sRGB).
    pub rgb: [u8; 3],
    /// Cyan, magenta, yellow and black in percent.
    pub cmyk: [u8; 4],
}

impl Colour {
    /// Paper.
    pub const WHITE: Self = Self { rgb: [255, 255, 255], cmyk: [0, 0, 0, 0] };
    /// Codes, and everything printed in one colour.
    pub const BLACK: Self = Self { rgb: [0, 0, 0], cmyk: [0, 0, 0, 100] };
    /// Letters and lines. In print black alone: small letters of several inks show fringes.
    pub const INK: Self = Self { rgb: [0x16, 0x20, 0x2a], cmyk: [0, 0, 0, 100] };
    /// What is said beside.
    pub const SOFT: Self = Self { rgb: [0x5a, 0x66, 0x72], cmyk: [0, 0, 0, 65] };
    /// Fine lines.
    pub const LINE: Self = Self { rgb: [0xb8, 0xc0, 0xc8], cmyk: [0, 0, 0, 28] };
    /// The brand's red.
    pub const VERMILION: Self = Self { rgb: [0xa8, 0x20, 0x1a], cmyk: [20, 100, 95, 12] };

    /// A colour of screens and of office printers; its inks are computed without a profile.
    #[must_use]
    pub const fn screen(r: u8, g: u8, b: u8) -> Self {
        let max = if r >= g && r >= b {
            r
        } else if g >= b {
            g
        } else {
            b
        };
        let ink = [share(max, r), share(max, g), share(max, b), share(255, max)];
        Self { rgb: [r, g, b], cmyk: ink }
    }
}

/// How much of `whole` is lacking, in percent.
const fn share(whole: u8, there: u8) -> u8 {
    if whole == 0 { 0 } else { ((whole - there) as u32 * 100 / whole as u32) as u8 }
}

/// One step of an outline.
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

impl Step {
    /// The same step with every point moved by `f`.
    #[must_use]
    pub fn map(self, f: impl Fn(f64, f64) -> (f64, f64)) -> Self {
        match self {
            Self::Move(x, y) => {
                let (x, y) = f(x, y);
                Self::Move(x, y)
            }
            Self::Line(x, y) => {
                let (x, y) = f(x, y);
                Self::Line(x, y)
            }
            Self::Cubic(ax, ay, bx, by, x, y) => {
                let ((ax, ay), (bx, by), (x, y)) = (f(ax, ay), f(bx, by), f(x, y));
                Self::Cubic(ax, ay, bx, by, x, y)
            }
            Self::Close => Self::Close,
        }
    }
}

/// How a line ends and turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// Cut off at its ends, mitred at its corners.
    Sharp,
    /// Round at both.
    Round,
    /// Of dashes: 13 long and 7.6 apart, in units of a sixth of its width.
    Dashed,
}

impl Ends {
    /// Lengths of dash and gap for a line of that width.
    #[must_use]
    pub fn dashes(self, width: f32) -> Option<[f32; 2]> {
        (self == Self::Dashed).then(|| [13.0, 7.6].map(|length: f32| length * width / 6.0))
    }
}

/// How an outline is painted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Paint {
    /// Filled, non-zero winding.
    Fill(Colour),
    /// A line of that width in millimetres.
    Stroke(Colour, f64, Ends),
}

impl Paint {
    /// Its colour.
    #[must_use]
    pub const fn colour(&self) -> Colour {
        match self {
            Self::Fill(colour) | Self::Stroke(colour, ..) => *colour,
        }
    }
}

/// An outline and its paint.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// The outline.
    pub path: Vec<Step>,
    /// Its paint.
    pub paint: Paint,
}

/// A box with round corners; a radius of 0 gives a plain rectangle. `upper` and `lower` are the radii of the upper and of the
/// lower corners.
#[must_use]
pub fn rounded(x: f64, y: f64, width: f64, height: f64, upper: f64, lower: f64) -> Vec<Step> {
    // Distance of a Bézier's control points that comes closest to a quarter circle.
    const KAPPA: f64 = 0.552_284_75;
    let (x2, y2) = (x + width, y + height);
    if upper == 0.0 && lower == 0.0 {
        return polygon(&[(x, y), (x2, y), (x2, y2), (x, y2)]);
    }
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

/// A closed outline through those corners.
#[must_use]
pub fn polygon(corners: &[(f64, f64)]) -> Vec<Step> {
    let mut path = polyline(corners);
    path.push(Step::Close);
    path
}

/// A line through those points.
#[must_use]
pub fn polyline(points: &[(f64, f64)]) -> Vec<Step> {
    let step = |(i, (x, y)): (usize, &(f64, f64))| if i == 0 { Step::Move(*x, *y) } else { Step::Line(*x, *y) };
    points.iter().enumerate().map(step).collect()
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
    polygon(&UNIT.map(|(x, y)| (cx + x * radius, cy + y * radius)))
}

/// Cosine and sine of an angle in degrees, the same on every machine.
#[must_use]
pub fn direction(degrees: f64) -> (f64, f64) {
    let quarter = (degrees / 90.0).round();
    let x = (degrees - quarter * 90.0) * std::f64::consts::PI / 180.0;
    let x2 = x * x;
    // Taylor's series; the rest is below 1e-11 for an eighth of a turn.
    let sine = x * (1.0 - x2 / 6.0 * (1.0 - x2 / 20.0 * (1.0 - x2 / 42.0 * (1.0 - x2 / 72.0 * (1.0 - x2 / 110.0)))));
    let cosine = 1.0 - x2 / 2.0 * (1.0 - x2 / 12.0 * (1.0 - x2 / 30.0 * (1.0 - x2 / 56.0 * (1.0 - x2 / 90.0))));
    match quarter.rem_euclid(4.0) as u8 {
        0 => (cosine, sine),
        1 => (-sine, cosine),
        2 => (-cosine, -sine),
        _ => (sine, -cosine),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions() {
        for tenth in -7200..7200 {
            let degrees = f64::from(tenth) / 10.0;
            let (cosine, sine) = direction(degrees);
            let exact = degrees.to_radians();
            assert!((cosine - exact.cos()).abs() < 1e-9 && (sine - exact.sin()).abs() < 1e-9, "{degrees}");
        }
    }

    #[test]
    fn inks_of_screen_colours() {
        assert_eq!(Colour::screen(255, 255, 255).cmyk, [0, 0, 0, 0]);
        assert_eq!(Colour::screen(0, 0, 0).cmyk, [0, 0, 0, 100]);
        assert_eq!(Colour::screen(255, 0, 51).cmyk, [0, 100, 80, 0]);
    }
}

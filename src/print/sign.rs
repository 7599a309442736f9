//! The signs of the verdicts: each has a shape of its own, so that a grey copy tells them apart.

use crate::domain::Standing;
use crate::draw::shape::{Ends, circle, polygon, polyline, rounded};
use crate::draw::{Colour, Paint, Shape, Step};

/// Sides of the square that the signs are drawn in.
const GRID: f64 = 72.0;

/// The sign of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sign {
    /// In force: a disc with a tick.
    Tick,
    /// Suspended: a diamond with two bars.
    Pause,
    /// Withdrawn: an octagon with a cross.
    Cross,
    /// Does not verify: a triangle.
    Alarm,
    /// Expired: a square with hands.
    Clock,
    /// Cancelled: a square with a slash.
    Slash,
    /// Superseded: a capsule with an arrow.
    Arrow,
    /// Not yet in force: a calendar.
    Calendar,
    /// No such record: an empty square.
    Empty,
    /// Cannot tell: a dashed ring.
    Unknown,
}

impl Sign {
    /// The sign of a standing.
    #[must_use]
    pub const fn of(standing: Standing) -> Self {
        match standing {
            Standing::Valid => Self::Tick,
            Standing::Suspended => Self::Pause,
            Standing::Withdrawn => Self::Cross,
            Standing::Cancelled => Self::Slash,
            Standing::Superseded => Self::Arrow,
            Standing::Expired => Self::Clock,
            Standing::NotYetEffective => Self::Calendar,
        }
    }

    /// The colour that its verdict has everywhere.
    #[must_use]
    pub const fn colour(self) -> Colour {
        match self {
            Self::Tick => Colour::screen(0x0a, 0x6b, 0x3b),
            Self::Pause => Colour::screen(0x8a, 0x4b, 0x00),
            Self::Cross | Self::Alarm => Colour::screen(0xa3, 0x16, 0x1e),
            Self::Arrow | Self::Calendar => Colour::screen(0x1f, 0x4e, 0x8c),
            Self::Clock | Self::Slash | Self::Empty | Self::Unknown => Colour::screen(0x4b, 0x55, 0x60),
        }
    }

    /// What it is drawn of, its upper left corner there and so large.
    #[must_use]
    pub fn shapes(self, colour: Colour, (x, y): (f64, f64), size: f64) -> Vec<Shape> {
        let scale = size / GRID;
        let place = |step: Step| step.map(|a, b| (x + a * scale, y + b * scale));
        let paint = |paint: Paint| match paint {
            Paint::Fill(colour) => Paint::Fill(colour),
            Paint::Stroke(colour, width, ends) => Paint::Stroke(colour, width * scale, ends),
        };
        let pieces = self.pieces(colour).into_iter();
        pieces.map(|(path, how)| Shape { path: path.into_iter().map(place).collect(), paint: paint(how) }).collect()
    }

    /// In a square of [`GRID`].
    fn pieces(self, colour: Colour) -> Vec<(Vec<Step>, Paint)> {
        let fill = |path: Vec<Step>| (path, Paint::Fill(colour));
        let square = |x, y, width, height, r| rounded(x, y, width, height, r, r);
        // Drawn on it in the colour of the paper.
        let cut = |points: &[(f64, f64)], width| (polyline(points), Paint::Stroke(Colour::WHITE, width, Ends::Round));
        let line = |path: Vec<Step>, width, ends| (path, Paint::Stroke(colour, width, ends));
        let box_ = || square(5.0, 5.0, 62.0, 62.0, 7.0);
        match self {
            Self::Tick => vec![fill(circle(36.0, 36.0, 33.0)), cut(&[(21.0, 37.5), (31.5, 48.0), (52.0, 26.0)], 7.0)],
            Self::Pause => {
                let diamond = polygon(&[(36.0, 2.0), (70.0, 36.0), (36.0, 70.0), (2.0, 36.0)]);
                vec![fill(diamond), cut(&[(29.0, 25.0), (29.0, 47.0)], 7.0), cut(&[(43.0, 25.0), (43.0, 47.0)], 7.0)]
            }
            Self::Cross => {
                let corners = [(22.5, 3.0), (49.5, 3.0), (69.0, 22.5), (69.0, 49.5)];
                let others = [(49.5, 69.0), (22.5, 69.0), (3.0, 49.5), (3.0, 22.5)];
                let octagon = polygon(&[corners, others].concat());
                vec![fill(octagon), cut(&[(25.0, 25.0), (47.0, 47.0)], 7.0), cut(&[(47.0, 25.0), (25.0, 47.0)], 7.0)]
            }
            Self::Alarm => {
                let triangle = polygon(&[(36.0, 4.0), (70.0, 66.0), (2.0, 66.0)]);
                vec![fill(triangle), cut(&[(36.0, 27.0), (36.0, 45.0)], 7.0), cut(&[(36.0, 56.0), (36.0, 56.5)], 8.0)]
            }
            Self::Clock => vec![fill(box_()), cut(&[(36.0, 19.0), (36.0, 38.0), (49.0, 46.0)], 6.5)],
            Self::Slash => vec![fill(box_()), cut(&[(21.0, 51.0), (51.0, 21.0)], 6.5)],
            Self::Arrow => vec![
                fill(square(2.0, 15.0, 68.0, 42.0, 21.0)),
                cut(&[(19.0, 36.0), (52.0, 36.0)], 6.5),
                cut(&[(42.0, 25.0), (53.0, 36.0), (42.0, 47.0)], 6.5),
            ],
            Self::Calendar => vec![
                fill(square(6.0, 12.0, 60.0, 54.0, 6.0)),
                line(polyline(&[(21.0, 5.0), (21.0, 16.0)]), 6.0, Ends::Round),
                line(polyline(&[(51.0, 5.0), (51.0, 16.0)]), 6.0, Ends::Round),
                cut(&[(6.0, 28.0), (66.0, 28.0)], 5.5),
                cut(&[(26.0, 47.0), (46.0, 47.0)], 5.5),
            ],
            Self::Empty => vec![line(square(6.0, 6.0, 60.0, 60.0, 5.0), 7.0, Ends::Round)],
            Self::Unknown => vec![
                line(circle(36.0, 36.0, 31.0), 6.0, Ends::Dashed),
                line(polyline(&[(27.0, 28.0), (36.0, 20.0), (45.0, 28.0), (36.0, 40.0)]), 6.0, Ends::Round),
                line(polyline(&[(36.0, 51.0), (36.0, 52.0)]), 7.0, Ends::Round),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_verdicts_look_alike_in_grey() {
        let signs = [
            Sign::Tick,
            Sign::Pause,
            Sign::Cross,
            Sign::Alarm,
            Sign::Clock,
            Sign::Slash,
            Sign::Arrow,
            Sign::Calendar,
            Sign::Empty,
            Sign::Unknown,
        ];
        let drawn = signs.map(|sign| format!("{:?}", sign.shapes(Colour::BLACK, (0.0, 0.0), 10.0)));
        for (i, one) in drawn.iter().enumerate() {
            assert!(!drawn[i + 1..].contains(one), "{:?}", signs[i]);
        }
    }

    #[test]
    fn each_standing_has_a_sign_of_its_own() {
        let signs: std::collections::HashSet<Sign> = Standing::ALL.into_iter().map(Sign::of).collect();
        assert_eq!(signs.len(), Standing::ALL.len());
        assert_eq!(Sign::of(Standing::Withdrawn), Sign::Cross);
    }
}

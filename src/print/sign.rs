//! The signs of the verdicts: each has a shape of its own, so that a grey copy tells them apart.

use krilla::geom::{Path, PathBuilder};

/// Sides of the square that the signs are drawn in.
pub(super) const GRID: f32 = 72.0;
/// Control points of a quarter circle lie so far along its tangents.
const ARC: f32 = 0.552_284_8;

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

/// A piece of a sign.
pub(super) enum Piece {
    /// Filled with the sign's own ink.
    Fill(Path),
    /// Drawn on it in the colour of the paper, so thick.
    Cut(Path, f32),
    /// Drawn in the sign's own ink, so thick, dashed or not.
    Line(Path, f32, bool),
}

fn path(draw: impl FnOnce(&mut PathBuilder)) -> Option<Path> {
    let mut builder = PathBuilder::new();
    draw(&mut builder);
    builder.finish()
}

fn polyline(points: &[(f32, f32)], closed: bool) -> Option<Path> {
    path(|b| {
        for (i, (x, y)) in points.iter().enumerate() {
            if i == 0 { b.move_to(*x, *y) } else { b.line_to(*x, *y) }
        }
        if closed {
            b.close();
        }
    })
}

/// A rectangle whose corners are quarter circles; with half its height a capsule, in a square a disc.
fn rounded(x: f32, y: f32, width: f32, height: f32, r: f32) -> Option<Path> {
    let (right, bottom, c) = (x + width, y + height, r * (1.0 - ARC));
    path(|b| {
        b.move_to(x + r, y);
        b.line_to(right - r, y);
        b.cubic_to(right - c, y, right, y + c, right, y + r);
        b.line_to(right, bottom - r);
        b.cubic_to(right, bottom - c, right - c, bottom, right - r, bottom);
        b.line_to(x + r, bottom);
        b.cubic_to(x + c, bottom, x, bottom - c, x, bottom - r);
        b.line_to(x, y + r);
        b.cubic_to(x, y + c, x + c, y, x + r, y);
        b.close();
    })
}

impl Sign {
    /// What it is drawn of, in a square of [`GRID`].
    pub(super) fn pieces(self) -> Vec<Piece> {
        let fill = |p: Option<Path>| p.map(Piece::Fill);
        let cut = |points: &[(f32, f32)], width| polyline(points, false).map(|p| Piece::Cut(p, width));
        let line = |p: Option<Path>, width, dashed| p.map(|p| Piece::Line(p, width, dashed));
        let square = || rounded(5.0, 5.0, 62.0, 62.0, 7.0);
        let pieces = match self {
            Self::Tick => {
                vec![fill(rounded(3.0, 3.0, 66.0, 66.0, 33.0)), cut(&[(21.0, 37.5), (31.5, 48.0), (52.0, 26.0)], 7.0)]
            }
            Self::Pause => {
                let diamond = polyline(&[(36.0, 2.0), (70.0, 36.0), (36.0, 70.0), (2.0, 36.0)], true);
                vec![fill(diamond), cut(&[(29.0, 25.0), (29.0, 47.0)], 7.0), cut(&[(43.0, 25.0), (43.0, 47.0)], 7.0)]
            }
            Self::Cross => {
                let corners = [(22.5, 3.0), (49.5, 3.0), (69.0, 22.5), (69.0, 49.5)];
                let others = [(49.5, 69.0), (22.5, 69.0), (3.0, 49.5), (3.0, 22.5)];
                let octagon = polyline(&[corners, others].concat(), true);
                vec![fill(octagon), cut(&[(25.0, 25.0), (47.0, 47.0)], 7.0), cut(&[(47.0, 25.0), (25.0, 47.0)], 7.0)]
            }
            Self::Alarm => {
                let triangle = polyline(&[(36.0, 4.0), (70.0, 66.0), (2.0, 66.0)], true);
                vec![fill(triangle), cut(&[(36.0, 27.0), (36.0, 45.0)], 7.0), cut(&[(36.0, 56.0), (36.0, 56.5)], 8.0)]
            }
            Self::Clock => vec![fill(square()), cut(&[(36.0, 19.0), (36.0, 38.0), (49.0, 46.0)], 6.5)],
            Self::Slash => vec![fill(square()), cut(&[(21.0, 51.0), (51.0, 21.0)], 6.5)],
            Self::Arrow => vec![
                fill(rounded(2.0, 15.0, 68.0, 42.0, 21.0)),
                cut(&[(19.0, 36.0), (52.0, 36.0)], 6.5),
                cut(&[(42.0, 25.0), (53.0, 36.0), (42.0, 47.0)], 6.5),
            ],
            Self::Calendar => vec![
                fill(rounded(6.0, 12.0, 60.0, 54.0, 6.0)),
                line(polyline(&[(21.0, 5.0), (21.0, 16.0)], false), 6.0, false),
                line(polyline(&[(51.0, 5.0), (51.0, 16.0)], false), 6.0, false),
                cut(&[(6.0, 28.0), (66.0, 28.0)], 5.5),
                cut(&[(26.0, 47.0), (46.0, 47.0)], 5.5),
            ],
            Self::Empty => vec![line(rounded(6.0, 6.0, 60.0, 60.0, 5.0), 7.0, false)],
            Self::Unknown => vec![
                line(rounded(5.0, 5.0, 62.0, 62.0, 31.0), 6.0, true),
                line(polyline(&[(27.0, 28.0), (36.0, 20.0), (45.0, 28.0), (36.0, 40.0)], false), 6.0, false),
                line(polyline(&[(36.0, 51.0), (36.0, 52.0)], false), 7.0, false),
            ],
        };
        pieces.into_iter().flatten().collect()
    }
}

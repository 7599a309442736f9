//! The five stars of a level, as papers and cards show them.

use crate::draw::shape::star;
use crate::draw::{Colour, Paint, Shape};

/// Width of the line of a hollow star, as a part of its radius.
const LINE: f64 = 0.1;
/// From star to star, in radii.
const PITCH: f64 = 2.4;

/// Five stars in a row, the first `filled` of them solid, around a middle.
pub(super) fn stars(filled: u8, (x, y): (f64, f64), radius: f64, colour: Colour) -> Vec<Shape> {
    let mut shapes = vec![];
    for i in 0..5u8 {
        // A star reaches further up than down: its middle lies lower than its centre.
        let (x, y) = (x + (f64::from(i) - 2.0) * radius * PITCH, y + radius * 0.095);
        shapes.push(Shape { path: star(x, y, radius), paint: Paint::Fill(colour) });
        if i >= filled {
            // The line is drawn inside the star's edge, so that hollow and solid ones are of one size.
            let inner = radius * (1.0 - LINE * 3.236);
            shapes.push(Shape { path: star(x, y, inner), paint: Paint::Fill(Colour::WHITE) });
        }
    }
    shapes
}

/// Width of the row.
pub(super) const fn width(radius: f64) -> f64 {
    radius * (4.0 * PITCH + 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_solid_as_are_asked_for() {
        for filled in 0..=5u8 {
            let shapes = stars(filled, (50.0, 20.0), 4.0, Colour::VERMILION);
            let of = |colour: Colour| shapes.iter().filter(|s| s.paint.colour() == colour).count();
            assert_eq!((of(Colour::VERMILION), of(Colour::WHITE)), (5, 5 - usize::from(filled)));
        }
    }
}

//! What a size means in print: how wide modules are, from how far phones read them, and what stands against it.

use super::{Layout, Width};
use crate::domain::mark_licence::Medium;

/// Least X in flexographic print and on corrugated board, whose ink spreads.
const FLEXO: f64 = 0.60;
/// From how far a mark is read in use, in millimetres, unless said otherwise: in the hand, and on a wall.
const IN_HAND: f64 = 150.0;
const ON_A_WALL: f64 = 1_000.0;

/// Something that stands against a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// Phones do not read it: at least so wide. Such a mark is not drawn, and nothing else is said of it.
    TooNarrow(Width),
    /// It is read, but not by every phone at first try: better as wide as it was designed.
    Small(Width),
    /// In flexographic print and on corrugated board at least so wide.
    Flexo(Width),
    /// It is not read from as far as it will be looked at: at least so wide; none up to [`Width::MAX`].
    TooFar(Option<Width>),
}

/// What a size means.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice {
    /// Width of a module (X), in millimetres.
    pub module: f64,
    /// Width of the code with its quiet zone, in millimetres.
    pub code: f64,
    /// From how far it is read, in millimetres.
    pub reach: f64,
    /// From how far it will be looked at, in millimetres.
    pub distance: f64,
    /// What stands against it, the worst first.
    pub warnings: Vec<Warning>,
}

/// What a mark of that layout and width means on that medium, looked at from `distance` millimetres where that is known.
#[must_use]
pub fn advise(layout: Layout, width: Width, medium: Medium, distance: Option<f64>) -> Advice {
    let class = layout.class();
    let module = layout.module(width.millimetres());
    let reach = layout.reading_distance(width.millimetres());
    let distance = distance.unwrap_or(if medium == Medium::Premises { ON_A_WALL } else { IN_HAND });
    let code = module * (class.modules() + 2 * crate::draw::code::QUIET_ZONE) as f64;
    if width < layout.least_width() {
        let warnings = vec![Warning::TooNarrow(layout.least_width())];
        return Advice { module, code, reach, distance, warnings };
    }
    let mut warnings = vec![];
    if module < class.module() - 1e-9 {
        warnings.extend(with_module(layout, class.module()).map(Warning::Small));
    }
    if reach < distance - 1e-9 {
        warnings.push(Warning::TooFar(at_least(width.millimetres() * distance / reach)));
    }
    if medium == Medium::Packaging && module < FLEXO - 1e-9 {
        warnings.extend(flexo_width(layout).map(Warning::Flexo));
    }
    Advice { module, code, reach, distance, warnings }
}

/// Least width in flexographic print and on corrugated board.
#[must_use]
pub fn flexo_width(layout: Layout) -> Option<Width> {
    with_module(layout, FLEXO)
}

fn with_module(layout: Layout, module: f64) -> Option<Width> {
    at_least(layout.width().millimetres() * module / layout.class().module())
}

/// The next tenth of a millimetre, unless that is wider than a mark may be.
fn at_least(millimetres: f64) -> Option<Width> {
    let tenths = (millimetres * 10.0 - 1e-6).ceil();
    (tenths <= f64::from(Width::MAX.tenths())).then(|| Width::from_tenths(tenths as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(layout: Layout, width: &str, medium: Medium, distance: Option<f64>, expect: &[Warning]) {
        let advice = advise(layout, Width::parse(width).unwrap(), medium, distance);
        assert_eq!(advice.warnings, expect, "{layout:?} {width} {medium:?}");
    }

    #[test]
    fn sizes_are_judged_by_what_was_measured() {
        let mm = |text: &str| Width::parse(text).unwrap();
        check(Layout::Vertical, "36", Medium::Product, None, &[]);
        check(Layout::Vertical, "30.2", Medium::Product, None, &[Warning::TooNarrow(mm("30.3"))]);
        check(Layout::Vertical, "32", Medium::Product, None, &[Warning::Small(mm("36"))]);
        check(Layout::Vertical, "36", Medium::Packaging, None, &[Warning::Flexo(mm("43.2"))]);
        check(Layout::Vertical, "43.2", Medium::Packaging, None, &[]);
        check(Layout::Small, "20", Medium::Product, Some(174.0), &[]);
        check(Layout::Small, "20", Medium::Packaging, Some(150.0), &[Warning::Flexo(mm("30"))]);
        // A wall is a metre away, ten and a half times 95.3 mm, and the code is 22.5 of 36 mm.
        check(Layout::Vertical, "36", Medium::Premises, None, &[Warning::TooFar(Some(mm("152.4")))]);
        check(Layout::Vertical, "152.4", Medium::Premises, None, &[]);
        check(Layout::Vertical, "1000", Medium::Premises, Some(90_000.0), &[Warning::TooFar(None)]);
    }

    #[test]
    fn the_code_is_told_with_its_quiet_zone() {
        let advice = advise(Layout::Horizontal, Layout::Horizontal.width(), Medium::Advertising, None);
        assert!((advice.module - 0.5).abs() < 1e-9 && (advice.code - 26.5).abs() < 1e-9);
        assert!((advice.reach - 236.25).abs() < 1e-9);
    }
}

//! A mark composed: everything but its code, and where that goes.

use crate::draw::{Code, Item, Modules, Page};

/// Where a code stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct CodePlace {
    /// Left edge of the first module, in millimetres.
    pub(super) x: f64,
    /// Upper edge of the first module.
    pub(super) y: f64,
    /// Width of a module (X).
    pub(super) module: f64,
}

/// A whole mark but for its code.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// What it is, in one line, for those who cannot see it.
    pub title: String,
    /// What it says, for those who cannot see it.
    pub description: String,
    /// All that stands under the code.
    pub(super) ground: Page,
    /// Where the code goes.
    pub(super) place: CodePlace,
}

impl Picture {
    /// The page with that code, drawn last.
    #[must_use]
    pub fn with(&self, modules: &Modules) -> Page {
        let mut page = self.ground.clone();
        let CodePlace { x, y, module } = self.place;
        page.items.push(Item::Code(Code { modules: modules.clone(), x, y, module }));
        page
    }

    /// Enlarged or reduced by that factor.
    pub(super) fn scaled(self, by: f64) -> Self {
        let CodePlace { x, y, module } = self.place;
        let place = CodePlace { x: x * by, y: y * by, module: module * by };
        Self { ground: self.ground.scaled(by), place, ..self }
    }
}

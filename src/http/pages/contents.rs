//! A page of several sections, with the list of them at its top.

use super::words::Lang;

/// A section: its place on the page, and its heading in Chinese and English.
pub(super) type Section = (&'static str, &'static str, &'static str);

/// The sections of a page, in its language.
pub(super) struct Contents {
    pub(super) lang: Lang,
    pub(super) sections: &'static [Section],
}

impl Contents {
    /// The heading of a section, as markup; the list at the top leads to it.
    pub(super) fn heading(&self, id: &str) -> String {
        let found = self.sections.iter().find(|(place, _, _)| *place == id);
        found.map_or_else(String::new, |(_, zh, en)| {
            let (main, side) = if self.lang.is_zh() { (zh, en) } else { (en, zh) };
            let tag = self.lang.other_tag();
            format!("<h2 id=\"{id}\">{main} <span class=\"side\" lang=\"{tag}\">{side}</span></h2>")
        })
    }
}

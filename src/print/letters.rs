//! One weight of letters: how wide a text is, where it may be broken, and which glyphs it takes.

use crate::domain::Refusal;
use krilla::text::{GlyphId, KrillaGlyph};
use ttf_parser::Face;

/// Stands for a letter that the font lacks, as printers do (U+3013 GETA MARK).
pub const SUBSTITUTE: char = '〓';
/// Signs that begin no line.
const NOT_FIRST: &str = "、。，．：；！？）〕］｝〉》」』】〗’”·…—%‰℃,.:;!?)]}";
/// Signs that end no line.
const NOT_LAST: &str = "（〔［｛〈《「『【〖‘“([{￥$";

/// One weight.
pub struct Letters {
    face: Face<'static>,
    font: krilla::text::Font,
    em: f32,
}

impl Letters {
    /// Reads a font.
    ///
    /// # Errors
    /// `print_font_broken`: it cannot be read, or lacks [`SUBSTITUTE`].
    pub fn new(bytes: &'static [u8]) -> Result<Self, Refusal> {
        let broken = || Refusal::rule("print_font_broken", "the built-in font cannot be read");
        let face = Face::parse(bytes, 0).map_err(|_| broken())?;
        let font = krilla::text::Font::new(bytes.into(), 0).ok_or_else(broken)?;
        let em = f32::from(face.units_per_em());
        let letters = Self { face, font, em };
        letters.glyph(SUBSTITUTE).map(|_| ()).ok_or_else(broken)?;
        Ok(letters)
    }

    pub(super) fn font(&self) -> krilla::text::Font {
        self.font.clone()
    }

    /// Glyph and advance, in ems; none where the font lacks the letter.
    fn glyph(&self, c: char) -> Option<(u32, f32)> {
        let glyph = self.face.glyph_index(c).filter(|g| g.0 != 0)?;
        Some((u32::from(glyph.0), f32::from(self.face.glyph_hor_advance(glyph)?) / self.em))
    }

    /// The text with [`SUBSTITUTE`] for every letter the font lacks, and whether there was one.
    #[must_use]
    pub fn printable(&self, text: &str) -> (String, bool) {
        let mut lacks = false;
        let one = |c: char| {
            let has = self.glyph(c).is_some();
            lacks |= !has;
            if has { c } else { SUBSTITUTE }
        };
        let printable = text.chars().map(one).collect();
        (printable, lacks)
    }

    fn advance(&self, c: char) -> f32 {
        self.glyph(c).map_or(1.0, |(_, advance)| advance)
    }

    /// Width of a text in ems.
    #[must_use]
    pub fn width(&self, text: &str) -> f32 {
        text.chars().map(|c| self.advance(c)).sum()
    }

    /// The text in lines of at most `width` ems. Numbers, words and dates stay whole where they fit a line.
    #[must_use]
    pub fn lines(&self, text: &str, width: f32) -> Vec<String> {
        let chars: Vec<char> = text.chars().collect();
        let (mut out, mut from, mut fits_to, mut taken) = (vec![], 0, 0, 0.0);
        let mut at = 0;
        while at < chars.len() {
            taken += self.advance(chars[at]);
            // A space at the end of a line takes no room.
            if taken > width && at > from && chars[at] != ' ' {
                let end = if fits_to > from { fits_to } else { at };
                out.push(line(&chars[from..end]));
                from = end;
                (at, fits_to, taken) = (end, end, 0.0);
                continue;
            }
            at += 1;
            if at < chars.len() && breaks(&chars, at) {
                fits_to = at;
            }
        }
        out.push(line(&chars[from..]));
        out
    }

    /// The glyphs of a line.
    pub(super) fn glyphs(&self, text: &str) -> Vec<KrillaGlyph> {
        let glyph = |(at, c): (usize, char)| {
            let (id, advance) = self.glyph(c)?;
            let text_range = at..at + c.len_utf8();
            Some(KrillaGlyph::new(GlyphId::new(id), advance, 0.0, 0.0, 0.0, text_range, None))
        };
        text.char_indices().filter_map(glyph).collect()
    }
}

fn line(chars: &[char]) -> String {
    chars.iter().collect::<String>().trim_end().to_owned()
}

fn is_wide(c: char) -> bool {
    c as u32 >= 0x2e80
}

/// Whether a line may end before that character.
fn breaks(chars: &[char], at: usize) -> bool {
    let (before, after) = (chars[at - 1], chars[at]);
    if NOT_FIRST.contains(after) || NOT_LAST.contains(before) || after == ' ' {
        return false;
    }
    match before {
        ' ' => true,
        '-' => !after.is_ascii_digit(),
        // The slashes of an address belong to its host.
        '/' => after != '/' && (at < 2 || chars[at - 2] != '/'),
        '_' => true,
        _ => is_wide(before) || is_wide(after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters() -> Letters {
        Letters::new(include_bytes!("../../assets/fonts/NotoSansSC-Regular.otf")).unwrap()
    }

    #[test]
    fn lines_break_where_a_reader_expects() {
        let letters = letters();
        let lines = |text: &str, width: f32| letters.lines(text, width).join("|");
        assert_eq!(lines("家用电器的售后服务", 4.0), "家用电器|的售后服|务");
        assert_eq!(lines("售后服务（空调）。", 5.0), "售后服务|（空调）。");
        assert_eq!(lines("有效期至 2026-05-08 止", 6.0), "有效期至|2026-05-08|止");
        assert_eq!(lines("after-sales service of appliances", 6.0), "after-sales|service of|appliances");
        assert_eq!(lines("29326SC00001R0M29326SC00001R0M", 5.0).replace('|', ""), "29326SC00001R0M29326SC00001R0M");
        assert_eq!(lines("", 5.0), "");
        assert_eq!(lines("见 https://xb.example.cn/r/AAECAwQF", 12.0), "见 https://xb.example.cn/|r/AAECAwQF");
        for line in letters.lines(&"示例电器（北京）有限公司, ".repeat(20), 9.3) {
            assert!(letters.width(&line) <= 9.3, "{line}");
        }
    }

    #[test]
    fn what_the_font_lacks_is_seen_to_be_missing() {
        let letters = letters();
        assert_eq!(letters.printable("示😀例한"), ("示〓例〓".to_owned(), true));
        assert_eq!(letters.printable("示例 A·1 ≠ ★"), ("示例 A·1 ≠ ★".to_owned(), false));
        assert_eq!(letters.glyphs("示例").len(), 2);
    }
}

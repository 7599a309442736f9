//! The printed layouts by name, with their sizes and what they are for.

use super::qr::Class;
use super::{Width, artwork};
use crate::domain::Refusal;
use crate::domain::error::shown;
use crate::domain::mark_licence::Medium;

/// A printed layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layout {
    /// 36 x 71 mm, signed code: packaging and premises.
    Vertical,
    /// 86 x 38 mm, signed code: advertising and papers.
    Horizontal,
    /// 20 x 34 mm, link code: where there is no room.
    Small,
    /// 84 x 46 mm, a round seal beside the plate with the signed code.
    Seal,
}

/// The languages of a mark's own words; names stand as they are registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Words {
    /// Chinese.
    Zh,
    /// Chinese, and English beside it.
    ZhEn,
}

impl Words {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Zh, Self::ZhEn];

    /// Name on the wire.
    #[must_use]
    pub const fn wire(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::ZhEn => "zh_en",
        }
    }

    /// In Chinese.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Zh => "中文",
            Self::ZhEn => "中英文",
        }
    }

    /// In English.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            Self::Zh => "Chinese",
            Self::ZhEn => "Chinese and English",
        }
    }

    /// Reads the wire name.
    ///
    /// # Errors
    /// `unknown_mark_words` names the languages there are.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        Self::ALL.into_iter().find(|w| w.wire() == text).ok_or_else(|| {
            let message = format!("“{}” is no language of a mark: there are zh and zh_en", shown(text));
            Refusal::invalid("unknown_mark_words", message)
        })
    }
}

impl Layout {
    /// Every layout.
    pub const ALL: [Self; 4] = [Self::Vertical, Self::Horizontal, Self::Small, Self::Seal];

    /// Name on the wire.
    #[must_use]
    pub const fn wire(self) -> &'static str {
        match self {
            Self::Vertical => "vertical",
            Self::Horizontal => "horizontal",
            Self::Small => "small",
            Self::Seal => "seal",
        }
    }

    /// Its name in Chinese; in English it is the wire name.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Vertical => "竖版",
            Self::Horizontal => "横版",
            Self::Small => "小标",
            Self::Seal => "印章版",
        }
    }

    /// Reads the wire name.
    ///
    /// # Errors
    /// `unknown_mark_layout` names the layouts there are.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        Self::ALL.into_iter().find(|l| l.wire() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::wire).join(", ");
            let message = format!("“{}” is no layout of a mark: there are {names}", shown(text));
            Refusal::invalid("unknown_mark_layout", message)
        })
    }

    /// The sort of code it carries.
    #[must_use]
    pub const fn class(self) -> Class {
        match self {
            Self::Vertical | Self::Horizontal | Self::Seal => Class::Signed,
            Self::Small => Class::Link,
        }
    }

    /// Width and height in millimetres as designed.
    #[must_use]
    pub const fn nominal(self, words: Words) -> (f64, f64) {
        artwork::nominal(self, words)
    }

    /// The width as designed.
    #[must_use]
    pub fn width(self) -> Width {
        // Whole millimetres, whatever the language.
        Width::from_tenths((self.nominal(Words::Zh).0 * 10.0).round() as u32)
    }

    /// Width of a module in millimetres on a mark that wide.
    #[must_use]
    pub fn module(self, width: f64) -> f64 {
        self.class().module() * width / self.nominal(Words::Zh).0
    }

    /// The least width a mark of this layout may be printed at: its code's modules reach their minimum there.
    #[must_use]
    pub fn least_width(self) -> Width {
        let least = self.width().millimetres() * self.class().least_module() / self.class().module();
        // 4.2 / 5.0 of a whole number of tenths: rounding must not make a tenth of nothing.
        Width::from_tenths((least * 10.0 - 1e-6).ceil() as u32)
    }

    /// The layout for that medium where none is named: the one it is designed for, or one that may be printed that narrow.
    #[must_use]
    pub fn suited(medium: Medium, width: Option<Width>) -> Self {
        let first = if medium == Medium::Advertising { Self::Horizontal } else { Self::Vertical };
        let goes = |layout: &Self| width.is_none_or(|w| w >= layout.least_width());
        [first, Self::Vertical].into_iter().find(goes).unwrap_or(Self::Small)
    }

    /// From how far, in millimetres, a mark that wide is read.
    #[must_use]
    pub fn reading_distance(self, width: f64) -> f64 {
        self.module(width) * self.class().modules() as f64 * self.class().distance_factor()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mark::{Format, Order};

    #[test]
    fn a_layout_is_chosen_by_medium_and_room() {
        let suited = |medium, width: &str| Layout::suited(medium, Width::parse(width).ok());
        for medium in [Medium::Product, Medium::Packaging, Medium::Premises] {
            assert_eq!(suited(medium, "any"), Layout::Vertical);
            assert_eq!((suited(medium, "30.3"), suited(medium, "30.2")), (Layout::Vertical, Layout::Small));
        }
        let advertising = ["any", "72.3", "72.2", "30.2", "5"].map(|w| suited(Medium::Advertising, w));
        let [horizontal, vertical, small] = [Layout::Horizontal, Layout::Vertical, Layout::Small];
        assert_eq!(advertising, [horizontal, horizontal, vertical, small, small]);
    }

    #[test]
    fn orders_name_what_they_want() {
        assert_eq!(Layout::parse("round").unwrap_err().code, "unknown_mark_layout");
        assert_eq!(Words::parse("en").unwrap_err().code, "unknown_mark_words");
        assert_eq!(Order::new(Layout::Seal, Format::Svg).width.to_string(), "84");
    }
}

//! The four levels of GB/T 27922-2011. There are no others; forged marks invent them.

use super::error::{Refusal, shown};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// Certified level, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// 达标级, final score of at least 70.
    Qualified,
    /// 三星级, at least 80.
    ThreeStar,
    /// 四星级, at least 90.
    FourStar,
    /// 五星级, at least 95.
    FiveStar,
}

impl Level {
    /// Every level, lowest first.
    pub const ALL: [Self; 4] = [Self::Qualified, Self::ThreeStar, Self::FourStar, Self::FiveStar];

    /// Filled stars on the mark; `Qualified` has none.
    #[must_use]
    pub const fn stars(self) -> u8 {
        match self {
            Self::Qualified => 0,
            Self::ThreeStar => 3,
            Self::FourStar => 4,
            Self::FiveStar => 5,
        }
    }

    /// Level with that many stars, 0 for `Qualified`; `None` for a number no level has.
    #[must_use]
    pub const fn from_stars(stars: u8) -> Option<Self> {
        match stars {
            0 => Some(Self::Qualified),
            3 => Some(Self::ThreeStar),
            4 => Some(Self::FourStar),
            5 => Some(Self::FiveStar),
            _ => None,
        }
    }

    /// The scheme's word, e.g. 五星级.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Qualified => "达标级",
            Self::ThreeStar => "三星级",
            Self::FourStar => "四星级",
            Self::FiveStar => "五星级",
        }
    }

    /// English beside it, e.g. five-star.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            Self::Qualified => "qualified",
            Self::ThreeStar => "three-star",
            Self::FourStar => "four-star",
            Self::FiveStar => "five-star",
        }
    }

    /// The same as a heading, e.g. Five-star.
    #[must_use]
    pub const fn title_en(self) -> &'static str {
        match self {
            Self::Qualified => "Qualified",
            Self::ThreeStar => "Three-star",
            Self::FourStar => "Four-star",
            Self::FiveStar => "Five-star",
        }
    }

    /// Name on the wire, e.g. `five_star`.
    #[must_use]
    pub const fn wire(self) -> &'static str {
        match self {
            Self::Qualified => "qualified",
            Self::ThreeStar => "three_star",
            Self::FourStar => "four_star",
            Self::FiveStar => "five_star",
        }
    }

    /// The level people mean: its wire name, or in digits, stars or words (5星级, ★★★★★, five-star); none for any other text,
    /// such as one that asks for a level "or higher".
    #[must_use]
    pub fn typed(text: &str) -> Option<Self> {
        const AROUND: [char; 12] = ['(', ')', '[', ']', '【', '】', '"', '“', '”', '「', '」', '.'];
        let around = |c: char| c.is_whitespace() || AROUND.contains(&c);
        let text: String = text.nfkc().flat_map(char::to_lowercase).collect();
        let text = text.trim_matches(around);
        if text.starts_with(['-', '_']) {
            return None;
        }
        let folded = text.replace(|c: char| c.is_whitespace() || matches!(c, '-' | '_'), "");
        match folded.trim_end_matches(['级', '級', 's']) {
            "五星" | "5星" | "5" | "★★★★★" | "⭐⭐⭐⭐⭐" | "fivestar" | "5star" => {
                Some(Self::FiveStar)
            }
            "四星" | "4星" | "4" | "★★★★" | "⭐⭐⭐⭐" | "fourstar" | "4star" => Some(Self::FourStar),
            "三星" | "3星" | "3" | "★★★" | "⭐⭐⭐" | "threestar" | "3star" => Some(Self::ThreeStar),
            "达标" | "qualified" => Some(Self::Qualified),
            _ => None,
        }
    }

    /// Reads the wire name.
    ///
    /// # Errors
    /// `unknown_level` names the four levels there are.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        Self::ALL.into_iter().find(|l| l.wire() == text).ok_or_else(|| {
            Refusal::invalid(
                "unknown_level",
                format!("“{}” is no level: there are five_star, four_star, three_star and qualified", shown(text)),
            )
        })
    }
}

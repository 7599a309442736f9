//! A certification scheme as data: score sheet, thresholds, intervals, mark policy. A later edition is a new file.

use super::error::Refusal;
use super::level::Level;
use super::score::{Points, Thresholds, parse_points};
use num_traits::{Signed, Zero};
use serde::Deserialize;
use std::collections::BTreeSet;

/// Part sums of GB/T 27922-2011 (5.1 system, 5.2 commodity service, 5.3 customer service).
const PARTS_GBT27922: [(&str, u32); 3] = [("5.1", 40), ("5.2", 35), ("5.3", 25)];

/// One scored clause of the sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Clause of the standard, e.g. `5.1.2`.
    pub id: String,
    /// 人员配置.
    pub title_zh: String,
    /// Staffing.
    pub title_en: String,
    /// Points it carries.
    pub points: Points,
}

/// Time limits of the scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intervals {
    /// A certificate runs so many months, less a day.
    pub validity_months: u32,
    /// Surveillance is due so many months after issue, then after the last on-site end.
    pub surveillance_months: u32,
    /// Surveillance counts as due so many days before its date.
    pub surveillance_notice_days: i32,
    /// A certificate "expires soon" so many days before its end.
    pub expiry_notice_days: i32,
    /// A suspension lasts at most so many months.
    pub suspension_max_months: u32,
    /// A suspension starts at most so many days after its cause is confirmed.
    pub suspension_start_days: i32,
    /// Recertification may be issued in the last so many months of a certificate.
    pub recertification_window_months: u32,
}

/// A loaded scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheme {
    /// Identifier on the wire, e.g. `gbt27922-2011`.
    pub id: String,
    /// The standard as cited on certificates, e.g. `GB/T 27922-2011`.
    pub standard: String,
    /// 商品售后服务评价体系.
    pub title_zh: String,
    /// English title.
    pub title_en: String,
    /// Where the points come from; the shipped file says that its split is illustrative.
    pub note: String,
    /// Scored clauses in the order of the sheet.
    pub clauses: Vec<Clause>,
    /// Levels and failing count.
    pub thresholds: Thresholds,
    /// Time limits.
    pub intervals: Intervals,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    id: String,
    standard: String,
    title_zh: String,
    title_en: String,
    note: String,
    intervals: Intervals,
    special_deductions: FileSpecial,
    levels: Vec<FileLevel>,
    parts: Vec<FilePart>,
    clauses: Vec<FileClause>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileSpecial {
    fail_at: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileLevel {
    level: Level,
    least: FilePoints,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FilePart {
    part: String,
    #[allow(dead_code, reason = "documents the sheet for its reader; the product shows clauses only")]
    title_zh: String,
    #[allow(dead_code, reason = "documents the sheet for its reader; the product shows clauses only")]
    title_en: String,
    total: FilePoints,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileClause {
    id: String,
    title_zh: String,
    title_en: String,
    points: FilePoints,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum FilePoints {
    Whole(u32),
    Text(String),
}

impl FilePoints {
    fn exact(&self, place: &str) -> Result<Points, Refusal> {
        match self {
            Self::Whole(n) => Some(Points::from_integer((*n).into())),
            Self::Text(t) => parse_points(t),
        }
        .ok_or_else(|| bad(format!("{place}: write points as 5, \"4.5\" or \"97/20\"")))
    }
}

fn bad(why: String) -> Refusal {
    Refusal::invalid("bad_scheme", format!("the scheme file is not usable: {why}"))
}

impl Scheme {
    /// Reads and checks a scheme file (TOML, shape of `schemes/gbt27922-2011.toml`).
    ///
    /// # Errors
    /// `bad_scheme`: not TOML of that shape, a clause twice or outside the parts, points not positive, parts that do not
    /// sum to their totals, totals other than 40/35/25, or levels not in falling order.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let file: File = toml::from_str(text).map_err(|e| bad(e.to_string()))?;
        let mut clauses = Vec::new();
        let mut seen = BTreeSet::new();
        for c in &file.clauses {
            let points = c.points.exact(&c.id)?;
            if !points.is_positive() {
                return Err(bad(format!("clause {} carries no points", c.id)));
            }
            if !seen.insert(c.id.as_str()) {
                return Err(bad(format!("clause {} stands twice", c.id)));
            }
            clauses.push(Clause {
                id: c.id.clone(),
                title_zh: c.title_zh.clone(),
                title_en: c.title_en.clone(),
                points,
            });
        }
        check_parts(&file.parts, &clauses)?;
        let levels = file
            .levels
            .iter()
            .map(|l| Ok((l.level, l.least.exact(l.level.wire())?)))
            .collect::<Result<Vec<_>, Refusal>>()?;
        if levels.is_empty() || levels.windows(2).any(|w| w[0].0 <= w[1].0 || w[0].1 <= w[1].1) {
            return Err(bad("levels stand highest first, each with a lower least score".into()));
        }
        Ok(Self {
            id: file.id,
            standard: file.standard,
            title_zh: file.title_zh,
            title_en: file.title_en,
            note: file.note,
            clauses,
            thresholds: Thresholds { levels, failing_special_deductions: file.special_deductions.fail_at },
            intervals: file.intervals,
        })
    }

    /// The clause of that id.
    #[must_use]
    pub fn clause(&self, id: &str) -> Option<&Clause> {
        self.clauses.iter().find(|c| c.id == id)
    }
}

fn check_parts(parts: &[FilePart], clauses: &[Clause]) -> Result<(), Refusal> {
    for (id, points) in PARTS_GBT27922 {
        let part = parts.iter().find(|p| p.part == id).ok_or_else(|| bad(format!("part {id} is missing")))?;
        let total = part.total.exact(id)?;
        if total != Points::from_integer(points.into()) {
            return Err(bad(format!("part {id} carries {points} points in GB/T 27922-2011, the file says {total}")));
        }
        let prefix = format!("{id}.");
        let sum = clauses.iter().filter(|c| c.id.starts_with(&prefix)).fold(Points::zero(), |s, c| s + &c.points);
        if sum != total {
            return Err(bad(format!("the clauses of part {id} sum to {sum} points instead of {total}")));
        }
    }
    let outside = |c: &&Clause| !PARTS_GBT27922.iter().any(|(id, _)| c.id.starts_with(&format!("{id}.")));
    match clauses.iter().find(outside) {
        Some(c) => Err(bad(format!("clause {} lies outside parts 5.1, 5.2 and 5.3", c.id))),
        None if parts.len() != PARTS_GBT27922.len() => Err(bad("there are exactly the parts 5.1, 5.2 and 5.3".into())),
        None => Ok(()),
    }
}

//! Standing of a certificate or a mark at an instant, and the flags derived from its dates.

use serde::{Deserialize, Serialize};

/// Standing in the public order of precedence, worst first: that order decides where several hold at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// 已撤销: taken back by the body for cause.
    Withdrawn,
    /// 已注销: given up by the holder, or the holder is gone.
    Cancelled,
    /// 已换证: replaced by a new certificate.
    Superseded,
    /// 已到期: its last day has passed.
    Expired,
    /// 暂停: may not be used for the time being.
    Suspended,
    /// 尚未生效: its first day has not come.
    NotYetEffective,
    /// 有效: in force.
    Valid,
}

impl Standing {
    /// Every standing, worst first.
    pub const ALL: [Self; 7] = [
        Self::Withdrawn,
        Self::Cancelled,
        Self::Superseded,
        Self::Expired,
        Self::Suspended,
        Self::NotYetEffective,
        Self::Valid,
    ];

    /// Name on the wire.
    #[must_use]
    pub const fn wire(self) -> &'static str {
        match self {
            Self::Withdrawn => "withdrawn",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
            Self::Expired => "expired",
            Self::Suspended => "suspended",
            Self::NotYetEffective => "not_yet_effective",
            Self::Valid => "valid",
        }
    }

    /// The word people read first.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Withdrawn => "已撤销",
            Self::Cancelled => "已注销",
            Self::Superseded => "已换证",
            Self::Expired => "已到期",
            Self::Suspended => "暂停",
            Self::NotYetEffective => "尚未生效",
            Self::Valid => "有效",
        }
    }

    /// The word beside it.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            Self::Withdrawn => "Withdrawn",
            Self::Cancelled => "Cancelled",
            Self::Superseded => "Superseded",
            Self::Expired => "Expired",
            Self::Suspended => "Suspended",
            Self::NotYetEffective => "Not yet in force",
            Self::Valid => "In force",
        }
    }
}

/// What the dates say besides the standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// Surveillance falls due within the notice time.
    SurveillanceDue,
    /// The surveillance date has passed without surveillance.
    SurveillanceOverdue,
    /// The end of validity is near.
    ExpiresSoon,
    /// The suspension's last day has passed: it must become a withdrawal.
    SuspensionRanOut,
}

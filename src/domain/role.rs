//! Roles in which something is done. Persons stay out of the public log; their codes stand in the private provenance.

use super::error::{Refusal, shown};
use serde::{Deserialize, Serialize};

/// A role of the body's staff, or the system itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Issues certificates and records surveillance.
    Registrar,
    /// Suspends, reinstates, withdraws and cancels.
    DecisionMaker,
    /// Licenses and revokes marks.
    MarkOfficer,
    /// Reads what is not public.
    Reader,
    /// Keeps the service: keys, tokens, the body's own data.
    Operator,
    /// The sweep.
    System,
}

impl Role {
    /// Roles a token can carry.
    pub const OF_TOKENS: [Self; 4] = [Self::Registrar, Self::DecisionMaker, Self::MarkOfficer, Self::Reader];

    /// Name on the wire.
    #[must_use]
    pub const fn wire(self) -> &'static str {
        match self {
            Self::Registrar => "registrar",
            Self::DecisionMaker => "decision_maker",
            Self::MarkOfficer => "mark_officer",
            Self::Reader => "reader",
            Self::Operator => "operator",
            Self::System => "system",
        }
    }

    /// For people, in Chinese.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Registrar => "发证登记",
            Self::DecisionMaker => "认证决定",
            Self::MarkOfficer => "标志管理",
            Self::Reader => "查阅",
            Self::Operator => "系统运维",
            Self::System => "系统",
        }
    }

    /// Reads the role of a token.
    ///
    /// # Errors
    /// `unknown_role` names the four there are.
    pub fn parse_of_token(text: &str) -> Result<Self, Refusal> {
        Self::OF_TOKENS.into_iter().find(|r| r.wire() == text).ok_or_else(|| {
            Refusal::invalid(
                "unknown_role",
                format!("“{}” is no role: there are registrar, decision_maker, mark_officer and reader", shown(text)),
            )
        })
    }
}

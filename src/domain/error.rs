//! The one way the product says no: what is wrong, where, and what would be right.

use std::borrow::Cow;
use std::fmt;

/// What sort of "no" a refusal is; the HTTP floor turns it into a status code, the CLI into an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// The input itself is malformed or contradicts itself.
    Invalid,
    /// The input is well formed, but a rule of the scheme forbids it now.
    Rule,
    /// Something with that identity stands already, or changed meanwhile.
    Conflict,
    /// What the input names does not exist.
    NotFound,
    /// The actor may not do this.
    Forbidden,
    /// What the input names exists and is not given out.
    Withheld,
    /// The service cannot do it for the time being; nothing is wrong with the input.
    Unavailable,
}

/// A refusal of input or of a state change. Nothing has been changed when one is returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The sort of refusal.
    pub kind: RefusalKind,
    /// Stable machine name in snake_case, e.g. `level_above_computed`.
    pub code: &'static str,
    /// One sentence for people: what, where, what would be right.
    pub message: Cow<'static, str>,
    /// JSON Pointer (RFC 6901) into the input; empty for the whole of it.
    pub pointer: String,
}

impl Refusal {
    /// Malformed input.
    pub fn invalid(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(RefusalKind::Invalid, code, message)
    }

    /// A rule of the scheme says no.
    pub fn rule(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(RefusalKind::Rule, code, message)
    }

    /// It stands already, or changed meanwhile.
    pub fn conflict(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(RefusalKind::Conflict, code, message)
    }

    /// There is no such thing.
    pub fn not_found(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(RefusalKind::NotFound, code, message)
    }

    /// The actor may not do this.
    pub fn forbidden(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(RefusalKind::Forbidden, code, message)
    }

    /// It is kept, and not given out.
    pub fn withheld(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(RefusalKind::Withheld, code, message)
    }

    /// It cannot be done for the time being.
    pub fn unavailable(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(RefusalKind::Unavailable, code, message)
    }

    fn new(kind: RefusalKind, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, code, message: message.into(), pointer: String::new() }
    }

    /// The same refusal, found below `parent` (a JSON Pointer such as `/holder`).
    #[must_use]
    pub fn under(mut self, parent: &str) -> Self {
        self.pointer.insert_str(0, parent);
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.pointer.is_empty() {
            write!(f, "{}: ", self.pointer)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

/// What was given, shortened for a message: at most 60 characters, control characters escaped.
#[must_use]
pub fn shown(value: &str) -> String {
    const SHOWN: usize = 60;
    let mut out: String = value.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if value.chars().nth(SHOWN).is_some() {
        out.push('…');
    }
    out
}

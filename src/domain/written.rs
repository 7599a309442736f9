//! Values that are written as one text: shown, stored and read back through their one parser.

/// Ties a type with `as_str()` and `parse(&str) -> Result<Self, Refusal>` to its text, for messages and for serde
/// (`#[serde(into = "String", try_from = "String")]`): whatever is read is parsed.
macro_rules! written {
    ($name:ident) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.as_str().to_owned()
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::domain::error::Refusal;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }
    };
}
pub(super) use written;

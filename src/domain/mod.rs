//! Floor 0: the words of the scheme. No I/O, no clock, no randomness; time is an argument.

pub mod dates;
pub mod error;
pub mod ids;
pub mod level;
pub mod link;
pub mod number;
pub mod text;
pub mod uscc;

pub use error::{Refusal, RefusalKind};
pub use ids::{CertificateId, MarkId};
pub use level::Level;
pub use link::Host;
pub use number::{CertificateNumber, NumberPattern};
pub use uscc::Uscc;

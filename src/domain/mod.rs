//! Floor 0: the words of the scheme. No I/O, no clock, no randomness; time is an argument.

pub mod certificate;
pub mod dates;
pub mod decision;
mod erratum;
pub mod error;
pub mod event;
pub mod holder;
pub mod ids;
pub mod level;
pub mod link;
pub mod mark_licence;
pub mod number;
pub mod reading;
pub mod reason;
pub mod record;
pub mod role;
pub mod scheme;
pub mod score;
pub mod standing;
pub mod status_entry;
pub mod text;
pub mod uscc;
pub mod written;

pub use certificate::{Certificate, CertificateChange};
pub use error::{Refusal, RefusalKind};
pub use event::{Event, Fact, Provenance};
pub use ids::{CertificateId, MarkId, ReceiptId};
pub use level::Level;
pub use link::Host;
pub use mark_licence::{MarkChange, MarkLicence};
pub use number::{CertificateNumber, NumberPattern};
pub use role::Role;
pub use scheme::Scheme;
pub use standing::{Flag, Standing};
pub use status_entry::{StatusEntry, StatusPurpose};
pub use uscc::Uscc;

//! What was handed in.

use super::pdf;
use crate::cli::exit::Usage;
use crate::cli::files;
use crate::domain::Host;
use crate::mark::ScannedUrl;
use crate::sign::canonical::MAX_BYTES;
use crate::sign::{KeyDocument, RECEIPT_TYPE};
use crate::verify::bundle::{BUNDLE_TYPE, Bundle};
use crate::verify::receipt;
use serde::Deserialize;
use serde_json::Value;
use std::path::Path;

/// An input, and whether it came attached to a PDF.
pub(super) struct Given {
    pub(super) input: Input,
    pub(super) in_pdf: bool,
}

/// An input, by what it looks like; nothing in it has been verified.
pub(super) enum Input {
    /// A mark's address or digits.
    Mark(String),
    /// A photograph or drawing in pixels.
    Picture(Vec<u8>),
    /// A certificate's file, or what is not any of the others.
    Certificate(Vec<u8>),
    /// A bundle.
    Bundle(Vec<u8>),
    /// A receipt.
    Receipt(Vec<u8>),
}

/// What a JSON file calls itself.
#[derive(Default, Deserialize)]
struct Kind {
    #[serde(rename = "type", default)]
    kind: Value,
}

impl Given {
    /// Reads what the argument names.
    ///
    /// # Errors
    /// A usage error for a file that is none of these.
    pub(super) fn of(argument: &str) -> anyhow::Result<Self> {
        let bare = |input| Ok(Self { input, in_pdf: false });
        let text = argument.trim();
        let is_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let is_address = |scheme: &str| text.get(..scheme.len()).is_some_and(|t| t.eq_ignore_ascii_case(scheme));
        if is_digits || is_address("https://") || is_address("http://") {
            return bare(Input::Mark(text.to_owned()));
        }
        let bytes = files::read(Path::new(argument), receipt::BYTES_MAX as u64)?;
        if is_picture(&bytes) {
            return bare(Input::Picture(bytes));
        }
        let in_pdf = pdf::is_pdf(&bytes);
        let bytes = match in_pdf.then(|| pdf::attachment(&bytes)) {
            None => bytes,
            Some(Some(attached)) => attached,
            Some(None) => {
                let why = "is a PDF with no signed file attached that is read here: a certificate's paper and a receipt's print as they were downloaded carry one, a scan or a reprint carries none. Take the JSON file itself, or the mark's address";
                return Err(Usage(format!("{argument} {why}")).into());
            }
        };
        Ok(Self { input: Input::file(argument, bytes)?, in_pdf })
    }
}

impl Input {
    /// A file that is no picture, by what it calls itself: then it is judged as that, good or bad.
    fn file(argument: &str, bytes: Vec<u8>) -> Result<Self, Usage> {
        let why = if is_other_file(&bytes) {
            "is neither a certificate, bundle or receipt nor a picture that is read here: save a photo as PNG, JPEG or WebP, the others as plain UTF-8 text without a byte order mark".to_owned()
        } else if bytes.trim_ascii_start().starts_with(b"<") {
            "is a drawing or a web page: verify the mark's PNG, a photo of it, or its address".to_owned()
        } else {
            let Kind { kind } = serde_json::from_slice(&bytes).unwrap_or_default();
            match kind.as_str() {
                Some(RECEIPT_TYPE) => return Ok(Self::Receipt(bytes)),
                _ if bytes.len() > MAX_BYTES => {
                    format!(
                        "is neither a picture nor a certificate, bundle or receipt: it has more than {MAX_BYTES} bytes"
                    )
                }
                Some(BUNDLE_TYPE) => return Ok(Self::Bundle(bytes)),
                _ => return Ok(Self::Certificate(bytes)),
            }
        };
        Err(Usage(format!("{argument} {why}")))
    }

    /// The host it says it is of.
    pub(super) fn host(&self) -> Option<Host> {
        let json = |bytes: &[u8]| receipt::parse(bytes).ok();
        match self {
            Self::Mark(text) => Host::parse(ScannedUrl::parse(text).ok()?.host).ok(),
            Self::Picture(_) => None,
            Self::Certificate(bytes) | Self::Receipt(bytes) => {
                Host::parse(json(bytes)?["issuer"].as_str()?.strip_prefix("did:web:")?).ok()
            }
            Self::Bundle(bytes) => Host::parse(json(bytes)?.get("host").and_then(Value::as_str)?).ok(),
        }
    }

    /// The keys it brings.
    pub(super) fn own_keys(&self) -> Option<KeyDocument> {
        match self {
            Self::Bundle(bytes) => Bundle::read(bytes).ok().map(|bundle| bundle.keys),
            Self::Mark(_) | Self::Picture(_) | Self::Certificate(_) | Self::Receipt(_) => None,
        }
    }
}

fn is_picture(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x89PNG")
        || bytes.starts_with(b"\xff\xd8\xff")
        || bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP")
}

/// Whether it is a file of a well-known other kind: sound, GIF, TIFF, BMP, HEIC, or text with a byte order mark. It speaks
/// neither for nor against the certificate or mark in it.
fn is_other_file(bytes: &[u8]) -> bool {
    const STARTS: [&[u8]; 8] = [b"RIFF", b"GIF8", b"II*\0", b"MM\0*", b"BM", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];
    bytes.is_empty() || bytes.get(4..8) == Some(b"ftyp") || STARTS.iter().any(|s| bytes.starts_with(s))
}

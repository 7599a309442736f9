//! `verify`: a certificate, a receipt, a mark's address or a photograph of a mark against a saved key document; no store, no
//! network.

mod photo;
mod receipt;
mod tell;

use super::exit::{Exit, Usage};
use super::files;
use crate::domain::CertificateId;
use crate::domain::dates::AsOf;
use crate::domain::record::Terms;
use crate::mark::payload::SignedToken;
use crate::mark::read::FILE_MAX;
use crate::service::clock::{Clock as _, Machine};
use crate::sign::KeyDocument;
use crate::sign::canonical::MAX_BYTES;
use crate::verify::receipt::Receipt;
use crate::verify::{self, Check, CheckName, CheckResult, Outcome, Source, Verdict};
use clap::Args;
use jiff::Timestamp;
use std::path::{Path, PathBuf};

/// Verify a certificate, a receipt, a mark's address or a photograph of a mark; needs no network and no store
#[derive(Debug, Args)]
#[command(
    after_help = "Exit 0: valid; of a receipt: genuine. 1: not valid. 2: cannot tell. 64: the command line or a file it names is not usable.\nWithout the register nobody can tell whether it was suspended or withdrawn since it was signed; the answer says so.\nThe key document is https://HOST/.well-known/did.json (or jwks.json), saved from a source you trust."
)]
pub(super) struct Verify {
    /// Certificate or receipt (JSON file), mark (https://HOST/m/DIGITS, or the digits), or photo of a mark (PNG or JPEG file)
    #[arg(value_name = "INPUT")]
    input: String,
    /// The body's key document
    #[arg(long, value_name = "FILE")]
    keys: PathBuf,
    /// About which day or instant, e.g. 2026-05-08 or 2026-05-08T09:30:00+08:00 [default: now]; not for a receipt, which names
    /// its own
    #[arg(long, value_name = "DATE|INSTANT", value_parser = AsOf::parse)]
    at: Option<AsOf>,
    /// Print JSON for programs
    #[arg(long)]
    json: bool,
}

/// When the question is asked, and about when.
#[derive(Debug, Clone, Copy)]
struct Moments {
    now: Timestamp,
    at: Timestamp,
}

/// What an input turned out to be, with the answer.
struct Answer {
    /// `certificate`, `mark`, `photo`, `receipt` or `page`.
    kind: &'static str,
    verdict: Verdict,
    certificate: Option<(CertificateId, Terms)>,
    mark: Option<SignedToken>,
    receipt: Option<Receipt>,
    /// Texts of the codes found in a photograph.
    codes: Vec<String>,
}

impl Answer {
    fn of_mark(text: &str, keys: &KeyDocument, moments: Moments) -> Self {
        let found = verify::mark::verify_offline(text, keys, moments.now, moments.at);
        Self { mark: found.genuine, ..Self::bare("mark", found.verdict) }
    }

    /// An answer that rests on one check.
    fn because(kind: &'static str, check: Check, at: Timestamp) -> Self {
        Self::bare(kind, Verdict::of(at, None, vec![check]))
    }

    fn bare(kind: &'static str, verdict: Verdict) -> Self {
        Self { kind, verdict, certificate: None, mark: None, receipt: None, codes: vec![] }
    }
}

impl Verify {
    pub(super) fn run(&self) -> anyhow::Result<Exit> {
        let keys = read_keys(&self.keys)?;
        let now = Machine.now();
        let moments = Moments { now, at: self.at.map_or(now, |a| a.instant(now)) };
        let answer = self.answer(&keys, moments)?;
        if self.json {
            tell::json(&answer, &keys)?
        } else {
            tell::text(&answer, &keys)?
        }
        Ok(match answer.verdict.verdict {
            Outcome::Valid => Exit::Done,
            Outcome::Invalid => Exit::Refused,
            Outcome::Undetermined => Exit::Undetermined,
        })
    }

    fn answer(&self, keys: &KeyDocument, moments: Moments) -> anyhow::Result<Answer> {
        let text = self.input.trim();
        let is_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let is_address = |scheme: &str| text.get(..scheme.len()).is_some_and(|t| t.eq_ignore_ascii_case(scheme));
        if is_digits || is_address("https://") || is_address("http://") {
            return Ok(match own_page(text, keys, moments) {
                Some(answer) => answer,
                None => Answer::of_mark(text, keys, moments),
            });
        }
        let bytes = files::read(Path::new(&self.input), FILE_MAX as u64)?;
        if is_picture(&bytes) {
            return Ok(photo::answer(&bytes, keys, moments));
        }
        if is_other_file(&bytes) {
            let why = format!(
                "{} is neither a certificate or receipt nor a picture that is read here: save a photo as PNG or JPEG, a certificate or receipt as plain UTF-8 text without a byte order mark",
                self.input
            );
            return Err(Usage(why).into());
        }
        if bytes.trim_ascii_start().starts_with(b"<") {
            let why = format!(
                "{} is a drawing or a web page: verify the mark's PNG, a photo of it, or its address",
                self.input
            );
            return Err(Usage(why).into());
        }
        if bytes.len() > MAX_BYTES {
            return Err(Usage(format!(
                "{} is neither a picture nor a certificate or receipt: it has more than {MAX_BYTES} bytes",
                self.input
            ))
            .into());
        }
        if receipt::is_receipt(&bytes) {
            if self.at.is_some() {
                let why =
                    "a receipt answers about the moment it names: leave --at out, or verify the certificate itself";
                return Err(Usage(why.to_owned()).into());
            }
            let found = verify::receipt::verify_offline(&bytes, keys, moments.now);
            return Ok(Answer { receipt: found.genuine, ..Answer::bare("receipt", found.verdict) });
        }
        let found = verify::certificate::verify_offline(&bytes, keys, moments.now, moments.at);
        Ok(Answer { certificate: found.genuine, ..Answer::bare("certificate", found.verdict) })
    }
}

fn is_picture(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x89PNG") || bytes.starts_with(b"\xff\xd8\xff")
}

/// Whether it is a file of a well-known other kind: WebP, GIF, TIFF, BMP, HEIC, PDF, or text with a byte order mark. It speaks
/// neither for nor against the certificate or mark in it.
fn is_other_file(bytes: &[u8]) -> bool {
    const STARTS: [&[u8]; 9] =
        [b"RIFF", b"GIF8", b"II*\0", b"MM\0*", b"BM", b"%PDF", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];
    bytes.is_empty() || bytes.get(4..8) == Some(b"ftyp") || STARTS.iter().any(|s| bytes.starts_with(s))
}

/// An address of this body's pages that is not exactly what stands in a code, as people copy it from a browser: it proves
/// nothing by itself, nor does it speak against anything.
fn own_page(text: &str, keys: &KeyDocument, moments: Moments) -> Option<Answer> {
    let (host, prefix) = (keys.host(), keys.host().mark_prefix());
    if text.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_alphanumeric())) {
        return None;
    }
    let (scheme, rest) = text.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let port = if scheme.eq_ignore_ascii_case("https") { ":443" } else { ":80" };
    if !authority.strip_suffix(port).unwrap_or(authority).eq_ignore_ascii_case(host.as_str()) {
        return None;
    }
    let path = path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let last = path.rsplit('/').next().unwrap_or_default();
    let (code, message, message_zh) = match (CertificateId::parse(last), path.strip_prefix("/m/")) {
        (_, Some(digits)) if digits.bytes().all(|b| b.is_ascii_digit()) => (
            "mark_page",
            format!("this is the address of a mark's page: give the text of its code alone, {prefix}{digits}"),
            format!("这是标志查询页的网址；请只给出码里的内容 {prefix}{digits}"),
        ),
        (Ok(_), None) => (
            "certificate_link",
            "this is the address of a certificate's page: save its signed file from there and verify that".into(),
            "这是证书查询页的网址，本身没有签名；请下载证书文件再核验".into(),
        ),
        _ => (
            "page_address",
            format!("this is an address of https://{host} that is neither a mark's nor a certificate's"),
            format!("这是 https://{host} 的网址，但不是标志也不是证书的"),
        ),
    };
    let check = Check {
        check: CheckName::Signature,
        result: CheckResult::Undetermined,
        required: true,
        code,
        message,
        message_zh,
        source: Source::Nothing,
        known_at: moments.now,
    };
    Some(Answer::because("page", check, moments.at))
}

fn read_keys(file: &Path) -> anyhow::Result<KeyDocument> {
    let bytes = files::read(file, MAX_BYTES as u64)?;
    KeyDocument::parse(&bytes)
        .or_else(|refusal| KeyDocument::parse_jwks(&bytes).map_err(|_| refusal))
        .map_err(|refusal| Usage(format!("{}: {refusal}", file.display())).into())
}

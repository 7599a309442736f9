//! `verify`: a certificate, a bundle, a receipt, a paper that one of them is attached to, a mark's address or a photograph of a mark
//! against saved keys; no store, no network.

mod input;
mod lines;
mod pdf;
mod photo;
mod receipt;
mod tell;

use super::exit::{Exit, Usage};
use super::{files, trust};
use crate::domain::CertificateId;
use crate::domain::dates::AsOf;
use crate::domain::record::Terms;
use crate::mark::payload::SignedToken;
use crate::service::clock::{Clock as _, Machine};
use crate::sign::canonical::MAX_BYTES;
use crate::sign::mark_list::BYTES_MAX;
use crate::sign::{KeyDocument, MarkList};
use crate::verify::bundle::{Trust, verify_bundle};
use crate::verify::certificate::Finding;
use crate::verify::receipt::Receipt;
use crate::verify::{self, Check, CheckName, CheckResult, Outcome, Source, Verdict};
use clap::Args;
use input::{Given, Input};
use jiff::Timestamp;
use serde_json::Value;
use std::path::PathBuf;

/// Verify a certificate, a bundle, a receipt, a paper of these, a mark's address or a photograph of a mark; needs no network and no store
#[derive(Debug, Args)]
#[command(
    after_help = "Exit 0: valid; of a receipt: genuine. 1: not valid. 2: cannot tell. 64: the command line or a file it names is not usable.\nA certificate's file alone does not tell whether it was suspended or withdrawn since it was signed; a bundle (https://HOST/api/v1/bundle/ID) does, and so do its status lists. A mark's code alone does not tell either; the list of marks (https://HOST/status/marks) tells what was out of use when it was made.\nThe body's keys are those of --keys, else those remembered by starmark trust. They are https://HOST/.well-known/did.json, saved from a source you trust; a bundle without either is held against the keys it brings, which is told and is not enough for an answer of valid."
)]
pub(super) struct Verify {
    /// Certificate, bundle or receipt (JSON file, or the PDF it is attached to), mark (https://HOST/m/DIGITS, or the digits), or photo
    /// of a mark (PNG, JPEG or WebP file)
    #[arg(value_name = "INPUT")]
    input: String,
    /// The body's key document [default: the keys remembered by starmark trust]
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// A status list the certificate names, saved from its address; both are needed. For a mark: the list of marks, saved from
    /// https://HOST/status/marks
    #[arg(long, value_name = "FILE")]
    status: Vec<PathBuf>,
    /// About which day or instant, e.g. 2026-05-08 or 2026-05-08T09:30:00+08:00 [default: now]; not for a receipt, which
    /// names its own
    #[arg(long, value_name = "DATE|INSTANT", value_parser = AsOf::parse)]
    at: Option<AsOf>,
    /// INPUT is a file of certificates, one on each line (- for standard input): tells which of them are not valid, and with --json of each
    #[arg(long)]
    lines: bool,
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
    /// `certificate`, `bundle`, `mark`, `photo`, `receipt` or `page`.
    kind: &'static str,
    verdict: Verdict,
    certificate: Option<(CertificateId, Terms)>,
    mark: Option<SignedToken>,
    receipt: Option<Receipt>,
    /// Texts of the codes found in a photograph.
    codes: Vec<String>,
}

impl Answer {
    fn of_mark(text: &str, held: &Held, moments: Moments) -> Self {
        let found = verify::mark::verify_offline(text, &held.keys, held.marks.as_ref(), moments.now, moments.at);
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

/// The keys an input is held against.
struct Held {
    keys: KeyDocument,
    /// The input brought them itself.
    own_word: bool,
    /// For a mark: the list that was given.
    marks: Option<MarkList>,
}

impl Verify {
    pub(super) fn run(&self) -> anyhow::Result<Exit> {
        if self.lines {
            let now = Machine.now();
            let held = self.keys_for(&Input::Certificate(vec![]))?;
            return self.each_line(&held.keys, Moments { now, at: self.at.map_or(now, |a| a.instant(now)) });
        }
        let Given { input, in_pdf } = Given::of(&self.input)?;
        let now = Machine.now();
        let mut held = self.keys_for(&input)?;
        if matches!(input, Input::Mark(_) | Input::Picture(_)) {
            held.marks = self.mark_list(&held.keys, now)?;
        }
        // A list that the body signed has surely been made.
        let now = held.marks.as_ref().map_or(now, |list| now.max(list.as_of));
        let moments = Moments { now, at: self.at.map_or(now, |a| a.instant(now)) };
        let answer = self.answer(&input, &held, moments)?;
        if self.json {
            tell::json(&answer, &held.keys)?
        } else {
            tell::text(&answer, &held.keys, in_pdf)?
        }
        Ok(match answer.verdict.verdict {
            Outcome::Valid => Exit::Done,
            Outcome::Invalid => Exit::Refused,
            Outcome::Undetermined => Exit::Undetermined,
        })
    }

    /// The keys named, else those remembered of the input's host, else those it brings itself.
    fn keys_for(&self, input: &Input) -> anyhow::Result<Held> {
        let given = |keys| Held { keys, own_word: false, marks: None };
        if let Some(file) = &self.keys {
            let keys = trust::read_keys(file)?;
            if let Some(why) = trust::trusted(keys.host())?.and_then(|known| trust::contradiction(&known, &keys)) {
                eprintln!("starmark: warning: {}: {why}. It is taken all the same, as it was named", file.display());
            }
            return Ok(given(keys));
        }
        let known = match input.host() {
            Some(host) => trust::trusted(&host)?,
            None => trust::only_one()?,
        };
        match (known, input.own_keys()) {
            (Some(keys), _) => Ok(given(keys)),
            (None, Some(keys)) => Ok(Held { keys, own_word: true, marks: None }),
            (None, None) => Err(Usage(
                "name the body's keys with --keys FILE, or remember them once with starmark trust FILE".into(),
            )
            .into()),
        }
    }

    fn answer(&self, input: &Input, held: &Held, moments: Moments) -> anyhow::Result<Answer> {
        let Held { keys, own_word, .. } = held;
        let of_certificate =
            |kind, found: Finding| Answer { certificate: found.genuine, ..Answer::bare(kind, found.verdict) };
        Ok(match input {
            Input::Mark(text) => match own_page(text, keys, moments) {
                Some(answer) => answer,
                None => Answer::of_mark(text, held, moments),
            },
            Input::Picture(bytes) => photo::answer(bytes, held, moments),
            Input::Certificate(bytes) => {
                let found = verify::certificate::verify_offline(bytes, keys, moments.now, moments.at);
                let found = match self.lists()? {
                    Some(lists) => verify::status::with_lists(found, &lists, keys, moments.now),
                    None => found,
                };
                of_certificate("certificate", found)
            }
            Input::Receipt(_) if self.at.is_some() => {
                let why =
                    "a receipt answers about the moment it names: leave --at out, or verify the certificate itself";
                return Err(Usage(why.to_owned()).into());
            }
            Input::Receipt(bytes) => {
                let found = verify::receipt::verify_offline(bytes, keys, moments.now);
                Answer { receipt: found.genuine, ..Answer::bare("receipt", found.verdict) }
            }
            Input::Bundle(bytes) => {
                let trust = if *own_word { Trust::OwnWord } else { Trust::Given(keys) };
                of_certificate("bundle", verify_bundle(bytes, trust, moments.now, moments.at))
            }
        })
    }

    /// The list of marks that was given; none where none was. Of several the latest counts.
    fn mark_list(&self, keys: &KeyDocument, now: Timestamp) -> anyhow::Result<Option<MarkList>> {
        let read = |file: &PathBuf| {
            let bytes = files::read(file, BYTES_MAX as u64)?;
            verify::mark_list::verified(&bytes, keys, now).map_err(|why| {
                anyhow::Error::from(Usage(format!("{}: this list of marks cannot be used: {why}", file.display())))
            })
        };
        let lists = self.status.iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
        Ok(lists.into_iter().max_by_key(|list| list.as_of))
    }

    /// The status lists that were given; none where none were.
    fn lists(&self) -> anyhow::Result<Option<Vec<Value>>> {
        let read = |file: &PathBuf| Ok(verify::status::read_bytes(&files::read(file, MAX_BYTES as u64)?));
        let lists = self.status.iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
        Ok((!lists.is_empty()).then_some(lists))
    }
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

//! Reports of misuse: what strangers saw of a mark, kept with its evidence for the body, and what the body made of it.

use super::actor::Actor;
use super::search::Meant;
use super::{Service, ServiceError, sha256_hex};
use crate::domain::error::shown;
use crate::domain::report::{Closure, Outcome, Report};
use crate::domain::text::{Note, Place, Seen};
use crate::domain::written::seen;
use crate::domain::{Refusal, ReportId, Role};
use crate::mark::evidence::photograph;
use crate::mark::read::codes;
use crate::store::{PageRequest, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Folder of the reports, one folder each.
pub(super) const FOLDER: &str = "reports";
/// What is in such a folder.
const REPORT: &str = "report.json";
const PHOTO: &str = "photo.jpg";
const CLOSURE: &str = "closure.json";
/// Most reports that are kept: with 800 KB each at most, 8 GB. Whoever answers for them removes old ones from the folder.
const REPORTS_MAX: usize = 10_000;
/// Most reports of one day: what a body can look at, and far more than there are.
const REPORTS_OF_DAY_MAX: usize = 1_000;
/// Who looks at reports and closes them.
const MAY_CLOSE: [Role; 2] = [Role::MarkOfficer, Role::Registrar];

/// What somebody reports.
#[derive(Debug, Clone, Default)]
pub struct Saw {
    /// The number, code or address it is about.
    pub about: String,
    /// Where it was seen; may be empty.
    pub place: String,
    /// What is wrong with it; may be empty where there is a picture.
    pub note: String,
    /// A picture of it.
    pub photo: Option<Vec<u8>>,
}

/// A report, and what the body made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What was reported.
    pub report: Report,
    /// None while it is open.
    pub closure: Option<Closure>,
}

/// A page of reports.
#[derive(Debug, Clone)]
pub struct Cases {
    /// The newest first.
    pub items: Vec<Case>,
    /// How many there are in all.
    pub total: usize,
}

impl Service {
    /// Keeps what somebody reports; when this answers it would survive a power loss. `here` is the host the pages are reached
    /// at, where that is not the one in codes.
    ///
    /// # Errors
    /// Every fault with its place: `text_empty`, `text_too_long`, `nothing_reported`, `photo_too_large`, `photo_unreadable`;
    /// `reports_full` where no more are kept for now; store failures.
    pub fn report(&self, saw: &Saw, here: &str) -> Result<Report, ServiceError> {
        let about = Seen::parse(&seen(&saw.about)).map_err(|r| r.under("/about"));
        let place = given(&saw.place, Place::parse, "/place");
        let note = given(&saw.note, Note::parse, "/note");
        let (about, place, note) = match (about, place, note) {
            (Ok(about), Ok(place), Ok(note)) => (about, place, note),
            (about, place, note) => {
                return Err([about.err(), place.err(), note.err()].into_iter().flatten().collect::<Vec<_>>().into());
            }
        };
        if note.is_none() && saw.photo.is_none() {
            let why = "say what is wrong with it, or send a picture of it";
            return Err(Refusal::invalid("nothing_reported", why).under("/note").into());
        }
        let photo = saw.photo.as_deref().map(photograph).transpose().map_err(|r| r.under("/photo"))?;
        // A picture with more codes than are told is evidence all the same.
        let (codes, many_codes) = match saw.photo.as_deref().map(codes) {
            Some(Ok(found)) => (found.iter().map(|code| shown(&seen(code))).collect(), false),
            Some(Err(_)) => (vec![], true),
            None => (vec![], false),
        };
        // What is on none may be all that stands on a forgery.
        let (mark, certificate) = match self.meant(about.as_str(), here)? {
            Some(Meant::Mark(licence)) => (Some(licence.id), Some(licence.terms().certificate)),
            Some(Meant::Certificate(certificate)) => (None, Some(certificate.id)),
            Some(Meant::Holder(..)) | None => (None, None),
        };
        let made_at = self.now();
        let report = Report {
            id: ReportId::new(made_at, self.random()?),
            made_at,
            about,
            mark,
            certificate,
            place,
            note,
            photo_sha256: photo.as_deref().map(sha256_hex),
            codes,
            many_codes,
        };
        self.has_room_for(&report.id)?;
        // The picture first: a report that can be seen has what belongs to it.
        if let Some(photo) = photo {
            self.drawer.put(&key(&report.id, PHOTO), &photo).map_err(no_room)?;
        }
        self.drawer.put(&key(&report.id, REPORT), &json(&report)?).map_err(no_room)?;
        Ok(report)
    }

    fn has_room_for(&self, id: &ReportId) -> Result<(), ServiceError> {
        let names = self.drawer.names(FOLDER)?;
        let day = id.as_str().split_once('-').map_or("", |(day, _)| day);
        let of_day = names.iter().filter(|name| name.starts_with(day)).count();
        if names.len() < REPORTS_MAX && of_day < REPORTS_OF_DAY_MAX {
            return Ok(());
        }
        tracing::error!(
            reports = names.len(),
            today = of_day,
            "no more reports of misuse are kept: move those that are settled out of the folder “{FOLDER}” of the data directory"
        );
        Err(full())
    }

    /// A report by its name, with what came of it; none where there is none.
    ///
    /// # Errors
    /// Store failures.
    pub fn case(&self, id: &ReportId) -> Result<Option<Case>, ServiceError> {
        let Some(report) = self.filed::<Report>(id, REPORT)? else { return Ok(None) };
        Ok(Some(Case { report, closure: self.filed(id, CLOSURE)? }))
    }

    /// Reports, the newest first; only the open ones where `open` says so.
    ///
    /// # Errors
    /// `role_missing`; store failures.
    pub fn cases(&self, actor: &Actor, open: bool, page: PageRequest) -> Result<Cases, ServiceError> {
        actor.acting_as_one_of(&Role::OF_TOKENS)?;
        let mut ids = vec![];
        for name in self.drawer.names(FOLDER)?.iter().rev() {
            let Ok(id) = ReportId::parse(name) else { continue };
            let files = self.drawer.names(&format!("{FOLDER}/{id}"))?;
            let has = |file: &str| files.iter().any(|f| f == file);
            if has(REPORT) && !(open && has(CLOSURE)) {
                ids.push(id);
            }
        }
        let total = ids.len();
        let wanted = ids.iter().skip(page.offset).take(page.size.min(PageRequest::MAX));
        let items = wanted.map(|id| self.case(id)).collect::<Result<Vec<_>, _>>()?;
        Ok(Cases { items: items.into_iter().flatten().collect(), total })
    }

    /// The picture that came with a report (JPEG).
    ///
    /// # Errors
    /// `role_missing`; store failures.
    pub fn photo_of(&self, actor: &Actor, id: &ReportId) -> Result<Option<Vec<u8>>, ServiceError> {
        actor.acting_as_one_of(&Role::OF_TOKENS)?;
        Ok(self.drawer.get(&key(id, PHOTO))?)
    }

    /// Closes a report; the same again is one act.
    ///
    /// # Errors
    /// `role_missing`; `no_such_report`; `report_closed` where it was closed otherwise; store failures.
    pub fn close_report(
        &self,
        actor: &Actor,
        id: &ReportId,
        outcome: Outcome,
        note: Option<Note>,
    ) -> Result<Case, ServiceError> {
        actor.acting_as_one_of(&MAY_CLOSE)?;
        let _one = self.closing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let missing = || Refusal::not_found("no_such_report", format!("there is no report {id}"));
        let case = self.case(id)?.ok_or_else(missing)?;
        match &case.closure {
            Some(closure) if (closure.outcome, &closure.note) == (outcome, &note) => return Ok(case),
            Some(closure) => {
                let why = format!("report {id} was closed as {} already", closure.outcome.wire());
                return Err(Refusal::conflict("report_closed", why).into());
            }
            None => {}
        }
        let closure = Closure { outcome, note, by: actor.by.clone(), closed_at: self.now() };
        self.drawer.put(&key(id, CLOSURE), &json(&closure)?)?;
        Ok(Case { closure: Some(closure), ..case })
    }

    fn filed<T: DeserializeOwned>(&self, id: &ReportId, file: &'static str) -> Result<Option<T>, ServiceError> {
        let key = key(id, file);
        let Some(bytes) = self.drawer.get(&key)? else { return Ok(None) };
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| StoreError::Corrupt { table: "reports", key, field: file, why: error.to_string() }.into())
    }
}

/// A text that may be left out.
fn given<T>(text: &str, parse: fn(&str) -> Result<T, Refusal>, pointer: &str) -> Result<Option<T>, Refusal> {
    // A form's line break is two characters.
    let text = seen(text).split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() { Ok(None) } else { parse(&text).map(Some).map_err(|r| r.under(pointer)) }
}

fn key(id: &ReportId, file: &str) -> String {
    format!("{FOLDER}/{id}/{file}")
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, ServiceError> {
    serde_json::to_vec(value).map_err(|e| ServiceError::SelfCheck(e.to_string()))
}

fn full() -> ServiceError {
    let why = "no more reports are kept for now; nothing was kept. Tell the certification body itself";
    Refusal::unavailable("reports_full", why).into()
}

/// Too little room is no fault of who reports.
fn no_room(error: StoreError) -> ServiceError {
    match error {
        StoreError::Full(why) => {
            tracing::error!(why, "a report was not kept");
            full()
        }
        other => other.into(),
    }
}

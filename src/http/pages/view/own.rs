//! What a certificate's page gives the reader's browser to verify by itself. Without script it shows nothing.

use crate::http::pages::scripts::Script;
use crate::service::lookup::{Asked, CertificateAnswer};
use crate::verify::Verdict;

/// What the browser is told: where the bundle is, and what this page says of it.
#[derive(Debug, Clone)]
pub struct Own {
    /// The certificate.
    pub id: String,
    /// Path of the bundle.
    pub bundle: String,
    /// The instant asked about, where it is not now.
    pub at: Option<String>,
    /// When this page was made.
    pub now: String,
    /// The verdict of this page.
    pub verdict: &'static str,
    /// The standing of this page; empty where it is not known.
    pub standing: &'static str,
    /// What does it.
    pub script: Script,
}

impl Own {
    /// Nothing where no bundle tells what this page tells: of what was known at another time, or of a time to come.
    #[must_use]
    pub fn of(answer: &CertificateAnswer, asked: Asked) -> Option<Self> {
        let moment = answer.moment;
        if asked.known_at.is_some() || moment.at > moment.now {
            return None;
        }
        let id = answer.certificate.id.to_string();
        let at = (moment.at != moment.now).then(|| moment.at.to_string());
        let asked = at.as_ref().map_or_else(String::new, |at| format!("?as_of={at}"));
        let Verdict { verdict, standing, .. } = &answer.finding.verdict;
        Some(Self {
            bundle: format!("/api/v1/bundle/{id}{asked}"),
            id,
            at,
            now: moment.now.to_string(),
            verdict: verdict.wire(),
            standing: standing.map_or("", |s| s.wire()),
            script: Script::of("of-certificate.js"),
        })
    }
}

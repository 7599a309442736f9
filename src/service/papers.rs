//! The certificate on paper, as a file to print and to keep, or as a picture of one of its pages.

use super::lookup::Asked;
use super::{Service, ServiceError};
use crate::domain::dates::china_day;
use crate::domain::{Certificate, Refusal, Standing};
use crate::draw::pdf::{About, Attachment, Use, pdf};
use crate::draw::png::png;
use crate::print::certificate::Papers;
use crate::verify::Outcome;

/// What is made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaperFormat {
    /// All pages, the signed record attached (PDF/A-3).
    Pdf,
    /// One page as pixels.
    Png {
        /// Counted from 1.
        page: usize,
        /// Dots per inch.
        dpi: u32,
    },
}

impl PaperFormat {
    /// Resolution of a preview unless asked otherwise.
    pub const DPI: u32 = 150;
    /// Lowest and highest resolution that can be asked for.
    pub const DPI_RANGE: (u32, u32) = (50, 600);

    /// From words: `pdf`, or `png` with a page and a resolution.
    ///
    /// # Errors
    /// `unknown_paper_format`, `bad_paper_page`, `bad_paper_dpi`.
    pub fn parse(format: &str, page: Option<&str>, dpi: Option<&str>) -> Result<Self, Refusal> {
        let whole = |text: Option<&str>, default: u32, (low, high): (u32, u32), code, what: &str| {
            let Some(text) = text else { return Ok(default) };
            let number = Some(text).filter(|t| t.len() <= 4 && t.bytes().all(|b| b.is_ascii_digit()));
            let number = number.and_then(|t| t.parse().ok()).filter(|n| (low..=high).contains(n));
            let why = || Refusal::invalid(code, format!("{what} is a whole number from {low} to {high}"));
            number.ok_or_else(why)
        };
        match format {
            "pdf" if page.is_some() || dpi.is_some() => {
                Err(Refusal::invalid("bad_paper_format", "page and dpi are for png; a pdf has all pages"))
            }
            "pdf" => Ok(Self::Pdf),
            "png" => Ok(Self::Png {
                page: whole(page, 1, (1, 9_999), "bad_paper_page", "the page")? as usize,
                dpi: whole(dpi, Self::DPI, Self::DPI_RANGE, "bad_paper_dpi", "dpi")?,
            }),
            other => {
                let why = format!(
                    "“{}” is no format of a certificate: there are pdf and png",
                    crate::domain::error::shown(other)
                );
                Err(Refusal::invalid("unknown_paper_format", why))
            }
        }
    }

    /// Media type (IANA).
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Png { .. } => "image/png",
        }
    }

    /// Name of the file.
    #[must_use]
    pub fn file_name(self, certificate: &Certificate) -> String {
        let number = &certificate.terms().number;
        match self {
            Self::Pdf => format!("certificate-{number}.pdf"),
            Self::Png { page, .. } => format!("certificate-{number}-{page}.png"),
        }
    }
}

impl Service {
    /// A certificate on paper, as it stands now: what is not in force says so across every page. The same state gives the same bytes.
    ///
    /// # Errors
    /// `record_withheld`; `paper_standing_unknown` where it cannot be told how it stands; `bad_paper_page` for a page there is none
    /// of; `print_letter_missing`, `print_text_too_long`; store failures.
    pub fn certificate_paper(&self, certificate: &Certificate, format: PaperFormat) -> Result<Vec<u8>, ServiceError> {
        let now = self.now();
        let record = self.credential(certificate)?;
        let unknown = || {
            let why = "how this certificate stands cannot be told now, so that it is not printed";
            Refusal::rule("paper_standing_unknown", why)
        };
        let answer = self.certificate_answer(certificate.id, Asked::default())?.ok_or_else(unknown)?;
        let found = answer.finding.verdict;
        // In force takes every check; that it is not takes one.
        let told = found.standing.filter(|s| *s != Standing::Valid || found.verdict == Outcome::Valid);
        let standing = told.ok_or_else(unknown)?;
        let stands = certificate.standing(now, now).filter(|s| s.standing == standing).ok_or_else(unknown)?;
        let id = certificate.id;
        let (host, url) = (self.host().to_string(), self.host().certificate_url(id));
        let papers =
            Papers { certificate, standing, since: china_day(stands.since), known_at: now, host: &host, url: &url };
        let pages = crate::print::certificate::certificate(&papers)?;
        let failed = |why: crate::draw::DrawError| Refusal::rule("print_failed", why.to_string());
        match format {
            PaperFormat::Pdf => {
                let newest = certificate.life().iter().map(|step| step.recorded_at).filter(|at| *at <= now).max();
                let about = About {
                    title: format!("商品售后服务认证证书 {}", certificate.terms().number),
                    author: certificate.terms().body.name.to_string(),
                    made_at: newest,
                    id: url.clone(),
                };
                let attachment = Attachment {
                    name: format!("certificate-{id}.json"),
                    media_type: "application/vc",
                    description: "The signed record of this certificate".to_owned(),
                    bytes: record,
                };
                Ok(pdf(&pages, &about, Use::Archive(vec![attachment])).map_err(failed)?)
            }
            PaperFormat::Png { page, dpi } => {
                let all = pages.len();
                let why = || {
                    Refusal::invalid(
                        "bad_paper_page",
                        format!("this certificate has {all} pages on paper, and no page {page}"),
                    )
                };
                let page = page.checked_sub(1).and_then(|i| pages.into_iter().nth(i)).ok_or_else(why)?;
                Ok(png(&page, f64::from(dpi) / 25.4).map_err(failed)?)
            }
        }
    }
}

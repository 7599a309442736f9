//! How a mark will look, before its file is taken and before it is licensed.

use super::{Service, ServiceError};
use crate::domain::dates::china_day;
use crate::domain::mark_licence::Medium;
use crate::domain::{Certificate, CertificateId, MarkId, Refusal};
use crate::mark::artwork::compose;
use crate::mark::{Claims, Class, Face, File, MarkText, Order, render};

/// Which mark is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looked {
    /// A granted one, as it is.
    Licensed(MarkId),
    /// One that is not licensed: a test mark, which says of itself in letters and code that it proves nothing.
    Planned(Medium),
}

impl Service {
    /// The file of a mark for looking at. What is not licensed is drawn as a test mark.
    ///
    /// # Errors
    /// `medium_not_allowed`, `mark_not_active`, `no_such_mark`, `mark_of_another` for a mark of another certificate, or why it
    /// cannot be drawn so.
    pub fn mark_preview(&self, of: CertificateId, looked: Looked, order: &Order) -> Result<File, ServiceError> {
        match looked {
            Looked::Licensed(id) => {
                if self.mark(id)?.terms().certificate != of {
                    let why = format!("mark {id} belongs to another certificate");
                    return Err(Refusal::invalid("mark_of_another", why).into());
                }
                self.artwork(id, order)
            }
            Looked::Planned(medium) => {
                self.allows(medium)?;
                let certificate = self.certificate(of)?;
                let text = match order.layout.class() {
                    Class::Link => MarkText::Link(MarkId::from_bytes([0; 6])),
                    Class::Signed => self.test_mark(&certificate)?,
                };
                let face = Face { test: true, ..self.face_of(certificate.terms()) };
                Ok(render(&face, &text, order)?)
            }
        }
    }

    /// Whether that mark can be drawn so.
    ///
    /// # Errors
    /// As [`Self::mark_preview`], but for what only its pixels show.
    pub fn mark_goes(&self, of: &Certificate, looked: Looked, order: &Order) -> Result<(), ServiceError> {
        let test = match looked {
            Looked::Licensed(id) => {
                self.usable_mark(id)?;
                false
            }
            Looked::Planned(medium) => {
                self.allows(medium)?;
                true
            }
        };
        let face = Face { test, ..self.face_of(of.terms()) };
        Ok(compose(&face, order.layout, order.ink, order.words, order.size()?.0).map(drop)?)
    }

    fn allows(&self, medium: Medium) -> Result<(), Refusal> {
        match medium == Medium::Packaging && !self.body().policy.packaging_marks {
            true => Err(super::marks::packaging_forbidden()),
            false => Ok(()),
        }
    }

    /// A signed code with its test bit set (SPEC-mark, section 4), of no licence.
    fn test_mark(&self, certificate: &Certificate) -> Result<MarkText, ServiceError> {
        let now = self.now();
        let terms = certificate.terms();
        let signed = self.signed_mark(now, |key_hint| Claims {
            level: terms.level,
            test: true,
            key_hint,
            mark: MarkId::from_bytes([0; 6]),
            issued: china_day(now).min(terms.valid_until),
            expires: terms.valid_until,
            // Nobody's: whatever it is held against, it names no holder.
            holder: None,
        })?;
        Ok(MarkText::Signed(signed))
    }
}

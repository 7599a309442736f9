//! What the public types, found: a number, an identifier, a code, a name, or an address pasted whole.

use super::typed::{Address, Leads, grouped_digits, trimmed, unlabelled};
use super::{Service, ServiceError};
use crate::domain::error::shown;
use crate::domain::ids::ID_DIGITS;
use crate::domain::text::Name;
use crate::domain::written::plain;
use crate::domain::{Certificate, CertificateId, CertificateNumber, MarkLicence, Refusal, Uscc};
use crate::mark::MarkText;
use crate::store::{Page, PageRequest};

/// What a search came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A page of this body, whatever it will say of those digits; [`Leads::Elsewhere`] where there is none.
    Ours(Leads),
    /// An address of that other host: nothing was looked up.
    Foreign(String),
    /// Certificates of a holder, by code or name; none where there are none.
    List(Page<Certificate>),
}

/// The one thing on record that somebody means.
#[derive(Debug, Clone)]
pub enum Meant {
    /// A mark licence.
    Mark(Box<MarkLicence>),
    /// A certificate.
    Certificate(Box<Certificate>),
    /// A firm that holds certificates.
    Holder(Uscc, Name),
}

impl Service {
    /// The one thing on record that a text means; none where it means nothing, somebody else's, or several. `here` is the host the
    /// pages are reached at, where that is not the one in codes.
    ///
    /// # Errors
    /// Store failures.
    pub fn meant(&self, typed: &str, here: &str) -> Result<Option<Meant>, ServiceError> {
        let found = match self.search(typed, here, PageRequest { offset: 0, size: PageRequest::MAX }) {
            Err(ServiceError::Refused(_)) => return Ok(None),
            found => found?,
        };
        Ok(match found {
            Found::Ours(Leads::Certificate(id)) => match CertificateId::parse(&id) {
                Ok(id) => self.store.certificate(id)?.map(|c| Meant::Certificate(Box::new(c))),
                Err(_) => None,
            },
            Found::Ours(Leads::Mark(digits)) => match MarkText::parse(&digits) {
                Ok(text) => self.store.mark(text.mark())?.map(|m| Meant::Mark(Box::new(m))),
                Err(_) => None,
            },
            Found::List(Page { items, total }) => match items.split_first() {
                Some((first, rest)) => {
                    let holder = &first.terms().holder;
                    let same = rest.iter().all(|c| c.terms().holder.uscc == holder.uscc);
                    // Of more than one page all are this firm's where it holds as many.
                    let whole = items.len() == total || self.store.certificates_of(holder.uscc)?.len() == total;
                    (same && whole).then(|| Meant::Holder(holder.uscc, holder.name.clone()))
                }
                None => None,
            },
            Found::Ours(Leads::Receipt(_) | Leads::Elsewhere) | Found::Foreign(_) => None,
        })
    }

    /// Finds what people type or paste. `here` is the host the pages are reached at, where that is not the one in codes.
    ///
    /// # Errors
    /// `text_too_long` for what is longer than any name; `text_empty`; store failures.
    pub fn search(&self, typed: &str, here: &str, page: PageRequest) -> Result<Found, ServiceError> {
        let text = plain(typed);
        let text = trimmed(&text);
        if let Some(address) = Address::within(text) {
            return Ok(self.at(address, here));
        }
        let label = unlabelled(text);
        let readings = || [Some(text), label.map(|(rest, _)| rest)].into_iter().flatten();
        for text in readings() {
            if let Some(certificate) = self.numbered(text)? {
                return Ok(Found::Ours(Leads::Certificate(certificate.id.to_string())));
            }
            // A mark's, or longer than any number: its page says what it is worth.
            if let Some(digits) = grouped_digits(text)
                && (digits.len() == ID_DIGITS || digits.len() > CertificateNumber::MAX_LEN)
            {
                return Ok(Found::Ours(Leads::Mark(digits)));
            }
        }
        if let Some(address) = Address::bare(text) {
            return Ok(self.at(address, here));
        }
        if let Some(uscc) = readings().find_map(|text| Uscc::parse(text).ok()) {
            return Ok(Found::List(self.by_holder(uscc, page)?));
        }
        let found = self.by_name(text, page)?;
        match label {
            // A name may begin with a word that stands on labels, too: only a colon makes it one.
            Some((name, true)) if found.total == 0 => Ok(Found::List(self.by_name(name, page)?)),
            _ => Ok(Found::List(found)),
        }
    }

    fn at(&self, address: Address, here: &str) -> Found {
        if address.host == self.host().as_str() || address.host == here {
            Found::Ours(address.leads)
        } else {
            Found::Foreign(address.host)
        }
    }

    /// The certificate with that number or identifier, as people type or paste it: in groups, with its label, or as the
    /// address of its page.
    ///
    /// # Errors
    /// `foreign_address`, `no_certificate_address`, `foreign_letter`, `several_in_one`, `credit_code`, `bad_number`, or store
    /// failures.
    pub fn by_number(&self, typed: &str, here: &str) -> Result<Option<Certificate>, ServiceError> {
        let text = plain(typed);
        let text = trimmed(&text);
        if let Some(address) = Address::within(text) {
            return self.of_address(address, here);
        }
        let readings: Vec<&str> = [Some(text), unlabelled(text).map(|(rest, _)| rest)].into_iter().flatten().collect();
        for text in &readings {
            if let Some(certificate) = self.numbered(text)? {
                return Ok(Some(certificate));
            }
        }
        if let Some(address) = Address::bare(text) {
            return self.of_address(address, here);
        }
        let last = readings.last().copied().unwrap_or_default();
        self.must_be_one_number(last)?;
        // What can be a number is one that was not issued.
        let is_id = grouped_digits(last).is_some_and(|digits| CertificateId::parse(&digits).is_ok());
        if is_id { Ok(None) } else { Ok(CertificateNumber::parse(last).map(|_| None)?) }
    }

    /// Refuses what can be told from a number that was not issued: nobody shall be told that it was not.
    fn must_be_one_number(&self, text: &str) -> Result<(), ServiceError> {
        let refuse = |code, why| Err(Refusal::invalid(code, why).under("/number").into());
        let is_han = |c: char| matches!(c, '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}');
        if let Some(letter) = text.chars().find(|c| c.is_alphabetic() && !c.is_ascii() && !is_han(*c)) {
            let why = format!(
                "“{letter}” (U+{:04X}) is a letter of another script, which may look like one of the number: write it with Latin letters",
                u32::from(letter)
            );
            return refuse("foreign_letter", why);
        }
        if Uscc::parse(text).is_ok() {
            return refuse("credit_code", "that is a credit code, not the number of a certificate: look up the firm's certificates with it and ask about one of them".to_owned());
        }
        let outer = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').map(|part| part.trim_matches('-'));
        let inner = text.split(|c: char| !c.is_ascii_alphanumeric());
        for part in outer.chain(inner).filter(|part| !part.is_empty() && *part != text) {
            if self.numbered(part)?.is_some() {
                let why = format!("it holds the number {part} and something else: ask about each number by itself");
                return refuse("several_in_one", why);
            }
        }
        Ok(())
    }

    fn of_address(&self, address: Address, here: &str) -> Result<Option<Certificate>, ServiceError> {
        match self.at(address, here) {
            Found::Ours(Leads::Certificate(digits)) => self.numbered(&digits),
            Found::Foreign(host) => Err(Refusal::invalid(
                "foreign_address",
                format!("that address belongs to {}, not to this body's {}", shown(&host), self.host()),
            )
            .into()),
            Found::Ours(_) | Found::List(_) => Err(Refusal::invalid(
                "no_certificate_address",
                "that is not the address of a certificate: ask about a mark at /api/v1/marks/ and its digits",
            )
            .into()),
        }
    }

    /// The certificate of that identifier or number, as staff and public name it.
    pub(super) fn numbered(&self, text: &str) -> Result<Option<Certificate>, ServiceError> {
        // No number has the form of an identifier, so one text never names two certificates.
        let id = match grouped_digits(plain(text).trim()).and_then(|digits| CertificateId::parse(&digits).ok()) {
            Some(id) => Some(id),
            None => match CertificateNumber::parse(text) {
                Ok(number) => self.store.certificate_by_number(&number)?,
                Err(_) => None,
            },
        };
        Ok(id.map(|id| self.store.certificate(id)).transpose()?.flatten())
    }

    /// Certificates of one holder, newest first.
    ///
    /// # Errors
    /// Store failures.
    pub fn by_holder(&self, uscc: Uscc, page: PageRequest) -> Result<Page<Certificate>, ServiceError> {
        let mut ids = self.store.certificates_of(uscc)?;
        ids.reverse();
        let total = ids.len();
        let items = ids.into_iter().skip(page.offset).take(page.size);
        Ok(Page { items: items.map(|id| self.certificate(id)).collect::<Result<_, _>>()?, total })
    }

    /// Certificates whose holder's name holds that text, newest first.
    ///
    /// # Errors
    /// `text_empty`, `text_too_long`, or store failures.
    pub fn by_name(&self, text: &str, page: PageRequest) -> Result<Page<Certificate>, ServiceError> {
        let text = Name::parse(&plain(text)).map_err(|r| r.under("/holder"))?;
        let Page { items, total } = self.store.search_holders(text.as_str(), page)?;
        Ok(Page { items: items.into_iter().map(|id| self.certificate(id)).collect::<Result<_, _>>()?, total })
    }
}

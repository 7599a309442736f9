//! Mark licences: request, approval, refusal, replacement, revocation; and the artwork of a granted one.

use super::actor::Act;
use super::{Done, Plan, Service, ServiceError};
use crate::domain::certificate::State;
use crate::domain::dates::china_day;
use crate::domain::mark_licence::{MarkState, MarkStep, MarkTerms, Medium};
use crate::domain::reason::MarkRevocationReason;
use crate::domain::record::Terms;
use crate::domain::text::{Goods, Name};
use crate::domain::{Certificate, CertificateId, Fact, MarkChange, MarkId, MarkLicence, Refusal, Role, Standing};
use crate::mark::{Claims, Class, Face, KeyHint, MarkText, SignedToken, Token};
use crate::sign::{Purpose, verify_raw};
use crate::store::Subject;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

/// States of which a mark gets a new code: one that others copied does, while that is being looked into.
const IN_USE: [MarkState; 2] = [MarkState::Active, MarkState::UnderInvestigation];

/// What a mark is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MarkRequest {
    /// Where it is to stand.
    pub medium: Medium,
    /// Brand it is used with.
    pub brand: Option<Goods>,
    /// Product group it is used for.
    pub products: Option<Goods>,
    /// Site it hangs at (premises only), one of the certificate's.
    pub site: Option<Name>,
}

/// What staff do with a licence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum MarkOrder {
    /// Grant what was asked for.
    Approve,
    /// Do not.
    Refuse,
    /// Tell whoever scans it that its misuse is being looked into.
    Investigate,
    /// That came to nothing.
    Clear,
    /// Take it back for misuse.
    Revoke {
        /// Why.
        reason: MarkRevocationReason,
    },
}

impl Service {
    /// Asks for a mark licence.
    ///
    /// # Errors
    /// The certificate is not valid now, the medium is not allowed, the site is not one of its sites, or the same use is
    /// licensed already.
    pub fn request_mark(
        &self,
        act: &Act,
        certificate: &str,
        request: &MarkRequest,
    ) -> Result<MarkLicence, ServiceError> {
        self.new_mark(act, certificate, request, false)
    }

    /// Asks for a licence and grants it in one act.
    ///
    /// # Errors
    /// As [`Service::request_mark`].
    pub fn license_mark(
        &self,
        act: &Act,
        certificate: &str,
        request: &MarkRequest,
    ) -> Result<MarkLicence, ServiceError> {
        self.new_mark(act, certificate, request, true)
    }

    fn new_mark(
        &self,
        act: &Act,
        certificate: &str,
        request: &MarkRequest,
        grant: bool,
    ) -> Result<MarkLicence, ServiceError> {
        let roles: &[Role] = if grant { &[Role::MarkOfficer] } else { &[Role::MarkOfficer, Role::Registrar] };
        let role = act.actor.acting_as_one_of(roles)?;
        let id = self.find(certificate)?.id;
        let input = json!({ "certificate": id, "request": request, "grant": grant });
        let done = self.perform(act, "request_mark", &input, |now| {
            let certificate = self.certificate(id)?;
            let marks = self.store.marks_of(id)?;
            let mut plan = Plan::new(role)
                .relying_on(Subject::Certificate(id), certificate.version())
                .relying_on(Subject::MarksOf(id), marks.len() as u64);
            let terms = self.mark_terms(&certificate, request, now)?;
            for mark in marks {
                let open = self.mark(mark)?;
                let state = open.state(now);
                let ended = !state.is_open() && state != MarkState::NotUnderstood;
                if !ended && open.terms().same_use(&terms) {
                    let why = format!("mark {mark} is licensed for the same use; use it, or revoke it first");
                    return Err(Refusal::conflict("mark_licensed", why).into());
                }
            }
            self.plan_mark(&mut plan, &certificate.terms().clone(), terms, grant, now, now)?;
            Ok(plan)
        })?;
        self.mark(first_mark(&done)?)
    }

    /// Grants, refuses or revokes a licence, or looks into its misuse.
    ///
    /// # Errors
    /// `mark_state` when its state forbids it; `no_such_mark`; `role_missing`.
    pub fn order_mark(&self, act: &Act, id: MarkId, order: &MarkOrder) -> Result<MarkLicence, ServiceError> {
        let role = act.actor.acting_as(Role::MarkOfficer)?;
        let input = json!({ "mark": id, "order": order });
        self.perform(act, "order_mark", &input, |now| {
            let licence = self.mark(id)?;
            if licence.state(now) == MarkState::NotUnderstood {
                let why = format!(
                    "mark {id} has something on record that a newer version of this program wrote and this one cannot read: nothing can be recorded for it until that version runs again"
                );
                return Err(Refusal::rule("recorded_by_newer_version", why).into());
            }
            let certificate = self.certificate(licence.terms().certificate)?;
            let change = match order {
                MarkOrder::Approve => {
                    require_lasting(&certificate, now)?;
                    MarkChange::Approved { digits: self.sign_mark(id, licence.terms(), certificate.terms(), now)? }
                }
                MarkOrder::Refuse => MarkChange::Refused,
                MarkOrder::Investigate => MarkChange::Investigated,
                MarkOrder::Clear => MarkChange::Cleared,
                MarkOrder::Revoke { reason } => MarkChange::Revoked { reason: *reason },
            };
            licence.clone().apply(MarkStep {
                change: change.clone(),
                effective_at: now,
                recorded_at: now,
                actor: role,
            })?;
            let mut plan = Plan::new(role)
                .relying_on(Subject::Mark(id), licence.version())
                .relying_on(Subject::Certificate(certificate.id), certificate.version());
            plan.facts.push((Fact::Mark { id, certificate: certificate.id, change }, now));
            Ok(plan)
        })?;
        self.mark(id)
    }

    /// Puts a new licence with a new code in the place of one in use: after its key was declared compromised, or where the
    /// artwork got into other hands.
    ///
    /// # Errors
    /// `mark_not_active`, or why its certificate allows no mark now; `no_such_mark`; `role_missing`.
    pub fn replace_mark(&self, act: &Act, id: MarkId) -> Result<MarkLicence, ServiceError> {
        let role = act.actor.acting_as(Role::MarkOfficer)?;
        let done = self.perform(act, "replace_mark", &json!({ "mark": id }), |now| {
            let (licence, certificate) = self.mark_that_is(&IN_USE, id)?;
            require_lasting(&certificate, now)?;
            let terms = MarkTerms { licensed_on: china_day(now), ..licence.terms().clone() };
            let marks = self.store.marks_of(certificate.id)?;
            let mut plan = Plan::new(role)
                .relying_on(Subject::Certificate(certificate.id), certificate.version())
                .relying_on(Subject::MarksOf(certificate.id), marks.len() as u64)
                .relying_on(Subject::Mark(id), licence.version());
            let by = self.plan_mark(&mut plan, certificate.terms(), terms, true, now, now)?;
            let change = MarkChange::Replaced { by: Some(by) };
            plan.facts.push((Fact::Mark { id, certificate: certificate.id, change }, now));
            Ok(plan)
        })?;
        self.mark(first_mark(&done)?)
    }

    fn mark_terms(
        &self,
        certificate: &Certificate,
        request: &MarkRequest,
        now: Timestamp,
    ) -> Result<MarkTerms, ServiceError> {
        require_lasting(certificate, now)?;
        let terms = certificate.terms();
        if request.medium == Medium::Packaging && !self.body().policy.packaging_marks {
            return Err(packaging_forbidden().into());
        }
        match (&request.site, request.medium) {
            (Some(site), Medium::Premises) if !terms.sites.iter().any(|s| s.name == *site) => {
                let why = format!("“{site}” is not one of the certificate's sites");
                return Err(Refusal::rule("site_not_covered", why).under("/site").into());
            }
            (Some(_), medium) if medium != Medium::Premises => {
                let why = "a site is named for a mark on premises only";
                return Err(Refusal::invalid("site_without_premises", why).under("/site").into());
            }
            _ => {}
        }
        Ok(MarkTerms {
            certificate: certificate.id,
            level: terms.level,
            medium: request.medium,
            brand: request.brand.clone(),
            products: request.products.clone(),
            site: request.site.clone(),
            licensed_on: china_day(now),
            valid_until: terms.valid_until,
        })
    }

    fn plan_mark(
        &self,
        plan: &mut Plan,
        certificate: &Terms,
        terms: MarkTerms,
        grant: bool,
        effective_at: Timestamp,
        now: Timestamp,
    ) -> Result<MarkId, ServiceError> {
        let id = MarkId::from_bytes(self.random()?);
        let digits = if grant { Some(self.sign_mark(id, &terms, certificate, now)?) } else { None };
        let of = terms.certificate;
        plan.expect.push(crate::store::Expect { subject: Subject::Mark(id), version: 0 });
        plan.facts.push((Fact::Mark { id, certificate: of, change: MarkChange::Requested { terms } }, effective_at));
        if let Some(digits) = digits {
            plan.facts
                .push((Fact::Mark { id, certificate: of, change: MarkChange::Approved { digits } }, effective_at));
        }
        Ok(id)
    }

    /// Replaces every open licence of a superseded certificate: a granted one by a granted one, a mere request by none.
    pub(super) fn plan_mark_replacement(
        &self,
        plan: &mut Plan,
        old: &Certificate,
        new: CertificateId,
        terms: &Terms,
        effective_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        let marks = self.store.marks_of(old.id)?;
        plan.expect.push(crate::store::Expect { subject: Subject::MarksOf(old.id), version: marks.len() as u64 });
        for id in marks {
            let licence = self.mark(id)?;
            let state = licence.state(now);
            if !state.is_open() {
                continue;
            }
            plan.expect.push(crate::store::Expect { subject: Subject::Mark(id), version: licence.version() });
            let site_stays = licence.terms().site.as_ref().is_none_or(|s| terms.sites.iter().any(|t| t.name == *s));
            let by = if IN_USE.contains(&state) && site_stays {
                let fresh = MarkTerms {
                    certificate: new,
                    level: terms.level,
                    licensed_on: china_day(effective_at),
                    valid_until: terms.valid_until,
                    ..licence.terms().clone()
                };
                Some(self.plan_mark(plan, terms, fresh, true, effective_at, now)?)
            } else {
                None
            };
            // What was only asked for was never licensed, so nothing takes its place.
            let change = match state {
                MarkState::Requested => MarkChange::Refused,
                _ => MarkChange::Replaced { by },
            };
            plan.facts.push((Fact::Mark { id, certificate: old.id, change }, effective_at));
        }
        Ok(())
    }

    /// The 217 digits of a signed mark.
    fn sign_mark(
        &self,
        id: MarkId,
        terms: &MarkTerms,
        certificate: &Terms,
        now: Timestamp,
    ) -> Result<String, ServiceError> {
        let signed = self.signed_mark(now, |key_hint| Claims {
            level: terms.level,
            test: false,
            key_hint,
            mark: id,
            // The key signs today, whenever the licence begins: a verifier holds this day against the key's window.
            issued: china_day(now),
            expires: terms.valid_until,
            holder: Some(certificate.holder.uscc),
        })?;
        Ok(signed.digits())
    }

    /// Those claims under the mark key of that moment, verified before they leave.
    pub(super) fn signed_mark(
        &self,
        now: Timestamp,
        claims: impl FnOnce(KeyHint) -> Claims,
    ) -> Result<SignedToken, ServiceError> {
        let settings = self.read_settings();
        let (_, signer) = settings.keyring.signer(Purpose::Mark, now)?;
        let token = Token::new(claims(KeyHint::from_bytes(signer.public().hint())))?;
        let message = token.signing_input(&self.host);
        let signature = signer.sign(&message)?;
        verify_raw(&signer.public(), &message, &signature).map_err(|e| ServiceError::SelfCheck(e.to_string()))?;
        Ok(token.with_signature(signature))
    }

    /// A licence whose artwork may leave: granted, and its certificate valid now.
    ///
    /// # Errors
    /// `mark_not_active` or `no_such_mark`.
    pub fn usable_mark(&self, id: MarkId) -> Result<(MarkLicence, Certificate), ServiceError> {
        self.mark_that_is(&[MarkState::Active], id)
    }

    /// A licence in one of those states, and its certificate valid now.
    fn mark_that_is(&self, states: &[MarkState], id: MarkId) -> Result<(MarkLicence, Certificate), ServiceError> {
        let licence = self.mark(id)?;
        let now = self.now();
        let state = licence.state_at(now, now).map(|(state, _)| state);
        if !state.is_some_and(|state| states.contains(&state)) {
            let word = state.map_or("not in force yet", MarkState::wire);
            return Err(
                Refusal::rule("mark_not_active", format!("mark {id} is {word}; its artwork is not given out")).into()
            );
        }
        let certificate = self.certificate(licence.terms().certificate)?;
        require_valid(&certificate, now)?;
        Ok((licence, certificate))
    }

    /// The artwork of a granted mark. A layout takes the class of code it has room for.
    ///
    /// # Errors
    /// `mark_not_active`, `no_such_mark`, or why it cannot be drawn so.
    pub fn artwork(&self, id: MarkId, order: &crate::mark::Order) -> Result<crate::mark::File, ServiceError> {
        let (licence, certificate) = self.usable_mark(id)?;
        let text = text_of(&licence, order.layout.class())?;
        Ok(crate::mark::render(&self.face_of(certificate.terms()), &text, order)?)
    }

    /// What stands on a mark of that certificate in letters.
    pub(super) fn face_of(&self, terms: &Terms) -> Face {
        Face {
            level: terms.level,
            test: false,
            host: self.host.clone(),
            holder: terms.holder.name.to_string(),
            standard: terms.standard.clone(),
            number: terms.number.to_string(),
            valid_until: terms.valid_until,
            body: terms.body.name.to_string(),
        }
    }

    /// Mark licences of a certificate, oldest first.
    ///
    /// # Errors
    /// Store failures.
    pub fn marks_of(&self, certificate: CertificateId) -> Result<Vec<MarkLicence>, ServiceError> {
        self.store.marks_of(certificate)?.into_iter().map(|id| self.mark(id)).collect()
    }
}

fn require_valid(certificate: &Certificate, now: Timestamp) -> Result<(), Refusal> {
    match certificate.standing(now, now) {
        Some(found) if found.standing == Standing::Valid => Ok(()),
        found => {
            let word = found.map_or("not readable by this version of the program", |f| f.standing.wire());
            let number = &certificate.terms().number;
            Err(Refusal::rule(
                "certificate_not_valid",
                format!("certificate {number} is {word}; a mark is licensed on a valid one only"),
            ))
        }
    }
}

/// The body's policy (`packaging_marks`).
pub(super) fn packaging_forbidden() -> Refusal {
    let why = "this body licenses no marks on packaging; ask for product, advertising or premises";
    Refusal::rule("medium_not_allowed", why).under("/medium")
}

/// Valid now, and not about to be suspended or replaced: a mark printed now would be waste in a few days. One that is granted meanwhile
/// would not be frozen on the day, either: only those that are open when a suspension is recorded are.
fn require_lasting(certificate: &Certificate, now: Timestamp) -> Result<(), Refusal> {
    require_valid(certificate, now)?;
    if let State::Suspended { .. } = certificate.state() {
        let number = &certificate.terms().number;
        return Err(Refusal::rule(
            "suspension_planned",
            format!("certificate {number} is to be suspended: license the mark once that is lifted"),
        ));
    }
    match certificate.succession(now) {
        None => Ok(()),
        Some(next) => Err(Refusal::rule(
            "successor_planned",
            format!(
                "certificate {} is replaced by {} from {}: license the mark on that one then",
                certificate.terms().number,
                next.by,
                china_day(next.from)
            ),
        )),
    }
}

/// The text of a licence's code of that class.
pub(super) fn text_of(licence: &MarkLicence, class: Class) -> Result<MarkText, Refusal> {
    match (class, licence.digits()) {
        (Class::Signed, Some(digits)) => MarkText::parse(digits),
        _ => Ok(MarkText::Link(licence.id)),
    }
}

fn first_mark(done: &Done) -> Result<MarkId, Refusal> {
    let mark = done.entry.events.iter().find_map(|e| match &e.fact {
        Fact::Mark { id, .. } => Some(*id),
        _ => None,
    });
    mark.ok_or_else(|| Refusal::conflict("idempotency_mismatch", "that key was used for something else"))
}

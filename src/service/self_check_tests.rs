//! Signers that misbehave: what they sign never leaves, and nothing is put on record.

use super::marks::MarkRequest;
use super::status_lists::ListForm;
use super::testing::{SHEET, service};
use super::{Act, Actor, Service, ServiceError};
use crate::domain::decision::DecisionInput;
use crate::domain::mark_licence::Medium;
use crate::domain::{Refusal, Scheme, StatusPurpose};
use crate::sign::signer::SIGNATURE_LEN;
use crate::sign::{LocalSigner, PublicKey, Purpose, SignFailure, Signer};
use serde_json::{Value, json};
use std::sync::Arc;
use zeroize::Zeroizing;

/// What is wrong with a device.
#[derive(Clone, Copy)]
enum Fault {
    /// A bit of each signature is flipped, and the device does not look at it again.
    Bit,
    /// It signs something else.
    OtherBytes,
    /// It signs with another key than it says it has.
    OtherKey,
    /// It gives the same signature whatever is asked.
    Stuck,
}

/// A device in the place of a key file. It skips the check that [`Signer::sign`] makes by itself.
struct Device {
    honest: Arc<dyn Signer>,
    fault: Fault,
}

impl Signer for Device {
    fn public(&self) -> PublicKey {
        self.honest.public()
    }

    fn sign_unchecked(&self, message: &[u8]) -> Result<[u8; SIGNATURE_LEN], SignFailure> {
        match self.fault {
            Fault::Bit => self.honest.sign_unchecked(message).map(|mut signature| {
                signature[7] ^= 1;
                signature
            }),
            Fault::OtherBytes => self.honest.sign_unchecked(&[message, b" "].concat()),
            Fault::OtherKey => other_key().sign_unchecked(message),
            Fault::Stuck => Ok([1; SIGNATURE_LEN]),
        }
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_LEN], SignFailure> {
        self.sign_unchecked(message)
    }
}

fn other_key() -> LocalSigner {
    LocalSigner::from_seed(&Zeroizing::new([9; 32])).unwrap()
}

/// Puts a faulty device, or an honest one again, in the place of the key that signs for that purpose.
fn plug(service: &Service, purpose: Purpose, honest: &Arc<dyn Signer>, fault: Option<Fault>) {
    let now = service.now();
    let (id, _) = service.read_settings().keyring.signer(purpose, now).unwrap();
    let honest = honest.clone();
    let signer: Arc<dyn Signer> = match fault {
        Some(fault) => Arc::new(Device { honest, fault }),
        None => honest,
    };
    service.write_settings().keyring.plug(id, signer);
}

fn honest(service: &Service, purpose: Purpose) -> Arc<dyn Signer> {
    service.read_settings().keyring.signer(purpose, service.now()).unwrap().1
}

fn decision() -> DecisionInput {
    let scheme = Scheme::parse(SHEET).unwrap();
    let items: Vec<Value> = scheme.clauses.iter().map(|c| json!({"clause": c.id, "result": "conform"})).collect();
    serde_json::from_value(json!({
        "reference": "D-1", "scheme": "gbt27922-2011",
        "holder": {"name": "示例电器有限公司", "uscc": "91110108551385082Q", "address": "示例路1号"},
        "scope": "家用电器的售后服务", "score_sheet": {"items": items},
        "evaluators": ["E-01"], "reviewed_by": ["R-01"], "decided_by": ["C-01"], "countersigned_by": "H-01",
        "on_site_ended_on": "2026-05-01", "decided_on": "2026-05-02", "issued_on": "2026-05-08",
    }))
    .unwrap()
}

const FAULTS: [Fault; 4] = [Fault::Bit, Fault::OtherBytes, Fault::OtherKey, Fault::Stuck];

#[test]
fn a_certificate_that_does_not_verify_never_leaves() {
    let service = service();
    let act = Act::by(Actor::local("test"));
    let key = honest(&service, Purpose::Credential);
    let events = service.store().next_seq();
    for fault in FAULTS {
        plug(&service, Purpose::Credential, &key, Some(fault));
        let outcome = service.issue(&act, &decision());
        assert!(matches!(outcome, Err(ServiceError::SelfCheck(_))), "it left");
        assert_eq!(service.store().next_seq(), events);
    }
    plug(&service, Purpose::Credential, &key, None);
    assert!(!service.issue(&act, &decision()).unwrap().replayed, "nothing stands in its way");
}

#[test]
fn a_mark_that_does_not_verify_never_leaves() {
    let service = service();
    let act = Act::by(Actor::local("test"));
    let id = service.issue(&act, &decision()).unwrap().id.to_string();
    let key = honest(&service, Purpose::Mark);
    let request = MarkRequest { medium: Medium::Product, brand: None, products: None, site: None };
    let events = service.store().next_seq();
    for fault in FAULTS {
        plug(&service, Purpose::Mark, &key, Some(fault));
        let outcome = service.license_mark(&act, &id, &request);
        assert!(matches!(outcome, Err(ServiceError::SelfCheck(_))), "it left");
        assert_eq!(service.store().next_seq(), events);
    }
    plug(&service, Purpose::Mark, &key, None);
    service.license_mark(&act, &id, &request).unwrap();
}

#[test]
fn a_status_list_that_does_not_verify_never_leaves() {
    let service = service();
    let key = honest(&service, Purpose::Credential);
    let forms = [
        ListForm::Credential(StatusPurpose::Revocation),
        ListForm::Credential(StatusPurpose::Suspension),
        ListForm::Jwt,
        ListForm::Cwt,
    ];
    for form in forms {
        for fault in FAULTS {
            plug(&service, Purpose::Credential, &key, Some(fault));
            for at in [None, Some(service.now())] {
                let outcome = service.status_list(form, 1, at);
                assert!(matches!(outcome, Err(ServiceError::SelfCheck(_))), "{form:?} left");
            }
        }
        plug(&service, Purpose::Credential, &key, None);
        assert!(service.status_list(form, 1, None).unwrap().is_some(), "nothing stands in its way");
    }
}

#[test]
fn a_certificate_that_reads_otherwise_than_decided_never_leaves() {
    let service = service();
    let issued = service.issue(&Act::by(Actor::local("test")), &decision()).unwrap();
    let terms = service.certificate(issued.id).unwrap().terms().clone();
    let now = service.now();
    service.sign_certificate(issued.id, &terms, now).unwrap();
    // A character that no strict reader takes.
    let odd = crate::domain::record::Terms { standard: "GB\u{ffff}".into(), ..terms };
    assert!(matches!(service.sign_certificate(issued.id, &odd, now), Err(ServiceError::SelfCheck(_))));
}

#[test]
fn no_key_signs_out_of_its_window_or_in_other_hands() {
    let service = service();
    let (now, keyring) = (service.now(), Purpose::Credential);
    let code = |at| match service.read_settings().keyring.signer(keyring, at) {
        Err(Refusal { code, .. }) => code,
        Ok(_) => "signs",
    };
    assert_eq!(code(now), "signs");
    assert_eq!(code("2026-05-08T03:59:59.999Z".parse().unwrap()), "no_key");
    let id = crate::sign::KeyId::parse("credential-1").unwrap();
    service.compromise_key(&Act::by(Actor::local("test")), id, None).unwrap();
    assert_eq!(code(now), "no_key");
}

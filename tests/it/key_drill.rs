//! The drill: keys rotated twice, one compromised; what was signed in each epoch, verified from files alone, years later.

use crate::harness::{TestApp, decision, noon};
use serde_json::Value;
use starmark::service::{Act, Actor};
use starmark::sign::{KeyDocument, KeyId, Purpose};
use starmark::verify::bundle::{Trust, verify_bundle};
use starmark::verify::{CheckName, Outcome};

const DAYS: [&str; 3] = ["2026-05-08", "2026-06-08", "2026-07-08"];

/// A bundle as it was saved on the day of its certificate.
struct Saved {
    bundle: Vec<u8>,
    day: &'static str,
}

impl Saved {
    /// What the keys of a later day make of it, about the day it was saved on.
    fn answer(&self, keys: &KeyDocument, now: &str) -> (Outcome, &'static str, &'static str) {
        let found = verify_bundle(&self.bundle, Trust::Given(keys), noon(now), noon(self.day));
        let code = |name| found.verdict.checks.iter().find(|c| c.check == name).map_or("none", |c| c.code);
        (found.verdict.verdict, code(CheckName::Key), code(CheckName::Status))
    }

    fn signed_with(&self) -> String {
        let bundle: Value = serde_json::from_slice(&self.bundle).unwrap();
        bundle["certificate"]["proof"]["verificationMethod"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn records_of_every_epoch_verify_from_files_alone() {
    let app = TestApp::on(DAYS[0]);
    let mut saved = vec![];
    for (n, day) in (1..).zip(DAYS) {
        app.today(day);
        if n > 1 {
            for purpose in Purpose::ALL {
                app.rotate(purpose);
            }
        }
        let id = app.issue(&decision(&format!("D-{n}"), day)).await["id"].as_str().unwrap().to_owned();
        let bundle = app.get(&format!("/api/v1/bundle/{id}")).await.is(200).bytes;
        saved.push(Saved { bundle, day });
        assert_eq!(saved.last().unwrap().signed_with(), format!("did:web:xb.example.cn#credential-{n}"));
    }
    let keys = || async { KeyDocument::parse(&app.get("/.well-known/did.json").await.bytes).unwrap() };
    let good = (Outcome::Valid, "key_in_window", "status_not_listed");

    // Two keys of each purpose are retired by now; five years on nothing has changed about what they signed.
    let published = keys().await;
    assert_eq!(published.keys().iter().filter(|k| k.retired_at.is_some()).count(), 8);
    for bundle in &saved {
        assert_eq!(bundle.answer(&published, "2031-07-08"), good, "{}", bundle.day);
    }
    // The keys as they were published before the last rotation do not know the last key: that proves nothing.
    let old = saved[1].bundle.clone();
    let old: Value = serde_json::from_slice(&old).unwrap();
    let old = KeyDocument::parse(old["keys"].to_string().as_bytes()).unwrap();
    assert_eq!(saved[0].answer(&old, "2031-07-08"), good);
    assert_eq!(saved[2].answer(&old, "2031-07-08").0, Outcome::Undetermined);

    // Others have held the second key since after its certificate was logged: the log vouches for that one. Its lists were
    // signed by that key, and lists are not logged: they prove nothing any more.
    let local = Act::by(Actor::local("test"));
    let second = KeyId::new(Purpose::Credential, 2).unwrap();
    app.service.compromise_key(&local, second, Some(noon("2026-06-09"))).unwrap();
    let leaked = keys().await;
    assert_eq!(saved[0].answer(&leaked, "2031-07-08"), good);
    assert_eq!(saved[1].answer(&leaked, "2031-07-08"), (Outcome::Undetermined, "key_in_window", "status_list_key"));
    assert_eq!(saved[2].answer(&leaked, "2031-07-08"), good);
    // Asked today, with lists of today, it is good.
    let id =
        serde_json::from_slice::<Value>(&saved[1].bundle).unwrap()["certificate"]["id"].as_str().unwrap().to_owned();
    let id = id.rsplit('/').next().unwrap().to_owned();
    let fresh = Saved { bundle: app.get(&format!("/api/v1/bundle/{id}")).await.is(200).bytes, day: DAYS[2] };
    assert_eq!(fresh.answer(&leaked, DAYS[2]), good);

    // Since before it was logged: it is nobody's word.
    app.service.compromise_key(&local, second, Some(noon("2026-06-07"))).unwrap();
    let leaked = keys().await;
    assert_eq!(saved[1].answer(&leaked, "2031-07-08").1, "key_compromised");
    assert_eq!(saved[1].answer(&leaked, "2031-07-08").0, Outcome::Invalid);
    assert_eq!(saved[0].answer(&leaked, "2031-07-08"), good);
    assert_eq!(saved[2].answer(&leaked, "2031-07-08"), good);

    // Every one of these acts is an entry of the log.
    app.service.wait_for_log();
    let size = app.service.log().published().unwrap().size();
    let mut changes = vec![];
    for n in 0..size {
        let entry = app.get(&format!("/api/v1/log/entries/{n}")).await.is(200).json()["entry"].clone();
        if entry["subject"] == "key" {
            changes.push(entry["change"].as_str().unwrap().to_owned());
        }
    }
    let count = |change: &str| changes.iter().filter(|c| *c == change).count();
    assert_eq!((count("added"), count("retired"), count("compromised")), (12, 8, 2));
}

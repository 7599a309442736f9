//! `trust`: keys are remembered once, and what was known of them is never forgotten in silence.

use crate::cli_kit::{Desk, Ran};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

struct Trusted {
    desk: Desk,
    did: Value,
}

fn key<'d>(did: &'d mut Value, id: &str) -> &'d mut Value {
    let list = did["verificationMethod"].as_array_mut().unwrap();
    list.iter_mut().find(|k| k["id"].as_str().unwrap().ends_with(id)).unwrap()
}

impl Trusted {
    fn new() -> Self {
        let desk = Desk::new();
        desk.keys();
        let did = serde_json::from_slice(&std::fs::read(desk.path("did.json")).unwrap()).unwrap();
        Self { desk, did }
    }

    fn trust(&self, arguments: &[&str]) -> Ran {
        self.desk.run(&[&["trust"], arguments].concat())
    }

    /// Hands over the key document with members of credential-1 set.
    fn with(&self, members: &[(&str, &str)]) -> Ran {
        let mut did = self.did.clone();
        for (member, value) in members {
            key(&mut did, "#credential-1")[*member] = json!(value);
            if *member == "revoked" {
                did["assertionMethod"] = json!([]);
            }
        }
        self.desk.file("other.json", did.to_string());
        self.trust(&["other.json"])
    }
}

#[test]
fn keys_are_remembered_and_used() {
    let t = Trusted::new();
    let (_, id) = t.desk.certificate("D-1", 30);
    t.desk.file("c.json", t.desk.credential(&id));
    t.trust(&[]).is(0).shows("No keys are remembered");
    t.desk.run(&["verify", "c.json"]).is(64).says("--keys");
    t.trust(&["did.json"]).is(0).shows("credential-1").shows("Compare these keys");
    t.trust(&[]).is(0).shows("xb.example.cn");
    t.trust(&["did.json"]).is(0);
    t.desk.run(&["verify", "c.json"]).is(0);
}

#[test]
fn what_contradicts_them_is_refused_until_somebody_says_so() {
    let t = Trusted::new();
    let mut did = t.did.clone();
    let from: Timestamp = key(&mut did, "#credential-1")["validFrom"].as_str().unwrap().parse().unwrap();
    let [first, second, third] = [1, 2, 3].map(|h| (from + SignedDuration::from_hours(h)).to_string());
    t.trust(&["did.json"]).is(0);
    let mut fewer = t.did.clone();
    fewer["verificationMethod"].as_array_mut().unwrap().retain(|k| !k["id"].as_str().unwrap().ends_with("#mark-1"));
    t.desk.file("fewer.json", fewer.to_string());
    t.trust(&["fewer.json"]).is(64).says("lacks mark-1");
    t.with(&[("revoked", &second), ("retiredAt", &second)]).is(0).shows("compromised since").shows("CHANGED");
    // The list from before, whole or in part: what is known of the key would be forgotten.
    t.trust(&["did.json"]).is(64).says("credential-1").says("compromised").says("--replace");
    t.with(&[("revoked", &third), ("retiredAt", &second)]).is(64).says("compromised");
    t.with(&[("revoked", &second)]).is(64).says("retired");
    t.with(&[("revoked", &second), ("retiredAt", &third)]).is(64).says("retired");
    t.with(&[("revoked", &second), ("retiredAt", &second), ("validFrom", &first)]).is(64).says("in use from");
    t.trust(&[]).is(0).shows(&format!("compromised since {second}"));
    let (_, id) = t.desk.certificate("D-1", 30);
    t.desk.file("c.json", t.desk.credential(&id));
    t.desk.run(&["verify", "c.json", "--keys", "did.json"]).is(0).says("warning").says("compromised");
    t.with(&[("revoked", &first), ("retiredAt", &second)]).is(0).shows("CHANGED");
    let other = Desk::new();
    other.keys();
    t.desk.file("strangers.json", std::fs::read(other.path("did.json")).unwrap());
    t.trust(&["strangers.json"]).is(64).says("another key");
    t.trust(&["strangers.json", "--replace"]).is(0);
}

#[test]
fn a_new_key_is_pointed_out() {
    let t = Trusted::new();
    t.trust(&["did.json"]).is(0);
    t.desk.run(&["key", "rotate", "credential"]).is(0);
    t.desk.keys();
    t.trust(&["did.json"]).is(0).shows("NEW").shows("CHANGED");
}

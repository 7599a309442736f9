//! Bundles made by hand from keys with known seeds: credential-1 is 01…01, log-1 is 03…03. The log begins
//! and ends with another certificate's issue; the certificate's own life stands in between.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use starmark::domain::record::Terms;
use starmark::domain::status_entry::LIST_ENTRIES;
use starmark::domain::{CertificateId, Event, Host, StatusPurpose};
use starmark::sign::{
    KeyDocument, KeyId, KeyRecord, LocalSigner, Signer as _, SigningKey, StatusList, canonicalize, credential,
    log_entry, sign_document, sign_note, status_credential,
};
use starmark::status::Bitstring;
use starmark::tlog::{self, Checkpoint, Hash};
use zeroize::Zeroizing;

pub const ID: &str = "1034659679808070";
const OTHER: &str = "1552665665367104";
pub const INDEX: u32 = 4_711;
/// When the certificate was put on record.
pub const RECORDED: &str = "2026-05-08T04:00:00Z";
/// When the good bundles are made and asked about.
pub const NOW: &str = "2026-06-02T04:00:00Z";

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn host() -> Host {
    Host::parse("xb.example.cn").unwrap()
}

fn signer(seed: u8) -> LocalSigner {
    LocalSigner::from_seed(&Zeroizing::new([seed; 32])).unwrap()
}

pub fn keys() -> Vec<KeyRecord> {
    let key =
        |id: &str, seed| KeyRecord::new(KeyId::parse(id).unwrap(), signer(seed).public(), at("2026-01-01T00:00:00Z"));
    vec![key("credential-1", 1), key("log-1", 3)]
}

pub fn list_of(keys: Vec<KeyRecord>) -> KeyDocument {
    KeyDocument::new(host(), None, keys).unwrap()
}

/// The keys with a change at the one of that place: 0 signs certificates and lists, 1 the log.
pub fn keys_with(place: usize, change: impl FnOnce(&mut KeyRecord)) -> KeyDocument {
    let mut all = keys();
    change(&mut all[place]);
    list_of(all)
}

fn terms(index: u32) -> Value {
    json!({
        "number": "29326SC00001R0M", "level": "five_star", "scheme": "gbt27922-2011", "standard": "GB/T 27922-2011",
        "holder": {"name": "示例电器有限公司", "uscc": "91110108551385082Q", "address": "北京市示例区示例路1号"},
        "scope": "家用电器的售后服务", "sites": [{"name": "示例总部", "address": "北京市示例区示例路1号"}],
        "body": {"name": "示例认证中心", "address": "北京市示例区认证路1号", "approval_number": "CNCA-R-2026-293"},
        "issued_on": "2026-05-08", "valid_until": "2029-05-07", "first_issued_on": "2026-05-08",
        "surveillance_due_on": "2027-05-08", "recertification": 0, "score_sheet_sha256": "ab".repeat(32),
        "status": {"list": 1, "index": index},
    })
}

/// The signed record of that certificate.
fn record_of(id: &str, index: u32, created: &str) -> Value {
    let terms: Terms = serde_json::from_value(terms(index)).unwrap();
    let document = credential::document(&host(), CertificateId::parse(id).unwrap(), &terms);
    let (signer, host) = (signer(1), host());
    let key = SigningKey { signer: &signer, id: KeyId::parse("credential-1").unwrap(), host: &host };
    sign_document(document, key, at(created)).unwrap()
}

/// The certificate's record; another one of the same content, where it is signed at another time.
pub fn record(created: &str) -> Value {
    record_of(ID, INDEX, created)
}

fn event(id: &str, change: Value, effective_at: &str, recorded_at: &str) -> Event {
    let mut event = json!({
        "subject": "certificate", "id": id, "effective_at": effective_at, "recorded_at": recorded_at,
        "actor": "decision_maker",
    });
    event.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    Event::read(&event.to_string()).unwrap()
}

fn issue(id: &str, index: u32, record: &Value) -> Event {
    let digest = Sha256::digest(canonicalize(record).unwrap()).iter().map(|b| format!("{b:02x}")).collect::<String>();
    let change = json!({"change": "issued", "terms": terms(index), "record_sha256": digest});
    event(id, change, "2026-05-07T16:00:00Z", RECORDED)
}

/// A change of its life: what, from when on, recorded when.
pub type Change = (Value, &'static str, &'static str);

pub fn suspended(on: &'static str) -> Change {
    let day = &on[..10];
    (json!({"change": "suspended", "reason": "0111", "confirmed_on": day, "until": "2026-10-01"}), on, on)
}

pub fn reinstated(on: &'static str) -> Change {
    (json!({"change": "reinstated", "passed_on": &on[..10]}), on, on)
}

pub fn withdrawn(on: &'static str) -> Change {
    (json!({"change": "withdrawn", "reason": "0199"}), on, on)
}

pub fn corrected(step: u32, on: &'static str) -> Change {
    (json!({"change": "corrected", "corrects": step, "reason": "other"}), on, on)
}

/// A status list of that purpose with these entries set.
pub fn status_list(purpose: StatusPurpose, set: &[u32], from: &str, until: &str) -> Value {
    let mut bits = Bitstring::new(LIST_ENTRIES).unwrap();
    set.iter().for_each(|i| bits.set(*i, true).unwrap());
    let (valid_from, valid_until) = (at(from), at(until));
    let encoded = bits.encode().unwrap();
    let list = StatusList { purpose, list: 1, valid_from, valid_until, encoded, ttl: 300_000 };
    let (signer, host) = (signer(1), host());
    let key = SigningKey { signer: &signer, id: KeyId::parse("credential-1").unwrap(), host: &host };
    sign_document(status_credential::document(&host, &list), key, valid_from).unwrap()
}

/// Both lists of a moment, good for a day: which of the two has the certificate's entry set.
pub fn lists(from: &str, revoked: bool, suspended: bool) -> Value {
    let until = (at(from) + SignedDuration::from_hours(24)).to_string();
    let set = |is: bool| if is { vec![INDEX, 99] } else { vec![99] };
    json!([
        status_list(StatusPurpose::Revocation, &set(revoked), from, &until),
        status_list(StatusPurpose::Suspension, &set(suspended), from, &until),
    ])
}

/// Root of these leaves, and the path of one of them (RFC 9162, sections 2.1.1 and 2.1.3.1).
fn tree(leaves: &[Hash], of: Option<usize>) -> (Hash, Vec<Hash>) {
    if let [one] = leaves {
        return (*one, vec![]);
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let side =
        |half: &[Hash], from: usize| tree(half, of.filter(|i| (from..from + half.len()).contains(i)).map(|i| i - from));
    let ((l, mut l_path), (r, mut r_path)) = (side(left, 0), side(right, left.len()));
    let path = match of {
        Some(i) if i < left.len() => {
            l_path.push(r);
            l_path
        }
        Some(_) => {
            r_path.push(l);
            r_path
        }
        None => vec![],
    };
    (tlog::node(&l, &r), path)
}

/// The signed checkpoint of a tree.
pub fn checkpoint(origin: &str, size: u64, root: Hash, seed: u8) -> String {
    let text = Checkpoint::new(origin, size, root).unwrap().text();
    format!("{text}\n{}", sign_note(&text, origin, &signer(seed)).unwrap())
}

/// What a log proves of a life that begins with the issue of that record.
pub fn log(record: &Value, life: &[Change]) -> Value {
    let mut log = whole_log(record, life);
    let all = log["entries"].as_array_mut().unwrap();
    (all.pop(), all.remove(0));
    log
}

/// The same with the entries of others before and after it.
pub fn whole_log(record: &Value, life: &[Change]) -> Value {
    let other = |id: &str, index| issue(id, index, &record_of(id, index, RECORDED));
    let own = |(change, from, recorded): &Change| event(ID, change.clone(), from, recorded);
    let mine = std::iter::once(issue(ID, INDEX, record)).chain(life.iter().map(own));
    let events: Vec<Event> =
        std::iter::once(other(OTHER, 17)).chain(mine).chain([other("2000757211055470", 18)]).collect();
    let entries: Vec<Vec<u8>> = events.iter().map(|e| log_entry::entry(e).unwrap().unwrap()).collect();
    let leaves: Vec<Hash> = entries.iter().map(|e| tlog::leaf(e)).collect();
    let proven = |i: usize| {
        let proof: Vec<String> = tree(&leaves, Some(i)).1.iter().map(|h| h.to_base64()).collect();
        json!({"index": i, "entry": serde_json::from_slice::<Value>(&entries[i]).unwrap(), "proof": proof})
    };
    let root = tree(&leaves, None).0;
    let note = checkpoint("xb.example.cn/log", leaves.len() as u64, root, 3);
    json!({"checkpoint": note, "entries": (0..leaves.len()).map(proven).collect::<Vec<_>>()})
}

/// A bundle with these parts, made at [`NOW`].
pub fn bundle(record: &Value, log: &Value, lists: &Value) -> Value {
    json!({
        "type": "starmark-bundle", "version": 1, "host": "xb.example.cn", "made_at": NOW, "certificate": record,
        "keys": list_of(keys()).to_did_json(), "status_lists": lists, "log": log,
    })
}

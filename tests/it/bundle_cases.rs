//! Bundles to be judged, good and bad, each with what is said of it.

use crate::bundle_kit::*;
use serde_json::{Value, json};
use starmark::domain::StatusPurpose;
use starmark::sign::{KeyDocument, canonicalize};
use starmark::tlog::Hash;

const SUSPENDED: &str = "2026-05-20T04:00:00Z";
const LATER: &str = "2026-06-01T04:00:00Z";

/// One vector: a bundle, the keys it is held against, and what is said of it.
pub struct Case {
    pub name: &'static str,
    pub why: &'static str,
    pub expect: &'static str,
    pub code: &'static str,
    pub bundle: String,
    pub keys: KeyDocument,
    pub now: &'static str,
    pub at: &'static str,
}

fn case(name: &'static str, expect: &'static str, code: &'static str, bundle: &Value, why: &'static str) -> Case {
    let bundle = String::from_utf8(canonicalize(bundle).unwrap()).unwrap();
    Case { name, why, expect, code, bundle, keys: list_of(keys()), now: NOW, at: NOW }
}

fn under(mut case: Case, keys: KeyDocument) -> Case {
    case.keys = keys;
    case
}

fn asked(mut case: Case, at: &'static str) -> Case {
    case.at = at;
    case
}

fn good() -> Value {
    let record = record(RECORDED);
    bundle(&record, &log(&record, &[]), &lists(NOW, false, false))
}

/// A bundle of that life and those lists.
fn of(life: &[Change], lists: &Value) -> Value {
    let record = record(RECORDED);
    bundle(&record, &log(&record, life), lists)
}

/// The same without the last entries of its log.
fn cut(mut bundle: Value, entries: usize) -> Value {
    let all = bundle["log"]["entries"].as_array_mut().unwrap();
    all.truncate(all.len() - entries);
    bundle
}

fn with(pointer: &str, value: Value) -> Value {
    let mut bundle = good();
    *bundle.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
    bundle
}

/// In force, whatever was before.
fn that_hold() -> Vec<Case> {
    let whole = [suspended(SUSPENDED), reinstated(LATER)];
    vec![
        case("valid", "valid", "log_proven", &good(), "Issued, in the log, not listed."),
        case(
            "reinstated",
            "valid",
            "log_proven",
            &of(&whole, &lists(NOW, false, false)),
            "Suspended and reinstated since.",
        ),
        case(
            "withdrawal-corrected",
            "valid",
            "log_proven",
            &of(&[withdrawn(SUSPENDED), corrected(1, LATER)], &lists(NOW, false, false)),
            "What was recorded in error counts no more.",
        ),
        case(
            "reinstatement-left-out",
            "valid",
            "log_proven",
            &cut(of(&whole, &lists(NOW, false, false)), 1),
            "The lists are later than the suspension and know that it was lifted.",
        ),
    ]
}

/// What the life in the log says against it, and until when that counts.
fn lives() -> Vec<Case> {
    let whole = [suspended(SUSPENDED), reinstated(LATER)];
    vec![
        case(
            "suspended",
            "invalid",
            "suspended",
            &of(&whole[..1], &lists(NOW, false, true)),
            "The log has the reason.",
        ),
        case(
            "reinstatement-left-out-and-surveyed-since",
            "valid",
            "log_proven",
            &{
                let surveyed = (
                    json!({"change": "surveyed", "on_site_ended_on": "2026-06-01", "outcome": "passed", "next_due_on": "2027-06-01"}),
                    "2026-06-02T03:00:00Z",
                    "2026-06-02T03:00:00Z",
                );
                let mut bundle = of(
                    &[suspended(SUSPENDED), reinstated(LATER), surveyed],
                    &lists("2026-06-02T01:00:00Z", false, false),
                );
                bundle["log"]["entries"].as_array_mut().unwrap().remove(2);
                bundle
            },
            "The lists are older than the newest entry, but later than the suspension.",
        ),
        case(
            "suspension-left-out",
            "invalid",
            "status_suspended",
            &cut(of(&whole[..1], &lists(NOW, false, true)), 1),
            "The list tells of it.",
        ),
        case(
            "withdrawn",
            "invalid",
            "withdrawn",
            &of(&[withdrawn(SUSPENDED)], &lists(NOW, true, true)),
            "An end is an end, and both bits are set.",
        ),
        asked(
            case(
                "withdrawal-corrected-after-the-list",
                "undetermined",
                "status_corrected_since",
                &of(&[withdrawn(SUSPENDED), corrected(1, LATER)], &lists(SUSPENDED, true, true)),
                "The list holds for what was known then; the log has the correction.",
            ),
            SUSPENDED,
        ),
        asked(
            case(
                "another-end-than-the-corrected-suspension",
                "invalid",
                "status_revoked",
                &of(&[suspended(SUSPENDED), corrected(1, LATER)], &lists(SUSPENDED, true, true)),
                "That the suspension was corrected takes no end back that the list tells of.",
            ),
            SUSPENDED,
        ),
        case(
            "withdrawn-long-ago",
            "undetermined",
            "status_told_before",
            &of(&[withdrawn(SUSPENDED)], &lists(SUSPENDED, true, true)),
            "Its lists are of another day, and an erratum may have come since: it is told as what was known then.",
        ),
        case(
            "suspended-long-ago",
            "undetermined",
            "status_told_before",
            &of(&whole[..1], &lists(SUSPENDED, false, true)),
            "It may have been lifted since.",
        ),
        asked(
            case(
                "suspended-then",
                "invalid",
                "suspended",
                &of(&whole[..1], &lists(SUSPENDED, false, true)),
                "Of its own time it tells.",
            ),
            SUSPENDED,
        ),
    ]
}

/// What the lists say, and what they leave open.
fn lists_alone() -> Vec<Case> {
    let without_log = |mut bundle: Value| {
        bundle.as_object_mut().unwrap().remove("log");
        bundle
    };
    let withdrawn_day = "2026-05-21T04:00:00Z";
    vec![
        case(
            "lists-older-than-the-end",
            "invalid",
            "withdrawn",
            &of(&[withdrawn("2026-06-02T03:00:00Z")], &lists("2026-06-02T01:00:00Z", false, false)),
            "What the log proves from after the lists counts.",
        ),
        case(
            "lists-of-two-moments",
            "invalid",
            "status_suspended",
            &{
                let (before, after) = (lists("2026-06-02T01:00:00Z", false, true), lists(NOW, true, true));
                cut(of(&[suspended(SUSPENDED), withdrawn(withdrawn_day)], &json!([before[0], after[1]])), 2)
            },
            "One list from before the end, one from after it: what has ended keeps its bit among the suspended.",
        ),
        case(
            "list-of-one-second",
            "undetermined",
            "status_list_out_of_window",
            &{
                let of_then = |purpose| status_list(purpose, &[99], SUSPENDED, SUSPENDED);
                of(&[], &json!([of_then(StatusPurpose::Revocation), of_then(StatusPurpose::Suspension)]))
            },
            "Lists of the past are of their second.",
        ),
        case(
            "lists-missing",
            "undetermined",
            "status_list_missing",
            &of(&[], &json!([])),
            "Nobody says that it is valid.",
        ),
        case(
            "list-of-one-purpose",
            "undetermined",
            "status_list_other",
            &of(&[], &json!([lists(NOW, false, false)[0]])),
            "Whether it is suspended nobody says.",
        ),
        case(
            "log-not-published-yet",
            "undetermined",
            "log_missing",
            &without_log(good()),
            "Without the log nobody vouches for what it would show.",
        ),
    ]
}

fn keys_life() -> Vec<Case> {
    let since = |t: &'static str| Some(at(t));
    let leaked = |t: &'static str| keys_with(0, |k| k.compromised_at = since(t));
    // Whoever has the leaked key signs a record of the same content anew; the log has the old one.
    let mut signed_anew = good();
    signed_anew["certificate"] = record("2026-05-08T04:00:01Z");
    let told = |place: usize| {
        let mut bundle = good();
        bundle["keys"] = keys_with(place, |k| k.compromised_at = since("2026-06-01T00:00:00Z")).to_did_json();
        bundle
    };
    vec![
        under(
            case(
                "key-leaked-after-the-record",
                "undetermined",
                "status_list_key",
                &good(),
                "The log vouches for the record's time; for that of the lists nobody does.",
            ),
            leaked("2026-06-01T00:00:00Z"),
        ),
        under(
            case("key-leaked-before-the-record", "invalid", "key_compromised", &good(), "Anybody may have made it."),
            leaked("2026-05-08T03:00:00Z"),
        ),
        under(
            case(
                "record-signed-anew-by-a-leaked-key",
                "invalid",
                "log_mismatch",
                &signed_anew,
                "The log has the digest of another record.",
            ),
            leaked("2026-05-20T00:00:00Z"),
        ),
        under(
            case("log-key-leaked", "undetermined", "log_key_compromised", &good(), "Its signature proves nothing."),
            keys_with(1, |k| k.compromised_at = since("2026-06-01T00:00:00Z")),
        ),
        under(
            case("log-key-unknown", "undetermined", "log_key_unknown", &good(), "The list may be older than the key."),
            list_of(keys()[..1].to_vec()),
        ),
        case(
            "leak-told-by-the-file",
            "undetermined",
            "keys_outdated",
            &told(0),
            "Nobody vouches for the bundle's own list; bad news is heeded all the same.",
        ),
        case("log-leak-told-by-the-file", "undetermined", "keys_outdated", &told(1), "The same of the log's key."),
        Case {
            now: "2026-05-08T03:00:00Z",
            at: "2026-05-08T03:00:00Z",
            ..case(
                "clock-an-hour-slow",
                "undetermined",
                "signed_in_the_future",
                &{
                    let mut bundle = good();
                    bundle.as_object_mut().unwrap().remove("log");
                    bundle
                },
                "By the verifier's clock it was not made yet: one of the clocks is wrong.",
            )
        },
    ]
}

fn refused(name: &'static str, code: &'static str, bundle: &Value, why: &'static str) -> Case {
    case(name, "invalid", code, bundle, why)
}

/// Changed in one place.
fn altered() -> Vec<Case> {
    let entry = |pointer: &str, value: Value| with(&format!("/log/entries/0{pointer}"), value);
    let mut shorter = good();
    shorter["log"]["entries"][0]["proof"].as_array_mut().unwrap().pop();
    let mut longer = good();
    let hash = longer["log"]["entries"][0]["proof"][0].clone();
    longer["log"]["entries"][0]["proof"].as_array_mut().unwrap().push(hash);
    vec![
        refused(
            "record-altered",
            "signature_bad",
            &with("/certificate/credentialSubject/level", json!("four_star")),
            "A level less.",
        ),
        case(
            "list-altered",
            "undetermined",
            "status_list_unreadable",
            &with("/status_lists/0/validUntil", json!("2027-06-02T04:00:00Z")),
            "A list made to last.",
        ),
        refused(
            "entry-altered",
            "proof_root_mismatch",
            &entry("/entry/actor", json!("registrar")),
            "Not what is in the log.",
        ),
        refused("index-altered", "proof_too_long", &entry("/index", json!(2)), "Another place in the log."),
        refused("index-beyond", "proof_no_such_leaf", &entry("/index", json!(3)), "The tree has three leaves."),
        refused("proof-too-short", "proof_too_short", &shorter, "A hash less."),
        refused("proof-too-long", "proof_too_long", &longer, "A hash more."),
        refused(
            "another-host",
            "bundle_unreadable",
            &with("/host", json!("xc.example.cn")),
            "Its keys are not that host's.",
        ),
        under(refused("keys-of-another-host", "other_host", &good(), "Held against another body's keys."), {
            let text = list_of(keys()).to_did_json().to_string().replace("xb.example.cn", "xc.example.cn");
            KeyDocument::parse(text.as_bytes()).unwrap()
        }),
    ]
}

fn with_suspension() -> Value {
    of(&[suspended(SUSPENDED)], &lists(NOW, false, false))
}

/// Proofs of something else.
fn logs() -> Vec<Case> {
    let note = |origin: &str, seed| {
        with(
            "/log/checkpoint",
            json!(checkpoint(origin, 3, Hash::from_base64(&format!("{}=", "A".repeat(43))).unwrap(), seed)),
        )
    };
    let mut twice = with_suspension();
    let first = twice["log"]["entries"][0].clone();
    twice["log"]["entries"][1] = first;
    let mut reversed = with_suspension();
    reversed["log"]["entries"].as_array_mut().unwrap().reverse();
    let headless = {
        let mut bundle = with_suspension();
        bundle["log"]["entries"].as_array_mut().unwrap().remove(0);
        bundle
    };
    vec![
        refused("entry-twice", "log_order", &twice, "One entry in place of two."),
        refused("entries-reversed", "log_order", &reversed, "Not in the log's order."),
        refused("issue-left-out", "log_mismatch", &headless, "A life begins with the issue."),
        refused(
            "another-certificates-entry",
            "log_mismatch",
            &{
                let record = record(RECORDED);
                bundle(&record, &whole_log(&record, &[]), &lists(NOW, false, false))
            },
            "An entry of the log, but of another certificate.",
        ),
        case(
            "entry-of-a-newer-version",
            "undetermined",
            "recorded_by_newer_version",
            &of(
                &[(
                    json!({"change": "suspended", "reason": "0150", "confirmed_on": "2026-05-20", "until": "2026-10-01"}),
                    SUSPENDED,
                    SUSPENDED,
                )],
                &lists(NOW, false, false),
            ),
            "A reason that this version does not know.",
        ),
        refused("no-entries", "log_mismatch", &with("/log/entries", json!([])), "A log that says nothing of it."),
        refused(
            "checkpoint-of-another-log",
            "log_other",
            &note("xb.example.cn/other", 3),
            "The right key under another origin.",
        ),
        refused("checkpoint-of-another-tree", "proof_root_mismatch", &note("xb.example.cn/log", 3), "Another root."),
        refused(
            "checkpoint-by-nobody",
            "note_signature_bad",
            &{
                let text = good()["log"]["checkpoint"].as_str().unwrap().replacen("\n3\n", "\n2\n", 1);
                with("/log/checkpoint", json!(text))
            },
            "Its size was changed.",
        ),
        refused("checkpoint-is-no-note", "note_text", &with("/log/checkpoint", json!("")), "Nothing is there."),
    ]
}

/// Not a bundle, or not in its one form.
fn forms() -> Vec<Case> {
    let mut more = good();
    more["note"] = json!("所有人都好");
    let mut missing = good();
    missing.as_object_mut().unwrap().remove("made_at");
    let mut array = good();
    let e = &array["log"]["entries"][0];
    array["log"]["entries"][0] = json!([e["index"], e["entry"], e["proof"]]);
    vec![
        refused("version-2", "bundle_unreadable", &with("/version", json!(2)), "A later version may say more."),
        refused("member-more", "bundle_unreadable", &more, "A member that nobody knows."),
        refused("member-missing", "bundle_unreadable", &missing, "When it was made is not said."),
        refused("entry-as-array", "bundle_unreadable", &array, "An entry is an object."),
        refused(
            "made-at-in-another-form",
            "bundle_unreadable",
            &with("/made_at", json!("2026-06-02T12:00:00+08:00")),
            "An instant has one form.",
        ),
        refused(
            "name-in-another-form",
            "bad_key_document",
            &{
                let mut bundle = good();
                bundle["keys"]["name"] = json!(" 示例认证中心");
                bundle
            },
            "A name has no blank at its beginning.",
        ),
        Case {
            bundle: canonical(&good()).replacen("\"host\":", "\"host\":\"xb.example.cn\",\"host\":", 1),
            ..refused("member-twice", "json_duplicate_member", &good(), "Two hosts.")
        },
    ]
}

fn canonical(value: &Value) -> String {
    String::from_utf8(canonicalize(value).unwrap()).unwrap()
}

pub fn cases() -> Vec<Case> {
    [that_hold(), lives(), lists_alone(), keys_life(), altered(), logs(), forms()].into_iter().flatten().collect()
}

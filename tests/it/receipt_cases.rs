//! Receipts as they come: good ones, and each thing that can be wrong with one. `vectors_receipt` keeps them in the tree.

use crate::receipt_kit::*;
use serde_json::{Value, json};
use starmark::sign::{KeyDocument, KeyId, RECEIPT_TYPE, SigningKey, canonicalize, sign_document, verify_credential};

pub struct Case {
    pub name: &'static str,
    pub why: &'static str,
    pub expect: &'static str,
    pub code: &'static str,
    pub receipt: String,
    pub keys: KeyDocument,
    pub now: &'static str,
}

fn case(name: &'static str, expect: &'static str, code: &'static str, receipt: &Value, why: &'static str) -> Case {
    let receipt = String::from_utf8(canonicalize(receipt).unwrap()).unwrap();
    Case { name, why, expect, code, receipt, keys: list(keys()), now: NOW }
}

fn refused(name: &'static str, code: &'static str, receipt: &Value, why: &'static str) -> Case {
    case(name, "refused", code, receipt, why)
}

fn under(mut case: Case, keys: KeyDocument) -> Case {
    case.keys = keys;
    case
}

/// Changed after it was signed.
fn changed_since() -> Vec<Case> {
    let with_list = json!([signed(content())["proof"]]);
    let changes = [
        ("changed-verdict", "/answers/1/verdict", json!("valid"), "Suspended made valid."),
        ("changed-as-of", "/as_of", json!("2026-05-08T01:00:00Z"), "Another day."),
        ("changed-known-at", "/known_at", json!("2026-05-08T01:00:00Z"), "Known earlier."),
        ("changed-made-at", "/made_at", json!("2026-05-08T01:30:00.251Z"), "Made later."),
        ("changed-reference", "/reference", json!("示例-2026-119"), "Another tender."),
        ("changed-holder", "/answers/0/certificate/holder/name", json!("示例商贸公司"), "Another's."),
        ("changed-same", "/answers/1/comparison/0/same", json!(true), "A difference hidden."),
        ("changed-created", "/proof/created", json!("2026-05-08T01:30:01Z"), "The proof's own time."),
        ("answers-swapped", "/answers", swapped(), "Two answers in each other's place."),
        ("member-added", "/note", json!("approved"), "A member more than was signed."),
        ("proof-doubled", "/proof", with_list, "A list."),
    ];
    let code = |name| if name == "proof-doubled" { "proof_several" } else { "signature_bad" };
    let mut out: Vec<Case> = changes
        .into_iter()
        .map(|(name, pointer, value, why)| refused(name, code(name), &with(signed(content()), pointer, value), why))
        .collect();
    let removed = |pointer| without(signed(content()), pointer);
    out.push(refused("answer-removed", "signature_bad", &removed("/answers/1"), "The bad news taken out."));
    out.push(refused("reference-removed", "signature_bad", &removed("/reference"), "For any tender."));
    out.push(refused("proof-removed", "proof_missing", &removed("/proof"), "No signature."));
    out
}

/// Signed by somebody else, or under another key.
fn other_keys() -> Vec<Case> {
    let key = |fragment| format!("did:web:xb.example.cn#{fragment}");
    let foreign = with(content(), "/issuer", json!("did:web:xc.example.cn"));
    let cases = [
        (
            "signed-by-a-stranger",
            "signature_bad",
            content(),
            7,
            key("receipt-1"),
            "Another key under the name of this body's.",
        ),
        (
            "signed-by-a-credential-key",
            "key_purpose_wrong",
            content(),
            1,
            key("credential-1"),
            "This body's own key, but for certificates.",
        ),
        ("key-not-listed", "key_unknown", content(), 2, key("receipt-0"), "A name no key can have."),
        (
            "key-of-another-body",
            "key_unknown",
            foreign.clone(),
            2,
            "did:web:xc.example.cn#receipt-1".to_owned(),
            "Signed by another body, whose keys these are not.",
        ),
        ("issuer-other", "issuer_mismatch", foreign, 2, key("receipt-1"), "The issuer does not control the key."),
    ];
    let made = |(name, code, document, seed, method, why): (_, _, _, _, String, _)| {
        refused(name, code, &signed_by_hand(document, seed, &method), why)
    };
    cases.into_iter().map(made).collect()
}

fn swapped() -> Value {
    let mut answers = content()["answers"].clone();
    answers.as_array_mut().unwrap().swap(0, 1);
    answers
}

/// Good signatures under other kinds.
fn other_kinds() -> Vec<Case> {
    let (signer, host) = (signer(1), host());
    let key = SigningKey { signer: &signer, id: KeyId::parse("credential-1").unwrap(), host: &host };
    let credential =
        json!({"type": ["VerifiableCredential"], "issuer": "did:web:xb.example.cn", "credentialSubject": {}});
    let credential = sign_document(credential, key, at(MADE_AT)).unwrap();
    let renamed = with(credential.clone(), "/type", json!(RECEIPT_TYPE));
    let renamed = with(renamed, "/proof/verificationMethod", json!("did:web:xb.example.cn#receipt-1"));
    let listed = list(keys());
    assert!(verify_credential(&credential, |url| listed.resolve(url)).is_ok());
    vec![
        refused("credential", "document_kind_wrong", &credential, "A credential of this body, rightly signed."),
        refused("credential-in-receipts-clothes", "signature_bad", &renamed, "A credential renamed."),
        refused(
            "type-other",
            "document_kind_wrong",
            &signed_by_hand(with(content(), "/type", json!("starmark-bundle")), 2, "did:web:xb.example.cn#receipt-1"),
            "Another type under a receipt key.",
        ),
    ]
}

/// Keys at other times of their life.
fn keys_life() -> Vec<Case> {
    let good = || signed(content());
    let why = "Made in an hour: one of the clocks is wrong.";
    let mut later = case("made-in-the-future", "undetermined", "signed_in_the_future", &good(), why);
    later.now = "2026-05-08T00:30:00Z";
    let set = |at_: &'static str| Some(at(at_));
    vec![
        later,
        under(
            refused("key-retired-before", "key_out_of_window", &good(), "The key was out of use by then."),
            keys_with(|k| k.retired_at = set("2026-05-01T00:00:00Z")),
        ),
        under(
            refused("key-not-yet-in-use", "key_out_of_window", &good(), "The key came into use later."),
            keys_with(|k| k.valid_from = at("2026-05-09T00:00:00Z")),
        ),
        under(
            refused("key-compromised-before", "key_compromised", &good(), "Others had the key by then."),
            keys_with(|k| k.compromised_at = set("2026-05-08T01:00:00Z")),
        ),
        under(
            case(
                "key-compromised-later",
                "undetermined",
                "key_compromised_later",
                &good(),
                "Others have had the key since: they can write any time into a receipt, an earlier one too.",
            ),
            keys_with(|k| k.compromised_at = set("2026-05-08T01:45:00Z")),
        ),
        under(
            case(
                "key-newer-than-the-list",
                "undetermined",
                "key_unknown",
                &good(),
                "A saved list may be older than the key.",
            ),
            list(vec![key("credential-1", 1)]),
        ),
    ]
}

/// Rightly signed, and yet not of the form of a receipt.
fn other_forms() -> Vec<Case> {
    let shape = "not_a_receipt";
    let changes = [
        ("member-unknown", "/note", json!("approved"), "A member more than a receipt has."),
        ("answers-none", "/answers", json!([]), "It answers nothing."),
        ("digest-upper-case", "/answers/0/certificate/record_sha256", json!("AB".repeat(32)), "Not its one form."),
        ("instant-with-offset", "/as_of", json!("2026-05-07T23:59:59+08:00"), "Not its one form."),
        ("standing-null", "/answers/2/standing", json!(null), "Not its one form."),
        (
            "asked-unseen-character",
            "/answers/0/asked",
            json!("2932\u{202e}6SC"),
            "It reads otherwise than it is written.",
        ),
    ];
    let made = |(name, pointer, value, why)| refused(name, shape, &signed(with(content(), pointer, value)), why);
    let mut out: Vec<Case> = changes.into_iter().map(made).collect();
    out.push(refused("version-missing", shape, &signed(without(content(), "/version")), "No version."));
    let newer = signed(with(content(), "/version", json!(2)));
    out.push(case("version-2", "undetermined", "receipt_newer", &newer, "A later version may say more."));
    out
}

/// Rightly signed, and yet what this program would never say.
fn contradictions() -> Vec<Case> {
    let (verdict, comparison) = ("receipt_verdict_wrong", "receipt_comparison_wrong");
    let (address, times) = ("receipt_address_wrong", "receipt_times_wrong");
    let failed = check("status", "failed", "suspended", true);
    let changes = [
        (
            "address-of-another-host",
            address,
            "/id",
            json!("https://xc.example.cn/r/AAECAwQFBgcICQoLDA0ODw"),
            "Kept elsewhere.",
        ),
        (
            "address-not-a-receipts",
            address,
            "/id",
            json!("https://xb.example.cn/r/AAECAwQFBgcICQoLDA0ODx"),
            "A name no receipt has.",
        ),
        ("known-at-after-made-at", times, "/known_at", json!("2026-05-09T00:00:00Z"), "It knows what came later."),
        ("made-at-not-when-signed", times, "/made_at", json!("2026-05-08T01:29:00Z"), "The proof has another second."),
        (
            "check-known-at-after-made-at",
            times,
            "/answers/0/checks/0/known_at",
            json!("2026-05-09T00:00:00Z"),
            "A check from later.",
        ),
        (
            "verdict-against-its-checks",
            verdict,
            "/answers/0/checks/3",
            failed,
            "Valid, though a required check failed.",
        ),
        ("verdict-valid-standing-suspended", verdict, "/answers/0/standing", json!("suspended"), "Two answers in one."),
        (
            "verdict-valid-in-the-future",
            verdict,
            "/as_of",
            json!("2026-06-01T00:00:00Z"),
            "What will hold is not known.",
        ),
        (
            "verdict-valid-later-than-known",
            verdict,
            "/known_at",
            json!("2026-05-07T12:00:00Z"),
            "It answers from what was known before the instant asked about.",
        ),
        (
            "verdict-valid-after-its-end",
            verdict,
            "/answers/0/certificate/valid_until",
            json!("2026-05-01"),
            "Its last day had gone by.",
        ),
        (
            "found-not-the-certificates",
            comparison,
            "/answers/0/comparison/0/found",
            json!("four_star"),
            "Compared with something else.",
        ),
        (
            "same-without-certificate",
            comparison,
            "/answers/2/comparison/0/same",
            json!(true),
            "Nothing agrees with nothing.",
        ),
        ("differences-too-few", comparison, "/differences", json!(0), "It counts none of two."),
    ];
    let made = |(name, code, pointer, value, why)| refused(name, code, &signed(with(content(), pointer, value)), why);
    let mut out: Vec<Case> = changes.into_iter().map(made).collect();
    let removed = |pointer| signed(without(content(), pointer));
    let unlooked = removed("/answers/0/checks/3");
    out.push(refused("verdict-valid-without-status", verdict, &unlooked, "Nobody looked at its status."));
    let nothing = removed("/answers/0/certificate");
    out.push(refused("verdict-valid-without-certificate", verdict, &nothing, "Valid, but what?"));
    out
}

/// Texts that JSON readers may read in two ways.
fn not_strict() -> Vec<Case> {
    let good = String::from_utf8(canonicalize(&signed(content())).unwrap()).unwrap();
    let mut out = vec![];
    let mut text = |name, code, from: &str, to: &str, why| {
        let receipt = good.replacen(from, to, 1);
        assert!(receipt != good, "{name}");
        out.push(Case { name, why, expect: "refused", code, receipt, keys: list(keys()), now: NOW });
    };
    let verdict = "\"verdict\":\"invalid\"";
    text(
        "member-twice",
        "json_duplicate_member",
        verdict,
        "\"verdict\":\"valid\",\"verdict\":\"invalid\"",
        "Two verdicts.",
    );
    text(
        "number-with-fraction",
        "not_a_receipt",
        "\"version\":1",
        "\"version\":1.0",
        "The same number in canonical form, and no integer as written.",
    );
    text(
        "number-inexact",
        "json_number",
        "\"version\":1",
        "\"version\":1.00000000000000000001",
        "No double holds it as written.",
    );
    text("trailing-data", "json_syntax", "\"version\":1}", "\"version\":1} {}", "A second text behind the first.");
    out.push(Case {
        name: "byte-order-mark",
        why: "It begins with U+FEFF.",
        expect: "refused",
        code: "json_syntax",
        receipt: format!("\u{feff}{good}"),
        keys: list(keys()),
        now: NOW,
    });
    out
}

fn genuine() -> Vec<Case> {
    let pretty = serde_json::to_string_pretty(&signed(content())).unwrap();
    let mut years = case(
        "good-years-later",
        "genuine",
        "key_in_window",
        &signed(content()),
        "Five years later, the key retired since.",
    );
    years.now = "2031-05-08T02:00:00Z";
    let mut spaced = case(
        "good-pretty-printed",
        "genuine",
        "signature_good",
        &signed(content()),
        "Spaces between its members change nothing.",
    );
    spaced.receipt = pretty;
    vec![
        case(
            "good",
            "genuine",
            "receipt_consistent",
            &signed(content()),
            "The worked example of docs/SPEC-receipt.md.",
        ),
        under(years, keys_with(|k| k.retired_at = Some(at("2026-05-09T00:00:00Z")))),
        spaced,
    ]
}

pub fn cases() -> Vec<Case> {
    [
        genuine(),
        changed_since(),
        other_keys(),
        other_kinds(),
        keys_life(),
        other_forms(),
        contradictions(),
        not_strict(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

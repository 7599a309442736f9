use super::*;
use crate::sign::LocalSigner;
use zeroize::Zeroizing;

// The example of Go's golang.org/x/mod/sumdb/note.
const EXAMPLE_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const EXAMPLE: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn signer(seed: u8) -> LocalSigner {
    LocalSigner::from_seed(&Zeroizing::new([seed; 32])).unwrap()
}

#[test]
fn the_example_of_go_verifies_and_is_written_alike() {
    let key = NoteKey::parse(EXAMPLE_KEY).unwrap();
    assert_eq!(key.to_string(), EXAMPLE_KEY);
    let note = Note::parse(EXAMPLE).unwrap();
    assert_eq!(note.verified_by(&key), Ok(Some(Signed { at: None })));
    assert_eq!(note.to_string(), EXAMPLE);
    let other = Note::parse(&EXAMPLE.replace("problem is", "solution is")).unwrap();
    assert_eq!(other.verified_by(&key), Err(NoteFailure::BadSignature("PeterNeumann".into())));
}

#[test]
fn signatures_and_cosignatures_stand_side_by_side() {
    let at = Timestamp::from_second(1_800_000_000).unwrap();
    let text = "xb.example.cn/log\n1\nAAAA\n";
    let note = Note::parse(&sign(text, "xb.example.cn/log", &signer(1)).unwrap()).unwrap();
    let line = cosign(text, "witness.example/w1", at, &signer(2)).unwrap();
    let both = Note::parse(&note.with_signature(&line).unwrap().to_string()).unwrap();
    let log = NoteKey::ed25519("xb.example.cn/log", signer(1).public());
    let witness = NoteKey::cosignature("witness.example/w1", signer(2).public());
    assert_eq!(both.verified_by(&log), Ok(Some(Signed { at: None })));
    assert_eq!(both.verified_by(&witness), Ok(Some(Signed { at: Some(at) })));
    // The same key under another name, for another kind, or another key: none of them has signed.
    for other in [
        NoteKey::ed25519("xa.example.cn/log", signer(1).public()),
        NoteKey::cosignature("xb.example.cn/log", signer(1).public()),
        NoteKey::ed25519("xb.example.cn/log", signer(3).public()),
        NoteKey::ed25519("witness.example/w1", signer(2).public()),
    ] {
        assert_eq!(both.verified_by(&other), Ok(None), "{other}");
    }
    let late = cosign(text, "witness.example/w1", Timestamp::from_second(1_800_000_001).unwrap(), &signer(2)).unwrap();
    let (early, late) = (line.split(' ').nth(2).unwrap().trim(), late.split(' ').nth(2).unwrap().trim().to_owned());
    let mut moved = STANDARD.decode(early).unwrap();
    moved[..12].copy_from_slice(&STANDARD.decode(late).unwrap()[..12]);
    let moved = format!("\u{2014} witness.example/w1 {}", STANDARD.encode(moved));
    let moved = note.with_signature(&moved).unwrap();
    assert!(matches!(moved.verified_by(&witness), Err(NoteFailure::BadSignature(_))), "another time");
}

#[test]
fn what_is_no_note_is_refused() {
    let line = EXAMPLE.lines().last().unwrap();
    let check = |note: &str, code: &str| assert_eq!(Note::parse(note).unwrap_err().code(), code, "{note:?}");
    check("", "note_form");
    check("text\n", "note_form");
    check("text\n\n", "note_form");
    check(&EXAMPLE.replace("\n\n", "\n"), "note_form");
    check(EXAMPLE.strip_suffix('\n').unwrap(), "note_form");
    check(&EXAMPLE.replace('\n', "\r\n"), "note_control_character");
    check(&EXAMPLE.replace("answer", "ans\twer"), "note_control_character");
    check(&EXAMPLE.replace('\u{2014}', "-"), "note_signature_line");
    check(&EXAMPLE.replace("PeterNeumann x", "Peter+Neumann x"), "note_signature_line");
    check(&EXAMPLE.replace("PeterNeumann x", "PeterNeumann  x"), "note_signature_line");
    check(&EXAMPLE.replace("JnAM=", "JnAM"), "note_signature_line");
    check("text\n\n\u{2014} name AAAAAA==\n", "note_signature_line");
    check(&format!("text\n\n{}", format!("{line}\n").repeat(101)), "note_signatures");
    check(&format!("{}\n{EXAMPLE}", "x".repeat(NOTE_MAX)), "note_too_large");
}

#[test]
fn what_is_no_verifier_key_is_refused() {
    for text in [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+Ahpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T",
    ] {
        assert_eq!(NoteKey::parse(text), Err(NoteFailure::BadKey), "{text}");
    }
}

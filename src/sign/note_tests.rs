use super::*;
use crate::sign::LocalSigner;
use zeroize::Zeroizing;

const TEXT: &str = "xb.example.cn/log\n1\nbjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n";
const LOG: &str = "xb.example.cn/log";
const WITNESS: &str = "witness.example.cn/w1";

fn signer(seed: u8) -> LocalSigner {
    LocalSigner::from_seed(&Zeroizing::new([seed; 32])).unwrap()
}

fn log_key() -> NoteKey {
    NoteKey::new(LOG, NoteAlgorithm::Ed25519, signer(1).public()).unwrap()
}

fn witness_key() -> NoteKey {
    NoteKey::new(WITNESS, NoteAlgorithm::CosignatureV1, signer(2).public()).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn signed() -> Note {
    Note::new(TEXT, &sign_note(TEXT, LOG, &signer(1)).unwrap()).unwrap()
}

/// A line with this key's name and id, whatever it has for a signature.
fn line(key: &NoteKey, signature: &[u8]) -> String {
    NoteSignature { name: key.name().to_owned(), key_id: key.id(), signature: signature.to_vec() }.to_string()
}

fn plain(at: Option<Timestamp>) -> Result<Option<NoteProof>, NoteFailure> {
    Ok(Some(NoteProof { at }))
}

fn bad_signature(key: &NoteKey) -> Result<Option<NoteProof>, NoteFailure> {
    Err(NoteFailure::BadSignature(key.name().to_owned()))
}

#[test]
fn the_example_of_gos_note_package() {
    let text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    let lines =
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    let vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let key = NoteKey::parse(vkey).unwrap();
    assert_eq!(
        (key.name(), key.algorithm(), key.id()),
        ("PeterNeumann", NoteAlgorithm::Ed25519, [0xc7, 0x4f, 32, 0xa3])
    );
    assert_eq!(key.vkey(), vkey);
    let whole = format!("{text}\n{lines}");
    let note = Note::parse(whole.as_bytes()).unwrap();
    assert_eq!((note.text(), note.to_string()), (text, whole));
    assert_eq!(note.verified_by(&key), plain(None));
}

#[test]
fn the_example_of_the_specification() {
    let key = NoteKey::parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k").unwrap();
    let note = "This is an example message.\n\n— example.com/foo \
                Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    assert_eq!(Note::parse(note.as_bytes()).unwrap().verified_by(&key), plain(None));
    let other = note.replace("an example", "no example");
    assert_eq!(Note::parse(other.as_bytes()).unwrap().verified_by(&key), bad_signature(&key));
}

/// A checkpoint of a public log of test certificates, as it was served: by the log's key of type 0x01, by another of a
/// type unknown here, and by four witnesses.
const WITNESSED: &str = "\
arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
";

#[test]
fn a_witnessed_checkpoint_of_a_public_log() {
    let time = Some("2026-05-23T21:50:24Z".parse().unwrap());
    let keys = [
        ("arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f", None),
        ("transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM", time),
        ("witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO", time),
        ("remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2", time),
        ("witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv", time),
    ];
    let note = Note::parse(WITNESSED.as_bytes()).unwrap();
    let changed = Note::parse(WITNESSED.replace("1432088532", "1432088533").as_bytes()).unwrap();
    assert_eq!(note.signatures().len(), 6);
    for (vkey, time) in keys {
        let key = NoteKey::parse(vkey).unwrap();
        assert_eq!(note.verified_by(&key), plain(time), "{vkey}");
        assert_eq!(changed.verified_by(&key), bad_signature(&key), "{vkey}");
    }
    assert_eq!(note.verified_by(&witness_key()), Ok(None));
}

#[test]
fn what_we_sign_and_cosign_verifies() {
    let note = signed();
    assert_eq!(note.verified_by(&log_key()), plain(None));
    assert_eq!(note.verified_by(&witness_key()), Ok(None));
    let cosignature = cosign(TEXT, WITNESS, at(1_780_000_000), &signer(2)).unwrap();
    let both = note.with_lines(&cosignature).unwrap();
    assert_eq!(both.to_string(), format!("{note}{cosignature}"));
    assert_eq!(Note::parse(both.to_string().as_bytes()), Ok(both.clone()));
    assert_eq!(both.verified_by(&log_key()), plain(None));
    assert_eq!(both.verified_by(&witness_key()), plain(Some(at(1_780_000_000))));
    // Text of several paragraphs is text up to the last blank line.
    let text = "a\n\n\nb\n";
    let note = Note::parse(format!("{text}\n{}", sign_note(text, LOG, &signer(1)).unwrap()).as_bytes()).unwrap();
    assert_eq!((note.text(), note.verified_by(&log_key())), (text, plain(None)));
}

#[test]
fn a_line_counts_for_the_key_whose_name_and_id_it_bears_and_no_other() {
    let note = signed();
    let other_key = NoteKey::new(LOG, NoteAlgorithm::Ed25519, signer(3).public()).unwrap();
    let other_name = NoteKey::new("xb.example.cn/log2", NoteAlgorithm::Ed25519, signer(1).public()).unwrap();
    let other_kind = NoteKey::new(LOG, NoteAlgorithm::CosignatureV1, signer(1).public()).unwrap();
    for key in [other_key, other_name, other_kind] {
        assert_eq!(note.verified_by(&key), Ok(None), "{key:?}");
    }
    // The same id under another name, be it by chance or on purpose.
    let renamed = Note::new(TEXT, &line(&log_key(), &[7; 64]).replace(LOG, "xb.example.cn/log2")).unwrap();
    assert_eq!(renamed.verified_by(&log_key()), Ok(None));
}

#[test]
fn one_bad_line_of_a_known_key_spoils_the_note() {
    let (note, key) = (signed(), log_key());
    let forged = line(&key, &signer(3).sign(TEXT.as_bytes()).unwrap());
    let (good, forged_first) = (note.signatures()[0].to_string(), Note::new(TEXT, &forged).unwrap());
    assert_eq!(forged_first.verified_by(&key), bad_signature(&key));
    assert_eq!(forged_first.with_lines(&good).unwrap().verified_by(&key), bad_signature(&key));
    assert_eq!(note.with_lines(&forged).unwrap().verified_by(&key), bad_signature(&key));
    let mine = &note.signatures()[0].signature;
    for bits in 0..8 * mine.len() {
        let mut changed = mine.clone();
        changed[bits / 8] ^= 1 << (bits % 8);
        assert_eq!(Note::new(TEXT, &line(&key, &changed)).unwrap().verified_by(&key), bad_signature(&key));
    }
    for length in [1, 63, 65] {
        let changed: Vec<u8> = mine.iter().chain(mine).take(length).copied().collect();
        assert_eq!(Note::new(TEXT, &line(&key, &changed)).unwrap().verified_by(&key), bad_signature(&key));
    }
}

#[test]
fn a_cosignature_is_for_its_time() {
    let (key, time) = (witness_key(), 1_780_000_000u64);
    let cosignature = cosign(TEXT, WITNESS, at(time as i64), &signer(2)).unwrap();
    let bytes = NoteSignature::parse_lines(&cosignature).unwrap().remove(0).signature;
    let answer = |signature: &[u8]| Note::new(TEXT, &line(&key, signature)).unwrap().verified_by(&key);
    assert_eq!(answer(&bytes), plain(Some(at(time as i64))));
    for changed in [time - 1, time + 1, 0, u64::MAX] {
        assert_eq!(answer(&[&changed.to_be_bytes(), &bytes[8..]].concat()), bad_signature(&key));
    }
    for cut in [&bytes[8..], &bytes[..71], &bytes[..8], &bytes[..1], &[&bytes[..], &[0]].concat()] {
        assert_eq!(answer(cut), bad_signature(&key));
    }
    // A signature of the text alone, and one that a log's key made of it, are no cosignatures.
    assert_eq!(answer(&signer(2).sign(TEXT.as_bytes()).unwrap()), bad_signature(&key));
    // Signed, but no time: 0, beyond 63 bits, beyond the year 9999.
    for time in [0, 1 << 63, u64::MAX, 253_402_300_800] {
        let signature = signer(2).sign(cosigned(TEXT, time).as_bytes()).unwrap();
        let answer = answer(&[&time.to_be_bytes()[..], &signature].concat());
        assert_eq!(answer, Err(NoteFailure::BadTime(WITNESS.to_owned())), "{time}");
    }
    for time in [0, -1] {
        let refused = cosign(TEXT, WITNESS, at(time), &signer(2)).unwrap_err();
        assert_eq!(refused.code(), "note_time_bad");
    }
}

#[test]
fn of_several_cosignatures_the_newest_counts() {
    let lines =
        [1_780_000_000, 1_790_000_000, 1_770_000_000].map(|t| cosign(TEXT, WITNESS, at(t), &signer(2)).unwrap());
    let note = signed().with_lines(&lines.concat()).unwrap();
    assert_eq!(note.verified_by(&witness_key()), plain(Some(at(1_790_000_000))));
}

#[track_caller]
fn refused(note: &[u8], code: &str, words: &str) {
    let refusal = Note::parse(note).unwrap_err();
    assert_eq!(refusal.code, code, "{}", refusal.message);
    assert!(refusal.message.contains(words), "{}", refusal.message);
}

#[test]
fn what_is_no_note_is_refused() {
    let note = signed().to_string();
    let (text, line) = note.split_once("\n\n").unwrap();
    let (start, base64) = line.trim_end().rsplit_once(' ').unwrap();
    refused(b"", "note_text", "no blank line");
    refused(TEXT.as_bytes(), "note_text", "no blank line");
    refused(format!("{text}\n{line}").as_bytes(), "note_text", "no blank line");
    refused(format!("{text}\n\n").as_bytes(), "note_signature_line", "no signature line");
    refused(format!("{note}\n").as_bytes(), "note_signature_line", "no signature line");
    refused(note.trim_end().as_bytes(), "note_signature_line", "");
    refused(note.replace('\n', "\r\n").as_bytes(), "note_text", "control character at byte 17");
    for control in ["\0", "\t", "\r", "\u{1b}"] {
        refused(format!("{control}{note}").as_bytes(), "note_text", "control character at byte 0");
    }
    refused(&[b"\xff", note.as_bytes()].concat(), "note_text", "not UTF-8 at byte 0");
    refused(&[note.as_bytes(), b"\xe2\x80\n"].concat(), "note_text", "not UTF-8");
    for bad in [
        format!("- {LOG} {base64}\n"),
        format!("—{LOG} {base64}\n"),
        format!("—  {LOG} {base64}\n"),
        format!("— {LOG}  {base64}\n"),
        format!("— {LOG} {base64} \n"),
        format!(" {line}"),
        format!("— {LOG}\n"),
        format!("— {base64}\n"),
        format!("— a+b {base64}\n"),
        format!("— a\u{3000}b {base64}\n"),
        format!("— a\u{85}b {base64}\n"),
        format!("— {} {base64}\n", "a".repeat(256)),
        format!("{start} {}\n", base64.trim_end_matches('=')),
        format!("{start} {base64}=\n"),
        format!("{start} {}\n", base64.replacen(['+', '/'], "-", 1)),
        format!("{start} AAAA\n"),
        format!("{start} AAAAAA==\n"),
        format!("{start} \n"),
        format!("{line}\u{feff}\n"),
    ] {
        refused(format!("{text}\n\n{bad}").as_bytes(), "note_signature_line", "— name base64");
        refused(format!("{text}\n\n{line}{bad}").as_bytes(), "note_signature_line", "— name base64");
    }
}

#[test]
fn a_note_has_bounds() {
    let (note, key) = (signed(), log_key());
    let others = |n: u32| (0..n).map(|i| line(&key, &i.to_be_bytes())).collect::<String>();
    let full = note.with_lines(&others(99)).unwrap();
    assert_eq!(full.signatures().len(), SIGNATURES_MAX);
    assert_eq!(Note::parse(full.to_string().as_bytes()), Ok(full.clone()));
    assert_eq!(full.with_lines(&line(&key, b"one more")).unwrap_err().code, "note_too_many_signatures");
    refused(format!("{full}{}", line(&key, b"one more")).as_bytes(), "note_too_many_signatures", "more than 100");
    let rest = NOTE_MAX - note.to_string().len();
    let long = |more: usize| format!("{}{note}", "a".repeat(more));
    assert!(Note::parse(long(rest).as_bytes()).is_ok());
    refused(long(rest + 1).as_bytes(), "note_too_large", "more than 1000000 bytes");
    let long_text = format!("{}\n", "a".repeat(NOTE_MAX));
    assert_eq!(Note::new(&long_text, &others(1)).unwrap_err().code, "note_too_large");
    assert_eq!(NoteSignature::parse_lines(&long_text).unwrap_err().code, "note_too_large");
}

#[test]
fn lines_are_added_once_and_nothing_else_with_them() {
    let note = signed();
    let cosignature = cosign(TEXT, WITNESS, at(1_780_000_000), &signer(2)).unwrap();
    let both = note.with_lines(&cosignature).unwrap();
    assert_eq!(both.with_lines(&cosignature), Ok(both.clone()));
    assert_eq!(both.with_lines(""), Ok(both.clone()));
    for bad in ["\n", "x\n", &format!("\n{cosignature}"), &format!("{cosignature}\n"), cosignature.trim_end()] {
        assert_eq!(note.with_lines(bad).unwrap_err().code, "note_signature_line", "{bad:?}");
    }
}

#[test]
fn what_could_not_stand_in_a_note_is_not_signed() {
    let code = |text: &str, name: &str| sign_note(text, name, &signer(1)).unwrap_err().code();
    for text in ["", "a", "a\n\tb\n", "a\r\n"] {
        assert_eq!(code(text, LOG), "note_text", "{text:?}");
        assert_eq!(cosign(text, LOG, at(1), &signer(1)).unwrap_err().code(), "note_text");
        assert_eq!(Note::new(text, &line(&log_key(), b"x")).unwrap_err().code, "note_text");
    }
    for name in ["", "a b", "a+b", "a\nb", "a\u{2003}b"] {
        assert_eq!(code(TEXT, name), "bad_note_key", "{name:?}");
    }
}

#[test]
fn a_verifier_key_has_one_text() {
    let vkey = witness_key().vkey();
    assert_eq!(NoteKey::parse(&vkey), Ok(witness_key()));
    let [name, id, key] = vkey.split('+').collect::<Vec<_>>()[..] else { panic!("{vkey}") };
    let raw = STANDARD.decode(key).unwrap();
    let typed = |byte: u8| STANDARD.encode([&[byte], &raw[1..]].concat());
    for bad in [
        String::new(),
        format!("{name}+{id}"),
        format!("{name}+{key}"),
        format!("{name}+{id}+"),
        format!("+{id}+{key}"),
        format!("a b+{id}+{key}"),
        format!("{name}+{}+{key}", id.to_uppercase()),
        format!("{name}+00000000+{key}"),
        format!("{name}+0{id}+{key}"),
        format!("{name}2+{id}+{key}"),
        format!("{name}+{id}+{}", typed(1)),
        format!("{name}+{id}+{}", typed(2)),
        format!("{name}+{id}+{}", STANDARD.encode(&raw[..32])),
        format!("{name}+{id}+{}", STANDARD.encode([&raw[..], &[0]].concat())),
        format!("{vkey}="),
        format!("{vkey}\n"),
        format!(" {vkey}"),
    ] {
        assert_eq!(NoteKey::parse(&bad).unwrap_err().code, "bad_note_key", "{bad}");
    }
    // A key that verifies nearly anything is none.
    let weak = STANDARD.encode([&[1u8, 1][..], &[0; 31]].concat());
    assert_eq!(NoteKey::parse(&format!("{name}+{id}+{weak}")).unwrap_err().code, "bad_public_key");
}

use super::*;

/// Key pair of the W3C test vectors (vc-di-eddsa, keyPair.json).
const W3C: &str = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2";
/// RFC 8037 appendix A.2.
const RFC8037_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fn hex(text: &str) -> [u8; 32] {
    let bytes: Vec<u8> = (0..32).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect();
    bytes.try_into().unwrap()
}

#[test]
fn each_writing_of_a_key_reads_back() {
    let key = PublicKey::from_multikey(W3C).unwrap();
    assert_eq!(key.to_multikey(), W3C);
    assert_eq!(PublicKey::from_jwk_x(&key.to_jwk_x()).unwrap(), key);
    assert_eq!(PublicKey::from_bytes(&key.to_bytes()).unwrap(), key);
    let rfc = PublicKey::from_jwk_x(RFC8037_X).unwrap();
    assert_eq!(rfc.to_bytes(), hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"));
    // sha256 of those 32 bytes begins 21fe31df
    assert_eq!(rfc.hint(), [0x21, 0xfe, 0x31, 0xdf]);
}

#[test]
fn a_key_written_otherwise_is_refused() {
    for bad in
        ["", "z", "6Mk", &W3C[1..], &W3C[..47], &format!("{W3C}1"), &W3C.replace('z', "m"), &W3C.replace("6Mk", "6LS")]
    {
        assert_eq!(PublicKey::from_multikey(bad).unwrap_err().code, "bad_public_key", "{bad}");
    }
    for bad in ["", &RFC8037_X[1..], &format!("{RFC8037_X}="), &RFC8037_X.replace('_', "/"), &"A".repeat(9_000)] {
        assert_eq!(PublicKey::from_jwk_x(bad).unwrap_err().code, "bad_public_key", "{bad}");
    }
}

/// The key of RFC 8032's test 1 plus the point of order 2, so both coordinates negated: order 2L.
const MIXED: &str = "16a567fe7d4ef5482ab4012c369bf8c5f11e8d0c2559dcda50fde59708f8aee5";

/// The points of order 1, 2, 4 and 8, each in every encoding a decoder might take, and one with a torsion part.
#[test]
fn a_point_outside_the_prime_order_group_is_refused() {
    for bad in [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        MIXED,
        // no point at all
        "0200000000000000000000000000000000000000000000000000000000000000",
    ] {
        assert_eq!(PublicKey::from_bytes(&hex(bad)).unwrap_err().code, "bad_public_key", "{bad}");
    }
    let refusal = PublicKey::from_bytes(&hex(MIXED)).unwrap_err();
    assert!(refusal.message.contains("prime-order"), "{refusal}");
}

/// A second writing of a point has a y of p or more: p to p + 18, with either sign.
#[test]
fn no_key_has_a_second_writing() {
    for above in 0..19u8 {
        for sign in [0x7f, 0xff] {
            let mut bytes = [0xff; 32];
            (bytes[0], bytes[31]) = (0xed + above, sign);
            assert_eq!(PublicKey::from_bytes(&bytes).unwrap_err().code, "bad_public_key", "{above} {sign}");
        }
    }
}

#[test]
fn a_key_id_has_one_writing() {
    for good in ["credential-1", "mark-9999", "log-10", "receipt-2"] {
        assert_eq!(KeyId::parse(good).unwrap().to_string(), good);
    }
    for bad in [
        "",
        "credential",
        "credential-",
        "credential-0",
        "credential-01",
        "credential-+1",
        "credential-10000",
        "Credential-1",
        "credential-1 ",
        "cred-1",
        "credential-1-1",
        "credential-99999999999",
        "credential-１",
    ] {
        assert_eq!(KeyId::parse(bad).unwrap_err().code, "bad_key_id", "{bad}");
    }
    assert!(KeyId::new(Purpose::Mark, 0).is_err());
    let host = Host::parse("xb.example.cn").unwrap();
    assert_eq!(KeyId::parse("mark-3").unwrap().url(&host), "did:web:xb.example.cn#mark-3");
}

#[test]
fn a_window_holds_its_start_and_not_its_end() {
    let at = |t: &str| t.parse::<Timestamp>().unwrap();
    let mut record = KeyRecord::new(
        KeyId::parse("credential-1").unwrap(),
        PublicKey::from_multikey(W3C).unwrap(),
        at("2026-01-01T00:00:00Z"),
    );
    assert!(!record.in_window(at("2025-12-31T23:59:59.999Z")) && record.in_window(at("2026-01-01T00:00:00Z")));
    assert!(record.in_window(at("2100-01-01T00:00:00Z")) && !record.is_compromised(at("2100-01-01T00:00:00Z")));
    record.retired_at = Some(at("2027-01-01T00:00:00Z"));
    assert!(record.in_window(at("2026-12-31T23:59:59Z")) && !record.in_window(at("2027-01-01T00:00:00Z")));
    record.compromised_at = Some(at("2026-06-01T00:00:00Z"));
    assert!(!record.is_compromised(at("2026-05-31T23:59:59Z")) && record.is_compromised(at("2026-06-01T00:00:00Z")));
}

#[test]
fn a_record_is_proved_again_when_it_is_read() {
    let record = serde_json::json!({
        "id": "credential-1", "purpose": "credential", "public": W3C,
        "valid_from": "2026-01-01T00:00:00Z", "retired_at": "2027-01-01T00:00:00Z",
    });
    let read: KeyRecord = serde_json::from_value(record.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), record);
    for (member, value) in
        [("purpose", "mark"), ("retired_at", "2025-01-01T00:00:00Z"), ("id", "credential-0"), ("public", "z6")]
    {
        let mut bad = record.clone();
        bad[member] = value.into();
        assert!(serde_json::from_value::<KeyRecord>(bad).is_err(), "{member}");
    }
}

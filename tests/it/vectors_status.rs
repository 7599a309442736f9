//! Status lists of every defect, each refused for its own reason, and the vectors of the Token Status List draft.

use crate::vectors_support::{root, unhex, vector};
use coset::CborSerializable as _;
use coset::cbor::Value as Cbor;
use serde_json::Value;
use starmark::status::{Bits, Bitstring, ListFault, TokenList};

/// What the list says of the entry asked for, or the reason it says nothing.
fn read(case: &Value) -> Result<u64, ListFault> {
    let (encoded, index) = (case["encoded"].as_str().unwrap(), case["index"].as_u64().unwrap() as u32);
    match case["kind"].as_str().unwrap() {
        "bitstring" => Bitstring::decode(encoded)?.get(index).map(u64::from),
        _ => TokenList::decode_text(Bits::new(case["bits"].as_u64().unwrap())?, encoded)?.get(index).map(u64::from),
    }
}

#[test]
fn every_defect_has_its_own_reason_and_good_lists_are_read() {
    let (mut good, mut refused) = (0, 0);
    for entry in std::fs::read_dir(root("tests/vectors/status")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let case: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let found = match read(&case) {
            Ok(status) if case["says"] == status => None,
            Ok(_) => Some("status_differs"),
            Err(fault) => Some(fault.code()),
        };
        assert_eq!(found, case["reason"].as_str(), "{name}: {}", case["why"]);
        assert_eq!(found.is_none(), name.contains("-good"), "{name}");
        *if found.is_none() { &mut good } else { &mut refused } += 1;
    }
    assert_eq!((good, refused), (4, 42));
}

/// All statuses that are not 0, as the draft lists them.
fn statuses(vector: &Value) -> Vec<(u32, u8)> {
    let listed = vector["statuses"].as_object().unwrap();
    let mut all: Vec<(u32, u8)> =
        listed.iter().map(|(i, v)| (i.parse().unwrap(), v.as_u64().unwrap() as u8)).filter(|(_, v)| *v != 0).collect();
    all.sort_unstable();
    all
}

#[test]
fn the_drafts_vectors_are_read_and_written_in_both_forms() {
    for bits in [1, 2, 4, 8] {
        let given: Value = serde_json::from_slice(&vector(&format!("token-status-list/{bits}-bit.json"))).unwrap();
        let width = Bits::new(given["json"]["bits"].as_u64().unwrap()).unwrap();
        let list = TokenList::decode_text(width, given["json"]["lst"].as_str().unwrap()).unwrap();
        assert_eq!(list.length(), 1 << 20);
        let found: Vec<(u32, u8)> =
            (0..1 << 20).map(|i| (i, list.get(i).unwrap())).filter(|(_, status)| *status != 0).collect();
        assert_eq!(found, statuses(&given), "{bits} bits");
        let cbor = Cbor::from_slice(&unhex(given["cbor"].as_str().unwrap())).unwrap();
        let member = |name: &str| &cbor.as_map().unwrap().iter().find(|(k, _)| k.as_text() == Some(name)).unwrap().1;
        assert_eq!(u64::try_from(member("bits").as_integer().unwrap()).unwrap(), u64::from(width.number()));
        assert_eq!(TokenList::decode(width, member("lst").as_bytes().unwrap()).unwrap(), list, "{bits} bits");
        let mut ours = TokenList::new(width, 1 << 20).unwrap();
        found.iter().for_each(|(i, status)| ours.set(*i, *status).unwrap());
        assert_eq!(TokenList::decode_text(width, &ours.encode_text().unwrap()).unwrap(), list, "{bits} bits");
    }
}

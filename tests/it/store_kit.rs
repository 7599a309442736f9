//! Units for the store's tests: certificates, their changes, marks and settings, all made from a number.

use jiff::Timestamp;
use jiff::civil::{Date, date};
use starmark::domain::certificate::{Serial, SurveillanceOutcome};
use starmark::domain::holder::{CertificationBody, Holder, Site};
use starmark::domain::mark_licence::{MarkTerms, Medium};
use starmark::domain::reason::{SuspensionReason, WithdrawalReason};
use starmark::domain::record::{IssuedBy, Terms};
use starmark::domain::text::{Address, Name, Scope};
use starmark::domain::{
    CertificateChange, CertificateId, CertificateNumber, Event, Fact, Host, Level, MarkChange, MarkId, Provenance,
    Role, StatusEntry, Uscc,
};
use starmark::store::disk::RealDisk;
use starmark::store::journal::{Inspected, Options};
use starmark::store::{Changeset, Expect, Record, RecordKind, Subject};
use std::path::Path;
use std::sync::Arc;

/// Splitmix64: a seed gives the same run again.
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }
}

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + second).unwrap()
}

pub fn cert_id(n: u64) -> CertificateId {
    let b = n.to_be_bytes();
    CertificateId::from_bytes([b[2], b[3], b[4], b[5], b[6], b[7]])
}

pub fn mark_id(n: u64) -> MarkId {
    MarkId::from_bytes(cert_id(n).to_bytes())
}

pub fn uscc(n: u64) -> Uscc {
    Uscc::from_base31(31u128.pow(16) * 9 + u128::from(n)).unwrap()
}

pub fn number(n: u64) -> CertificateNumber {
    CertificateNumber::parse(&format!("29326SC{n:05}R0M")).unwrap()
}

/// The place of certificate `n` in the status lists; three lists, so that none is the only one.
pub fn place(n: u64) -> StatusEntry {
    StatusEntry::new(1 + (n % 3) as u32, (n * 7919 % 131_072) as u32).unwrap()
}

pub const DUE: Date = date(2027, 5, 8);
pub const UNTIL: Date = date(2029, 5, 7);

pub fn terms(n: u64, holder: &str) -> Terms {
    Terms {
        number: number(n),
        holder: Holder {
            name: Name::parse(holder).unwrap(),
            uscc: uscc(n),
            address: Address::parse("上海市浦东新区示例路 1 号").unwrap(),
        },
        level: Level::FiveStar,
        scheme: "gbt27922-2011".into(),
        standard: "GB/T 27922-2011".into(),
        scope: Scope::parse("家用电器的销售、安装、维修及相关售后服务").unwrap(),
        sites: vec![Site {
            name: Name::parse("示例总部").unwrap(),
            address: Address::parse("上海市浦东新区示例路 1 号").unwrap(),
        }],
        body: IssuedBy {
            name: Name::parse("示例认证有限公司").unwrap(),
            address: Address::parse("北京市示例路 2 号").unwrap(),
            approval_number: Name::parse("CNCA-R-2026-293").unwrap(),
        },
        issued_on: date(2026, 5, 8),
        valid_until: UNTIL,
        first_issued_on: date(2026, 5, 8),
        surveillance_due_on: DUE,
        recertification: 0,
        supersedes: None,
        score_sheet_sha256: Some("ab".repeat(32)),
        status: Some(place(n)),
    }
}

pub fn event(n: u64, fact: Fact) -> Event {
    Event { fact, effective_at: at(n as i64), recorded_at: at(n as i64), actor: Role::Registrar }
}

pub fn provenance(n: u64) -> Provenance {
    Provenance {
        by: "token:front-desk".into(),
        idempotency_key: Some(format!("key-{n}")),
        request_sha256: Some("cd".repeat(32)),
        reference: Some(format!("D-2026-{n:06}")),
        note: None,
    }
}

pub fn unnamed() -> Provenance {
    Provenance {
        by: "local:root".into(),
        idempotency_key: None,
        request_sha256: None,
        reference: None,
        note: Some("说明".into()),
    }
}

/// The signed record of certificate `n`: bytes with line ends, zeros and more, that must come back as they are.
pub fn credential(n: u64) -> Vec<u8> {
    let mut bytes = format!("{{\"id\":\"{}\"}}\r\n\0SMf1", cert_id(n)).into_bytes();
    let mut rng = Rng(n);
    bytes.extend((0..1200).map(|_| rng.next() as u8));
    bytes
}

pub fn issued(n: u64, terms: Terms) -> Event {
    let serial = Some(Serial { series: "29326SC#R*M".into(), value: n });
    let change = CertificateChange::Issued { terms: Box::new(terms), record_sha256: "ef".repeat(32), serial };
    event(n, Fact::Certificate { id: cert_id(n), change })
}

pub fn issue_to(n: u64, holder: &str) -> Changeset {
    Changeset {
        expect: vec![Expect { subject: Subject::Certificate(cert_id(n)), version: 0 }],
        events: vec![issued(n, terms(n, holder))],
        records: vec![
            Record { kind: RecordKind::Credential, certificate: cert_id(n), bytes: credential(n) },
            Record { kind: RecordKind::Decision, certificate: cert_id(n), bytes: format!("decision {n}").into_bytes() },
        ],
        provenance: provenance(n),
    }
}

pub fn issue(n: u64) -> Changeset {
    issue_to(n, &format!("示例售后服务{n}有限公司"))
}

pub fn change(n: u64, version: u64, change: CertificateChange) -> Changeset {
    Changeset {
        expect: vec![Expect { subject: Subject::Certificate(cert_id(n)), version }],
        events: vec![event(n + version, Fact::Certificate { id: cert_id(n), change })],
        records: vec![],
        provenance: unnamed(),
    }
}

pub fn suspended(until: Date) -> CertificateChange {
    let reason = SuspensionReason::parse("0112").unwrap();
    CertificateChange::Suspended { reason, confirmed_on: date(2026, 6, 1), until }
}

pub fn reinstated() -> CertificateChange {
    CertificateChange::Reinstated { passed_on: date(2026, 6, 20) }
}

pub fn withdrawn() -> CertificateChange {
    CertificateChange::Withdrawn { reason: WithdrawalReason::parse("0199").unwrap() }
}

pub fn surveyed(outcome: SurveillanceOutcome, next_due_on: Date) -> CertificateChange {
    CertificateChange::Surveyed { on_site_ended_on: date(2027, 4, 1), outcome, next_due_on }
}

pub fn mark_event(m: u64, n: u64, change: MarkChange) -> Event {
    event(m, Fact::Mark { id: mark_id(m), certificate: cert_id(n), change })
}

/// Asks for a mark on certificate `n`, which had `marks` marks so far.
pub fn request_mark(m: u64, n: u64, marks: u64) -> Changeset {
    let terms = MarkTerms {
        certificate: cert_id(n),
        level: Level::FiveStar,
        medium: Medium::Product,
        brand: None,
        products: None,
        site: None,
        licensed_on: date(2026, 5, 9),
        valid_until: UNTIL,
    };
    Changeset {
        expect: vec![
            Expect { subject: Subject::MarksOf(cert_id(n)), version: marks },
            Expect { subject: Subject::Mark(mark_id(m)), version: 0 },
        ],
        events: vec![mark_event(m, n, MarkChange::Requested { terms })],
        records: vec![],
        provenance: unnamed(),
    }
}

pub fn setting(name: &str) -> Changeset {
    let body = CertificationBody::parse(&format!(
        "name = \"{name}\"\naddress = \"北京\"\napproval_number = \"CNCA-R-2026-293\"\nnumber_pattern = \"293{{yy}}SC{{serial:5}}R{{recert}}M\"\n"
    ))
    .unwrap();
    let host = Host::parse("xb.example.cn").unwrap();
    Changeset {
        expect: vec![],
        events: vec![event(0, Fact::Body { host, body: Box::new(body) })],
        records: vec![],
        provenance: unnamed(),
    }
}

/// Appends a unit with this JSON header, as another version of the program might have written it; its events are numbered
/// on from the journal's end.
pub fn append_header(data: &Path, header: &str, events: u64) {
    let mut writer = Inspected::inspect(Arc::new(RealDisk), data).unwrap().repair(Options::default()).unwrap();
    let first = writer.tip().next_seq;
    let length = (20 + header.len()) as u32;
    let mut unit = [&length.to_be_bytes()[..], &(header.len() as u32).to_be_bytes(), &first.to_be_bytes()].concat();
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&unit), header.as_bytes());
    unit.extend_from_slice(&checksum.to_be_bytes());
    unit.extend_from_slice(header.as_bytes());
    writer.make_room(unit.len()).unwrap();
    writer.append(&unit, 1, first + events).unwrap();
}

/// A header with this event in it, written by version 9.9.9.
pub fn newer_header(event: &str) -> String {
    format!(r#"{{"v":1,"program":"9.9.9","events":[{event}],"provenance":{{"by":"local:root"}},"records":[]}}"#)
}

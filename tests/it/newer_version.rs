//! What a newer version of the program wrote: one certificate cannot be told of, or the start says which version is needed.

use crate::cli_kit::{Desk, ago};
use crate::harness::{fetch, serving};
use crate::store_kit::*;
use crate::store_moves::{answers, fill};
use starmark::domain::certificate::{State, SurveillanceOutcome};
use starmark::service::clock::Machine;
use starmark::store::export::{export, import};
use starmark::store::fsck::{self, Scope, Severity};
use starmark::store::{Calendar, MemoryStore, SledStore, Store, StoreError};
use std::path::Path;

const TIMES: &str = r#""effective_at":"2026-06-02T00:00:00Z","recorded_at":"2026-06-02T00:00:00Z""#;

/// An event of certificate `n` with these members in its middle.
fn event(n: u64, members: &str) -> String {
    format!(r#"{{"subject":"certificate","id":"{}",{members},{TIMES},"actor":"decision_maker"}}"#, cert_id(n))
}

fn refusal(data: &Path) -> String {
    match SledStore::open(data) {
        Err(StoreError::Refused(text)) => text,
        other => panic!("{:?}", other.err()),
    }
}

#[test]
fn one_certificate_cannot_be_told_of_and_all_others_answer_as_before() {
    let dir = tempfile::tempdir().unwrap();
    for (round, members) in [
        r#""change":"suspended","reason":"0150","confirmed_on":"2026-06-01","until":"2026-09-01""#,
        r#""change":"limited","to":"half""#,
        r#""change":"withdrawn","reason":"0199","appeal":"pending""#,
    ]
    .into_iter()
    .enumerate()
    {
        let data = dir.path().join(round.to_string());
        let store = SledStore::create(&data).unwrap();
        fill(&store);
        let before: Vec<_> = (0..60).map(|n| store.certificate(cert_id(n)).unwrap()).collect();
        drop(store);
        append_header(&data, &newer_header(&event(40, members)), 1);
        // What the newer version wrote behind it is read, and changes nothing about what cannot be told.
        let known = r#""change":"reinstated","passed_on":"2026-06-03""#;
        append_header(&data, &newer_header(&event(40, known)), 1);
        for views in [true, false] {
            if !views {
                std::fs::remove_dir_all(data.join("views")).unwrap();
            }
            let store = SledStore::open(&data).unwrap();
            for (n, before) in (0..60).zip(&before).filter(|(n, _)| !(40..42).contains(n)) {
                assert_eq!(store.certificate(cert_id(n)).unwrap(), *before);
            }
            let found = store.certificate(cert_id(40)).unwrap().unwrap();
            assert_eq!((found.state(), found.version()), (&State::NotUnderstood, 3));
            assert_eq!(found.standing(at(9_000_000), at(9_000_000)), None);
            assert!(found.standing(at(100), at(100)).is_some(), "what was known before stays known");
            let day = jiff::civil::date(2100, 1, 1);
            for calendar in [Calendar::SurveillanceDue, Calendar::SuspensionEnds, Calendar::Expires] {
                assert!(store.calendar(calendar, day).unwrap().iter().all(|(_, id)| *id != cert_id(40)));
            }
            // Others are written to as ever.
            store.commit(change(41, if views { 1 } else { 2 }, surveyed(SurveillanceOutcome::Passed, DUE))).unwrap();
        }
        let report = fsck::check(&data, Scope::Everything(&dir.path().join("scratch")), &|_| {}).unwrap();
        assert!(report.is_sound() && report.findings.len() == 1, "{:?}", report.findings);
        let named = &report.findings[0];
        assert_eq!(named.severity, Severity::Note);
        assert!(named.what.contains(&cert_id(40).to_string()) && named.what.contains("9.9.9"), "{named}");
        // An export takes it along as it was found; this version does not take it in.
        let mut stream = vec![];
        export(&SledStore::open(&data).unwrap(), &mut stream).unwrap();
        assert!(String::from_utf8_lossy(&stream).contains(&event(40, members)));
        let refused = import(&MemoryStore::new().unwrap(), &mut stream.as_slice()).unwrap_err().to_string();
        assert!(refused.starts_with("line 124: event 122 is not one that starmark"), "{refused}");
    }
}

#[test]
fn what_may_concern_every_certificate_stops_the_start_and_names_the_version() {
    let dir = tempfile::tempdir().unwrap();
    let body = r#"{"subject":"key","id":"credential-1","change":"paused""#;
    let appeal = r#"{"subject":"appeal","id":"A-1""#;
    let about = |what: &str| newer_header(&format!("{what},{TIMES},\"actor\":\"operator\"}}"));
    let requested = format!(
        r#"{{"subject":"mark","id":"{}","certificate":"{}","change":"requested","terms":{{"for":"all"}},{TIMES},"actor":"reader"}}"#,
        mark_id(1),
        cert_id(1)
    );
    for (name, header) in [
        ("a change of a key", about(body)),
        ("a subject", about(appeal)),
        ("a first event of a certificate", newer_header(&event(900, r#""change":"issued","terms":{}"#))),
        ("a first event of a mark", newer_header(&requested)),
        (
            "a provenance",
            newer_header(&event(1, r#""change":"surveyed""#)).replace("\"by\"", "\"second\":\"x\",\"by\""),
        ),
        ("a header", about(body).replace("\"v\":1", "\"v\":2")),
        ("a document", about(body).replace("\"records\":[]", "\"records\":[{\"page\":1}]")),
    ] {
        let data = dir.path().join(name);
        let store = SledStore::create(&data).unwrap();
        fill(&store);
        let answers = answers(&store).unwrap();
        drop(store);
        let intact = std::fs::read(data.join("journal/00000000.seg")).unwrap();
        append_header(&data, &header, 1);
        for said in [refusal(&data), fsck::check(&data, Scope::Journal, &|_| {}).unwrap_err().to_string()] {
            assert!(said.contains("written by starmark 9.9.9") && said.contains("or a later one"), "{name}: {said}");
        }
        // Nothing was changed: without the newer unit all is as it was.
        std::fs::write(data.join("journal/00000000.seg"), intact).unwrap();
        std::fs::remove_file(data.join("journal/head")).unwrap();
        fsck::rebuild_head(&data, &|_| {}).unwrap();
        assert_eq!(self::answers(&SledStore::open(&data).unwrap()).unwrap(), answers, "{name}");
    }
}

#[test]
fn views_of_another_version_are_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let store = SledStore::create(&data).unwrap();
    fill(&store);
    let answers = answers(&store).unwrap();
    drop(store);
    let views = sled::open(data.join("views/recent-0")).unwrap();
    let mut applied = views.get([0]).unwrap().unwrap().to_vec();
    applied[3] ^= 1;
    views.insert([0], applied).unwrap();
    drop(views);
    assert_eq!(self::answers(&SledStore::open(&data).unwrap()).unwrap(), answers);
}

#[tokio::test]
async fn the_public_is_told_that_it_cannot_be_told_and_nothing_is_recorded() {
    let desk = Desk::new();
    let ((number, id), (other, other_id)) = (desk.certificate("D-1", 30), desk.certificate("D-2", 30));
    let draw = ["mark", &number, "--layout", "small", "--format", "svg", "--out", "mark.svg", "--json"];
    let mark = desk.run(&draw).is(0).json()["mark"].as_str().unwrap().to_owned();
    let data = desk.path("starmark-data");
    let now = starmark::service::clock::Clock::now(&Machine);
    let newer = format!(
        r#"{{"subject":"certificate","id":"{id}","change":"suspended","reason":"0150","confirmed_on":"{0}","until":"{0}","effective_at":"{now}","recorded_at":"{now}","actor":"decision_maker"}}"#,
        ago(1)
    );
    append_header(&data, &newer_header(&newer), 1);
    let router = serving(&data);
    let answer = fetch(&router, &format!("/api/v1/certificates/{id}")).await.is(200).json();
    assert_eq!((answer["verdict"].as_str(), answer["standing"].as_str()), (Some("undetermined"), None), "{answer}");
    assert!(answer["checks"].to_string().contains("recorded_by_newer_version"), "{answer}");
    for page in [format!("/c/{id}"), format!("/m/{mark}")] {
        let page = fetch(&router, &page).await.is(200).text();
        assert!(page.contains("无法判断") && page.contains("新版本"), "{page}");
        assert!(!page.contains("0150"), "what is not understood is not shown");
    }
    let history = fetch(&router, &format!("/api/v1/certificates/{id}/history")).await.is(200).json();
    assert_eq!(history[1]["change"], "not_understood");
    let found = fetch(&router, &format!("/api/v1/certificates?uscc={}", "91110108551385082Q")).await.is(200).json();
    let standings: Vec<_> = found["items"].as_array().unwrap().iter().map(|i| i["standing"].as_str()).collect();
    assert_eq!(standings, [Some("valid"), None]);
    assert_eq!(fetch(&router, &format!("/api/v1/certificates/{other_id}")).await.is(200).json()["verdict"], "valid");
    drop(router);

    for order in [
        &["suspend", &number, "--reason", "0112"][..],
        &["withdraw", &number, "--reason", "0199"],
        &["surveil", &number, "--on", &ago(1).to_string(), "--outcome", "passed"],
        &["cancel", &number, "--reason", "holder_gone"],
    ] {
        desk.run(order).is(1).says("[recorded_by_newer_version]");
    }
    desk.run(&draw).is(1).says("[certificate_not_valid]");
    desk.run(&["sweep"]).is(0);
    desk.run(&["suspend", &other, "--reason", "0112"]).is(0);
    desk.run(&["fsck"]).is(0).shows("recorded by starmark 9.9.9").shows("Sound");
    desk.run(&["backup", "copy"]).is(0);
    desk.run(&["restore", "copy", "--data", "back"]).is(0);
}

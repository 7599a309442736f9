//! The scheme's published cases: scores, codes, dates, numbers.

use crate::vectors_support::{root, vector_text};
use jiff::civil::Date;
use serde_json::Value;
use starmark::domain::dates::{add_days, add_months};
use starmark::domain::score::{Outcome, Points, parse_points, score};
use starmark::domain::{CertificateNumber, Event, Fact, Level, Scheme, Uscc};
use std::collections::BTreeSet;

fn read(name: &str) -> Value {
    let path = format!("{}/tests/vectors/domain/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn points(v: &Value) -> Points {
    parse_points(&v.as_str().map_or_else(|| v.to_string(), str::to_owned)).unwrap()
}

fn shipped_scheme() -> Scheme {
    Scheme::parse(include_str!("../../schemes/gbt27922-2011.toml")).unwrap()
}

#[test]
fn scores_and_levels() {
    let thresholds = shipped_scheme().thresholds;
    let cases = read("scoring_vectors.json");
    let cases = cases.as_array().unwrap();
    assert!(cases.len() >= 17);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let items: Vec<(Points, Outcome)> = case["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|i| {
                let outcome = match i[1].as_str().unwrap() {
                    "ok" => Outcome::Conform,
                    "nc" => Outcome::Nonconform,
                    "na" => Outcome::NotApplicable,
                    "sample" => Outcome::Sampled {
                        sampled: i[2].as_u64().unwrap() as u32,
                        nonconforming: i[3].as_u64().unwrap() as u32,
                    },
                    other => panic!("{name}: unknown outcome {other}"),
                };
                (points(&i[0]), outcome)
            })
            .collect();
        let special = case["special"].as_u64().unwrap() as u32;
        let bonus = case["bonus"].as_u64().unwrap() == 1;
        let got = score(items.iter().map(|(p, o)| (p, *o)), special, bonus).unwrap();
        let expect = &case["expect"];
        assert_eq!(got.applicable, points(&expect["applicable"]), "{name}");
        assert_eq!(got.actual, points(&expect["actual"]), "{name}");
        assert_eq!(got.base, points(&expect["base"]), "{name}");
        assert_eq!(got.total, points(&expect["final"]), "{name}");
        assert_eq!(got.display(), expect["display"].as_str().unwrap(), "{name}");
        let level = match expect["level"].as_str().unwrap() {
            "FiveStar" => Some(Level::FiveStar),
            "FourStar" => Some(Level::FourStar),
            "ThreeStar" => Some(Level::ThreeStar),
            "Qualified" => Some(Level::Qualified),
            "Fail" => None,
            other => panic!("{name}: unknown level {other}"),
        };
        assert_eq!(got.level(&thresholds), level, "{name}");
    }
    let p = parse_points("3").unwrap();
    assert_eq!(score([(&p, Outcome::NotApplicable)], 0, false).unwrap_err().code, "no_applicable_clause");
    for (sampled, nonconforming) in [(0, 0), (3, 4), (1_000_001, 1)] {
        let bad = Outcome::Sampled { sampled, nonconforming };
        assert_eq!(score([(&p, bad)], 0, false).unwrap_err().code, "bad_sample");
    }
}

#[test]
fn unified_social_credit_codes() {
    let v = read("uscc_vectors.json");
    for case in v["valid"].as_array().unwrap() {
        let code = case["code"].as_str().unwrap();
        assert_eq!(Uscc::parse(code).unwrap().as_str(), code);
        let base = case["base"].as_str().unwrap();
        let right = case["check"].as_str().unwrap();
        for c in v["alphabet"].as_str().unwrap().chars() {
            assert_eq!(Uscc::parse(&format!("{base}{c}")).is_ok(), c.to_string() == right, "{base}{c}");
        }
    }
    for case in v["invalid"].as_array().unwrap() {
        let code = case["code"].as_str().unwrap();
        assert_eq!(Uscc::parse(code).unwrap_err().code, "bad_uscc", "{code}: {}", case["why"]);
    }
}

#[test]
fn dates_clamp_and_the_last_day_is_inside() {
    let intervals = shipped_scheme().intervals;
    let day = |v: &Value| v.as_str().unwrap().parse::<Date>().unwrap();
    for case in read("date_vectors.json").as_array().unwrap() {
        let issued = day(&case["issued"]);
        let end = add_days(add_months(issued, intervals.validity_months), -1);
        assert_eq!(end, day(&case["valid_until_inclusive"]));
        assert_eq!(add_months(issued, intervals.surveillance_months), day(&case["first_surveillance_due"]));
        assert_eq!(
            add_months(issued, intervals.suspension_max_months),
            day(&case["suspension_max_if_suspended_that_day"])
        );
    }
}

#[test]
fn certificate_numbers_seen_in_the_field_are_read_as_they_are() {
    for number in read("certificate_number_forms.json")["examples"].as_array().unwrap() {
        let number = number.as_str().unwrap();
        assert_eq!(CertificateNumber::parse(number).unwrap().as_str(), number);
    }
    assert!(CertificateNumber::parse("QCC2019****-21").is_ok());
}

#[test]
fn a_scheme_whose_parts_do_not_sum_is_refused() {
    let text = include_str!("../../schemes/gbt27922-2011.toml");
    let scheme = shipped_scheme();
    assert_eq!(scheme.clauses.len(), 15);
    assert!(scheme.note.contains("ILLUSTRATIVE"));
    for (from, to) in [
        ("id = \"5.1.2\"", "id = \"5.1.1\""),
        ("points = 13", "points = 12"),
        ("points = 13", "points = \"12.5\""),
        ("total = 40", "total = 41"),
        ("points = 13", "points = 0"),
        ("id = \"5.3.1\"", "id = \"5.4.1\""),
        ("least = 90", "least = 96"),
        ("level = \"four_star\"", "level = \"six_star\""),
        ("validity_months = 36", "validity_years = 3"),
    ] {
        assert!(text.contains(from), "{from}");
        assert_eq!(Scheme::parse(&text.replacen(from, to, 1)).unwrap_err().code, "bad_scheme", "{from} -> {to}");
    }
    let split =
        text.replacen("points = 13", "points = \"12.5\"", 1).replacen("points = 12\n", "points = \"12.5\"\n", 1);
    assert!(Scheme::parse(&split).is_ok(), "points may be decimal");
}

/// Whatever this version has ever written it must go on writing so: an event it would write otherwise counts as one it does
/// not understand.
#[test]
fn events_of_every_kind_keep_their_text() {
    let mut kinds = BTreeSet::new();
    for line in vector_text("domain/events.ndjson").lines() {
        let event = Event::read_known(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert_eq!(event.text(), line);
        let value: Value = serde_json::from_str(line).unwrap();
        let of = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        if let Fact::Certificate { change, .. } = &event.fact {
            assert_eq!(change.wire(), of("change"));
        }
        kinds.insert((of("subject"), of("change")));
    }
    let spec = std::fs::read_to_string(root("docs/SPEC-journal.md")).unwrap();
    let table = spec.split("| subject | changes |").nth(1).unwrap().split("\n\n").next().unwrap();
    let mut named: BTreeSet<(String, String)> = BTreeSet::from([("body".into(), String::new())]);
    for row in table.lines().skip(2) {
        let mut words = row.split('`').skip(1).step_by(2);
        let subject = words.next().unwrap();
        named.extend(words.map(|change| (subject.to_owned(), change.to_owned())));
    }
    assert_eq!(kinds, named, "the lines, and the table of docs/SPEC-journal.md");
}

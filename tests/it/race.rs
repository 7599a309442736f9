//! Eight clients at once, with colliding numbers and repeated keys: exactly one certificate each; and one who does not wait.

use crate::harness::{BODY, TestApp, decision};
use crate::views_kit::{TrialSource, Ways};
use serde_json::{Value, json};
use starmark::domain::Role;
use starmark::domain::decision::DecisionInput;
use starmark::service::status_lists::ListForm;
use starmark::service::{Act, Actor, IdempotencyKey, ServiceError};
use starmark::store::StoreError;
use starmark::store::disk::MemoryDisk;
use starmark::store::engine::Engine;
use starmark::store::journal::Options;
use starmark::store::views::{Applied, MemoryViews, ViewWrite, Views as _};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const CLIENTS: usize = 8;
const DECISIONS: usize = 40;

fn input(value: &Value) -> DecisionInput {
    serde_json::from_value(value.clone()).unwrap()
}

/// Runs `work` on every client at once and gives what each answered.
fn clients<T: Send + 'static>(work: impl Fn(usize) -> T + Send + Sync + 'static) -> Vec<T> {
    let work = Arc::new(work);
    let threads: Vec<_> = (0..CLIENTS)
        .map(|i| {
            let work = work.clone();
            std::thread::spawn(move || work(i))
        })
        .collect();
    threads.into_iter().map(|t| t.join().unwrap()).collect()
}

#[test]
fn the_same_decisions_from_eight_clients_yield_one_certificate_each() {
    let app = TestApp::on("2026-05-08");
    let service = app.service.clone();
    let answers = clients(move |_| {
        (0..DECISIONS)
            .map(|n| {
                let mut d = decision(&format!("D-{n}"), "2026-05-08");
                if n % 2 == 0 {
                    d["number"] = json!(format!("X-{n}"));
                }
                service.issue(&Act::by(Actor::local("race")), &input(&d)).unwrap()
            })
            .collect::<Vec<_>>()
    });
    for n in 0..DECISIONS {
        let ids: BTreeSet<String> = answers.iter().map(|a| a[n].id.to_string()).collect();
        assert_eq!(ids.len(), 1, "decision {n} was issued more than once");
        assert_eq!(answers.iter().filter(|a| !a[n].replayed).count(), 1, "decision {n} was written more than once");
    }
    let numbers: BTreeSet<_> = answers[0].iter().map(|i| i.number.clone()).collect();
    assert_eq!(numbers.len(), DECISIONS);
}

#[test]
fn one_number_goes_to_one_of_eight_decisions() {
    let app = TestApp::on("2026-05-08");
    let service = app.service.clone();
    let answers = clients(move |client| {
        (0..DECISIONS)
            .map(|n| {
                let mut d = decision(&format!("D-{client}-{n}"), "2026-05-08");
                d["number"] = json!(format!("29326SC{n:05}R0M"));
                match service.issue(&Act::by(Actor::local("race")), &input(&d)) {
                    Ok(issued) => Some(issued.id),
                    Err(ServiceError::Refused(why)) => {
                        assert_eq!(why[0].code, "number_taken");
                        None
                    }
                    Err(other) => panic!("{other}"),
                }
            })
            .collect::<Vec<_>>()
    });
    for n in 0..DECISIONS {
        assert_eq!(answers.iter().filter(|a| a[n].is_some()).count(), 1, "number {n}");
        let found = app.service.by_number(&format!("29326SC{n:05}R0M"), "").unwrap().unwrap();
        assert!(answers.iter().any(|a| a[n] == Some(found.id)));
    }
}

#[test]
fn allocated_numbers_never_collide_not_even_with_given_ones() {
    let app = TestApp::on("2026-05-08");
    let service = app.service.clone();
    let answers = clients(move |client| {
        let mut numbers = vec![];
        for n in 0..DECISIONS {
            let mut d = decision(&format!("D-{client}-{n}"), "2026-05-08");
            if client == 0 {
                // Given by hand, in the way of the pattern.
                d["number"] = json!(format!("29326SC{:05}R0M", 5 * n + 3));
            }
            match service.issue(&Act::by(Actor::local("race")), &input(&d)) {
                Ok(issued) => numbers.push(issued.number),
                Err(ServiceError::Refused(why)) if client == 0 => assert_eq!(why[0].code, "number_taken"),
                Err(other) => panic!("{other}"),
            }
        }
        numbers
    });
    let mut seen = BTreeMap::new();
    for number in answers.iter().flatten() {
        *seen.entry(number.clone()).or_insert(0) += 1;
    }
    assert!(seen.values().all(|n| *n == 1));
    assert!(answers[1..].iter().all(|a| a.len() == DECISIONS), "whoever lets the pattern allocate is served");
}

#[test]
fn one_suspension_of_eight_under_one_key_and_one_of_eight_under_eight() {
    use starmark::domain::reason::SuspensionReason;
    use starmark::service::revocation::Order;
    let app = TestApp::on("2026-05-08");
    for same_key in [true, false] {
        let issued = app
            .service
            .issue(&Act::by(Actor::local("race")), &input(&decision(&format!("D-{same_key}"), "2026-05-08")))
            .unwrap();
        let service = app.service.clone();
        let answers = clients(move |client| {
            let key = if same_key { "k".to_owned() } else { format!("k{client}") };
            let act = Act { key: Some(IdempotencyKey::parse(&key).unwrap()), ..Act::by(Actor::local("race")) };
            let reason = SuspensionReason::parse("0112").unwrap();
            let order = Order::Suspend { reason, confirmed_on: None, effective_on: None, until: None };
            service.order(&act, &issued.id.to_string(), &order).map(|d| d.replayed).map_err(|e| e.to_string())
        });
        let written = answers.iter().filter(|a| matches!(a, Ok(false))).count();
        assert_eq!(written, 1, "{answers:?}");
        let others = answers.iter().filter(|a| if same_key { matches!(a, Ok(true)) } else { a.is_err() }).count();
        assert_eq!(others, CLIENTS - 1, "{answers:?}");
        let life = app.service.store().certificate(issued.id).unwrap().unwrap();
        assert_eq!(life.life().len(), 2);
    }
}

#[test]
fn numbers_taken_over_from_elsewhere_are_passed_over() {
    let app = TestApp::on("2026-05-08");
    for n in 1..=40 {
        let mut d = decision(&format!("OLD-{n}"), "2026-05-08");
        d["number"] = json!(format!("29326SC{n:05}R0M"));
        app.service.issue(&Act::by(Actor::local("race")), &input(&d)).unwrap();
    }
    let issued = app.service.issue(&Act::by(Actor::local("race")), &input(&decision("NEW", "2026-05-08"))).unwrap();
    assert_eq!(issued.number.as_str(), "29326SC00041R0M");
}

#[test]
fn a_revoked_token_stays_revoked_whatever_else_changes_meanwhile() {
    let app = TestApp::on("2026-05-08");
    let service = app.service.clone();
    let made = clients(move |client| {
        let by = Act::by(Actor::local("race"));
        let mut made = 0;
        for n in 0..DECISIONS {
            let name = format!("t-{client}-{n}");
            let secret = service.make_token(&by, &name, &[Role::Reader]).unwrap();
            assert!(service.bearer(&secret).is_some());
            service.revoke_token(&by, &name).unwrap();
            // Another client's change, planned before this one, must not bring it back.
            assert!((0..20).all(|_| service.bearer(&secret).is_none()), "{name} works again");
            made += usize::from(service.make_token(&by, &format!("shared-{n}"), &[Role::Reader]).is_ok());
        }
        made
    });
    assert_eq!(made.iter().sum::<usize>(), DECISIONS, "a name is given once");
}

#[test]
fn what_a_receipt_says_is_what_was_on_record_when_it_was_made() {
    use starmark::domain::dates::AsOf;
    use starmark::domain::reason::SuspensionReason;
    use starmark::service::asking::Question;
    use starmark::service::lookup::Asked;
    use starmark::service::receipts::Request;
    use starmark::service::revocation::Order;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    const TURNS: usize = 40;
    let app = TestApp::on("2026-05-08");
    let issued = app.service.issue(&Act::by(Actor::local("race")), &input(&decision("D-1", "2026-05-08"))).unwrap();
    let id = issued.id.to_string();
    let (start, began, done) = (app.service.now(), std::time::Instant::now(), AtomicBool::new(false));
    let asked = AtomicUsize::new(0);
    let question = Question { asked: id.clone(), ..Question::default() };
    let request = Request { certificates: vec![question], ..Request::default() };
    let receipts = std::thread::scope(|s| {
        s.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                app.clock.set(start + began.elapsed());
                std::thread::yield_now();
            }
        });
        let asking: Vec<_> = (0..3)
            .map(|_| {
                s.spawn(|| {
                    let mut made = vec![];
                    while !done.load(Ordering::Relaxed) {
                        made.push(app.service.make_receipt(&request, "xb.example.cn").unwrap().receipt);
                        asked.fetch_add(1, Ordering::Relaxed);
                    }
                    made
                })
            })
            .collect();
        for n in 0..TURNS {
            // However slow the machine is: a receipt comes in between.
            while asked.load(Ordering::Relaxed) <= n && asking.iter().all(|t| !t.is_finished()) {
                std::thread::yield_now();
            }
            let reason = SuspensionReason::parse("0112").unwrap();
            let suspend = Order::Suspend { reason, confirmed_on: None, effective_on: None, until: None };
            let order = if n % 2 == 0 { suspend } else { Order::Reinstate { passed_on: None, effective_on: None } };
            app.service.order(&Act::by(Actor::local("race")), &id, &order).unwrap();
        }
        done.store(true, Ordering::Relaxed);
        asking.into_iter().flat_map(|t| t.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(receipts.len() >= TURNS, "{} receipts", receipts.len());
    let life = app.service.store().certificate(issued.id).unwrap().unwrap();
    for receipt in receipts {
        let made_at = Some(AsOf::Instant(receipt.made_at));
        let then =
            app.service.certificate_answer(issued.id, Asked { as_of: made_at, known_at: made_at }).unwrap().unwrap();
        let [answer] = &receipt.answers[..] else { panic!("{receipt:?}") };
        assert_eq!(answer.standing, then.finding.verdict.standing, "{}", receipt.made_at);
        let steps: Vec<_> = life.life().iter().filter(|step| step.recorded_at <= receipt.made_at).collect();
        if let Some(log) = &answer.log {
            let newest = log.newest.entry["recorded_at"].as_str().unwrap();
            assert_eq!(newest, steps.last().unwrap().recorded_at.to_string());
        }
    }
}

#[tokio::test]
async fn an_act_goes_on_to_its_end_where_whoever_asked_has_gone() {
    let app = TestApp::on("2026-05-08");
    let decision = decision("D-1", "2026-05-08");
    let events = app.service.store().next_seq();
    let asked = tokio::time::timeout(Duration::ZERO, app.issue(&decision)).await;
    assert!(asked.is_err(), "it had been answered at once");
    let on_record = async {
        while app.service.store().next_seq() == events {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), on_record).await.unwrap();
    let again = app.post_as(&app.token, None, "/api/v1/issuing/certificates", decision.to_string()).await;
    assert_eq!(again.is(200).json()["replayed"], true);
    assert_eq!(app.service.store().next_seq(), events + 1);
}

/// Views that are shown when a test says so.
struct Held(Mutex<(Sender<()>, Receiver<()>)>, AtomicBool);

impl Ways for Held {
    fn apply(&self, pairs: &MemoryViews, writes: &[ViewWrite], applied: &Applied) -> Result<(), StoreError> {
        if self.1.load(Ordering::Acquire) {
            let held = self.0.lock().unwrap();
            held.0.send(()).unwrap();
            held.1.recv().unwrap();
        }
        pairs.apply(writes, applied)
    }
}

/// Who signs "so it stands now" waits for acts that are being committed; on a machine of one core that wait must not keep an act from ending.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_status_list_asked_for_while_an_act_is_committed_waits_for_it_and_both_end() {
    const LONG: Duration = Duration::from_secs(20);
    let ((held, holds), (go, goes)) = (channel(), channel());
    let ways = Arc::new(Held(Mutex::new((held, goes)), AtomicBool::new(false)));
    let source = TrialSource(ways.clone());
    let options = Options { segment_bytes: 1 << 20, min_free_bytes: 0 };
    let app = Arc::new(TestApp::with_store("2026-05-20", BODY, |_| {
        Arc::new(Engine::create(Arc::new(MemoryDisk::new()), Path::new("/data"), options, &source).unwrap())
    }));
    app.issue(&decision("D-1", "2026-05-20")).await;
    ways.1.store(true, Ordering::Release);
    let (end, ends) = channel();
    let (issuing, ended) = (app.clone(), end.clone());
    tokio::spawn(async move {
        issuing.issue(&decision("D-2", "2026-05-20")).await;
        ended.send("issued").unwrap();
    });
    holds.recv_timeout(LONG).unwrap();
    let (asking, ended) = (app.clone(), end.clone());
    tokio::spawn(async move {
        asking.get("/status/revocation/1").await.is(200);
        ended.send("given").unwrap();
    });
    let (service, begun) = (app.service.clone(), channel());
    tokio::spawn(async move {
        begun.0.send(()).unwrap();
        // On the one thread there is.
        service.status_list(ListForm::Jwt, 1, None).unwrap().unwrap();
        end.send("signed").unwrap();
    });
    begun.1.recv_timeout(LONG).unwrap();
    ways.1.store(false, Ordering::Release);
    go.send(()).unwrap();
    let all: BTreeSet<_> = (0..3).map(|_| ends.recv_timeout(LONG).expect("it stands still")).collect();
    assert_eq!(all, BTreeSet::from(["issued", "given", "signed"]));
}

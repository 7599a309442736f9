//! Clocks that are wrong: nothing is recorded with them, and nothing is called valid by them.

use crate::cli_kit::Desk;
use crate::harness::{TestApp, decision, noon};
use jiff::SignedDuration;
use jiff::civil::date;
use serde_json::json;

/// A register of one valid, one withdrawn and one expired certificate, last written to on 2029-05-10.
async fn register() -> (TestApp, [String; 3]) {
    let app = TestApp::on("2026-05-20");
    let mut ids = vec![];
    for (day, issued, reference) in
        [("2026-05-20", "2026-05-01", "D-1"), ("2029-05-09", "2029-05-09", "D-2"), ("2029-05-09", "2029-05-09", "D-3")]
    {
        app.today(day);
        ids.push(app.issue(&decision(reference, issued)).await["id"].as_str().unwrap().to_owned());
    }
    app.today("2029-05-10");
    app.order(&ids[2], "withdrawal", json!({"reason": "0117"})).await.is(200);
    (app, [ids[1].clone(), ids[2].clone(), ids[0].clone()])
}

async fn told(app: &TestApp, id: &str, query: &str) -> (String, Option<String>) {
    let answer = app.get(&format!("/api/v1/certificates/{id}{query}")).await.is(200).json();
    (answer["verdict"].as_str().unwrap().to_owned(), answer["standing"].as_str().map(str::to_owned))
}

fn answer(verdict: &str, standing: Option<&str>) -> (String, Option<String>) {
    (verdict.to_owned(), standing.map(str::to_owned))
}

#[tokio::test]
async fn by_a_clock_that_is_wrong_nothing_is_recorded_and_nothing_is_valid() {
    let (app, [valid, withdrawn, expired]) = register().await;
    assert_eq!(told(&app, &valid, "").await, answer("valid", Some("valid")));
    let minutes = |n| noon("2029-05-10").checked_add(SignedDuration::from_mins(n)).unwrap();
    for (clock, code) in [
        (minutes(-6), "clock_behind"),
        (noon("1970-01-02"), "clock_behind"),
        (noon("2032-05-11"), "clock_ahead"),
        (noon("2099-01-01"), "clock_ahead"),
    ] {
        app.clock.set(clock);
        app.order(&valid, "suspension", json!({"reason": "0112"})).await.refused(422, code, "");
        let issue = decision("D-9", "2029-05-10").to_string();
        app.post_as(&app.token, None, "/api/v1/issuing/certificates", issue).await.refused(422, code, "");
        assert_eq!(told(&app, &valid, "").await, answer("undetermined", None), "{clock}");
        assert_eq!(told(&app, &valid, "?as_of=2029-06-01").await, answer("undetermined", None), "{clock}");
        assert_eq!(told(&app, &valid, "?as_of=2029-05-09").await, answer("valid", Some("valid")), "{clock}");
        // What had come to its end by the latest record has not come back since.
        assert_eq!(told(&app, &withdrawn, "").await, answer("invalid", Some("withdrawn")), "{clock}");
        assert_eq!(told(&app, &expired, "").await, answer("invalid", Some("expired")), "{clock}");
        let page = app.get(&format!("/c/{valid}")).await.is(200).text();
        assert!(page.contains("无法判断") && page.contains("本服务的时钟不准"), "{page}");
        assert!(!page.contains("band valid") && !page.contains("★★"), "{page}");
        assert!(app.get("/metrics").await.is(200).text().contains("starmark_clock_ok 0\n"));
    }
    for clock in [minutes(-5), noon("2032-05-10")] {
        app.clock.set(clock);
        app.service.recording_time().unwrap_or_else(|e| panic!("{clock}: {e}"));
    }
}

#[tokio::test]
async fn a_clock_far_ahead_is_believed_once_somebody_names_the_day() {
    let (app, [valid, ..]) = register().await;
    app.today("2032-06-01");
    for day in [date(2032, 5, 31), date(2029, 5, 10)] {
        assert_eq!(app.service.confirm_today(day).unwrap_err().code, "not_today");
    }
    let refused = app.service.recording_time().unwrap_err();
    assert!(refused.message.ends_with("--today 2032-06-01"), "{refused}");
    app.service.confirm_today(date(2032, 6, 1)).unwrap();
    assert_eq!(told(&app, &valid, "").await, answer("invalid", Some("expired")));
    app.issue(&decision("D-9", "2032-06-01")).await;
    // What was confirmed is that day, not every later one.
    app.today("2039-01-01");
    assert_eq!(app.service.recording_time().unwrap_err().code, "clock_ahead");
}

#[test]
fn a_command_that_is_told_another_day_than_the_clocks_does_nothing() {
    let desk = Desk::new();
    let made = |day: &str| desk.run(&["token", "new", "desk", "--role", "reader", "--today", day]);
    made("2026-02-30").is(64).says("--today");
    made("2099-01-01").is(1).says("[not_today]").says("2099-01-01");
    made(&crate::cli_kit::today().to_string()).is(0);
}

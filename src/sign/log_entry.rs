//! An event as it stands in the public log: one text for one event, and back.

use super::canonical::canonicalize;
use crate::domain::event::Audience;
use crate::domain::record::Terms;
use crate::domain::{Event, Refusal, hex};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// Members of an event that its entry leaves out: what a certificate or mark says stands in what was signed, whose digest the
/// entry has; serials are the body's own.
const LEFT_OUT: [&str; 2] = ["terms", "serial"];
/// A mark's code verifies without a server, and so is not given out before its licence begins: its digest stands for it.
const CODE: (&str, &str) = ("digits", "digits_sha256");
/// What an entry tells of the body.
const OF_BODY: [&str; 3] = ["name", "address", "approval_number"];

/// The entry of a public event: canonical JSON (RFC 8785) of what the event tells everybody; none for a private event, which
/// is never in the log. The same event always gives the same bytes, also one that this version does not understand.
///
/// # Errors
/// `json_number`, `json_syntax`: an event of a newer version that has no canonical form.
pub fn entry(event: &Event) -> Result<Option<Vec<u8>>, Refusal> {
    if event.fact.audience() == Audience::Private {
        return Ok(None);
    }
    let bad = |e: serde_json::Error| Refusal::invalid("json_syntax", format!("the event is no JSON: {e}"));
    let mut members: Map<String, Value> = serde_json::from_str(&event.text()).map_err(bad)?;
    members.retain(|name, _| !LEFT_OUT.contains(&name.as_str()));
    if let Some(Value::String(digits)) = members.remove(CODE.0) {
        let digest = hex(&Sha256::digest(&digits));
        members.insert(CODE.1.to_owned(), digest.into());
    }
    if let Some(Value::Object(body)) = members.get_mut("body") {
        body.retain(|name, _| OF_BODY.contains(&name.as_str()));
    }
    canonicalize(&Value::Object(members)).map(Some)
}

/// Reads the entry of a certificate's event back. The one of an issue needs the terms, from the signed record it has the digest
/// of; what the log does not tell (a serial) is then not in the event.
///
/// # Errors
/// `entry_unreadable` where the event read would not give this very entry: it is damaged, or a newer version wrote it.
pub fn read(entry: &Value, terms: Option<&Terms>) -> Result<Event, Refusal> {
    let bad = |why: String| Refusal::invalid("entry_unreadable", format!("this is no entry of the log: {why}"));
    let mut value = entry.clone();
    if let (Some(terms), "issued") = (terms, value["change"].as_str().unwrap_or_default()) {
        value["terms"] = serde_json::to_value(terms).map_err(|e| bad(e.to_string()))?;
    }
    let event: Event = serde_json::from_value(value).map_err(|e| bad(e.to_string()))?;
    if self::entry(&event)? != Some(canonicalize(entry)?) {
        return Err(bad("it says more than this version can read".into()));
    }
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> Event {
        Event::read(text).unwrap()
    }

    fn text(text: &str) -> String {
        String::from_utf8(entry(&event(text)).unwrap().unwrap()).unwrap()
    }

    const SUSPENDED: &str = r#"{"subject":"certificate","id":"0000000000000018","change":"suspended","reason":"0112","confirmed_on":"2026-06-01","until":"2026-09-01","effective_at":"2026-06-02T00:00:00Z","recorded_at":"2026-06-02T00:00:00Z","actor":"decision_maker"}"#;
    const TOKEN: &str = r#"{"subject":"token","id":"front-desk","change":"revoked","effective_at":"2026-06-02T00:00:00Z","recorded_at":"2026-06-02T00:00:00Z","actor":"operator"}"#;

    #[test]
    fn an_entry_is_the_event_in_canonical_form() {
        assert_eq!(
            text(SUSPENDED),
            r#"{"actor":"decision_maker","change":"suspended","confirmed_on":"2026-06-01","effective_at":"2026-06-02T00:00:00Z","id":"0000000000000018","reason":"0112","recorded_at":"2026-06-02T00:00:00Z","subject":"certificate","until":"2026-09-01"}"#
        );
        let value: Value = serde_json::from_str(&text(SUSPENDED)).unwrap();
        assert_eq!(read(&value, None).unwrap(), event(SUSPENDED));
    }

    #[test]
    fn an_entry_gives_no_code_away_and_no_plans() {
        let approved = r#"{"subject":"mark","id":"0000000000000018","certificate":"0000000000000018","change":"approved","digits":"123","effective_at":"2026-06-02T00:00:00Z","recorded_at":"2026-06-02T00:00:00Z","actor":"mark_officer"}"#;
        let told = text(approved);
        assert!(!told.contains("\"123\""));
        assert!(
            told.contains("\"digits_sha256\":\"a665a45920422f9d417e4867efdc4fb8a04a1f3fff1fa07e998e86f7f7a27ae3\"")
        );
        let requested = r#"{"subject":"mark","id":"0000000000000018","certificate":"0000000000000018","change":"requested","terms":{"certificate":"0000000000000018","level":"five_star","medium":"packaging","brand":"示例","licensed_on":"2026-06-02","valid_until":"2029-06-01"},"effective_at":"2026-06-02T00:00:00Z","recorded_at":"2026-06-02T00:00:00Z","actor":"mark_officer"}"#;
        assert!(!text(requested).contains("示例"));
        let body = r#"{"subject":"body","host":"xb.example.cn","body":{"name":"示例认证中心","address":"示例路1号","approval_number":"CNCA-R-2026-293","number_pattern":"X{serial:3}","policy":{"packaging_marks":true,"overdue_surveillance":"suspend"}},"effective_at":"2026-06-02T00:00:00Z","recorded_at":"2026-06-02T00:00:00Z","actor":"operator"}"#;
        assert!(text(body).starts_with(
            r#"{"actor":"operator","body":{"address":"示例路1号","approval_number":"CNCA-R-2026-293","name":"示例认证中心"},"effective_at""#
        ));
    }

    #[test]
    fn a_private_event_has_no_entry() {
        assert_eq!(entry(&event(TOKEN)).unwrap(), None);
    }

    #[test]
    fn what_a_newer_version_wrote_has_the_entry_that_version_gave_it() {
        let newer = SUSPENDED.replace("\"0112\"", "\"0150\",\"partly\":true");
        assert!(event(&newer).not_understood().is_some());
        assert!(text(&newer).contains("\"partly\":true,\"reason\":\"0150\""));
        let value: Value = serde_json::from_str(&text(&newer)).unwrap();
        assert_eq!(read(&value, None).unwrap_err().code, "entry_unreadable");
    }

    #[test]
    fn an_entry_with_a_member_more_is_not_read() {
        let mut value: Value = serde_json::from_str(&text(SUSPENDED)).unwrap();
        value["note"] = "所有人都好".into();
        assert_eq!(read(&value, None).unwrap_err().code, "entry_unreadable");
    }
}

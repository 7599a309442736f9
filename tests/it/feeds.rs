//! Following what happens to certificates (Atom, RFC 4287).

use crate::harness::{TestApp, decision};
use serde_json::json;

/// A feed as a reader's program has it: titles with their names and times, newest first.
async fn feed(app: &TestApp, path: &str) -> Vec<(String, String, String)> {
    let answer = app.get(path).await.is(200);
    assert_eq!(answer.headers["content-type"], "application/atom+xml; charset=utf-8");
    let text = answer.text();
    let document = roxmltree::Document::parse(&text).unwrap();
    let root = document.root_element();
    assert_eq!((root.tag_name().name(), root.tag_name().namespace()), ("feed", Some("http://www.w3.org/2005/Atom")));
    let of = |node: roxmltree::Node<'_, '_>, name: &str| {
        node.children()
            .find(|n| n.has_tag_name(("http://www.w3.org/2005/Atom", name)))
            .unwrap()
            .text()
            .unwrap_or_default()
            .to_owned()
    };
    // RFC 4287, 4.1.1: what a feed must have.
    assert!(!of(root, "id").is_empty() && !of(root, "title").is_empty());
    let entries: Vec<_> = root
        .children()
        .filter(|n| n.has_tag_name(("http://www.w3.org/2005/Atom", "entry")))
        .map(|e| (of(e, "title"), of(e, "id"), of(e, "updated")))
        .collect();
    assert_eq!(of(root, "updated"), entries.first().map_or("1970-01-01T00:00:00Z", |e| &e.2));
    assert!(entries.is_sorted_by(|a, b| a.2 >= b.2), "newest first");
    entries
}

#[tokio::test]
async fn a_buyer_follows_a_supplier() {
    let app = TestApp::on("2026-05-08");
    let mut first = decision("D-1", "2026-05-08");
    first["holder"]["name"] = json!("示例<电器>&公司");
    let issued = app.issue(&first).await;
    let (id, number) = (issued["id"].as_str().unwrap(), issued["number"].as_str().unwrap());
    let mut other = decision("D-2", "2026-05-08");
    other["holder"]["uscc"] = json!("91990000MA0000001B");
    let second = app.issue(&other).await["id"].as_str().unwrap().to_owned();
    app.today("2026-06-01");
    app.order(id, "suspension", json!({"reason": "0112"})).await.is(200);
    app.today("2026-06-20");
    app.order(&second, "withdrawal", json!({"reason": "0199"})).await.is(200);
    let titles = |entries: &[(String, String, String)]| entries.iter().map(|e| e.0.clone()).collect::<Vec<_>>();

    let of_one = feed(&app, &format!("/c/{id}/feed.atom")).await;
    let about = format!("示例<电器>&公司（{number}）");
    assert_eq!(titles(&of_one), [format!("暂停：{about}"), format!("发证：{about}")]);
    assert_eq!(of_one[0].1, format!("https://xb.example.cn/c/{id}#step-1"), "its name never changes");
    assert_eq!(of_one[0].2, "2026-06-01T04:00:00Z");
    let english = feed(&app, &format!("/c/{id}/feed.atom?lang=en")).await;
    assert!(english[0].0.starts_with("Suspended: ") && english[0].1 == of_one[0].1);

    assert_eq!(titles(&feed(&app, "/h/91110108551385082Q/feed.atom").await), titles(&of_one));
    let all = feed(&app, "/feed.atom").await;
    assert_eq!(all.len(), 4);
    assert!(all[0].0.starts_with("撤销：") && all[0].1.contains(&second));

    // That it has expired is news too, though no event says so.
    app.today("2029-06-01");
    app.order(id, "reinstatement", json!({})).await;
    let later = feed(&app, &format!("/c/{id}/feed.atom")).await;
    assert!(later[0].0.starts_with("已到期：") && later[0].1.ends_with("#expired"), "{later:?}");
    let page = app.get(&format!("/c/{id}")).await.is(200).text();
    assert!(
        page.contains(&format!("<link rel=\"alternate\" type=\"application/atom+xml\" href=\"/c/{id}/feed.atom\">"))
    );
    for nowhere in [
        "/c/1/feed.atom",
        "/c/1034659679808070/feed.atom",
        "/h/91110108551385082X/feed.atom",
        "/h/91440300MA0000001X/feed.atom",
    ] {
        app.get(nowhere).await.is(404);
    }
}

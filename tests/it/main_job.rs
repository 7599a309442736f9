//! The main job from end to end: a decision becomes a signed certificate, a mark, a verdict; and everything that may
//! happen to them afterwards.

use crate::harness::{TestApp, decision};
use serde_json::json;

#[tokio::test]
async fn from_a_decision_to_a_certificate_a_mark_and_a_public_verdict() {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-2026-0001", "2026-05-08")).await;
    assert_eq!(issued["level"], "five_star");
    assert_eq!(issued["score"], "100.00");
    assert_eq!(issued["number"], "29326SC00001R0M");
    let id = issued["id"].as_str().unwrap();

    let verdict = app.get(&format!("/api/v1/certificates/{id}")).await.is(200).json();
    assert_eq!(verdict["verdict"], "valid");
    assert_eq!(verdict["standing"], "valid");
    assert_eq!(verdict["holder"], "示例电器有限公司");
    assert_eq!(verdict["valid_until"], "2029-05-07");
    assert_eq!(verdict["surveillance_due_on"], "2027-05-08");

    let page = app.get(&format!("/c/{id}")).await.is(200).text();
    assert!(page.contains("有效") && page.contains("示例电器有限公司") && page.contains("29326SC00001R0M"));

    let body = json!({"medium": "packaging", "brand": "示例", "products": "冰箱"});
    let mark = app.post(&format!("/api/v1/issuing/certificates/{id}/marks"), &body).await.is(201).json();
    let digits = mark["digits"].as_str().unwrap();
    assert_eq!(digits.len(), 217);
    for code in [digits, mark["id"].as_str().unwrap()] {
        let answer = app.get(&format!("/api/v1/marks/{code}")).await.is(200).json();
        assert_eq!(answer["verdict"], "valid", "{answer}");
        let page = app.get(&format!("/m/{code}")).await.is(200).text();
        assert!(page.contains("您手上的是这个吗") && page.contains("产品包装") && page.contains("冰箱"));
    }
}

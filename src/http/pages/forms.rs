//! Why a form with a file was not taken, for people.

use super::words::{Text, text};
use crate::http::error::Problem;
use crate::http::upload::FILE_MAX;
use axum::http::header;
use axum::response::Response;

/// The problem in a sentence; nothing where it is not of the form but of what was asked with it. `what` was to be in it.
pub(super) fn refused(problem: &Problem, what: (&str, &str)) -> Option<Text> {
    let (zh, en) = what;
    Some(match problem.code {
        "body_too_large" => text(
            format!("文件太大，没有读它：{zh}最大 {} MB。", FILE_MAX >> 20),
            format!("The file is too large and was not read: a {en} has at most {} MB.", FILE_MAX >> 20),
        ),
        "body_too_slow" => text(
            format!("{zh}没有在限时内传完，没有查。请走到信号好的地方，或换小一些的，再试一次。"),
            format!(
                "The {en} did not arrive in time, and nothing was looked up. Try again where the connection is better, or with a smaller one."
            ),
        ),
        "from_elsewhere" => text("请在本页面填写。", "Fill in the form on this page."),
        "form_needed" | "form_too_many" | "form_unreadable" => text(
            format!("没有收到完整的{zh}，请再选一次。"),
            format!("The {en} did not arrive whole. Choose it once more."),
        ),
        "too_many_requests" => text(
            "从您的网络来的查询太多，这一次没有查。请过几秒再试。",
            "Too many requests came from your network: nothing was looked up this time. Try again in a few seconds.",
        ),
        "busy" => text(
            "现在查的人太多，这一次没有查。请过几秒再试。",
            "Many people are asking just now: nothing was looked up this time. Try again in a few seconds.",
        ),
        _ => return None,
    })
}

/// The page in place of an answer, with the time after which to try again where the problem has one.
pub(super) fn until(mut page: Response, problem: Problem) -> Response {
    if let Some(after) = problem.header.filter(|h| h.0 == header::RETRY_AFTER) {
        page.headers_mut().insert(after.0, after.1);
    }
    page
}

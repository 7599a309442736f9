//! The page on which a holder takes a badge for its own site.

use super::super::language::suffix;
use super::super::search::percent;
use super::super::words::{Lang, Text, text};
use super::super::{App, Frame, failed, html};
use super::told::Told;
use super::{MODULE, PAGE};
use crate::domain::{Certificate, Refusal};
use crate::print::badge::PIXELS;
use crate::service::ServiceError;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Deserialize;

/// Longest text looked at, in characters: an address pasted with a sentence around it.
const TYPED_MAX: usize = 500;

#[derive(Template)]
#[template(path = "badge.html")]
struct MakerPage {
    frame: Frame,
    route: &'static str,
    typed: String,
    longest: usize,
    fault: Option<Fault>,
    made: Option<Made>,
}

/// Why there is no badge, and where else to look.
struct Fault {
    said: Text,
    href: Option<String>,
}

/// A badge, and how it is taken.
struct Made {
    page: String,
    picture: String,
    /// How it stands, in words.
    name: String,
    holds: bool,
    snippets: [Snippet; 3],
}

/// What is copied into a site.
struct Snippet {
    id: &'static str,
    name: Text,
    about: Text,
    code: String,
    /// What the site's policy must allow for it.
    policy: String,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct MakerQuery {
    q: Option<String>,
    lang: Option<String>,
}

/// The page.
pub(super) async fn page(State(app): State<App>, Query(query): Query<MakerQuery>, uri: Uri) -> Response {
    let lang = Lang::of(query.lang.as_deref());
    let typed = query.q.as_deref().unwrap_or_default().trim();
    let show = |status, fault, made| {
        let frame = Frame::of(&app, lang, text("网站徽标", "Site badge"), &uri);
        let typed = typed.chars().take(TYPED_MAX).collect();
        html(status, &MakerPage { frame, route: PAGE, typed, longest: TYPED_MAX, fault, made })
    };
    if typed.is_empty() {
        return show(StatusCode::OK, None, None);
    }
    if typed.chars().count() > TYPED_MAX {
        let said = text("输入太长了：一次写一个证书编号。", "That is too long: one certificate number at a time.");
        return show(StatusCode::BAD_REQUEST, Some(Fault { said, href: None }), None);
    }
    match app.service.by_number(typed, app.links.authority()) {
        Ok(Some(certificate)) => show(StatusCode::OK, None, Some(made(&app, lang, &certificate))),
        Ok(None) => {
            let said = text(
                "查无此证：登记簿上没有这个编号的证书。请核对有没有抄错；标志上二维码里的数字不是证书编号。",
                "No such record: no certificate of that number is on record. Check it for a slip; the digits in a mark’s code are no certificate number.",
            );
            show(StatusCode::NOT_FOUND, Some(Fault { said, href: None }), None)
        }
        Err(ServiceError::Refused(why)) => {
            show(StatusCode::BAD_REQUEST, Some(refused(&app, typed, &why, suffix(&uri))), None)
        }
        Err(error) => failed(&app, lang, &uri, error),
    }
}

/// Why a text was not understood as a certificate's number.
fn refused(app: &App, typed: &str, why: &[Refusal], suffix: &str) -> Fault {
    let host = app.service.host();
    let code = why.first().map_or("", |refusal| refusal.code);
    let said = match code {
        "foreign_address" => text(
            format!("这个网址不是本机构的，没有查。本机构的查验网址只有 {host}。"),
            format!(
                "That is not this body’s address: nothing was looked up. This body’s verification host is {host} only."
            ),
        ),
        "no_certificate_address" => text(
            "这个网址是本机构的，但不是证书的网址。请打开证书的页面，复制它的网址或编号。",
            "That is an address of this body, but no certificate’s. Open the certificate’s page and copy its address or number.",
        ),
        "credit_code" => text(
            "这是企业的统一社会信用代码，不是证书编号。请查出这家企业的证书，再用证书编号。",
            "That is a firm’s credit code, no certificate number. Look up the firm’s certificates and use the number of one.",
        ),
        "foreign_letter" => text(
            "编号里有看起来像拉丁字母的其他文字，请用拉丁字母重写。",
            "The number holds letters of another script that look like Latin ones: write it with Latin letters.",
        ),
        "several_in_one" => text(
            "除了编号还有别的内容，或者不止一个编号：请只写一个编号。",
            "There is more than one number, or something beside it: write one number alone.",
        ),
        _ => text(
            "这不是证书编号，也不是证书页的网址。编号印在证书上；证书页网址以 /c/ 加 16 位数字结尾。",
            "That is neither a certificate’s number nor its page’s address. The number is printed on the certificate; the address ends in /c/ and 16 digits.",
        ),
    };
    Fault { said, href: (code == "credit_code").then(|| format!("/?q={}{}", percent(typed), suffix.replace('?', "&"))) }
}

fn made(app: &App, lang: Lang, certificate: &Certificate) -> Made {
    let (base, id, terms) = (&app.links.base, certificate.id, certificate.terms());
    let told = Told::of(app, &id.to_string());
    let tag = if lang.is_zh() { "zh" } else { "en" };
    let (holder, number) = (terms.holder.name.as_str(), terms.number.as_str());
    // It says nothing of the standing, which changes.
    let title = text(
        format!("查验{holder}的售后服务认证证书 {number}"),
        format!("Check the after-sales service certificate {number} of {holder}"),
    );
    let title = attribute(title.main(&lang));
    let (width, height) = PIXELS;
    let size = format!("width=\"{width}\" height=\"{height}\"");
    let quiet = "loading=\"lazy\" referrerpolicy=\"no-referrer\"";
    let link = format!("<a href=\"{base}/c/{id}?lang={tag}\" target=\"_blank\" rel=\"noopener noreferrer\">");
    let snippets = [
        Snippet {
            id: "element",
            name: text("网页组件", "Web component"),
            about: text(
                "网页每次打开，它都去问登记簿；屏幕朗读软件读得出状态；查不到就写明查不到。没有脚本时是一个链接。",
                "It asks the register each time the page is opened; screen readers read the standing out; where that cannot be found it says so. Without script it is a link.",
            ),
            code: format!(
                "<script type=\"module\" src=\"{base}{MODULE}\"></script>\n<starmark-badge certificate=\"{id}\" lang=\"{tag}\">{link}{title}</a></starmark-badge>"
            ),
            policy: format!("script-src {base}; connect-src {base}; img-src {base}"),
        },
        Snippet {
            id: "frame",
            name: text("框架", "Frame"),
            about: text("不能放脚本的网站用它。", "For sites that take no script."),
            code: format!(
                "<iframe src=\"{base}/c/{id}/badge?lang={tag}\" {size} title=\"{title}\" {quiet} frameborder=\"0\"></iframe>"
            ),
            policy: format!("frame-src {base}"),
        },
        Snippet {
            id: "picture",
            name: text("图片加链接", "Picture and link"),
            about: text(
                "只能放图片和链接的地方用它。链接不要去掉：没有它，看的人无从核实。",
                "Where only pictures and links are taken. Keep the link: without it nobody can check.",
            ),
            code: format!("{link}<img src=\"{base}/c/{id}/badge.svg?lang={tag}\" {size} alt=\"{title}\" {quiet}></a>"),
            policy: format!("img-src {base}"),
        },
    ];
    Made {
        page: told.path(),
        picture: format!("/c/{id}/badge.svg?lang={tag}"),
        name: told.name(lang),
        holds: told.holds(),
        snippets,
    }
}

/// A text as it stands in an attribute.
fn attribute(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

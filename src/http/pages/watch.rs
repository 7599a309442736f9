//! Following certificates, for people: the feeds, and a form that asks for messages; the page that a message's link leads to.

use super::words::{Lang, Text, text};
use super::{App, Frame, PageQuery, forms, html, lang_of, message, view};
use crate::domain::Certificate;
use crate::http::error::Problem;
use crate::http::limits::Client;
use crate::http::upload::{from_elsewhere, not_from_here};
use crate::service::search::Meant;
use crate::service::watch::{Ending, Follows, Link, State as Stands, Subscription};
use askama::Template;
use axum::Extension;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// Where one asks to follow something, and where a subscription's link leads.
pub const ROUTES: [&str; 2] = ["/watch", "/watch/{id}/{key}"];

/// How an address that takes messages may look.
const EXAMPLE: &str = "https://hooks.example.com/starmark";

#[derive(Template)]
#[template(path = "watch.html")]
struct WatchPage {
    frame: Frame,
    fields: Fields,
    example: &'static str,
    fault: Option<Text>,
    /// The feed of what was asked about, and what that is.
    feed: Option<(String, String)>,
    /// That the message with the link is on its way: where to, what is followed, and until when it is good.
    sent: Option<(String, String, String)>,
}

/// What is in the form.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Fields {
    lang: Option<String>,
    /// A number, a code, an address; everything where it is empty.
    #[serde(default)]
    about: String,
    #[serde(default)]
    url: String,
    /// Whether everything is meant, where nothing is named.
    #[serde(default)]
    all: Option<String>,
}

#[derive(Template)]
#[template(path = "subscription.html")]
struct SubscriptionPage {
    frame: Frame,
    heading: Text,
    sentence: Text,
    /// What is followed, and our page about it.
    follows: (Text, String),
    /// Where messages go.
    url: String,
    /// To whoever has the link, once it is active.
    secret: Option<String>,
    trouble: Option<String>,
    may_confirm: bool,
    may_end: bool,
}

/// The feeds and the form.
pub(super) async fn page(State(app): State<App>, Query(fields): Query<Fields>, uri: Uri) -> Response {
    let lang = Lang::of(fields.lang.as_deref());
    if fields.about.trim().is_empty() {
        let feed = Some(("/feed.atom".to_owned(), app.service.body().name.to_string()));
        return show(&app, lang, &uri, StatusCode::OK, WatchPart { fields, feed, ..WatchPart::default() });
    }
    let typed = fields.about.clone();
    match found(&app, typed).await {
        Ok(Some((follows, name))) => {
            let feed = Some((feed_of(follows), name));
            show(&app, lang, &uri, StatusCode::OK, WatchPart { fields, feed, ..WatchPart::default() })
        }
        Ok(None) => {
            let part = WatchPart { fields, fault: Some(not_found()), ..WatchPart::default() };
            show(&app, lang, &uri, StatusCode::NOT_FOUND, part)
        }
        Err(problem) => super::no_answer(&app, &uri, problem.into_response()),
    }
}

/// What may differ in the page.
#[derive(Default)]
struct WatchPart {
    fields: Fields,
    fault: Option<Text>,
    feed: Option<(String, String)>,
    sent: Option<(String, String, String)>,
}

fn show(app: &App, lang: Lang, uri: &Uri, status: StatusCode, part: WatchPart) -> Response {
    let frame = Frame::of(app, lang, text("关注变更", "Follow changes"), uri);
    let WatchPart { fields, fault, feed, sent } = part;
    html(status, &WatchPage { frame, fields, example: EXAMPLE, fault, feed, sent })
}

fn nothing_named() -> Text {
    text(
        "请填写关注哪一个；要关注全部证书，请勾选“全部证书”。",
        "Name what to follow; to follow every certificate, tick “all certificates”.",
    )
}

fn not_found() -> Text {
    text(
        "登记簿上没有找到它。请填写证书编号、证书或标志的网址、统一社会信用代码，或企业的全称。",
        "Nothing of it is on record. Give a certificate number, the address of a certificate or mark, a credit code, or a firm's full name.",
    )
}

/// What somebody means to follow, and its name; none where nothing of it is on record.
async fn found(app: &App, typed: String) -> Result<Option<(Follows, String)>, Problem> {
    let here = app.links.authority().to_owned();
    app.blocking(move |service| {
        let of = |c: Certificate| (Follows::Certificate(c.id), named(&c));
        Ok(match service.meant(&typed, &here)? {
            Some(Meant::Certificate(certificate)) => Some(of(*certificate)),
            Some(Meant::Mark(licence)) => service.store().certificate(licence.terms().certificate)?.map(of),
            Some(Meant::Holder(uscc, name)) => Some((Follows::Holder(uscc), name.to_string())),
            None => None,
        })
    })
    .await
}

/// A certificate by its holder and number.
fn named(certificate: &Certificate) -> String {
    format!("{}（{}）", certificate.terms().holder.name, certificate.terms().number)
}

fn feed_of(follows: Follows) -> String {
    match follows {
        Follows::Certificate(id) => format!("/c/{id}/feed.atom"),
        Follows::Holder(uscc) => format!("/h/{uscc}/feed.atom"),
        Follows::All => "/feed.atom".to_owned(),
    }
}

/// A subscription that is asked for.
pub(super) async fn ask(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    uri: Uri,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Response {
    let lang = lang_of(&uri);
    let refused = |fields: Fields, status: StatusCode, said: Text| {
        show(&app, lang, &uri, status, WatchPart { fields, fault: Some(said), ..WatchPart::default() })
    };
    if from_elsewhere(&headers) {
        let problem = not_from_here();
        return refused(Fields::default(), problem.status(), told(&problem));
    }
    let follows = if fields.about.trim().is_empty() && fields.all.is_none() {
        return refused(fields, StatusCode::BAD_REQUEST, nothing_named());
    } else if fields.about.trim().is_empty() {
        Ok(Some((Follows::All, app.service.body().name.to_string())))
    } else {
        found(&app, fields.about.clone()).await
    };
    let (follows, name) = match follows {
        Ok(Some(found)) => found,
        Ok(None) => return refused(fields, StatusCode::NOT_FOUND, not_found()),
        Err(problem) => return refused(fields, problem.status(), told(&problem)),
    };
    if let Err(problem) = app.gate.admits_deposit(client) {
        let status = problem.status();
        return forms::until(refused(fields, status, told(&problem)), problem);
    }
    let url = fields.url.clone();
    match app.blocking(move |service| service.follow(follows, &url)).await {
        Ok(subscription) => {
            let sent = Some((fields.url.trim().to_owned(), name.clone(), view::clock(subscription.lapses_at())));
            let feed = Some((feed_of(follows), name));
            show(&app, lang, &uri, StatusCode::ACCEPTED, WatchPart { fields, feed, sent, fault: None })
        }
        Err(problem) => refused(fields, problem.status(), told(&problem)),
    }
}

/// Why a subscription was not taken.
fn told(problem: &Problem) -> Text {
    match problem.code {
        "bad_webhook_url" => text(
            "这个地址不能用。请填 https 开头、公网可以访问、端口 443 的网址，例如 https://hooks.example.com/starmark。",
            "This address cannot be used. Give one that begins with https, that everybody can reach, at port 443, such as https://hooks.example.com/starmark.",
        ),
        "subscriptions_of_host" => text(
            "这个主机的订阅太多，或有几个还没有确认。请先确认或退订。",
            "That host has too many subscriptions, or some that are not confirmed. Confirm or end those first.",
        ),
        "subscriptions_full" | "watch_off" => text(
            "现在不能接受新的订阅。可以用订阅源（Atom）。",
            "No subscriptions are taken now. The feed (Atom) can be read.",
        ),
        "too_many_deposits" => text(
            "从您的网络来的订阅太多，请过一会儿再试。",
            "Too many subscriptions came from your network: try again later.",
        ),
        _ => forms::refused(problem, ("", "")).unwrap_or_else(|| {
            text(
                "服务出了故障，没有订阅。请过一会儿再试。",
                "The service has a fault, and nothing was subscribed to. Try again in a while.",
            )
        }),
    }
}

/// Where a subscription's link leads.
pub(super) async fn manage(
    State(app): State<App>,
    Path((id, key)): Path<(String, String)>,
    Query(query): Query<PageQuery>,
    uri: Uri,
) -> Response {
    let lang = query.lang();
    match app.blocking(move |service| service.subscription(&id, &key)).await {
        Ok((found, link)) => managed(&app, lang, &uri, &found, link),
        Err(problem) => missing(&app, lang, &uri, &problem),
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Deed {
    /// `confirm` or `end`.
    deed: String,
}

/// Confirms or ends it. Whoever opens the link only looks: programs that fetch links confirm nothing.
pub(super) async fn change(
    State(app): State<App>,
    Path((id, key)): Path<(String, String)>,
    uri: Uri,
    Form(Deed { deed }): Form<Deed>,
) -> Response {
    let lang = lang_of(&uri);
    let changed = app.blocking(move |service| match deed.as_str() {
        "confirm" => service.confirm_subscription(&id, &key),
        "end" => service.end_subscription(&id, &key),
        // Whatever else was sent changes nothing.
        _ => Ok(service.subscription(&id, &key)?.0),
    });
    match changed.await {
        Ok(_) => Redirect::to(uri.path_and_query().map_or("/watch", |p| p.as_str())).into_response(),
        Err(problem) => missing(&app, lang, &uri, &problem),
    }
}

fn missing(app: &App, lang: Lang, uri: &Uri, problem: &Problem) -> Response {
    let heading = text("没有这个订阅", "No such subscription");
    let sentence = match problem.code {
        "subscription_ended" => {
            text("这个订阅已经结束，请重新订阅。", "This subscription has ended: ask for a new one.")
        }
        _ => text(
            "链接抄错了，或者订阅没有在 24 小时内确认，已经取消。",
            "The link is mistyped, or the subscription was not confirmed within 24 hours and was given up.",
        ),
    };
    message(app, lang, uri, problem.status(), heading, sentence)
}

fn managed(app: &App, lang: Lang, uri: &Uri, found: &Subscription, link: Link) -> Response {
    let (heading, sentence) = match found.state {
        Stands::Pending { .. } => (
            text("确认订阅", "Confirm the subscription"),
            text(
                format!(
                    "有人请求把变更发到这个地址。确认之前不会发送；{} 之前没有确认就取消。",
                    view::clock(found.lapses_at())
                ),
                format!(
                    "Somebody asked to have changes sent to this address. Nothing is sent before you confirm; it is given up at {}.",
                    view::clock(found.lapses_at())
                ),
            ),
        ),
        Stands::Active { .. } => (
            text("订阅有效", "The subscription is active"),
            text(
                "有变更时会发送消息。不再需要时请退订。",
                "A message is sent whenever something changes. End it when you no longer need it.",
            ),
        ),
        Stands::Ended { why, at } => {
            let at = view::clock(at);
            let (zh, en) = match why {
                Ending::ByLink => ("已退订", "ended by its link"),
                Ending::Gone => ("接收方说这个地址已经没有了", "the receiver said that the address is gone"),
                Ending::Unreachable => ("三天都没有送达", "a message could not be delivered in three days"),
            };
            (
                text("订阅已结束", "The subscription has ended"),
                text(format!("{at} 结束：{zh}。"), format!("Ended at {at}: {en}.")),
            )
        }
    };
    let follows = match found.follows {
        Follows::Certificate(id) => {
            let known = app.service.store().certificate(id).ok().flatten();
            let about = known.as_ref().map_or_else(|| id.to_string(), named);
            (text(format!("证书：{about}"), format!("Certificate: {about}")), format!("/c/{id}"))
        }
        Follows::Holder(uscc) => {
            (text(format!("{uscc} 的全部证书"), format!("All certificates of {uscc}")), format!("/?q={uscc}"))
        }
        Follows::All => (text("全部证书", "All certificates"), "/".to_owned()),
    };
    let shows_secret = link == Link::Confirm && matches!(found.state, Stands::Active { .. });
    let trouble =
        found.trouble.as_ref().filter(|_| found.is_open()).map(|t| format!("{}（{}）", t.why, view::clock(t.again_at)));
    let page = SubscriptionPage {
        frame: Frame::of(app, lang, heading.clone(), uri),
        heading,
        sentence,
        follows,
        url: found.url.clone(),
        secret: shows_secret.then(|| found.secret()),
        trouble,
        may_confirm: link == Link::Confirm && matches!(found.state, Stands::Pending { .. }),
        may_end: found.is_open(),
    };
    html(StatusCode::OK, &page)
}

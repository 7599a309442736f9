//! Following what happens (Atom, RFC 4287): to a certificate, to a firm's certificates, to all of them. A reader's program asks for the feed;
//! nobody is asked who he is.

use super::words::{Lang, Text};
use super::{App, PageQuery, view};
use crate::domain::dates::{add_days, day_start};
use crate::domain::{Certificate, CertificateId, Standing, Uscc};
use crate::http::error::Problem;
use crate::http::limits::Client;
use crate::service::ServiceError;
use crate::store::PageRequest;
use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Feed of a certificate, of a firm, of all.
pub const ROUTES: [&str; 3] = ["/c/{id}/feed.atom", "/h/{uscc}/feed.atom", "/feed.atom"];
/// Newest entries of the public log that the feed of all looks at, and entries of any feed.
const NEWEST: u64 = 50;
/// Certificates of a firm that its feed follows, newest first.
const OF_A_FIRM: usize = 100;
/// What a feed costs beyond a request: it reads many certificates.
const COST: u32 = 5;
/// Readers ask often; what happened is told within minutes.
const AGE: HeaderValue = HeaderValue::from_static("public, max-age=300");

#[derive(Template)]
#[template(path = "feed.xml", escape = "html")]
struct Feed {
    lang: Lang,
    /// Names it for ever.
    id: String,
    title: Text,
    /// Where it is.
    address: String,
    /// The page for people.
    page: String,
    body: String,
    updated: Timestamp,
    entries: Vec<Entry>,
}

/// Something that happened to a certificate.
struct Entry {
    /// Step of its life; none of what no event says.
    step: Option<usize>,
    /// Names it for ever.
    id: String,
    title: Text,
    summary: Text,
    page: String,
    /// When it was put on record.
    at: Timestamp,
}

/// What each follows.
pub(super) fn followed() -> [(&'static str, Text); 3] {
    let told = [
        super::text("一张证书的变更", "What happens to a certificate"),
        super::text("一家企业全部证书的变更", "What happens to a company’s certificates"),
        super::text("全部证书的变更", "What happens to any certificate"),
    ];
    std::array::from_fn(|i| (ROUTES[i], told[i].clone()))
}

/// What happened to one certificate.
pub(super) async fn of_certificate(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    Path(id): Path<String>,
    Query(query): Query<PageQuery>,
    uri: Uri,
) -> Result<Response, Problem> {
    app.gate.admits(client, COST)?;
    let id = CertificateId::parse(&id).map_err(|_| missing())?;
    let work = app.clone();
    let found = app.heavy.run(move || {
        let found = work.service.store().certificate(id)?;
        Ok::<_, ServiceError>(found.map(|certificate| (entries_of(&work, &certificate), certificate)))
    });
    let (entries, certificate) = found.await??.ok_or_else(missing)?;
    let terms = certificate.terms();
    let title = super::text(
        format!("{}（{}）的变更", terms.holder.name, terms.number),
        format!("Changes of {} ({})", terms.number, terms.holder.name),
    );
    feed(&app, query.lang(), &uri, title, format!("/c/{id}"), entries)
}

/// What happened to the certificates of a firm.
pub(super) async fn of_holder(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    Path(uscc): Path<String>,
    Query(query): Query<PageQuery>,
    uri: Uri,
) -> Result<Response, Problem> {
    app.gate.admits(client, COST)?;
    let uscc = Uscc::parse(&uscc).map_err(|_| missing())?;
    let work = app.clone();
    let found = app.heavy.run(move || {
        let all = work.service.by_holder(uscc, PageRequest { offset: 0, size: OF_A_FIRM })?.items;
        let name = all.first().map(|c| c.terms().holder.name.to_string());
        let entries = all.iter().flat_map(|certificate| entries_of(&work, certificate)).collect();
        Ok::<_, ServiceError>(name.map(|name| (entries, name)))
    });
    let (entries, name) = found.await??.ok_or_else(missing)?;
    let title = super::text(format!("{name}的证书变更"), format!("Changes of the certificates of {name}"));
    feed(&app, query.lang(), &uri, title, format!("/?q={uscc}"), entries)
}

/// What happened last, to whatever certificate: by the newest entries of the public log.
pub(super) async fn of_all(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    Query(query): Query<PageQuery>,
    uri: Uri,
) -> Result<Response, Problem> {
    app.gate.admits(client, COST)?;
    let work = app.clone();
    let entries = app.heavy.run(move || newest(&work)).await??;
    let title = super::text("全部证书的变更", "Changes of all certificates");
    feed(&app, query.lang(), &uri, title, "/".to_owned(), entries)
}

fn newest(app: &App) -> Result<Vec<Entry>, ServiceError> {
    let log = app.service.log();
    let size = log.published().map_or(0, |state| state.size());
    // Each certificate once, with the leaves that are news of it.
    let mut news = BTreeMap::<CertificateId, Vec<u64>>::new();
    for leaf in size.saturating_sub(NEWEST)..size {
        let Some(found) = log.prove_leaf(leaf)?.and_then(|proven| proven.entries.into_iter().next()) else { continue };
        let id = found.entry["id"].as_str().filter(|_| found.entry["subject"] == "certificate");
        if let Some(id) = id.and_then(|id| CertificateId::parse(id).ok()) {
            news.entry(id).or_default().push(leaf);
        }
    }
    let mut entries = vec![];
    for (id, leaves) in news {
        let Some(certificate) = app.service.store().certificate(id)? else { continue };
        let places = app.service.leaves_of(id)?;
        let is_news =
            |entry: &Entry| entry.step.and_then(|i| *places.get(i)?).is_some_and(|leaf| leaves.contains(&leaf));
        entries.extend(entries_of(app, &certificate).into_iter().filter(is_news));
    }
    Ok(entries)
}

/// Every step of a certificate's life, and that it has expired, which no event says.
fn entries_of(app: &App, certificate: &Certificate) -> Vec<Entry> {
    let host = app.service.host();
    let (id, terms) = (certificate.id, certificate.terms());
    let about = |what: &Text| {
        super::text(
            format!("{}：{}（{}）", what.zh, terms.holder.name, terms.number),
            format!("{}: {} ({})", what.en, terms.number, terms.holder.name),
        )
    };
    let page = app.links.page(id);
    let named = |step: &str| format!("{}#{step}", host.certificate_url(id));
    let mut entries: Vec<Entry> = view::steps(certificate, app.service.now())
        .into_iter()
        .filter_map(|row| {
            let step = certificate.life().get(row.step)?;
            let detail = row
                .detail
                .map_or_else(|| super::text("", ""), |d| super::text(format!("，{}", d.zh), format!(", {}", d.en)));
            let summary = super::text(
                format!("{} 起{}{}。", row.day, row.what.zh, detail.zh),
                format!("{} as of {}{}.", row.what.en, row.day, detail.en),
            );
            Some(Entry {
                step: Some(row.step),
                id: named(&format!("step-{}", row.step)),
                title: about(&row.what),
                summary,
                page: format!("{page}#step-{}", row.step),
                at: step.recorded_at,
            })
        })
        .collect();
    if app.service.standing_now(certificate) == Some(Standing::Expired) {
        let day = terms.valid_until;
        entries.push(Entry {
            step: None,
            id: named("expired"),
            title: about(&super::text("已到期", "Expired")),
            summary: super::text(
                format!("有效期到 {day} 为止，没有换证。"),
                format!("Valid until {day}, and not renewed."),
            ),
            page,
            at: day_start(add_days(day, 1)),
        });
    }
    entries
}

fn feed(
    app: &App,
    lang: Lang,
    uri: &Uri,
    title: Text,
    page: String,
    mut entries: Vec<Entry>,
) -> Result<Response, Problem> {
    entries.sort_by_key(|e| std::cmp::Reverse(e.at));
    entries.truncate(NEWEST as usize);
    let updated = entries.first().map_or(Timestamp::UNIX_EPOCH, |e| e.at);
    let feed = Feed {
        lang,
        id: format!("https://{}{}", app.service.host(), uri.path()),
        title,
        address: format!("{}{}", app.links.base, uri.path_and_query().map_or("/", |p| p.as_str())),
        page: format!("{}{page}", app.links.base),
        body: app.service.body().name.to_string(),
        updated,
        entries,
    };
    let xml = feed.render().map_err(|_| Problem::internal())?;
    let kind = HeaderValue::from_static("application/atom+xml; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, AGE)], xml).into_response())
}

fn missing() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no_such_feed",
        "there is no such certificate or firm on record, so nothing to follow",
    )
}

//! The public log: its files as C2SP tlog-tiles has them, and proofs for those who do not read tiles.

use super::App;
use super::error::Problem;
use super::public::{Params, params};
use super::well_known::open;
use crate::domain::Refusal;
use crate::service::log::{Growth, Proven, ProvenEntry, Stand, Witness, origin};
use crate::sign::{NoteAlgorithm, NoteKey, Purpose};
use crate::tlog::{Hash, TileId};
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// A new checkpoint may come at any moment; who asks again within some seconds may be told the old one.
const CHECKPOINT_AGE: HeaderValue = HeaderValue::from_static("public, max-age=5");
/// A tile of a width never changes.
const TILE_AGE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// The log's files.
pub fn files() -> Router<App> {
    Router::new().route("/log/checkpoint", get(checkpoint)).route("/log/tile/{*path}", get(tile))
}

/// The log in the public API.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(log)).routes(routes!(growth)).routes(routes!(entry))
}

fn nothing_yet() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no_log", "nothing of the log is published yet; ask again in a moment")
}

async fn checkpoint(State(app): State<App>) -> Response {
    match app.service.log().published() {
        Some(state) if !state.note().is_empty() => {
            open("text/plain; charset=utf-8", state.note().to_string(), CHECKPOINT_AGE)
        }
        _ => nothing_yet().into_response(),
    }
}

async fn tile(State(app): State<App>, uri: Uri) -> Result<Response, Problem> {
    let missing = || {
        let why = "the log has no such tile: its size is in /log/checkpoint, the paths are those of C2SP tlog-tiles";
        Problem::new(StatusCode::NOT_FOUND, "no_such_tile", why)
    };
    // As it was sent: a tile has one address.
    let tile = TileId::parse(uri.path().strip_prefix("/log/").unwrap_or_default()).map_err(|_| missing())?;
    let bytes = app.service.log().tile(tile)?.ok_or_else(missing)?;
    Ok(open("application/octet-stream", bytes, TILE_AGE))
}

/// An entry of the log, with the proof that the checkpoint beside it has it
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProvenEntryBody {
    /// Number of the leaf, from 0.
    index: u64,
    /// The entry; its canonical JSON (RFC 8785) is what was hashed.
    #[schema(value_type = Object)]
    entry: Value,
    /// Inclusion proof (RFC 9162, 2.1.3): hashes in base64, from the leaf up.
    proof: Vec<String>,
}

fn texts(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|h| h.to_base64()).collect()
}

impl From<ProvenEntry> for ProvenEntryBody {
    fn from(found: ProvenEntry) -> Self {
        Self { index: found.index, proof: texts(&found.proof), entry: found.entry }
    }
}

/// What the log holds of a certificate
#[derive(Debug, Serialize, ToSchema)]
pub struct CertificateLogBody {
    /// The signed checkpoint (C2SP signed note) that both proofs lead to.
    checkpoint: String,
    /// Entries in its tree.
    size: u64,
    /// How many witnesses have cosigned it.
    cosigned: usize,
    /// The entry of its issue, which has the digest of the signed record.
    record: ProvenEntryBody,
    /// The newest published entry about it.
    newest: ProvenEntryBody,
    /// Whether `newest` is the newest event on record: where the log stands still, later ones wait to be published.
    complete: bool,
}

impl CertificateLogBody {
    /// The shape of proofs whose first and last entry are those of a certificate's life; none where there is no entry yet.
    #[must_use]
    pub fn of(proven: Proven) -> Option<Self> {
        let Proven { checkpoint, size, cosigned, entries, complete } = proven;
        let mut entries = entries.into_iter().map(ProvenEntryBody::from);
        let record = entries.next()?;
        let newest = entries.next_back().unwrap_or_else(|| record.clone());
        Some(Self { checkpoint: checkpoint.to_string(), size, cosigned, record, newest, complete })
    }
}

/// How the log stands
#[derive(Debug, Serialize, ToSchema)]
struct LogBody {
    /// Name of the log, first line of its checkpoints.
    origin: String,
    /// Where its files are.
    address: String,
    /// Verifier keys of its checkpoints (C2SP signed note), the newest last.
    verifier_keys: Vec<String>,
    /// Entries published.
    size: u64,
    /// The signed checkpoint.
    checkpoint: String,
    /// How many witnesses have cosigned it.
    cosigned: usize,
    /// The witnesses that are asked.
    witnesses: Vec<WitnessBody>,
    /// Events on record that are not published yet; they are within a second.
    behind: u64,
}

/// A witness of the log
#[derive(Debug, Serialize, ToSchema)]
struct WitnessBody {
    /// Its name.
    name: String,
    /// Its verifier key (C2SP tlog-cosignature).
    key: String,
    /// Entries of the last checkpoint it cosigned, as far as this service knows; null before the first.
    cosigned: Option<u64>,
    /// Whether it says that it cosigned another log than this, or a longer one: then one of the two is wrong.
    contradicts: bool,
}

impl WitnessBody {
    fn of((witness, stand): &(Witness, Stand)) -> Self {
        let contradicts = stand.contradiction.is_some();
        Self { name: witness.key.name().to_owned(), key: witness.key.vkey(), cosigned: stand.cosigned, contradicts }
    }
}

/// The public log: its size, its keys, its checkpoint
#[utoipa::path(get, path = "/api/v1/log", tag = "public",
    responses((status = 200, body = LogBody, description = "the answer"), (status = 404, body = Problem, content_type = "application/problem+json", description = "`no_log`: nothing is published yet")))]
async fn log(State(app): State<App>) -> Result<Json<LogBody>, Problem> {
    let log = app.service.log();
    let state = log.published().filter(|s| !s.note().is_empty()).ok_or_else(nothing_yet)?;
    let name = origin(app.service.host());
    let keys = app.service.key_document();
    let keys = keys.keys().iter().filter(|k| k.purpose == Purpose::Log);
    Ok(Json(LogBody {
        verifier_keys: keys
            .filter_map(|k| Some(NoteKey::new(&name, NoteAlgorithm::Ed25519, k.public).ok()?.vkey()))
            .collect(),
        origin: name,
        address: format!("{}/log/", app.links.base),
        size: state.size(),
        checkpoint: state.note().to_string(),
        cosigned: state.cosigned(),
        witnesses: log.witnesses().iter().map(WitnessBody::of).collect(),
        behind: log.health().behind,
    }))
}

/// Between which two sizes
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct GrowthQuery {
    /// The earlier size.
    from: u64,
    /// The later size; the published one when left out.
    to: Option<u64>,
}

/// That one state of the log grew into another
#[derive(Debug, Serialize, ToSchema)]
struct GrowthBody {
    /// The earlier size.
    from: u64,
    /// Root of the tree of that size, base64.
    from_root: String,
    /// The later size.
    to: u64,
    /// Root of the tree of that size, base64.
    to_root: String,
    /// Consistency proof (RFC 9162, 2.1.4): hashes in base64.
    proof: Vec<String>,
    /// The checkpoint that stands now.
    checkpoint: String,
}

/// Proof that nothing was changed or taken out between two sizes of the log
#[utoipa::path(get, path = "/api/v1/log/proof", tag = "public", params(GrowthQuery),
    responses((status = 200, body = GrowthBody, description = "the answer"), (status = 400, body = Problem, content_type = "application/problem+json", description = "`log_size`: the log has no such sizes"), (status = 404, body = Problem, content_type = "application/problem+json", description = "`no_log`: nothing is published yet")))]
async fn growth(State(app): State<App>, query: Params<GrowthQuery>) -> Result<Json<GrowthBody>, Problem> {
    let GrowthQuery { from, to } = params(query)?;
    let Growth { from, from_root, to, to_root, proof, checkpoint } = app.service.log().growth(from, to)?;
    Ok(Json(GrowthBody {
        from,
        from_root: from_root.to_base64(),
        to,
        to_root: to_root.to_base64(),
        proof: texts(&proof),
        checkpoint: checkpoint.to_string(),
    }))
}

/// One entry with its proof
#[derive(Debug, Serialize, ToSchema)]
struct EntryBody {
    /// The signed checkpoint the proof leads to.
    checkpoint: String,
    /// Entries in its tree.
    size: u64,
    #[serde(flatten)]
    entry: ProvenEntryBody,
}

/// One entry of the log, with its proof
#[utoipa::path(get, path = "/api/v1/log/entries/{index}", tag = "public",
    params(("index" = u64, Path, description = "number of the leaf, from 0")),
    responses((status = 200, body = EntryBody, description = "the answer"), (status = 404, body = Problem, content_type = "application/problem+json", description = "`no_such_entry`: the log has no such entry")))]
async fn entry(State(app): State<App>, Path(index): Path<String>, uri: Uri) -> Result<Json<EntryBody>, Problem> {
    let missing = || Refusal::not_found("no_such_entry", "the log has no such entry; they are numbered from 0");
    // A number has one way to be written, and the entry one address.
    let index: u64 =
        index.parse().ok().filter(|i| uri.path().ends_with(&format!("/entries/{i}"))).ok_or_else(missing)?;
    let proven = app.service.log().prove_leaf(index)?.ok_or_else(missing)?;
    let entry = proven.entries.into_iter().next().ok_or_else(missing)?;
    Ok(Json(EntryBody { checkpoint: proven.checkpoint.to_string(), size: proven.size, entry: entry.into() }))
}

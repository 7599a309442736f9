//! Asking about many certificates over the API: questions in and answers out, a line each, as they come.

use super::App;
use super::error::Problem;
use super::extract::{Strict, object, objects};
use super::flow;
use super::limits::{Client, cost_of_lines as cost};
use super::public::{MomentQuery, Params, params};
use super::shapes::QuestionBody;
use crate::domain::Refusal;
use crate::service::batch::{AT_ONCE, Batch, LINES_MAX, Row, Sums};
use crate::service::lookup::Asked;
use crate::verify::receipt::Answered;
use crate::verify::{CheckResult, Outcome};
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{FromRequest as _, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::Sender;
use tokio::time::timeout;
use tokio_stream::StreamExt as _;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// JSON, a line each.
const LINES: &str = "application/x-ndjson";
/// Longest line of a question: its texts, with every character escaped.
const LINE_MAX: usize = 32 << 10;
/// Longest time a client is kept waiting who asks for more than he may.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest time for all of it, however slowly the questions come and the answers are taken.
const LONGEST: Duration = Duration::from_secs(600);

/// Routes of questions about many.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(verify))
}

/// Certificates to be asked about at once
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VerificationRequest {
    /// As of a China-time date (its end) or an RFC 3339 instant; now when left out.
    as_of: Option<String>,
    /// As it was known then; now when left out.
    known_at: Option<String>,
    /// At most 10,000.
    #[serde(deserialize_with = "objects")]
    certificates: Vec<QuestionBody>,
}

/// An answer, on a line of its own
#[derive(Serialize, ToSchema)]
struct VerificationLine {
    /// Line of its question, from 1.
    line: usize,
    /// What was asked, as it was read.
    asked: String,
    /// What the certificate says; null where there is none.
    #[schema(value_type = Option<Object>)]
    certificate: Option<Answered>,
    /// Its page.
    page: Option<String>,
    /// `valid`, `invalid` or `undetermined`.
    #[schema(value_type = String)]
    verdict: Outcome,
    /// Standing at the moment asked about; null where it is not known.
    #[schema(value_type = Option<String>)]
    standing: Option<crate::domain::Standing>,
    /// Whether a day was asked about in whose course the standing changed.
    changed_that_day: bool,
    /// Every check that does not hold.
    why: Vec<VerificationReason>,
    /// What was expected, held against the register.
    #[schema(value_type = Vec<Object>)]
    comparison: Vec<crate::verify::receipt::Compared>,
    /// The earlier line that was about the same; null where there is none.
    same_as: Option<usize>,
}

/// A check that does not hold
#[derive(Serialize, ToSchema)]
struct VerificationReason {
    /// Stable reason.
    code: String,
    /// What was found, in English.
    message: String,
    /// What was found, in Chinese.
    message_zh: String,
}

impl VerificationLine {
    fn of(row: Row, app: &App) -> Self {
        let Row { line, answer, same_as } = row;
        let news = answer.checks.into_iter().filter(|c| c.result != CheckResult::Ok);
        let why = news.map(|c| VerificationReason { code: c.code, message: c.message, message_zh: c.message_zh });
        Self {
            line,
            asked: answer.asked,
            page: answer.certificate.as_ref().map(|c| app.links.page(c.id)),
            certificate: answer.certificate,
            verdict: answer.verdict,
            standing: answer.standing,
            changed_that_day: answer.changed_that_day,
            why: why.collect(),
            comparison: answer.comparison,
            same_as,
        }
    }
}

/// A line of the answer
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum VerificationAnswer {
    /// An answer.
    Line(VerificationLine),
    /// The last one.
    End(VerificationEnd),
}

/// The last line: whether all was answered
#[derive(Serialize, ToSchema)]
struct VerificationEnd {
    /// `true` where every question was answered.
    end: bool,
    /// Why not, where it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
    /// Questions answered.
    lines: usize,
    /// Answers given: of a firm there is one for each certificate.
    answers: usize,
    /// Expectations that the register does not confirm.
    differences: usize,
    /// Answers about what an earlier line was about.
    repeated: usize,
    /// The instant the answers are about (RFC 3339).
    as_of: String,
    /// What was on record then counted (RFC 3339).
    known_at: String,
}

/// Ask about many certificates, marks or firms at once
///
/// The questions come as JSON, or as JSON a line each (`application/x-ndjson`, each an object of `certificates`, with `as_of` and `known_at` in the
/// query); the answers leave a line each, in the order of the questions, as soon as they are there, all as of one moment. The last line has `end`: an answer
/// without it was broken off. A question that is not understood has an answer too, with the check that says why.
#[utoipa::path(post, path = "/api/v1/verifications", tag = "public", params(MomentQuery),
    request_body(content((VerificationRequest = "application/json"), (QuestionBody = "application/x-ndjson"))),
    responses((status = 200, body = VerificationAnswer, content_type = "application/x-ndjson", description = "a line for each answer, then one with `end`"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "what is wrong, where, and what would be right"),
        (status = 413, body = Problem, content_type = "application/problem+json", description = "the body is too large: send a line each"),
        (status = 415, body = Problem, content_type = "application/problem+json", description = "the body is neither JSON nor lines of JSON")))]
async fn verify(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    query: Params<MomentQuery>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Problem> {
    let moment = params(query)?;
    let (questions, asked) = if is_lines(&headers) {
        let asked = moment.asked()?;
        (
            Questions::Lines {
                body: Box::pin(request.into_body().into_data_stream()),
                held: vec![],
                line: 0,
                ended: false,
            },
            asked,
        )
    } else {
        let body = Strict::<VerificationRequest>::from_request(request, &app).await;
        let Strict(body) = body.map_err(|problem| match problem.code {
            "json_needed" => Problem {
                detail: format!("send JSON with Content-Type: application/json, or a line each with {LINES}"),
                ..problem
            },
            _ => problem,
        })?;
        let named = [(&body.as_of, &moment.as_of, "as_of"), (&body.known_at, &moment.known_at, "known_at")];
        if let Some((_, _, name)) = named.into_iter().find(|(a, b, _)| a.is_some() && b.is_some()) {
            let why = format!("{name} stands in the body and in the query: write it once");
            return Err(Problem::new(StatusCode::BAD_REQUEST, "bad_query", why));
        }
        let both = MomentQuery { as_of: body.as_of.or(moment.as_of), known_at: body.known_at.or(moment.known_at) };
        if body.certificates.len() > LINES_MAX {
            return Err(too_many().into());
        }
        (Questions::All((1..).zip(body.certificates)), both.asked()?)
    };
    Ok(answered(app, client, questions, asked))
}

fn is_lines(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).and_then(|v| v.split(';').next());
    kind.is_some_and(|kind| {
        [LINES, "application/ndjson", "application/jsonl"].iter().any(|lines| kind.trim().eq_ignore_ascii_case(lines))
    })
}

fn too_many() -> Refusal {
    Refusal::invalid(
        "certificates_count",
        format!("at most {LINES_MAX} are asked about at once: ask again about the rest"),
    )
    .under("/certificates")
}

fn answered(app: App, client: Client, questions: Questions, asked: Asked) -> Response {
    let (send, body) = flow::channel();
    tokio::spawn(async move {
        let work = app.clone();
        let begun = move || Arc::new(Mutex::new(work.service.batch(asked, work.links.authority())));
        let Ok(batch) = tokio::task::spawn_blocking(begun).await else { return };
        let run = Run { app, client, batch };
        let problem = match timeout(LONGEST, run.answer(questions, &send)).await {
            Ok(problem) => problem.err(),
            Err(_) => Some(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "timed_out", "this took too long")),
        };
        let end = VerificationAnswer::End(run.end(problem));
        // Nobody waits for it where the client has gone.
        let _ = send.send(Ok(line_of(&end))).await;
    });
    ([(header::CONTENT_TYPE, LINES)], body).into_response()
}

type DataStream = std::pin::Pin<Box<axum::body::BodyDataStream>>;

/// A question with its line, from 1.
type Numbered = (usize, QuestionBody);

/// Questions as they come.
enum Questions {
    /// All of them.
    All(std::iter::Zip<std::ops::RangeFrom<usize>, std::vec::IntoIter<QuestionBody>>),
    /// A line each.
    Lines { body: DataStream, held: Vec<u8>, line: usize, ended: bool },
}

impl Questions {
    /// The next ones, at least one unless it was the last; a line that cannot be read ends it after those before.
    async fn next(&mut self, longest: Duration) -> (Vec<Numbered>, Result<(), Problem>) {
        let mut found = vec![];
        match self {
            Self::All(rest) => (rest.take(AT_ONCE).collect(), Ok(())),
            Self::Lines { body, held, line, ended } => loop {
                // What was read is cut off once, however many lines it has.
                let (mut from, mut read) = (0, Ok(()));
                while let Some(end) = held[from..].iter().position(|b| *b == b'\n').filter(|_| found.len() < AT_ONCE) {
                    *line += 1;
                    if *line > LINES_MAX && !(*ended && held[from..].trim_ascii().is_empty()) {
                        read = Err(too_many().into());
                        break;
                    }
                    match question(&held[from..from + end]) {
                        Ok(question) => found.extend(question.map(|question| (*line, question))),
                        Err(problem) => {
                            read = Err(Problem { detail: format!("line {line}: {}", problem.detail), ..problem });
                            break;
                        }
                    }
                    from += end + 1;
                }
                held.drain(..from);
                if read.is_err() || found.len() == AT_ONCE {
                    return (found, read);
                }
                if *ended || !found.is_empty() {
                    return (found, Ok(()));
                }
                if held.len() > LINE_MAX {
                    return (
                        found,
                        Err(Refusal::invalid("line_too_long", format!("a line has at most {LINE_MAX} bytes")).into()),
                    );
                }
                match timeout(longest, body.next()).await {
                    Ok(Some(Ok(bytes))) => held.extend_from_slice(&bytes),
                    Ok(Some(Err(_))) => {
                        let why = "the body did not arrive whole";
                        return (found, Err(Problem::new(StatusCode::BAD_REQUEST, "body_unreadable", why)));
                    }
                    Ok(None) => {
                        *ended = true;
                        held.push(b'\n');
                    }
                    Err(_) => {
                        let why = format!("the next line arrives within {} seconds", longest.as_secs());
                        return (found, Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "body_too_slow", why)));
                    }
                }
            },
        }
    }
}

/// The question on a line; nothing on a blank one.
fn question(line: &[u8]) -> Result<Option<QuestionBody>, Problem> {
    let line = line.trim_ascii();
    if line.is_empty() {
        return Ok(None);
    }
    object(line).map(Some)
}

/// Answering under way.
struct Run {
    app: App,
    client: Client,
    batch: Arc<Mutex<Batch>>,
}

impl Run {
    /// Answers all of them.
    ///
    /// # Errors
    /// The problem that ended it.
    async fn answer(&self, mut questions: Questions, send: &Sender<flow::Piece>) -> Result<(), Problem> {
        let longest = self.app.body_time;
        loop {
            let (found, read) = questions.next(longest).await;
            if found.is_empty() {
                return read;
            }
            self.app.gate.admits_within(self.client, cost(found.len()), PATIENCE).await?;
            let text = self.answer_some(found).await?;
            if !text.is_empty() && send.send(Ok(text)).await.is_err() {
                // The client has gone.
                return Ok(());
            }
            read?;
        }
    }

    async fn answer_some(&self, questions: Vec<Numbered>) -> Result<Bytes, Problem> {
        let (app, batch) = (self.app.clone(), self.batch.clone());
        let work = move || {
            let mut batch = batch.lock().unwrap_or_else(PoisonError::into_inner);
            let mut text = vec![];
            for (line, question) in questions {
                for row in batch.ask(&app.service, line, &question.into())? {
                    text.extend_from_slice(&line_of(&VerificationAnswer::Line(VerificationLine::of(row, &app))));
                }
            }
            Ok(Bytes::from(text))
        };
        self.app.heavy.run_patiently(work).await.flatten()
    }

    fn end(&self, problem: Option<Problem>) -> VerificationEnd {
        let batch = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
        let Sums { lines, answers, differences, repeated } = batch.sums();
        let moment = batch.moment();
        VerificationEnd {
            end: problem.is_none(),
            problem,
            lines,
            answers,
            differences,
            repeated,
            as_of: moment.at.to_string(),
            known_at: moment.known_at.to_string(),
        }
    }
}

/// A value on a line of its own.
fn line_of(value: &VerificationAnswer) -> Bytes {
    let mut text = serde_json::to_vec(value).unwrap_or_else(|_| json!({"end": false}).to_string().into_bytes());
    text.push(b'\n');
    Bytes::from(text)
}

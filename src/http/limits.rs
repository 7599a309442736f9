//! How much one address may ask for: requests, which come back within seconds; and receipts, which stay for ever.

use super::error::Problem;
use axum::extract::ConnectInfo;
use axum::http::{HeaderName, Request, StatusCode};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Requests remembered by address before those long idle are forgotten.
const SHRINK_EVERY: u64 = 10_000;
/// Longest time for the body of a request to arrive: the largest one takes it at 600 kbit/s, a decision is a hundredth of
/// that.
const BODY_TIME: Duration = Duration::from_secs(15);

/// Lines of a list that count for a request.
pub(super) const LINES_OF_ONE: usize = 50;
/// Requests that are counted at once of what counts for many, and the pause before the next are tried.
const STEP: u32 = 10;
const PAUSE: Duration = Duration::from_millis(100);

const fn some(n: u32) -> NonZeroU32 {
    match NonZeroU32::new(n) {
        Some(n) => n,
        None => NonZeroU32::MIN,
    }
}

/// How much one address may ask for.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Requests a second for one address on average; none for no limit, nor one of receipts.
    pub per_second: Option<NonZeroU32>,
    /// Requests at once on top of that.
    pub burst: NonZeroU32,
    /// Certificates that receipts for one address may be about, a minute on average.
    pub answers_per_minute: NonZeroU32,
    /// The same at once on top of that.
    pub answers_burst: NonZeroU32,
    /// What one address may leave here, an hour on average: reports of misuse, subscriptions.
    pub deposits_per_hour: NonZeroU32,
    /// The same at once on top of that.
    pub deposits_burst: NonZeroU32,
    /// Longest time for the body of a request to arrive.
    pub body_time: Duration,
    /// Header in which a trusted proxy before us names the client, e.g. `fly-client-ip`; none where there is no proxy.
    pub client_header: Option<HeaderName>,
}

impl Limits {
    /// A page is a handful of requests; a shop's shared address is many phones. Receipts about 2,000 certificates are twenty
    /// full ones; what follows is at most 140 MB a day.
    pub const DEFAULT: Self = Self {
        per_second: Some(some(50)),
        burst: some(500),
        answers_per_minute: some(10),
        answers_burst: some(2_000),
        // Somebody who goes through a shop; a market hall shares an address.
        deposits_per_hour: some(10),
        deposits_burst: some(10),
        body_time: BODY_TIME,
        client_header: None,
    };
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client(IpAddr);

impl Client {
    /// Whoever the trusted proxy names; else whoever is connected.
    pub(super) fn of<B>(request: &Request<B>, limits: &Limits) -> Self {
        let header = limits.client_header.as_ref();
        let named = header.and_then(|name| request.headers().get(name)?.to_str().ok()?.trim().parse().ok());
        let peer = || request.extensions().get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip());
        Self(named.or_else(peer).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
    }

    /// Its address.
    pub(super) fn address(self) -> IpAddr {
        self.0
    }
}

/// One household has one IPv4 address, or one IPv6 network of 64 bits.
pub(super) fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) & (u128::MAX << 64))),
        v4 => v4,
    }
}

type Limiter = DefaultKeyedRateLimiter<IpAddr>;

/// Counts what each address asks for.
pub(super) struct Gate {
    pub(super) limits: Limits,
    requests: Option<Limiter>,
    answers: Option<Limiter>,
    deposits: Option<Limiter>,
    seen: AtomicU64,
    /// Whether the log says that a proxy's header may be missing.
    told: AtomicBool,
}

impl Gate {
    pub(super) fn new(limits: Limits) -> Self {
        let requests = limits.per_second.map(|n| Quota::per_second(n).allow_burst(limits.burst));
        let answers = Quota::per_minute(limits.answers_per_minute).allow_burst(limits.answers_burst);
        let answers = limits.per_second.map(|_| RateLimiter::keyed(answers));
        let deposits = Quota::per_hour(limits.deposits_per_hour).allow_burst(limits.deposits_burst);
        let deposits = limits.per_second.map(|_| RateLimiter::keyed(deposits));
        let requests = requests.map(RateLimiter::keyed);
        Self { limits, requests, answers, deposits, seen: AtomicU64::new(0), told: AtomicBool::new(false) }
    }

    /// Counts a request, or what it takes beyond one, as so many.
    ///
    /// # Errors
    /// `too_many_requests`; then nothing is counted.
    pub(super) fn admits(&self, client: Client, cost: u32) -> Result<(), Problem> {
        let (Some(limiter), Some(cost)) = (&self.requests, NonZeroU32::new(cost)) else { return Ok(()) };
        if self.seen.fetch_add(1, Ordering::Relaxed) % SHRINK_EVERY == SHRINK_EVERY - 1 {
            limiter.retain_recent();
            self.answers.iter().chain(&self.deposits).for_each(Limiter::retain_recent);
        }
        let Err(wait) = take(limiter, client, cost.min(self.limits.burst)) else { return Ok(()) };
        if client.0.is_loopback() && !self.told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "requests from this machine's own address are limited as one client's: where a proxy stands in front, name the header in which it names its clients (--client-header)"
            );
        }
        let why = "too many requests from this address; try again in a few seconds";
        Err(later("too_many_requests", why.to_owned(), wait.max(5)))
    }

    /// Counts what takes as much as so many requests, and waits until this client may ask for it.
    ///
    /// # Errors
    /// `too_many_requests` where that takes too long; then some of it is counted.
    pub(super) async fn admits_within(&self, client: Client, mut cost: u32, longest: Duration) -> Result<(), Problem> {
        let until = tokio::time::Instant::now() + longest;
        while cost > 0 {
            let some = cost.min(STEP);
            match self.admits(client, some) {
                Ok(()) => cost -= some,
                Err(problem) if tokio::time::Instant::now() > until => return Err(problem),
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
        Ok(())
    }

    /// Counts a receipt about so many certificates.
    ///
    /// # Errors
    /// `too_many_receipts`; then nothing is counted.
    pub(super) fn admits_answers(&self, client: Client, answers: u32) -> Result<(), Problem> {
        let (Some(limiter), Some(answers)) = (&self.answers, NonZeroU32::new(answers)) else { return Ok(()) };
        take(limiter, client, answers.min(self.limits.answers_burst)).map_err(|wait| {
            let Limits { answers_per_minute: each, answers_burst: once, .. } = self.limits;
            let why = format!(
                "one address gets receipts about {once} certificates at once and {each} more a minute: try again in {} minutes. Certificates can be looked up without a receipt as ever",
                wait.div_ceil(60)
            );
            later("too_many_receipts", why, wait)
        })
    }

    /// Counts something that is to be kept here, or sent on: a report of misuse, a subscription.
    ///
    /// # Errors
    /// `too_many_deposits`; then nothing is counted.
    pub(super) fn admits_deposit(&self, client: Client) -> Result<(), Problem> {
        let Some(limiter) = &self.deposits else { return Ok(()) };
        take(limiter, client, NonZeroU32::MIN).map_err(|wait| {
            let Limits { deposits_per_hour: each, deposits_burst: once, .. } = self.limits;
            let why = format!(
                "one address may leave {once} reports and subscriptions at once and {each} more an hour: try again in {} minutes",
                wait.div_ceil(60)
            );
            later("too_many_deposits", why, wait)
        })
    }
}

/// What so many lines of a list count for, in requests: each takes a fraction of what a page does.
pub(super) fn cost_of_lines(lines: usize) -> u32 {
    u32::try_from(lines.div_ceil(LINES_OF_ONE)).unwrap_or(u32::MAX)
}

/// Takes so many; else the seconds until there are.
fn take(limiter: &Limiter, client: Client, n: NonZeroU32) -> Result<(), u64> {
    match limiter.check_key_n(&network(client.0), n) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(not_yet)) => Err(not_yet.wait_time_from(DefaultClock::default().now()).as_secs() + 1),
        // What counts for more than may come at once would never be admitted.
        Err(_) => Err(1),
    }
}

fn later(code: &'static str, why: String, seconds: u64) -> Problem {
    Problem::passing(StatusCode::TOO_MANY_REQUESTS, code, why, seconds)
}

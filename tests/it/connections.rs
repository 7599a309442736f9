//! Connections over real sockets: slow clients, many clients, and the end of the service.

use crate::harness::{TestApp, decision};
use crate::serve_kit::{answer, ask, connect, rest, status, until};
use axum::Router;
use axum::routing::get;
use starmark::http::{Bounds, Limits, accept, router};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

const SHORT: Duration = Duration::from_millis(150);
/// Longer than a test: what ends before it ends for another reason.
const NEVER: Duration = Duration::from_secs(3_600);
const LIMITS: Limits = Limits { per_second: None, body_time: NEVER, ..Limits::DEFAULT };
const BOUNDS: Bounds = Bounds {
    connections: 50,
    of_client: None,
    head_time: NEVER,
    write_time: NEVER,
    linger_time: SHORT,
    drain_time: NEVER,
};

struct Served {
    address: SocketAddr,
    stop: mpsc::Sender<()>,
    task: JoinHandle<()>,
    runtime: Runtime,
}

fn serve(router: Router, bounds: Bounds) -> Served {
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stops) = mpsc::channel(2);
    let task = runtime.spawn(accept(listener, router, bounds, stops));
    Served { address, stop, task, runtime }
}

/// A whole register behind it.
fn app(limits: Limits) -> (TestApp, Router) {
    let app = TestApp::on("2026-05-08");
    let router = router(app.service.clone(), "https://xb.example.cn", limits);
    (app, router)
}

/// A page or two.
fn plain() -> Router {
    let much = || async { vec![b'x'; 1 << 20] };
    Router::new().route("/healthz", get(|| async { "ok" })).route("/much", get(much))
}

impl Served {
    fn connect(&self) -> TcpStream {
        connect(self.address)
    }

    /// A connection that has a place: it was answered once.
    fn placed(&self) -> TcpStream {
        let mut stream = self.connect();
        assert_eq!(status(&ask(&mut stream, "/healthz").unwrap()), 200);
        stream
    }

    /// Waits for a place to be free.
    #[track_caller]
    fn until_placed(&self) -> TcpStream {
        until("a place is free", || {
            let mut stream = self.connect();
            ask(&mut stream, "/healthz").map(|_| stream)
        })
    }

    /// Issues up to the point where the server waits for the body.
    fn begin(&self, app: &TestApp, body: &str) -> TcpStream {
        let mut stream = self.connect();
        stream.write_all(head(&app.token, "Expect: 100-continue\r\n", body).as_bytes()).unwrap();
        let mut told = [0; 25];
        stream.read_exact(&mut told).unwrap();
        assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
        stream
    }

    fn stop(&self) {
        self.stop.blocking_send(()).unwrap();
    }

    /// Waits until nobody listens any more.
    fn until_refused(&self) {
        until("new connections are refused", || TcpStream::connect(self.address).err());
    }

    fn ended(self) {
        until("it ends", || self.task.is_finished().then_some(()));
        self.runtime.block_on(self.task).unwrap();
    }
}

/// The head of a request to issue.
fn head(token: &str, more: &str, body: &str) -> String {
    format!(
        "POST /api/v1/issuing/certificates HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n{more}\r\n",
        body.len()
    )
}

#[test]
fn a_slow_head_and_an_idle_connection_are_cut_off() {
    let served = serve(plain(), Bounds { head_time: SHORT, ..BOUNDS });
    let mut silent = served.connect();
    assert_eq!(rest(&mut silent), "");
    let mut slow = served.connect();
    slow.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").unwrap();
    // Single bytes gain nothing: sending fails once it is cut off.
    until("it is cut off", || slow.write_all(b"x").err());
    let mut idle = served.placed();
    assert_eq!(rest(&mut idle), "");
}

#[test]
fn a_slow_body_is_cut_off() {
    let (app, router) = app(Limits { body_time: SHORT, ..LIMITS });
    let served = serve(router, BOUNDS);
    let mut slow = served.connect();
    let head = |token| head(token, "", "a body that stays away");
    slow.write_all((head(&app.token) + "{").as_bytes()).unwrap();
    let told = rest(&mut slow);
    assert_eq!(status(&told), 408, "{told}");
    assert!(told.contains("connection: close") && told.contains("body_too_slow"), "{told}");
    // Who has no token is not listened to at all.
    let mut stranger = served.connect();
    stranger.write_all((head("smk_wrong") + "{").as_bytes()).unwrap();
    assert_eq!(status(&rest(&mut stranger)), 401);
}

#[test]
fn an_answer_to_a_body_too_large_arrives() {
    let (app, router) = app(LIMITS);
    let served = serve(router.clone(), Bounds { linger_time: NEVER, ..BOUNDS });
    let body = "x".repeat(8 << 20);
    let mut large = served.connect();
    // The server does not want it, but it hears it out: a client that cannot send the rest looks for no answer.
    large.write_all((head(&app.token, "", &body) + &body).as_bytes()).unwrap();
    let told = rest(&mut large);
    assert_eq!(status(&told), 413, "{told}");
    assert!(told.contains("connection: close") && told.contains("body_too_large"), "{told}");
    // Not for ever: who neither sends nor leaves loses the place.
    let served = serve(router, Bounds { connections: 1, ..BOUNDS });
    let mut large = served.connect();
    let _ = large.write_all((head(&app.token, "", &body) + &body[..2 << 20]).as_bytes());
    served.until_placed();
}

/// Answers of a mebibyte asked for: far more than buffers hold.
const ASKED: usize = 48;

/// Asks for much on the only connection there may be, and leaves the receiving to `receive`; how many answers came at last.
fn answers_received(write_time: Duration, receive: impl FnOnce(&Served, &mut TcpStream)) -> usize {
    let served = serve(plain(), Bounds { connections: 1, write_time, ..BOUNDS });
    let mut greedy = served.connect();
    let more = "GET /much HTTP/1.1\r\nHost: x\r\n\r\n".repeat(ASKED - 1);
    greedy.write_all((more + "GET /much HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    receive(&served, &mut greedy);
    let mut received = vec![];
    // Cut off with unsent bytes, it may end by a reset.
    let _ = greedy.read_to_end(&mut received);
    String::from_utf8_lossy(&received).matches("HTTP/1.1 200 OK").count()
}

#[test]
fn a_client_that_does_not_receive_loses_its_place() {
    let never = |served: &Served, _: &mut TcpStream| drop(served.until_placed());
    assert!(answers_received(SHORT, never) < ASKED);
    assert_eq!(answers_received(NEVER, |_, _| {}), ASKED, "who receives gets everything");
}

#[test]
fn a_client_that_receives_single_bytes_loses_its_place() {
    let received = answers_received(SHORT, |served, greedy| {
        until("the slow client is cut off", || {
            let _ = greedy.read(&mut [0]);
            ask(&mut served.connect(), "/healthz")
        });
    });
    assert!(received < ASKED);
}

#[test]
fn one_address_and_all_together_have_so_many_connections() {
    let served = serve(plain(), Bounds { of_client: Some(3), ..BOUNDS });
    let mut placed: Vec<_> = (0..3).map(|_| served.placed()).collect();
    assert_eq!(rest(&mut served.connect()), "", "closed at once");
    placed.pop();
    placed.push(served.until_placed());
    for stream in &mut placed {
        assert_eq!(status(&ask(stream, "/healthz").unwrap()), 200, "who has a place keeps it");
    }
    let proxied = serve(plain(), Bounds { connections: 5, of_client: Some(3), ..BOUNDS }.behind_proxy());
    let _placed: Vec<_> = (0..5).map(|_| proxied.placed()).collect();
    assert_eq!(rest(&mut proxied.connect()), "", "all places are taken");
}

#[test]
fn too_many_requests_end_the_connection() {
    let one = std::num::NonZeroU32::MIN;
    let (_app, router) = app(Limits { per_second: Some(one), burst: one, ..LIMITS });
    let served = serve(router, BOUNDS);
    let mut stream = served.placed();
    let told = until("the limit is met", || {
        let told = ask(&mut stream, "/healthz").unwrap();
        (status(&told) == 429).then_some(told)
    });
    assert!(told.contains("connection: close") && told.contains("retry-after: 5"), "{told}");
    assert_eq!(rest(&mut stream), "");
}

#[test]
fn told_to_stop_it_finishes_what_is_under_way_and_takes_nothing_new() {
    let (app, router) = app(LIMITS);
    let served = serve(router, BOUNDS);
    let body = decision("D-1", "2026-05-08").to_string();
    let mut idle = served.placed();
    let mut begun = served.begin(&app, &body);
    served.stop();
    served.until_refused();
    assert_eq!(rest(&mut idle), "");
    assert!(!served.task.is_finished());
    begun.write_all(body.as_bytes()).unwrap();
    let told = answer(&mut begun).unwrap();
    assert_eq!(status(&told), 201, "{told}");
    served.ended();
    assert_eq!(rest(&mut begun), "");
}

#[test]
fn told_to_stop_again_or_out_of_time_it_ends() {
    let (app, router) = app(LIMITS);
    let served = serve(router.clone(), BOUNDS);
    let _begun = served.begin(&app, "never sent");
    served.stop();
    served.until_refused();
    served.stop();
    served.ended();
    let served = serve(router, Bounds { drain_time: SHORT, ..BOUNDS });
    let _begun = served.begin(&app, "never sent");
    served.stop();
    served.ended();
}

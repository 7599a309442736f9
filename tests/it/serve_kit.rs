//! Talks to a server over real sockets, and starts the real one.

use crate::cli_kit::{Desk, command};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// Longest wait for something that happens: far beyond what a busy machine takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// Tries until something happens.
#[track_caller]
pub fn until<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(done) = attempt() {
            return done;
        }
        assert!(begun.elapsed() < PATIENCE, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Everything up to the end of the connection, however it ends.
#[track_caller]
pub fn rest(stream: &mut TcpStream) -> String {
    String::from_utf8(rest_in_bytes(stream)).unwrap()
}

#[track_caller]
fn rest_in_bytes(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = vec![];
    if let Err(e) = stream.read_to_end(&mut bytes) {
        assert_eq!(e.kind(), std::io::ErrorKind::ConnectionReset, "the connection never ended");
    }
    bytes
}

/// One answer on a connection that goes on; none where it ended instead.
pub fn answer(stream: &mut TcpStream) -> Option<String> {
    let mut text = String::new();
    let mut byte = [0];
    while !text.ends_with("\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        text.push(char::from(byte[0]));
    }
    let length = text.lines().find_map(|l| l.strip_prefix("content-length: ")).unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    Some(text + &String::from_utf8(body).unwrap())
}

/// Asks on a connection that goes on; none where it is closed.
pub fn ask(stream: &mut TcpStream, path: &str) -> Option<String> {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").ok()?;
    answer(stream)
}

pub fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).unwrap_or_else(|| panic!("no answer: {answer:?}")).parse().unwrap()
}

/// Status and body of an address.
pub fn get(url: &str, token: Option<&str>) -> (u16, String) {
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = connect(address.parse().unwrap());
    let bearer = token.map(|t| format!("Authorization: Bearer {t}\r\n")).unwrap_or_default();
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {address}\r\n{bearer}Connection: close\r\n\r\n").unwrap();
    let answer = rest(&mut stream);
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    (status(&answer), body.to_owned())
}

/// A server that runs; it is killed at the end.
pub struct Serving {
    pub child: Child,
    pub address: SocketAddr,
    log: std::path::PathBuf,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Serving {
    /// `serve` on the desk's data directory.
    pub fn on(desk: &Desk) -> Self {
        Self::start(desk, command(&desk.path(""), &["serve", "--listen", "127.0.0.1:0"]))
    }

    /// That command, which serves.
    pub fn start(desk: &Desk, mut command: Command) -> Self {
        let log = desk.path("serve.log");
        let mut child = command.stderr(File::create(&log).unwrap()).spawn().unwrap();
        let address = until("it serves", || {
            let text = std::fs::read_to_string(&log).unwrap();
            assert!(child.try_wait().unwrap().is_none(), "it ended: {text}");
            let line = text.lines().find(|l| l.contains("\"serving\""))?;
            let told: serde_json::Value = serde_json::from_str(line).ok()?;
            told["fields"]["address"].as_str().map(|a| a.parse().unwrap())
        });
        Self { child, address, log }
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    pub fn get(&self, path: &str, token: Option<&str>) -> (u16, String) {
        get(&format!("http://{}/{path}", self.address), token)
    }

    /// What it gives at that path, whatever it is.
    pub fn bytes(&self, path: &str) -> Vec<u8> {
        let mut stream = connect(self.address);
        write!(stream, "GET /{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let answer = rest_in_bytes(&mut stream);
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..end]));
        answer[end + 4..].to_vec()
    }

    /// Tells it to stop.
    pub fn signal(&self) {
        let pid = i32::try_from(self.child.id()).unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    /// Waits for its end; its exit code.
    pub fn ended(&mut self) -> Option<i32> {
        until("it ends", || self.child.try_wait().unwrap()).code()
    }
}

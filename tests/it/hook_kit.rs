//! A receiver of messages: a server of its own that keeps what it gets and answers as it is told.

use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Longest wait for a message that must come.
const COMES: Duration = Duration::from_secs(20);
/// How long it is listened for one that must not.
const STAYS_AWAY: Duration = Duration::from_millis(1_500);

/// A message as it arrived.
#[derive(Debug, Clone)]
pub struct Got {
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Path of the link by which its subscription is confirmed and ended.
    pub fn link(&self) -> String {
        let data = &self.json()["data"];
        let link = data["confirm"].as_str().or(data["manage"].as_str()).unwrap();
        link.strip_prefix("https://xb.example.cn").unwrap().to_owned()
    }

    /// The same over the API.
    pub fn api_link(&self) -> String {
        self.link().replace("/watch/", "/api/v1/subscriptions/")
    }
}

/// Listens until the test ends.
pub struct Hook {
    pub url: String,
    got: Receiver<Got>,
    status: Arc<Mutex<u16>>,
}

impl Hook {
    pub fn start() -> Self {
        Self::at("127.0.0.1")
    }

    /// One that is another host's.
    pub fn at(host: &str) -> Self {
        let listener = TcpListener::bind((host, 0)).unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (sender, got) = channel();
        let status = Arc::new(Mutex::new(204));
        let answers = status.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (sender, status) = (sender.clone(), *answers.lock().unwrap());
                std::thread::spawn(move || take(stream, &sender, status));
            }
        });
        Self { url, got, status }
    }

    /// How it answers from now on; 0 for not at all.
    pub fn answers(&self, status: u16) {
        *self.status.lock().unwrap() = status;
    }

    #[track_caller]
    pub fn next(&self) -> Got {
        self.got.recv_timeout(COMES).expect("no message came")
    }

    #[track_caller]
    pub fn hears_nothing(&self) {
        if let Ok(got) = self.got.recv_timeout(STAYS_AWAY) {
            panic!("a message came: {}", got.body);
        }
    }
}

fn take(stream: TcpStream, sender: &Sender<Got>, status: u16) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    let _ = sender.send(Got { headers, body: String::from_utf8(body).ok()? });
    if status == 0 {
        std::thread::sleep(COMES);
        return None;
    }
    let mut stream = stream;
    let answer = format!("HTTP/1.1 {status} Answer\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).ok()
}

//! A witness as its own process (`tests/witness/witness.py`), asked over HTTP.

use crate::vectors_support::root;
use starmark::sign::NoteKey;
use starmark::tlog::Hash;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Ends with the test.
pub struct Witness {
    child: Child,
    /// The witness's key, of type cosignature/v1.
    pub key: NoteKey,
    /// `http://127.0.0.1:PORT`.
    pub address: String,
}

/// Status, content type and body.
#[derive(Debug, PartialEq, Eq)]
pub struct WitnessAnswer {
    pub status: u16,
    pub kind: String,
    pub body: String,
}

impl Witness {
    /// A witness of the log with that key, which keeps what it saw in the file `state`. `more` are more of its options.
    pub fn start(state: &Path, log: &NoteKey, name: &str, seed: u8, more: &[&str]) -> Self {
        let mut python = Command::new("python3");
        python.arg(root("tests/witness/witness.py")).args(["--listen", "127.0.0.1:0", "--state"]).arg(state);
        python.args(["--log", &log.vkey(), "--name", name, "--seed", &format!("{seed:02x}").repeat(32)]).args(more);
        let mut child = python.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut line = || lines.next().expect("the witness did not start").unwrap();
        let (key, address) = (NoteKey::parse(&line()).unwrap(), line());
        Self { child, key, address }
    }

    /// Sends bytes as they are and reads the whole answer.
    fn ask(&self, head: &str, body: &[u8]) -> WitnessAnswer {
        let host = self.address.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        let length = body.len();
        let head = format!("{head} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let kind = head.lines().find_map(|line| line.strip_prefix("Content-Type: ")).unwrap();
        WitnessAnswer { status, kind: kind.to_owned(), body: body.to_owned() }
    }

    /// POST of a body as it is.
    pub fn post(&self, path: &str, body: &[u8]) -> WitnessAnswer {
        self.ask(&format!("POST {path}"), body)
    }

    pub fn get(&self, path: &str) -> WitnessAnswer {
        self.ask(&format!("GET {path}"), b"")
    }

    /// Offers a checkpoint (C2SP tlog-witness, add-checkpoint).
    pub fn add_checkpoint(&self, old: u64, proof: &[Hash], note: &str) -> WitnessAnswer {
        let proof: String = proof.iter().map(|h| format!("{h}\n")).collect();
        self.post("/add-checkpoint", format!("old {old}\n{proof}\n{note}").as_bytes())
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

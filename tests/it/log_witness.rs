//! Witnesses of the log, each a process of its own: asked after every checkpoint, and waited for by nobody.

use super::log_kit::*;
use super::store_kit::issue;
use super::witness_kit::Witness as Process;
use starmark::service::log::{Log, LogFiles, Witness};
use starmark::sign::{LocalSigner, Note, NoteAlgorithm, NoteKey, Signer as _};
use starmark::store::{MemoryStore, Store};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

fn process(dir: &Path, n: u8) -> Process {
    Process::start(&dir.join(format!("w{n}.state")), &verifier(), &format!("witness.example.cn/w{n}"), n, &[])
}

fn named(process: &Process) -> Witness {
    Witness { url: process.address.clone(), key: process.key.clone() }
}

/// A witness that nobody answers for.
fn missing() -> Witness {
    let public = LocalSigner::from_seed(&Zeroizing::new([9; 32])).unwrap().public();
    let key = NoteKey::new("witness.example.cn/gone", NoteAlgorithm::CosignatureV1, public).unwrap();
    Witness { url: "http://127.0.0.1:9".into(), key }
}

fn watched(store: &Arc<dyn Store>, files: &LogFiles, witnesses: Vec<Witness>) -> Log {
    let log = Log::new(store.clone(), files.clone(), &host());
    log.watched_by(witnesses);
    log.sign_with(Some((log_key(), Arc::new(log_signer()))));
    log.start(&keys()).unwrap();
    log
}

fn fill(store: &dyn Store, certificates: std::ops::Range<u64>) {
    for n in certificates {
        store.commit(issue(n)).unwrap();
    }
}

/// Waits until the published tree has so many cosignatures.
fn cosigned(log: &Log, by: usize) {
    let until = Instant::now() + Duration::from_secs(20);
    while log.published().is_none_or(|s| s.cosigned() < by || log.health().behind > 0) {
        assert!(Instant::now() < until, "{:?}", log.witnesses());
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn those_that_are_there_cosign_and_one_that_is_not_holds_nothing_up() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (process(dir.path(), 1), process(dir.path(), 2));
    let (store, files): (Arc<dyn Store>, _) = (Arc::new(MemoryStore::new().unwrap()), LogFiles::in_memory());
    let log = watched(&store, &files, vec![named(&one), missing(), named(&two)]);
    for n in 0..40 {
        let done = store.commit(issue(n)).unwrap();
        assert!(log.wait_for(done.first_seq), "nobody waits for a witness");
    }
    cosigned(&log, 2);
    let state = log.published().unwrap();
    let note = Note::parse(state.note().as_bytes()).unwrap();
    for witness in [&one, &two] {
        assert!(note.verified_by(&witness.key).unwrap().unwrap().at.is_some());
    }
    assert!(note.verified_by(&verifier()).unwrap().is_some(), "the body's own signature stays");
    assert_eq!(files.checkpoint.load().unwrap().unwrap(), state.note().as_bytes(), "and it is what is kept");
    let stands = log.witnesses();
    assert_eq!(stands.iter().map(|(_, s)| s.cosigned).collect::<Vec<_>>(), [Some(40), None, Some(40)]);
    assert!(stands[1].1.trouble.is_some() && stands[0].1.trouble.is_none());
    let place = log.place_of(7).unwrap();
    assert_eq!((place.leaf, place.size, place.cosigned, place.witnesses), (7, 40, 2, 3));

    // After a restart the witnesses know more of the log than this process does of them.
    drop(log);
    let log = watched(&store, &files, vec![named(&one), named(&two)]);
    assert_eq!(log.published().unwrap().size(), 40);
    store.commit(issue(40)).unwrap();
    log.wake();
    cosigned(&log, 2);
    assert_eq!(log.published().unwrap().size(), 41);
}

#[test]
fn a_register_that_went_back_is_told_by_a_witness() {
    let dir = tempfile::tempdir().unwrap();
    let one = process(dir.path(), 1);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new().unwrap());
    fill(&*store, 0..30);
    let log = watched(&store, &LogFiles::in_memory(), vec![named(&one)]);
    cosigned(&log, 1);
    drop(log);
    // Put back without its checkpoint, and shorter: nothing on this machine tells.
    let older: Arc<dyn Store> = Arc::new(MemoryStore::new().unwrap());
    fill(&*older, 0..20);
    let log = watched(&older, &LogFiles::in_memory(), vec![named(&one)]);
    let until = Instant::now() + Duration::from_secs(20);
    let trouble = loop {
        if let Some(trouble) = log.witnesses()[0].1.trouble.clone() {
            break trouble;
        }
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(5));
    };
    assert!(trouble.contains("it has seen 30 entries, and this log has 20"), "{trouble}");
    assert_eq!(log.health().contradiction, Some(trouble));
    assert_eq!(log.published().unwrap().cosigned(), 0);
    // Grown past that size it is another history: no witness signs it.
    fill(&*older, 100..120);
    log.wake();
    let until = Instant::now() + Duration::from_secs(20);
    while !log.witnesses()[0].1.trouble.as_ref().is_some_and(|t| t.contains("422")) {
        assert!(Instant::now() < until, "{:?}", log.witnesses());
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(log.published().unwrap().cosigned(), 0);
    let told = log.health().contradiction.unwrap();
    assert!(told.contains("is not the beginning of this one") && told.contains("--checkpoint"), "{told}");
}

#[test]
fn a_list_of_witnesses_is_read_strictly() {
    let key = missing().key.vkey();
    let plain = verifier().vkey();
    let list = |text: &str| Witness::list(text).map_err(|r| r.message.into_owned());
    let good = format!("[[witness]]\nurl = \"https://w.example/\"\nkey = \"{key}\"\n");
    assert_eq!(list(&good).unwrap()[0].url, "https://w.example");
    assert_eq!(list("").unwrap(), []);
    for (text, why) in [
        (good.replace("https://", "ftp://"), "is no address"),
        (good.replace(&key, &plain), "not one for cosignature/v1"),
        (good.replace(&key, &key[1..]), "the key of"),
        (good.replace("key =", "keys ="), "unknown field"),
        (good.repeat(17), "at most 16"),
        (format!("{good}{}", good.replace("https://w", "https://v")), "have one key"),
    ] {
        let told = list(&text).unwrap_err();
        assert!(told.contains(why), "{told}");
    }
}

/// A witness that takes requests and answers with `answer`, or with nothing for ever; it counts them.
fn fake(answer: Option<String>) -> (Witness, Arc<std::sync::Mutex<Vec<TcpStream>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let taken = Arc::new(std::sync::Mutex::new(vec![]));
    let kept = taken.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut bytes = [0; 4096];
            let _ = stream.read(&mut bytes).unwrap();
            if let Some(answer) = &answer {
                stream.write_all(answer.as_bytes()).unwrap();
            }
            kept.lock().unwrap().push(stream);
        }
    });
    (Witness { url, ..missing() }, taken)
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < until, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn one_that_never_answers_keeps_neither_the_others_nor_the_end_waiting() {
    let dir = tempfile::tempdir().unwrap();
    let one = process(dir.path(), 1);
    let (hanging, taken) = fake(None);
    let (store, files): (Arc<dyn Store>, _) = (Arc::new(MemoryStore::new().unwrap()), LogFiles::in_memory());
    fill(&*store, 0..3);
    let log = watched(&store, &files, vec![hanging, named(&one)]);
    for n in 3..6 {
        cosigned(&log, 1);
        store.commit(issue(n)).unwrap();
        log.wake();
        wait_until("it is published", || log.health().behind == 0);
    }
    cosigned(&log, 1);
    wait_until("it was asked", || !taken.lock().unwrap().is_empty());
    let weak = Arc::downgrade(&store);
    drop((log, store));
    assert!(weak.upgrade().is_none(), "nothing holds the store any more");
    let stream = &mut taken.lock().unwrap()[0];
    stream.set_nonblocking(true).unwrap();
    let mut rest = [0; 4096];
    let end = loop {
        match stream.read(&mut rest) {
            Ok(0) => break None,
            Ok(_) => {}
            Err(error) => break Some(error.kind()),
        }
    };
    assert_eq!(end, Some(std::io::ErrorKind::WouldBlock), "the end came while the answer was still waited for");
}

#[test]
fn a_witness_leads_nowhere_else() {
    let (elsewhere, led) = fake(Some("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".into()));
    let answer = format!(
        "HTTP/1.1 302 Found\r\nLocation: {}/secret\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        elsewhere.url
    );
    let (leading, _) = fake(Some(answer));
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new().unwrap());
    fill(&*store, 0..3);
    let log = watched(&store, &LogFiles::in_memory(), vec![leading]);
    wait_until("it answered", || log.witnesses()[0].1.trouble.is_some());
    assert_eq!(log.witnesses()[0].1.trouble.as_deref(), Some("it answered 302"));
    assert!(led.lock().unwrap().is_empty());
}

#[test]
fn a_start_knows_who_cosigned_and_one_key_has_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let one = process(dir.path(), 1);
    let (store, files): (Arc<dyn Store>, _) = (Arc::new(MemoryStore::new().unwrap()), LogFiles::in_memory());
    fill(&*store, 0..3);
    cosigned(&watched(&store, &files, vec![named(&one)]), 1);
    let kept = files.checkpoint.load().unwrap().unwrap();
    // Under another address nobody would answer: what the note says is enough.
    let same = Witness { url: "http://127.0.0.1:9".into(), ..named(&one) };
    let log = watched(&store, &files, vec![same]);
    assert_eq!((log.published().unwrap().cosigned(), log.witnesses()[0].1.cosigned), (1, Some(3)));
    drop(log);
    assert_eq!(files.checkpoint.load().unwrap().unwrap(), kept);
    // Cosigned again, by a process that did not know the witness when it started: the later line takes the place of the other.
    let note = Note::parse(&kept).unwrap();
    let line = note.signatures()[1].to_string();
    let broken = [note.text(), "\n", &note.signatures()[0].to_string(), &line.replacen("AAAA", "AAAB", 1)].concat();
    assert!(files.checkpoint.replace(Some(&kept), broken.as_bytes()).unwrap());
    let log = watched(&store, &files, vec![named(&one)]);
    cosigned(&log, 1);
    assert_eq!(Note::parse(log.published().unwrap().note().as_bytes()).unwrap().signatures().len(), 2);
}

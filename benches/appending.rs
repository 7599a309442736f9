//! A yardstick for `scripts/bench-issue`: the least that durable issuing can be. Whatever is handed in is signed and appended to a file; those who
//! came while the file was synced share the next sync; each is answered once its own bytes are on the disk. Nothing is checked, found by number, or proven.
//!
//! `appending ADDRESS FILE`

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use ed25519_dalek::{Signer, SigningKey};
use std::fs::File;
use std::io::Write;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

type Waiting = (Vec<u8>, oneshot::Sender<()>);

/// Appends what has come, syncs once for all of it, then tells all who wait.
fn append(mut file: File, come: &Receiver<Waiting>) -> std::io::Result<()> {
    while let Ok(first) = come.recv() {
        let group: Vec<Waiting> = std::iter::once(first).chain(come.try_iter()).collect();
        let bytes: Vec<u8> = group.iter().flat_map(|(bytes, _)| bytes.iter().copied()).collect();
        file.write_all(&bytes)?;
        file.sync_data()?;
        for (_, told) in group {
            let _ = told.send(());
        }
    }
    Ok(())
}

async fn serve(address: &str, path: &str) -> std::io::Result<()> {
    let file = File::create(path)?;
    let (sender, come): (Sender<Waiting>, _) = channel();
    let writer = std::thread::spawn(move || append(file, &come));
    let key = SigningKey::from_bytes(&[7; 32]);
    let router = Router::new().fallback(move |body: Bytes| {
        let signature = key.sign(&body);
        let sender = sender.clone();
        async move {
            let (told, on_disk) = oneshot::channel();
            let bytes = [&body[..], &signature.to_bytes()].concat();
            match sender.send((bytes, told)) {
                Ok(()) if on_disk.await.is_ok() => (StatusCode::CREATED, signature.to_string()),
                _ => (StatusCode::INTERNAL_SERVER_ERROR, String::new()),
            }
        }
    });
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("ready");
    axum::serve(listener, router).await?;
    writer.join().map_err(|_| std::io::Error::other("the writer is gone"))?
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(path)) = (arguments.next(), arguments.next()) else {
        eprintln!("appending ADDRESS FILE");
        return ExitCode::from(64);
    };
    match serve(&address, &path).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

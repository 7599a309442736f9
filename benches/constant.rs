//! A yardstick for `scripts/bench-lookup`: axum with nothing behind it. Every address is answered with the same body of so many bytes.
//!
//! `constant ADDRESS BYTES`

use axum::Router;
use axum::http::header;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(bytes)) = (arguments.next(), arguments.next().and_then(|n| n.parse().ok())) else {
        eprintln!("constant ADDRESS BYTES");
        return ExitCode::from(64);
    };
    let body: &'static str = Box::leak("x".repeat(bytes).into_boxed_str());
    let router = Router::new().fallback(move || async move { ([(header::CONTENT_TYPE, "application/json")], body) });
    let listener = match tokio::net::TcpListener::bind(&address).await {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("{address}: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("ready");
    match axum::serve(listener, router).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

//! Reads the QR code of every picture named on standard input, one path a line; answers `PATH<tab>TEXT`, the text empty where
//! none was read.

use rxing::BarcodeFormat;
use rxing::helpers::detect_in_luma;
use std::io::{BufRead, stdin};
use std::sync::Mutex;

fn read(path: &str) -> Option<String> {
    let picture = image::open(path).ok()?.into_luma8();
    let (width, height) = picture.dimensions();
    let code = detect_in_luma(picture.into_raw(), width, height, Some(BarcodeFormat::QR_CODE));
    Some(code.ok()?.getText().to_owned())
}

fn main() {
    let paths = Mutex::new(stdin().lock().lines().map_while(Result::ok).collect::<Vec<_>>().into_iter());
    let next = || paths.lock().ok()?.next();
    std::thread::scope(|threads| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            threads.spawn(|| {
                while let Some(path) = next() {
                    let text = std::panic::catch_unwind(|| read(&path)).ok().flatten().unwrap_or_default();
                    println!("{path}\t{text}");
                }
            });
        }
    });
}

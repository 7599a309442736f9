//! How long a mark takes, beside what others take for the same in the same run: `cargo bench --bench mark`. With segno and Pillow
//! at hand (`pip install segno Pillow`), Python's turn comes too; STARMARK_PYTHON names its interpreter. Nothing is asserted but
//! that the codes say what they should.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a measurement may fail loudly, and asks the clock"
)]

#[path = "sample.rs"]
mod sample;

use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use jiff::civil::date;
use qrcode::{EcLevel, QrCode, Version};
use starmark::domain::{Host, Level};
use starmark::draw::png::{bitonal, png};
use starmark::draw::{Modules, code::QUIET_ZONE};
use starmark::mark::{Face, Format, Ink, Layout, MarkText, Order, Resolution, Token, Words, artwork, qr, render};
use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

/// Pixels of a module in the pictures of bare codes: 53 modules with the quiet zone make 583 pixels.
const BARE_PX: u32 = 11;

/// Runs all contestants in turns, so that what else the machine does hits them alike; prints the median and the least of each in
/// microseconds, and how many times the first one's median it is.
fn race(title: &str, rounds: usize, contestants: &mut [(&str, &mut dyn FnMut())]) {
    let mut times: Vec<Vec<f64>> = contestants.iter().map(|_| Vec::with_capacity(rounds)).collect();
    for round in 0..rounds + rounds / 10 {
        for ((_, run), times) in contestants.iter_mut().zip(&mut times) {
            let from = Instant::now();
            run();
            if round >= rounds / 10 {
                times.push(from.elapsed().as_secs_f64() * 1e6);
            }
        }
    }
    println!("{title}");
    let mut first = None;
    for ((name, _), times) in contestants.iter().zip(&mut times) {
        times.sort_by(f64::total_cmp);
        let (median, least) = (times[times.len() / 2], times[0]);
        let first = *first.get_or_insert(median);
        println!("  {name:<44} median {median:>9.1} us  least {least:>9.1} us  x {:.2}", median / first);
    }
}

fn face() -> Face {
    Face {
        level: Level::FourStar,
        test: false,
        host: Host::parse("xb.example.cn").unwrap(),
        holder: "示例电器有限公司".into(),
        standard: "GB/T 27922-2011".into(),
        number: "29326SC10002R0M".into(),
        valid_until: date(2029, 5, 7),
        body: "示例认证中心".into(),
    }
}

fn text() -> MarkText {
    let mut signature = [0u8; 64];
    for (i, byte) in signature.iter_mut().enumerate() {
        *byte = (i as u8).wrapping_mul(151).wrapping_add(77);
    }
    MarkText::Signed(Token::new(sample::claims()).unwrap().with_signature(signature))
}

/// A code as grey bytes, for writers that take nothing smaller.
fn grey(code: &Modules, px: usize) -> (u32, Vec<u8>) {
    let side = (code.side() + 2 * QUIET_ZONE) * px;
    let dark = |i: usize| {
        let (x, y) = (i % side / px, i / side / px);
        x >= QUIET_ZONE && y >= QUIET_ZONE && code.is_dark(x - QUIET_ZONE, y - QUIET_ZONE)
    };
    (side as u32, (0..side * side).map(|i| if dark(i) { 0 } else { 255 }).collect())
}

/// What the png crate writes by itself for one bit a pixel.
fn png_crate(pixels: &[u8], side: u32) -> Vec<u8> {
    let row = |row: &[u8]| -> Vec<u8> {
        row.chunks(8).map(|c| c.iter().enumerate().fold(0, |b, (i, p)| b | (p & 0x80) >> i)).collect()
    };
    let packed: Vec<u8> = pixels.chunks(side as usize).flat_map(row).collect();
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&packed).unwrap();
    writer.finish().unwrap();
    out
}

fn image_crate(pixels: &[u8], side: u32) -> Vec<u8> {
    let mut out = Vec::new();
    PngEncoder::new(&mut out).write_image(pixels, side, side, ExtendedColorType::L8).unwrap();
    out
}

fn main() {
    let (face, text) = (face(), text());
    let url = text.url(&face.host);
    let first = || qr::draw(&face.host, &text).unwrap().remove(0);
    let code = first();
    let fast = || fast_qr::QRBuilder::new(url.as_str()).ecl(fast_qr::ECL::M).build().unwrap();
    race(
        "encode a signed mark's code, version 7-M, best of eight masks",
        2_000,
        &mut [
            ("starmark", &mut || drop(black_box(first()))),
            ("fast_qr 0.14, bytes alone: a larger code", &mut || {
                black_box(fast());
            }),
            ("qrcode 0.14, its own segments and masks", &mut || {
                drop(black_box(QrCode::with_version(&url, Version::Normal(7), EcLevel::M).unwrap()));
            }),
        ],
    );
    let (side, pixels) = grey(&code, BARE_PX as usize);
    println!("  (fast_qr: {} modules)", fast().size);
    race(
        &format!("a bare code of {side} pixels as one-bit PNG"),
        2_000,
        &mut [
            ("starmark", &mut || drop(black_box(bitonal(&code, BARE_PX).unwrap()))),
            ("png 0.18, pixels at hand", &mut || drop(black_box(png_crate(&pixels, side)))),
            ("image 0.25, 8 bits, pixels at hand", &mut || drop(black_box(image_crate(&pixels, side)))),
        ],
    );
    println!(
        "  ({} bytes; {} and {})",
        bitonal(&code, BARE_PX).unwrap().len(),
        png_crate(&pixels, side).len(),
        image_crate(&pixels, side).len()
    );
    race(
        "both",
        1_000,
        &mut [
            ("starmark", &mut || drop(black_box(bitonal(&first(), BARE_PX).unwrap()))),
            ("qrcode 0.14 and image 0.25", &mut || {
                let code = QrCode::with_version(&url, Version::Normal(7), EcLevel::M).unwrap();
                let width = code.width();
                let dark = code.to_colors();
                let rows: Vec<u64> = (0..width)
                    .map(|y| (0..width).fold(0, |r, x| r | u64::from(dark[y * width + x] == qrcode::Color::Dark) << x))
                    .collect();
                let (side, pixels) = grey(&Modules::from_rows(rows).unwrap(), BARE_PX as usize);
                drop(black_box(image_crate(&pixels, side)));
            }),
        ],
    );
    whole(&face, &text);
    python(&url);
}

/// Whole marks; the gate reads every file back with two decoders before it leaves.
fn whole(face: &Face, text: &MarkText) {
    let at =
        |format: Format, dpi: u32| Order { resolution: Resolution::Dpi(dpi), ..Order::new(Layout::Vertical, format) };
    let drawn = |dpi: u32| {
        let order = at(Format::Png, dpi);
        let (width, scale) = order.size().unwrap();
        let picture = artwork::compose(face, order.layout, Ink::Colour, Words::Zh, width).unwrap();
        let code = qr::draw(&face.host, text).unwrap().remove(0);
        png(&picture.with(&code), scale).unwrap()
    };
    let left = |format: Format, dpi: u32| render(face, text, &at(format, dpi)).unwrap().bytes;
    race(
        "a whole vertical mark, in colour",
        60,
        &mut [
            ("PNG of 300 dpi, drawn", &mut || drop(black_box(drawn(300)))),
            ("PNG of 600 dpi, drawn", &mut || drop(black_box(drawn(600)))),
            ("PNG of 300 dpi, drawn and read back", &mut || drop(black_box(left(Format::Png, 300)))),
            ("SVG, drawn and read back", &mut || drop(black_box(left(Format::Svg, 300)))),
            ("PDF, drawn and read back", &mut || drop(black_box(left(Format::Pdf, 300)))),
        ],
    );
    println!(
        "  ({} bytes at 300 dpi, {} at 600; SVG {}, PDF {})",
        drawn(300).len(),
        drawn(600).len(),
        left(Format::Svg, 300).len(),
        left(Format::Pdf, 300).len()
    );
}

fn python(url: &str) {
    let interpreter = std::env::var("STARMARK_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/mark.py");
    let fonts = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/fonts");
    match Command::new(&interpreter).args([script, url, fonts]).status() {
        Ok(status) if status.success() => {}
        _ => println!("segno and Pillow: not measured, {interpreter} lacks them"),
    }
}

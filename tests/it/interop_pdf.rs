//! What a printer relies on in a mark's PDF, asked of poppler and qpdf: fonts, text, inks, size, and the same bytes each time.

use starmark::domain::{Host, Level, MarkId};
use starmark::mark::{
    Claims, Class, Face, File, Format, Ink, KeyHint, Layout, MarkText, Order, Token, Width, Words, render,
};
use std::path::{Path, PathBuf};
use std::process::Command;

fn face(level: Level) -> Face {
    Face {
        level,
        test: false,
        host: Host::parse("xb.example.cn").unwrap(),
        holder: "示例喆堃电器有限公司".into(),
        standard: "GB/T 27922-2011".into(),
        number: "29326SC10002R0M".into(),
        valid_until: jiff::civil::date(2029, 5, 7),
        body: "示例认证中心".into(),
    }
}

fn text(face: &Face, layout: Layout) -> MarkText {
    let mark = MarkId::from_bytes([1, 2, 3, 4, 5, 6]);
    if layout.class() == Class::Link {
        return MarkText::Link(mark);
    }
    let claims = Claims {
        level: face.level,
        test: face.test,
        key_hint: KeyHint::of(&[7; 32]),
        mark,
        issued: jiff::civil::date(2026, 5, 8),
        expires: face.valid_until,
        holder: None,
    };
    MarkText::Signed(Token::new(claims).unwrap().with_signature(std::array::from_fn(|i| (i * 151 + 77) as u8)))
}

fn mark(face: &Face, order: &Order) -> File {
    render(face, &text(face, order.layout), order).unwrap_or_else(|e| panic!("{order:?}: {e}"))
}

/// Every layout in every colouring and language, one of them at a width nobody designed; and the letters of each.
fn orders() -> Vec<(Face, Order)> {
    let mut all = vec![];
    for (i, layout) in Layout::ALL.into_iter().enumerate() {
        for (ink, words) in Ink::ALL.into_iter().flat_map(|ink| Words::ALL.map(|words| (ink, words))) {
            all.push((face(Level::ALL[i]), Order { ink, words, ..Order::new(layout, Format::Pdf) }));
        }
    }
    let width = Width::parse("47.3").unwrap();
    all.push((face(Level::FiveStar), Order { width, ..Order::new(Layout::Vertical, Format::Pdf) }));
    all
}

/// What a program says of a file.
fn said(program: &str, package: &str, arguments: &[&str], file: &Path) -> String {
    let run = Command::new(program).args(arguments).arg(file).output();
    let run = run.unwrap_or_else(|e| panic!("{program} must be installed (Debian package {package}): {e}"));
    let text = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success(), "{program}: {text}{}", String::from_utf8_lossy(&run.stderr));
    text
}

fn poppler(program: &str, arguments: &[&str], file: &Path) -> String {
    said(program, "poppler-utils", arguments, file)
}

fn qpdf(arguments: &[&str], file: &Path) -> String {
    said("qpdf", "qpdf", arguments, file)
}

fn written(folder: &tempfile::TempDir, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join("mark.pdf");
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn a_printer_gets_embedded_fonts_the_size_ordered_and_text_that_can_be_searched() {
    let folder = tempfile::tempdir().unwrap();
    for (face, order) in orders() {
        let made = mark(&face, &order);
        let file = written(&folder, &made.bytes);
        assert!(qpdf(&["--check"], &file).contains("No syntax or stream encoding errors"), "{order:?}");
        // A table of two lines of heading; the columns end with emb, sub, uni and the object's two numbers.
        let fonts = poppler("pdffonts", &[], &file);
        let of_fonts: Vec<Vec<&str>> = fonts.lines().skip(2).map(|l| l.split_whitespace().rev().collect()).collect();
        assert!(!of_fonts.is_empty(), "{fonts}");
        assert!(
            of_fonts
                .iter()
                .all(|f| f[2..5] == ["yes", "yes", "yes"] && f.last().is_some_and(|n| n.contains("NotoSans"))),
            "{order:?}: {fonts}"
        );
        size(&made, &order, &poppler("pdfinfo", &["-box"], &file));
        poppler("pdftotext", &["-raw"], &file);
        let text =
            std::fs::read_to_string(file.with_extension("txt")).unwrap().replace(|c: char| c.is_whitespace(), "");
        let mut must = vec![face.level.zh(), "商品售后服务认证", "售后服务认证，非产品认证", "xb.example.cn"];
        if order.layout != Layout::Small {
            must.extend([&face.holder, &face.number, "2029-05-07", &face.body]);
        }
        if order.words == Words::ZhEn {
            must.push(if order.layout == Layout::Small { "Certifiestheservice," } else { "Servicecertification," });
        }
        assert_eq!(must.iter().find(|words| !text.contains(**words)), None, "{order:?}: {text}");
    }
}

/// One page, its trim box the mark's size within a hundredth of a millimetre, and PDF 1.7.
fn size(made: &File, order: &Order, info: &str) {
    let line = |name: &str| info.lines().find_map(|l| l.strip_prefix(name)).unwrap_or_else(|| panic!("{name}: {info}"));
    assert_eq!((line("PDF version:").trim(), line("Pages:").trim()), ("1.7", "1"));
    let corners: Vec<f64> = line("TrimBox:").split_whitespace().map(|n| n.parse().unwrap()).collect();
    let [left, lower, right, upper] = corners[..] else { panic!("{info}") };
    let millimetres = [right - left, upper - lower].map(|points| points * 25.4 / 72.0);
    let designed = order.layout.nominal(order.words);
    let width = order.width.millimetres();
    for (is, wanted) in millimetres.into_iter().zip([width, designed.1 * width / designed.0]) {
        assert!((is - wanted).abs() <= 0.01, "{order:?}: {is} mm, not {wanted}");
    }
    assert!((f64::from(made.width_um) / 1000.0 - width).abs() <= 0.001);
}

/// One outline as it is painted: the fill it has, the operator, and its corners.
struct Painted {
    fill: String,
    operator: String,
    corners: Vec<(f64, f64)>,
}

/// The outlines filled in a page's content, and every operator in it that sets a colour or brings in something from elsewhere.
fn content(file: &Path) -> (Vec<Painted>, Vec<String>) {
    const COLOURS: [&str; 14] = ["g", "G", "rg", "RG", "k", "K", "cs", "CS", "sc", "SC", "scn", "SCN", "sh", "Do"];
    let page = qpdf(&["--show-pages"], file);
    let of_content = page.lines().filter_map(|l| l.trim().strip_suffix(" R")).next_back().unwrap();
    let stream = qpdf(&[&format!("--show-object={}", of_content.replace(' ', ",")), "--filtered-stream-data"], file);
    let (mut painted, mut operators) = (vec![], vec![]);
    let (mut operands, mut fills, mut corners) = (vec![], vec![String::from("0 0 0 1")], vec![]);
    for token in stream.split_whitespace() {
        if token.parse::<f64>().is_ok() || token.starts_with(['[', '/', '<', '(']) {
            operands.push(token);
            continue;
        }
        match token {
            "q" => fills.push(fills.last().unwrap().clone()),
            "Q" => drop(fills.pop()),
            "k" => *fills.last_mut().unwrap() = operands.join(" "),
            "m" | "l" => corners.push((operands[0].parse().unwrap(), operands[1].parse().unwrap())),
            "f" | "f*" => painted.push(Painted {
                fill: fills.last().unwrap().clone(),
                operator: token.to_owned(),
                corners: std::mem::take(&mut corners),
            }),
            "S" | "n" => corners.clear(),
            _ => {}
        }
        if COLOURS.contains(&token) {
            operators.push(token.to_owned());
        }
        operands.clear();
    }
    (painted, operators)
}

#[test]
fn the_code_is_black_ink_alone_and_no_colour_of_screens_occurs() {
    let folder = tempfile::tempdir().unwrap();
    for (face, order) in orders() {
        let file = written(&folder, &mark(&face, &order).bytes);
        let (painted, operators) = content(&file);
        let foreign: Vec<&String> = operators.iter().filter(|o| !["k", "K"].contains(&o.as_str())).collect();
        assert!(foreign.is_empty() && !operators.is_empty(), "{order:?}: {foreign:?}");
        // The code is the one outline of many contours, filled last, upon its white plate.
        let [.., plate, code] = &painted[..] else { panic!("{order:?}") };
        assert_eq!((code.fill.as_str(), code.operator.as_str()), ("0 0 0 1", "f*"), "{order:?}");
        assert_eq!(plate.fill, "0 0 0 0", "{order:?}");
        let module = order.layout.module(order.width.millimetres());
        let modules = order.layout.class().modules() as f64;
        for (outline, wanted) in [(code, modules), (plate, modules + 8.0)] {
            let across = |of: fn(&(f64, f64)) -> f64| {
                let (least, most) =
                    outline.corners.iter().map(of).fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(v), b.max(v)));
                (most - least) / module
            };
            let (wide, high) = (across(|c| c.0), across(|c| c.1));
            assert!((wide - wanted).abs() < 1e-3 && (high - wanted).abs() < 1e-3, "{order:?}: {wide} x {high} modules");
        }
        assert!(code.corners.len() > 400, "{order:?}: {} corners", code.corners.len());
        if order.ink == Ink::OneColour {
            assert!(painted.iter().all(|p| p.fill.starts_with("0 0 0 ")), "{order:?}: another ink than black");
        }
    }
}

#[test]
fn the_same_mark_is_the_same_file_and_another_mark_is_not() {
    let [(first, order), .., (other, _)] = &orders()[..] else { panic!() };
    let made = mark(first, order);
    assert_eq!(made, mark(first, order));
    assert_ne!(made, mark(other, order));
}

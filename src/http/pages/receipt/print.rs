//! The print of a receipt: A4, the answers as a table, the code of its page, and the signed file attached.

use super::view::ReceiptView;
use crate::domain::Refusal;
use crate::draw::Colour;
use crate::draw::font::SUBSTITUTE;
use crate::draw::pdf::{About, Attachment, Use};
use crate::http::pages::answers::{Held, Row, Told};
use crate::http::pages::words::{Face, Text};
use crate::print::{Paper, Sign, code};
use crate::service::receipts::Made;

/// What differs.
const RED: Colour = Sign::Cross.colour();
const MARGIN: f64 = 45.0;
const WIDTH: f64 = Paper::WIDTH - 2.0 * MARGIN;
/// Where the last line above the footer may stand.
const BOTTOM: f64 = Paper::HEIGHT - 74.0;
/// Height of a line, in its size.
const LEADING: f64 = 1.42;
/// Space above and below the lines of a row.
const PADDING: f64 = 6.0;
/// A row is parted only where it is at least this high.
const PARTED: f64 = 200.0;
/// Room that the first part of a row needs.
const LEAST: f64 = 90.0;
/// Side of the code, without its quiet zone.
const CODE: f64 = 82.0;
/// Where the text of a note begins.
const NOTE: f64 = 14.0;
/// What differs is the only red there is.
const BRAND: Colour = Colour::VERMILION;

/// Columns: left edge from the margin, width, heading.
const COLUMNS: [(f64, f64, &str, &str); 5] = [
    (6.0, 16.0, "行", "No."),
    (24.0, 96.0, "证书", "Certificate"),
    (130.0, 108.0, "结论", "Answer"),
    (246.0, 120.0, "持证人", "Holder"),
    (374.0, WIDTH - 374.0, "级别、范围", "Level, scope"),
];

/// A line of a cell.
struct Line {
    text: String,
    size: f64,
    bold: bool,
    ink: Colour,
    struck: bool,
    inset: f64,
}

type Cell = Vec<Line>;

/// A receipt as PDF; the same receipt gives the same bytes, as long as its verification says the same.
///
/// # Errors
/// `print_failed`.
pub fn pdf(view: &ReceiptView, made: &Made, body: &str, host: &str) -> Result<Vec<u8>, Refusal> {
    let mut sheet = Sheet { paper: Paper::new()?, y: 0.0 };
    sheet.head(view, body, host)?;
    sheet.column_heads();
    view.rows.iter().for_each(|row| sheet.row(row));
    sheet.notes(view, host);
    sheet.feet(view);
    let about = About {
        // The body's words alone.
        title: format!("核验回执 {}", view.id),
        author: body.to_owned(),
        made_at: Some(made.receipt.made_at),
        id: view.url.clone(),
    };
    let attachment = Attachment {
        name: format!("receipt-{}.json", view.id),
        media_type: "application/json",
        description: "The signed receipt, of which this is a print".to_owned(),
        bytes: made.bytes.clone(),
    };
    sheet.paper.finish(&about, Use::Archive(vec![attachment]))
}

/// The paper, and how far down it is filled.
struct Sheet {
    paper: Paper,
    y: f64,
}

impl Sheet {
    fn say(&mut self, x: f64, size: f64, bold: bool, ink: Colour, text: &str) {
        self.paper.text((MARGIN + x, self.y), size, bold, ink, text);
    }

    /// A text in as many lines as it takes; below it the next one.
    fn tell(&mut self, x: f64, width: f64, size: f64, bold: bool, ink: Colour, text: &str) {
        for line in self.paper.lines(text, size, bold, width) {
            self.say(x, size, bold, ink, &line);
            self.y += size * LEADING;
        }
    }

    fn rule(&mut self, height: f64, ink: Colour) {
        self.paper.block((MARGIN, self.y), (WIDTH, height), ink);
    }

    fn head(&mut self, view: &ReceiptView, body: &str, host: &str) -> Result<(), Refusal> {
        let left = WIDTH - CODE - 34.0;
        self.y = 56.0;
        self.say(0.0, 11.0, true, BRAND, "★");
        self.say(14.0, 10.0, true, Colour::INK, "星标查验");
        self.say(60.0, 8.5, false, Colour::SOFT, host);
        self.paper.code((Paper::WIDTH - MARGIN - CODE, 48.0), CODE, code(&view.url)?);
        let under = "扫码看网上原件";
        let wide = self.paper.width(under, 7.5, false);
        let x = Paper::WIDTH - MARGIN - CODE / 2.0 - wide / 2.0;
        self.paper.text((x, 48.0 + CODE + 13.0), 7.5, false, Colour::SOFT, under);
        self.y = 92.0;
        self.say(0.0, 22.0, true, Colour::INK, "核验回执");
        self.say(98.0, 10.0, false, Colour::SOFT, "Verification receipt");
        self.y += 24.0;
        self.tell(0.0, left, 10.0, true, Colour::INK, &view.when.zh);
        self.tell(0.0, left, 8.0, false, Colour::SOFT, &view.when.en);
        self.y = self.y.max(48.0 + CODE + 24.0) + 8.0;
        self.tally(view);
        self.facts(view, body);
        Ok(())
    }

    /// How many of each word.
    fn tally(&mut self, view: &ReceiptView) {
        self.rule(0.8, Colour::INK);
        self.y += 22.0;
        let mut x = 0.0;
        let differing = (view.differences, "处与要求不符".to_owned(), "differences".to_owned());
        let words = view.tally.iter().map(|(face, count)| (*count as u64, face.word().zh, face.word().en));
        let differing = view.compares.then_some(differing);
        for (count, zh, en) in words.chain(differing) {
            let red = zh.starts_with('处') && count > 0;
            let ink = if red { RED } else { Colour::INK };
            let count = count.to_string();
            let (number, word) = (self.paper.width(&count, 17.0, true), self.paper.width(&zh, 9.0, true));
            let beside = self.paper.width(&en, 7.0, false);
            if x + number + 5.0 + word.max(beside) > WIDTH {
                (x, self.y) = (0.0, self.y + 26.0);
            }
            self.say(x, 17.0, true, ink, &count);
            let (place, y) = (x + number + 5.0, self.y);
            self.y = y - 7.5;
            self.say(place, 9.0, true, ink, &zh);
            self.y = y + 1.5;
            self.say(place, 7.0, false, Colour::SOFT, &en);
            self.y = y;
            x = place + word.max(beside) + 16.0;
        }
        self.y += 12.0;
        self.rule(0.4, Colour::LINE);
        self.y += 15.0;
    }

    fn facts(&mut self, view: &ReceiptView, body: &str) {
        let time = |text: &str| format!("{text} +08:00");
        let count = format!("{} 张", view.rows.len());
        let facts = [
            ("问的时刻", "As of", time(&view.as_of), Some(("证书", "Certificates", count))),
            ("按何时登记", "As known at", time(&view.known_at), Some(("出具机构", "Made by", body.to_owned()))),
            ("出具时间", "Made at", time(&view.made_at), None),
            ("回执网址", "Address", view.url.clone(), None),
        ];
        for (zh, en, value, beside) in facts {
            let top = self.y;
            self.fact(0.0, zh, en);
            self.tell(92.0, if beside.is_some() { 160.0 } else { WIDTH - 92.0 }, 8.5, false, Colour::INK, &value);
            let end = self.y;
            if let Some((zh, en, value)) = beside {
                self.y = top;
                self.fact(260.0, zh, en);
                self.tell(332.0, WIDTH - 332.0, 8.5, false, Colour::INK, &value);
            }
            self.y = self.y.max(end) + 1.0;
        }
        if let Some(reference) = &view.reference {
            self.y += 3.0;
            let label = format!("查询方自己写的备注，未经核实：“{reference}”");
            self.tell(0.0, WIDTH, 8.5, false, Colour::INK, &label);
            self.tell(0.0, WIDTH, 6.5, false, Colour::SOFT, "The asker's own words, not checked.");
        }
        self.y += 6.0;
    }

    fn fact(&mut self, x: f64, zh: &str, en: &str) {
        self.say(x, 8.5, false, Colour::SOFT, zh);
        let beside = x + self.paper.width(zh, 8.5, false) + 4.0;
        self.say(beside, 6.5, false, Colour::SOFT, en);
    }

    fn column_heads(&mut self) {
        self.rule(0.8, Colour::INK);
        self.y += 12.0;
        for (x, _, zh, en) in COLUMNS {
            self.say(x, 8.0, true, Colour::INK, zh);
            let beside = x + self.paper.width(zh, 8.0, true) + 3.0;
            if x > COLUMNS[0].0 {
                self.say(beside, 6.5, false, Colour::SOFT, en);
            }
        }
        self.y += 6.0;
        self.rule(0.4, Colour::INK);
    }

    fn next_page(&mut self) {
        self.paper.turn();
        self.y = 48.0;
        self.column_heads();
    }

    /// One row; where it is higher than what is left it goes to the next page, and a very high one is parted.
    fn row(&mut self, row: &Row) {
        let mut cells = self.cells(row);
        let high = |cells: &[Cell]| cells.iter().map(height).fold(0.0, f64::max) + 2.0 * PADDING;
        let sign = sign(row.face);
        let ink = sign.colour();
        let whole = high(&cells);
        let fits = self.y + whole <= BOTTOM;
        if !fits && (whole < PARTED || self.y + LEAST > BOTTOM) {
            self.next_page();
        }
        let mut first = true;
        loop {
            let room = BOTTOM - self.y - 2.0 * PADDING;
            let rest: Vec<Cell> = cells.iter_mut().map(|cell| cell.split_off(fitting(cell, room))).collect();
            let (top, high) = (self.y, high(&cells));
            if row.differs() {
                self.paper.block((MARGIN, top), (2.5, high), RED);
            }
            if first {
                self.paper.sign((MARGIN + COLUMNS[2].0, top + PADDING + 0.5), 11.0, ink, sign);
            }
            for (cell, (x, ..)) in cells.iter().zip(COLUMNS) {
                self.cell(x, top, cell);
            }
            self.y = top + high;
            self.rule(0.4, Colour::LINE);
            if rest.iter().all(Vec::is_empty) {
                return;
            }
            (cells, first) = (rest, false);
            self.next_page();
        }
    }

    fn cell(&mut self, x: f64, top: f64, cell: &Cell) {
        let mut y = top + PADDING;
        for line in cell {
            let base = y + line.size;
            self.paper.text((MARGIN + x + line.inset, base), line.size, line.bold, line.ink, &line.text);
            if line.struck {
                let width = self.paper.width(&line.text, line.size, line.bold);
                self.paper.block((MARGIN + x, base - line.size * 0.35), (width, 0.6), line.ink);
            }
            y += line.size * LEADING;
        }
    }

    /// A text of a cell in its column.
    fn fit(&self, cell: &mut Cell, column: usize, size: f64, bold: bool, ink: Colour, text: &str) {
        self.fit_within(cell, COLUMNS[column].1, size, bold, ink, text);
    }

    fn fit_within(&self, cell: &mut Cell, width: f64, size: f64, bold: bool, ink: Colour, text: &str) {
        let lines = self.paper.lines(text, size, bold, width);
        cell.extend(lines.into_iter().map(|text| Line { text, size, bold, ink, struck: false, inset: 0.0 }));
    }

    fn cells(&self, row: &Row) -> Vec<Cell> {
        let mut cells: Vec<Cell> = COLUMNS.iter().map(|_| vec![]).collect();
        self.fit(&mut cells[0], 0, 8.0, false, Colour::SOFT, &row.number.to_string());
        let mut said = vec![];
        let word = row.face.word();
        let ink = sign(row.face).colour();
        // Beside its sign.
        said.push(Line { text: word.zh, size: 9.0, bold: true, ink, struck: false, inset: 15.0 });
        self.fit(&mut said, 2, 7.0, false, Colour::SOFT, &word.en);
        for Text { zh, en } in &row.notes {
            self.fit(&mut said, 2, 7.5, false, Colour::INK, zh);
            self.fit(&mut said, 2, 6.5, false, Colour::SOFT, en);
        }
        cells[2] = said;
        match &row.told {
            Some(told) => self.told(&mut cells, row, told),
            None => {
                self.fit(&mut cells[1], 1, 7.0, false, Colour::SOFT, "您填的：");
                self.fit(&mut cells[1], 1, 8.5, true, Colour::INK, &row.asked);
                for (field, expected) in &row.unmet {
                    let text = format!("≠ 要求的{}无从对照：{expected}", field.zh);
                    // There is nothing in the column beside it.
                    self.fit_within(&mut cells[3], WIDTH - COLUMNS[3].0, 8.0, true, RED, &text);
                }
            }
        }
        cells
    }

    fn told(&self, cells: &mut [Cell], row: &Row, told: &Told) {
        self.fit(&mut cells[1], 1, 8.5, true, Colour::INK, &told.certificate);
        if row.asked != told.certificate && row.asked != told.id {
            self.fit(&mut cells[1], 1, 7.0, false, Colour::SOFT, &format!("您填的：{}", row.asked));
        }
        self.fit(&mut cells[1], 1, 7.0, false, Colour::SOFT, &format!("{} 至 {}", told.days.0, told.days.1));
        self.fit(&mut cells[1], 1, 7.0, false, Colour::SOFT, &told.id);
        self.fit(&mut cells[3], 3, 8.5, false, Colour::INK, &told.holder.found);
        self.held(&mut cells[3], 3, &told.holder);
        self.fit(&mut cells[3], 3, 7.0, false, Colour::SOFT, &told.uscc.found);
        self.held(&mut cells[3], 3, &told.uscc);
        let level = Line {
            text: told.level.zh.clone(),
            size: 8.5,
            bold: true,
            ink: Colour::INK,
            struck: !told.praised,
            inset: 0.0,
        };
        cells[4].push(level);
        self.held(&mut cells[4], 4, &told.level_held);
        self.fit(&mut cells[4], 4, 8.5, false, Colour::INK, &told.scope.found);
        self.held(&mut cells[4], 4, &told.scope);
    }

    fn held(&self, cell: &mut Cell, column: usize, held: &Held) {
        match &held.expected {
            Some((_, true)) => self.fit(cell, column, 7.0, false, Colour::SOFT, "与要求一致 as expected"),
            Some((expected, false)) => {
                self.fit(cell, column, 8.0, true, RED, &format!("≠ 不符，要求的是：{expected}"));
            }
            None => {}
        }
    }

    fn notes(&mut self, view: &ReceiptView, host: &str) {
        let file = format!("receipt-{}.json", view.id);
        let mut notes = vec![
            (
                format!("本页是打印件。经机构签名的是 JSON 文件 {file}，已作为附件放在本 PDF 里，也可以从回执网址下载；两者不同时，以 JSON 为准。"),
                "This is a print. What the body has signed is the JSON file, attached to this PDF and to be had from the receipt's address; where the two differ, the JSON holds.".to_owned(),
            ),
            (
                format!("不用联网就能核验：starmark verify {file} --keys did.json（公开密钥在 https://{host}/.well-known/did.json，请与回执一起存档）。"),
                "Verified with no network by that command and the body's public keys: file them together with the receipt.".to_owned(),
            ),
            (
                "回执说明登记簿就所问时刻当时怎么答的；证书现在怎样，请到网上查。".to_owned(),
                "It proves what the register answered about that moment; how a certificate stands now, its page says.".to_owned(),
            ),
        ];
        if let Some(warning) = &view.warning {
            notes.insert(0, (format!("注意：{}", warning.zh), format!("Note: {}", warning.en)));
        }
        if self.paper.lacks_letters() {
            notes.push((
                format!("打印字库没有的字印成“{SUBSTITUTE}”，原字以 JSON 文件为准。"),
                format!("Letters that the print's font lacks are printed as {SUBSTITUTE}; the JSON file has them."),
            ));
        }
        let width = WIDTH - NOTE;
        let high = |text: &str, size| self.paper.lines(text, size, false, width).len() as f64 * size * LEADING;
        let whole: f64 = notes.iter().map(|(zh, en)| high(zh, 8.0) + high(en, 6.5) + 4.0).sum();
        self.y += 20.0;
        if self.y + whole > BOTTOM {
            self.paper.turn();
            self.y = 58.0;
        }
        for (number, (zh, en)) in (1..).zip(notes) {
            self.say(0.0, 8.0, false, Colour::SOFT, &number.to_string());
            self.tell(NOTE, width, 8.0, false, Colour::INK, &zh);
            self.tell(NOTE, width, 6.5, false, Colour::SOFT, &en);
            self.y += 4.0;
        }
    }

    fn feet(&mut self, view: &ReceiptView) {
        let (pages, y) = (self.paper.pages(), Paper::HEIGHT - 52.0);
        let lacks = self.paper.lacks_letters().then(|| format!("{SUBSTITUTE}：字库没有的字，以 JSON 为准 · "));
        for page in 0..pages {
            self.paper.block_on(page, (MARGIN, y), (WIDTH, 0.4), Colour::LINE);
            let print = format!("JSON 文件的指纹 SHA-256 {}", view.fingerprint);
            self.paper.text_on(page, (MARGIN, y + 12.0), 7.0, false, Colour::SOFT, &print);
            self.paper.text_on(page, (MARGIN, y + 23.0), 7.0, false, Colour::SOFT, &view.url);
            let count = format!("{}第 {} 页，共 {pages} 页", lacks.as_deref().unwrap_or_default(), page + 1);
            let x = Paper::WIDTH - MARGIN - self.paper.width(&count, 7.0, false);
            self.paper.text_on(page, (x, y + 23.0), 7.0, false, Colour::SOFT, &count);
        }
    }
}

fn height(cell: &Cell) -> f64 {
    cell.iter().map(|line| line.size * LEADING).sum()
}

/// How many lines of a cell that room takes; at least one.
fn fitting(cell: &Cell, room: f64) -> usize {
    let mut taken = 0.0;
    let fits = cell.iter().take_while(|line| {
        taken += line.size * LEADING;
        taken <= room
    });
    fits.count().max(1).min(cell.len())
}

fn sign(face: Face) -> Sign {
    match face {
        Face::WasValid => Sign::Tick,
        Face::Standing(standing) => Sign::of(standing),
        Face::NoSuchRecord => Sign::Empty,
        Face::NotGenuine => Sign::Alarm,
        _ => Sign::Unknown,
    }
}

//! The figures of the usage sheet: marks with their measures, the quiet zone, and what is not done to a mark.

use super::{Colour, Modules, Paint, RIGHT, Refusal, SMALL, Sheet, Sign, Specimen, TEXT, mm};
use crate::draw::code::QUIET_ZONE;
use crate::draw::shape::{Ends, polygon, polyline, rounded, star};
use crate::draw::{Code, Item};

/// Size of the emblems that stand for a mark, in millimetres.
const EMBLEM: (f64, f64) = (11.0, 20.0);
/// Another colour than the mark's.
const BLUE: Colour = Colour { rgb: [0x1d, 0x5f, 0xa8], cmyk: [90, 55, 0, 0] };
/// What is laid over a code.
const GREY: Colour = Colour { rgb: [0xc9, 0xcf, 0xd6], cmyk: [0, 0, 0, 22] };
const LID: Colour = Colour { rgb: [0xfb, 0xe6, 0xe3], cmyk: [0, 12, 9, 0] };

/// Width of the code that shows its quiet zone.
pub(super) const QUIET_WIDTH: f64 = 36.0;

impl Sheet {
    /// A length from there to the right, with arrows at both ends.
    fn measure(&mut self, (x, y): (f64, f64), length: f64) {
        let place = |a: f64, b: f64| (x + a, y + b);
        let line = |from: (f64, f64), to: (f64, f64)| polyline(&[place(from.0, from.1), place(to.0, to.1)]);
        let thin = Paint::Stroke(Colour::SOFT, 0.12, Ends::Sharp);
        self.page.shape(line((0.0, 0.0), (length, 0.0)), thin);
        for (end, inward) in [(0.0, 1.0), (length, -1.0)] {
            self.page.shape(line((end, -1.1), (end, 1.1)), thin);
            if length > 4.0 {
                let arrow = [(end, 0.0), (end + inward * 1.3, -0.45), (end + inward * 1.3, 0.45)];
                self.page.fill(polygon(&arrow.map(|(a, b)| place(a, b))), Colour::SOFT);
            }
        }
    }

    /// A mark with its width; the base line of its name below.
    pub(super) fn specimen(&mut self, specimen: &Specimen, (x, y): (f64, f64)) -> Result<f64, Refusal> {
        let (width, height) = (specimen.page.width, specimen.page.height);
        self.page.put(specimen.page.clone(), x, y);
        self.measure((x, y + height + 2.6), width);
        let base = y + height + 7.0;
        let size = format!("{} mm", mm(width));
        let end = self.line(specimen.name.0, (x, base), TEXT, true, Colour::INK)?;
        let begin = self.beginning(&size, x + width, TEXT, true)?;
        self.line(&size, (begin.max(end + 1.6), base), TEXT, true, Colour::INK)?;
        Ok(base)
    }

    /// The code enlarged, with its quiet zone measured; the base line of the last word.
    pub(super) fn quiet_zone(
        &mut self,
        modules: &Modules,
        (least, designed): (f64, f64),
        small: Option<f64>,
        (x, y): (f64, f64),
    ) -> Result<f64, Refusal> {
        const WIDTH: f64 = QUIET_WIDTH;
        let quiet = QUIET_ZONE as f64;
        let module = WIDTH / (modules.side() as f64 + 2.0 * quiet);
        let band = quiet * module;
        let y = y + 3.6;
        let code = Code { modules: modules.clone(), x: x + band, y: y + band, module };
        self.page.items.push(Item::Code(code));
        let edge = Paint::Stroke(Colour::VERMILION, 0.2, Ends::Dashed);
        self.page.shape(rounded(x, y, WIDTH, WIDTH, 0.0, 0.0), edge);
        self.measure((x, y - 1.9), band);
        let end = self.line("静区 4 X", (x + band + 1.4, y - 1.1), 7.5, true, Colour::VERMILION)?;
        self.line("quiet zone", (end + 1.2, y - 1.1), SMALL, false, Colour::SOFT)?;
        let size = |module: f64| format!("X = {} · 4 X = {}", mm(module), mm(quiet * module));
        let mut below = vec![
            ("X", "小方格宽 module, mm".to_owned()),
            ("设计", format!("designed {}", size(designed))),
            ("最小", format!("least {}", size(least))),
        ];
        below.extend(small.map(|module| ("小标", format!("small {}", size(module)))));
        let mut base = y + WIDTH + 4.0;
        for (zh, rest) in below {
            let end = self.line(zh, (x, base), SMALL, true, Colour::INK)?;
            self.line(&rest, (end + 1.4, base), SMALL, false, Colour::SOFT)?;
            base += 3.4;
        }
        Ok(base - 3.4)
    }

    /// What is not done; the base line of the last word.
    pub(super) fn donts(&mut self, y: f64) -> Result<f64, Refusal> {
        const LINES: [(&str, &str); 6] = [
            ("拉伸变形", "Stretched"),
            ("改变颜色", "Recoloured"),
            ("遮挡二维码", "Code covered"),
            ("截取一部分", "Part of it alone"),
            ("去掉认证说明行", "Line removed"),
            ("用于未许可商品", "On other goods"),
        ];
        self.heading(("不得", "Do not"), y)?;
        let step = (RIGHT - super::LEFT) / LINES.len() as f64;
        let top = y + 3.2;
        for (i, (zh, en)) in LINES.into_iter().enumerate() {
            let x = super::LEFT + step * i as f64;
            let middle = x + step / 2.0;
            let at = (middle - EMBLEM.0 / 2.0, top);
            let corner = if matches!(i, 0 | 5) { middle + 9.0 } else { at.0 + EMBLEM.0 };
            match i {
                0 => self.emblem((middle - 9.0, top + 5.6), (18.0, 14.4), Colour::VERMILION),
                1 => self.emblem(at, EMBLEM, BLUE),
                2 => {
                    self.emblem(at, EMBLEM, Colour::VERMILION);
                    self.sticker((at.0 + 3.4, at.1 + 8.0));
                }
                3 => self.torn(at),
                4 => {
                    self.emblem(at, EMBLEM, Colour::VERMILION);
                    self.gone((at.0 + 0.9, at.1 + EMBLEM.1 - 3.0));
                }
                _ => self.other_goods(middle, top),
            }
            self.sign(Sign::Cross, Colour::VERMILION, (corner - 1.9, top + EMBLEM.1 - 2.7), 4.8);
            for (text, size, base, bold) in [(zh, 8.0, 26.0, true), (en, SMALL, 29.3, false)] {
                let width = self.beginning(text, 0.0, size, bold)?.abs();
                let colour = if bold { Colour::INK } else { Colour::SOFT };
                self.line(text, (middle - width / 2.0, top + base), size, bold, colour)?;
            }
        }
        Ok(top + 29.3)
    }

    /// A mark in small: head with stars, code, two lines of letters, the framed line.
    fn emblem(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), head: Colour) {
        let (sx, sy) = (width / EMBLEM.0, height / EMBLEM.1);
        let rect = |a: f64, b: f64, w: f64, h: f64| rounded(x + a * sx, y + b * sy, w * sx, h * sy, 0.0, 0.0);
        let corner = 0.8;
        self.page.fill(rounded(x, y, width, height, corner, corner), Colour::INK);
        self.page.fill(rounded(x + 0.2, y + 0.2, width - 0.4, 4.2 * sy - 0.2, corner - 0.2, 0.0), head);
        self.page.fill(
            rounded(x + 0.2, y + 4.2 * sy, width - 0.4, height - 4.2 * sy - 0.2, 0.0, corner - 0.2),
            Colour::WHITE,
        );
        for i in 0..5 {
            let centre = (x + (2.1 + 1.7 * f64::from(i)) * sx, y + 2.2 * sy);
            // Stars are stretched with the mark.
            let stretched =
                star(0.0, 0.0, 0.72).into_iter().map(|s| s.map(|a, b| (centre.0 + a * sx, centre.1 + b * sy)));
            self.page.fill(stretched.collect(), Colour::WHITE);
        }
        self.modules((x, y), (sx, sy));
        for (a, b, w) in [(1.6, 14.0, 7.8), (2.6, 15.3, 5.8)] {
            self.page.fill(rect(a, b, w, 0.6), GREY);
        }
        self.page.fill(rect(0.9, 17.0, 9.2, 2.0), Colour::INK);
        self.page.fill(rect(1.1, 17.2, 8.8, 1.6), Colour::WHITE);
        self.page.fill(rect(1.9, 17.75, 7.2, 0.5), Colour::INK);
    }

    /// A sign of a code, of 13 modules: three corners and some modules between them.
    fn modules(&mut self, (x, y): (f64, f64), (sx, sy): (f64, f64)) {
        const ROWS: [&str; 13] = [
            "#####.#.#####",
            "#...#..##...#",
            "#.#.#.#.#.#.#",
            "#...#.###...#",
            "#####..######",
            "......#......",
            "#.##.#.##.#.#",
            ".#..###..##..",
            "#####.##.#.##",
            "#...#...##.#.",
            "#.#.##.#..#.#",
            "#...#.####.#.",
            "#####.#..##.#",
        ];
        let module = 8.0 / 13.0;
        for (row, line) in ROWS.into_iter().enumerate() {
            for (column, _) in line.match_indices('#') {
                let (a, b) = (1.5 + column as f64 * module, 5.1 + row as f64 * module);
                let dark = rounded(x + a * sx, y + b * sy, module * sx + 0.01, module * sy + 0.01, 0.0, 0.0);
                self.page.fill(dark, Colour::BLACK);
            }
        }
    }

    fn sticker(&mut self, (x, y): (f64, f64)) {
        let corners = [(0.0, 1.2), (8.8, -0.6), (9.4, 2.9), (0.6, 4.7)];
        let path = polygon(&corners.map(|(a, b)| (x + a, y + b)));
        self.page.fill(path.clone(), GREY);
        self.page.shape(path, Paint::Stroke(Colour::INK, 0.18, Ends::Sharp));
    }

    /// The code alone, cut out of its mark.
    fn torn(&mut self, (x, y): (f64, f64)) {
        let outline = Paint::Stroke(GREY, 0.25, Ends::Dashed);
        self.page.shape(rounded(x, y, EMBLEM.0, EMBLEM.1, 0.8, 0.8), outline);
        self.page.fill(rounded(x + 0.9, y + 4.5, 9.2, 9.2, 0.0, 0.0), Colour::WHITE);
        self.modules((x, y), (1.0, 1.0));
        let cut = Paint::Stroke(Colour::INK, 0.18, Ends::Sharp);
        self.page.shape(rounded(x + 0.7, y + 4.3, 9.6, 9.6, 0.0, 0.0), cut);
    }

    /// The place of the line that was taken away.
    fn gone(&mut self, (x, y): (f64, f64)) {
        self.page.fill(rounded(x - 0.1, y - 0.1, 9.4, 2.2, 0.0, 0.0), Colour::WHITE);
        let outline = Paint::Stroke(Colour::VERMILION, 0.2, Ends::Dashed);
        self.page.shape(rounded(x, y, 9.2, 2.0, 0.0, 0.0), outline);
    }

    /// A box with a mark and a question on it.
    fn other_goods(&mut self, middle: f64, top: f64) {
        let (x, y) = (middle - 9.0, top + 3.4);
        let line = Paint::Stroke(Colour::INK, 0.25, Ends::Round);
        let front = rounded(x, y, 14.0, 16.4, 0.4, 0.4);
        let lid = polygon(&[(x, y), (x + 4.0, y - 3.2), (x + 18.0, y - 3.2), (x + 14.0, y)]);
        let side = polygon(&[(x + 14.0, y), (x + 18.0, y - 3.2), (x + 18.0, y + 13.2), (x + 14.0, y + 16.4)]);
        for (path, fill) in [(lid, LID), (side, GREY), (front, Colour::WHITE)] {
            self.page.fill(path.clone(), fill);
            self.page.shape(path, line);
        }
        self.emblem((x + 3.9, y + 2.6), (6.2, 11.3), Colour::VERMILION);
    }
}

//! What the layouts draw with: letters, stars, the badge, the plate, a column of facts.

use super::Words;
use crate::domain::error::shown;
use crate::domain::{Level, Refusal};
use crate::draw::lines::{Room, Setting, fit};
use crate::draw::shape::{Ends, circle, direction, polyline, rounded, star};
use crate::draw::{Colour, Font, Letters, Page, Paint, Step, Weight};
use crate::mark::{Ink, refused};

/// Distance between the base lines of one fact, in ems: Han characters fill the em; Latin ones reach above and below it.
const LEADING: f64 = 1.18;
const LEADING_LATIN: f64 = 1.32;
/// Room between facts that are not crowded, in millimetres.
const AIR: f64 = 0.6;
/// Signs of Han type whose ink fills half their em: the right half, and the left.
const OPENING: &str = "（《「『【〔";
const CLOSING: &str = "，。、；：）》」』】〕";
/// Rounding of sums, in millimetres.
const EPSILON: f64 = 1e-6;
/// Corners of a mark, in millimetres.
pub(super) const CORNER: f64 = 2.0;
/// Its outline, which lets it stand on any ground.
pub(super) const OUTLINE: f64 = 0.4;
/// Head of a test mark.
const TEST_HEAD: Colour = Colour::screen(0x75, 0x7d, 0x85);
/// What lies under the letters of a test mark.
const TEST_GROUND: Colour = Colour::screen(0xea, 0xa8, 0xa2);
/// Thinnest line left white in a printed ground of several inks.
const LINE_LEAST: f64 = 0.15;
/// Longest text that is measured at all; no name in the domain is longer than 120 characters.
const MEASURED_MAX: usize = 200;

/// Letters of one kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) weight: Weight,
    /// An em in millimetres.
    pub(super) size: f64,
    /// Added between letters, in millimetres.
    pub(super) spacing: f64,
    pub(super) colour: Colour,
}

impl Style {
    pub(super) const fn new(weight: Weight, size: f64, colour: Colour) -> Self {
        Self { weight, size, spacing: 0.0, colour }
    }

    pub(super) const fn spaced(self, spacing: f64) -> Self {
        Self { spacing, ..self }
    }
}

/// Where lines stand.
#[derive(Debug, Clone, Copy)]
pub(super) enum Align {
    /// Their middle there.
    Middle(f64),
    /// Their left end there.
    Left(f64),
    /// Their right end there.
    Right(f64),
}

/// One fact of a column, set to fit.
pub(super) struct Fact {
    lines: Vec<String>,
    style: Style,
    /// Belongs to the fact above it: no room goes between.
    follows: bool,
}

impl Fact {
    fn height(&self) -> f64 {
        self.lines.len() as f64 * self.leading()
    }

    /// From base line to base line, in millimetres.
    fn leading(&self) -> f64 {
        let latin =
            self.lines.len() > 1 && self.lines.iter().any(|line| line.contains(|c: char| c.is_ascii_lowercase()));
        self.style.size * if latin { LEADING_LATIN } else { LEADING }
    }

    pub(super) const fn size(&self) -> f64 {
        self.style.size
    }

    /// Sets it smaller.
    pub(super) const fn shrink(&mut self, size: f64) {
        self.style.size = size;
    }

    /// Keeps close to the fact above.
    pub(super) fn following(self) -> Self {
        Self { follows: true, ..self }
    }
}

/// A mark being drawn at nominal size.
pub(super) struct Sheet {
    /// Colour of letters and lines.
    pub(super) ink: Colour,
    /// Colour of the head.
    pub(super) head: Colour,
    /// Smallest letters allowed (em, millimetres at nominal size).
    pub(super) least_type: f64,
    /// English beside the Chinese.
    pub(super) words: Words,
    /// It proves nothing: none of its stars is filled.
    test: bool,
    page: Page,
}

impl Sheet {
    /// `test` for a mark that proves nothing: no real one has its grey head.
    pub(super) fn new((width, height): (f64, f64), ink: Ink, words: Words, least_type: f64, test: bool) -> Self {
        let (letters, head) = match ink {
            _ if test => (Colour::INK, TEST_HEAD),
            Ink::Colour => (Colour::INK, Colour::VERMILION),
            Ink::OneColour => (Colour::BLACK, Colour::BLACK),
        };
        Self { ink: letters, head, least_type, words, test, page: Page::new(width, height) }
    }

    pub(super) fn into_page(self) -> Page {
        self.page
    }

    pub(super) fn fill(&mut self, path: Vec<Step>, colour: Colour) {
        self.page.fill(path, colour);
    }

    pub(super) fn stroke(&mut self, path: Vec<Step>, width: f64) {
        self.page.shape(path, Paint::Stroke(self.ink, width, Ends::Sharp));
    }

    pub(super) fn english(&self) -> bool {
        self.words == Words::ZhEn
    }

    /// A white plate with its outline, whose outer edge is the plate's edge; with a head where `head` is not 0.
    pub(super) fn plate(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), head: f64) {
        self.fill(rounded(x, y, width, height, CORNER, CORNER), self.ink);
        let (inner, corner) = (width - 2.0 * OUTLINE, CORNER - OUTLINE);
        let upper = if head > 0.0 {
            self.fill(rounded(x + OUTLINE, y + OUTLINE, inner, head - OUTLINE, corner, 0.0), self.head);
            head
        } else {
            OUTLINE
        };
        let round = if head > 0.0 { 0.0 } else { corner };
        let lower = height - upper - OUTLINE;
        self.fill(rounded(x + OUTLINE, y + upper, inner, lower, round, corner), Colour::WHITE);
    }

    /// What a test mark is, large and aslant around `centre`, under the letters that follow.
    pub(super) fn specimen(&mut self, centre: (f64, f64), width: f64) -> Result<(), Refusal> {
        let turn @ (cosine, sine) = direction(-16.0);
        for (text, size, down) in [("样张", width * 0.4, -0.07), ("SPECIMEN", width * 0.17, 0.17)] {
            let line = Letters::new(text, Weight::Bold, size, TEST_GROUND, (0.0, 0.0));
            let half = line.width().map_err(refused)? / 2.0;
            let down = down * width + 0.36 * size;
            let (x, y) = (centre.0 - half * cosine - down * sine, centre.1 - half * sine + down * cosine);
            self.page.letters(Letters { x, y, turn, ..line });
        }
        Ok(())
    }

    /// A line of letters, the middle of its capitals on `middle`.
    pub(super) fn line(&mut self, text: &str, style: Style, align: Align, middle: f64) -> Result<(), Refusal> {
        let size = style.size.max(self.least_type);
        let line = Letters::new(text, style.weight, size, style.colour, (0.0, 0.0));
        let line = Letters { spacing: style.spacing, ..line };
        let line = line.centred(0.0, middle).map_err(refused)?;
        let half = -line.x;
        // What is seen stands in the middle: half of a bracket or a comma is empty.
        let empty = |is: bool| if is { size / 4.0 } else { 0.0 };
        let seen = empty(text.ends_with(|c| CLOSING.contains(c))) - empty(text.starts_with(|c| OPENING.contains(c)));
        let x = match align {
            Align::Middle(x) => x - half + seen,
            Align::Left(x) => x,
            Align::Right(x) => x - 2.0 * half,
        };
        self.page.letters(Letters { x, ..line });
        Ok(())
    }

    /// A line of letters on a circle around `centre`, its middle at the top, or at the bottom and read from the left as well.
    pub(super) fn arc(
        &mut self,
        text: &str,
        style: Style,
        centre: (f64, f64),
        radius: f64,
        bottom: bool,
    ) -> Result<(), Refusal> {
        let (font, size) = (Font::of(style.weight).map_err(refused)?, style.size.max(self.least_type));
        let advance = |c: char| font.width(c.encode_utf8(&mut [0; 4])).map(|ems| ems * size);
        let advances: Vec<f64> = text.chars().map(advance).collect::<Result<_, _>>().map_err(refused)?;
        let whole: f64 = advances.iter().sum::<f64>() + style.spacing * (advances.len().saturating_sub(1)) as f64;
        let degrees = |length: f64| length / radius * 180.0 / std::f64::consts::PI;
        let mut along = -whole / 2.0;
        for (c, advance) in text.chars().zip(advances) {
            let angle = degrees(along + advance / 2.0);
            // Down to the right of the top, up to the right of the bottom.
            let (cosine, sine) = direction(if bottom { -angle } else { angle });
            let out = if bottom { -1.0 } else { 1.0 };
            let (bx, by) = (centre.0 + out * radius * sine, centre.1 - out * radius * cosine);
            let (x, y) = (bx - cosine * advance / 2.0, by - sine * advance / 2.0);
            let letter = Letters::new(&c.to_string(), style.weight, size, style.colour, (x, y));
            self.page.letters(Letters { turn: (cosine, sine), ..letter });
            along += advance + style.spacing;
        }
        Ok(())
    }

    /// Sets a text into a width, `at` being its pointer and `what` its name in a refusal.
    ///
    /// # Errors
    /// `mark_text_empty`; `mark_text_too_long` if two lines at the smallest size do not hold it; `mark_letter_missing`.
    pub(super) fn fact(&self, text: &str, at: &str, what: &str, style: Style, room: Room) -> Result<Fact, Refusal> {
        let set = || {
            let text = filled(text, what)?;
            let fits = text.chars().count() <= MEASURED_MAX;
            let font = Font::of(style.weight).map_err(refused)?;
            let set = if fits { fit(font, text, room).map_err(refused)? } else { None };
            set.ok_or_else(|| {
                let held = ((if room.two > 0.0 { 2.0 } else { 1.0 }) * room.width / room.least) as u32;
                Refusal::rule(
                    "mark_text_too_long",
                    format!(
                        "{what} “{}” does not fit the mark: there is room for about {held} Chinese characters at the \
                         smallest type allowed (4.5 pt); order a wider mark or shorten it",
                        shown(text)
                    ),
                )
            })
        };
        let Setting { size, lines } = set().map_err(|r: Refusal| r.under(at))?;
        Ok(Fact { lines, style: Style { size, ..style }, follows: false })
    }

    /// Facts below each other between `top` and `bottom`; what room is left goes evenly between them. A crowded column is set
    /// smaller as a whole.
    ///
    /// # Errors
    /// `mark_text_too_long` if it does not fit even then.
    pub(super) fn column(&mut self, facts: &mut [Fact], align: Align, top: f64, bottom: f64) -> Result<(), Refusal> {
        let room = bottom - top;
        let height = |facts: &[Fact]| -> f64 { facts.iter().map(Fact::height).sum() };
        // Lines of one fact stay close; the room goes between facts, above and below.
        let gaps = (facts.iter().filter(|f| !f.follows).count() + 1) as f64;
        let crowding = (room - gaps * AIR) / height(facts);
        if crowding < 1.0 {
            for fact in &mut *facts {
                fact.style.size = (fact.style.size * crowding).max(self.least_type);
            }
        }
        let spare = room - height(facts);
        if spare < -EPSILON {
            return Err(Refusal::rule(
                "mark_text_too_long",
                "holder, number and body together do not fit the mark at the smallest type allowed (4.5 pt); order a wider \
                 mark or shorten one of them",
            ));
        }
        let gap = (spare / gaps).max(0.0);
        let mut y = top;
        for fact in &*facts {
            y += if fact.follows { 0.0 } else { gap };
            let line_height = fact.leading();
            for line in &fact.lines {
                self.line(line, fact.style, align, y + line_height / 2.0)?;
                y += line_height;
            }
        }
        Ok(())
    }

    /// The service-not-product line in its frame, which no mark is without.
    pub(super) fn framed(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), size: f64) -> Result<(), Refusal> {
        self.stroke(rounded(x, y, width, height, 0.8, 0.8), 0.2);
        let zh = Style::new(Weight::Bold, size, self.ink);
        let middle = Align::Middle(x + width / 2.0);
        if !self.english() {
            return self.line(super::NOT_PRODUCT, zh, middle, y + height / 2.0);
        }
        let en = Style::new(Weight::Regular, self.least_type, self.ink);
        let lines: &[&str] = if self.fits(super::NOT_PRODUCT_EN.concat().as_str(), en, width - 1.2)? {
            &[super::NOT_PRODUCT_EN_WHOLE]
        } else {
            &super::NOT_PRODUCT_EN
        };
        let (first, next) = (size * 1.1, en.size * 1.16);
        let mut at = y + (height - first - next * lines.len() as f64) / 2.0 + first / 2.0;
        self.line(super::NOT_PRODUCT, zh, middle, at)?;
        at += (first + next) / 2.0;
        for line in lines {
            self.line(line, en, middle, at)?;
            at += next;
        }
        Ok(())
    }

    fn fits(&self, text: &str, style: Style, width: f64) -> Result<bool, Refusal> {
        let font = Font::of(style.weight).map_err(refused)?;
        Ok(font.width(text).map_err(refused)? * style.size <= width)
    }

    /// A fine line from left to right.
    pub(super) fn rule(&mut self, left: f64, right: f64, y: f64) {
        self.stroke(polyline(&[(left, y), (right, y)]), 0.15);
    }

    /// Five stars in a row, the level's filled and the others hollow; a badge with a tick for the level without stars.
    pub(super) fn rank(&mut self, level: Level, cx: f64, cy: f64, radius: f64) {
        if level == Level::Qualified {
            return self.badge(cx, cy, radius);
        }
        let pitch = radius * 2.24;
        for i in 0..5u8 {
            // A star reaches further up than down: its middle lies lower than its centre.
            self.star(level, i, (cx + (f64::from(i) - 2.0) * pitch, cy + radius * 0.095), radius, (1.0, 0.0));
        }
    }

    /// The same on an arc around `centre`, above it.
    pub(super) fn rank_on_arc(&mut self, level: Level, centre: (f64, f64), (around, pitch): (f64, f64), radius: f64) {
        if level == Level::Qualified {
            return self.badge(centre.0, centre.1 - around, radius * 1.4);
        }
        for i in 0..5u8 {
            let turn @ (cosine, sine) = direction((f64::from(i) - 2.0) * pitch);
            self.star(level, i, (centre.0 + around * sine, centre.1 - around * cosine), radius, turn);
        }
    }

    /// `turn` is cosine and sine of the angle that it leans to the right by.
    fn star(&mut self, level: Level, i: u8, (x, y): (f64, f64), radius: f64, turn: (f64, f64)) {
        self.fill(turned(star(x, y, radius), (x, y), turn), Colour::WHITE);
        if i >= level.stars() || self.test {
            // The line is drawn inside the star's edge, so that hollow and filled ones are of one size.
            let line = (radius * 0.125).max(LINE_LEAST);
            self.fill(turned(star(x, y, radius - line * 3.236), (x, y), turn), self.head);
        }
    }

    fn badge(&mut self, cx: f64, cy: f64, radius: f64) {
        let r = radius * 0.97;
        self.fill(circle(cx, cy, r), Colour::WHITE);
        let tick = [(-0.46, 0.04), (-0.13, 0.38), (0.48, -0.34)].map(|(x, y)| (cx + x * r, cy + y * r));
        self.page.shape(polyline(&tick), Paint::Stroke(self.head, r * 0.23, Ends::Sharp));
    }
}

/// The same outline leaning to the right around a point, `turn` being the angle's cosine and sine.
fn turned(path: Vec<Step>, (cx, cy): (f64, f64), (cosine, sine): (f64, f64)) -> Vec<Step> {
    let turn = |x: f64, y: f64| {
        let (dx, dy) = (x - cx, y - cy);
        (cx + dx * cosine - dy * sine, cy + dx * sine + dy * cosine)
    };
    path.into_iter().map(|step| step.map(turn)).collect()
}

/// The text without the space around it.
///
/// # Errors
/// `mark_text_empty` if nothing is left.
pub(super) fn filled<'a>(text: &'a str, what: &str) -> Result<&'a str, Refusal> {
    let text = text.trim();
    match text.is_empty() {
        true => Err(Refusal::invalid("mark_text_empty", format!("{what} is empty; a mark shows it"))),
        false => Ok(text),
    }
}

//! The kit of a mark licence: every file a printer needs, in one ZIP. The same licence gives the same bytes.

mod archive;
mod contents;
mod sheet;

use super::{Service, ServiceError};
use crate::domain::dates::china_day;
use crate::domain::mark_licence::{MarkState, MarkTerms};
use crate::domain::record::Terms;
use crate::domain::{CertificateId, MarkId, MarkLicence, Refusal, Standing};
use crate::draw::svg::svg;
use crate::mark::{
    Face, Format, Ink, Layout, MarkText, Order, Resolution, Width, Words, artwork, outlines, qr, render,
};
use crate::sign::canonicalize;
use crate::store::Calendar;
use archive::{Entry, Packed};
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use std::io::{Read, Seek};

/// Resolutions of the pictures, in dots per inch.
const DPI: [u32; 2] = [300, 600];
/// A layout that this licence cannot have, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotDrawn {
    /// The layout.
    pub layout: Layout,
    /// In which languages.
    pub words: Words,
    /// Why, as every mark refuses it.
    pub why: Refusal,
}

/// A kit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kit {
    /// The ZIP.
    pub bytes: Vec<u8>,
    /// Files in it.
    pub files: usize,
    /// Layouts that are not in it; `licence.json` and `README.txt` name them too.
    pub lacking: Vec<NotDrawn>,
}

/// A kit that can be made: what is in it, without the files.
#[derive(Debug, Clone)]
pub struct KitPlan {
    mark: MarkId,
    mark_terms: MarkTerms,
    certificate: CertificateId,
    terms: Terms,
    face: Face,
    digits: Option<String>,
    drawings: Vec<Drawing>,
    lacking: Vec<NotDrawn>,
    digest: [u8; 32],
}

/// A layout in its languages, as this licence's names let it be drawn.
#[derive(Debug, Clone)]
struct Drawing {
    layout: Layout,
    words: Words,
    text: MarkText,
    /// The least width it may be printed at: long names need more than the code does.
    least: Width,
}

/// Licences whose kits can be asked for.
#[derive(Debug, Default)]
pub struct Licensed {
    /// Active licences of valid certificates; certificates that expire first come first, licences oldest first.
    pub marks: Vec<MarkId>,
    /// Certificates that could not be asked.
    pub unread: Vec<(CertificateId, ServiceError)>,
}

impl Service {
    /// Every active licence of every certificate that is valid now.
    ///
    /// # Errors
    /// Store failures; a certificate or a mark that cannot be read is listed, not an error.
    pub fn licensed(&self) -> Result<Licensed, ServiceError> {
        let mut found = Licensed::default();
        let today = china_day(self.now());
        for (_, id) in self.store.calendar(Calendar::Expires, Date::MAX)?.into_iter().filter(|(on, _)| *on >= today) {
            match self.licensed_on(id) {
                Ok(marks) => found.marks.extend(marks.iter().map(|m| m.id)),
                Err(why) => found.unread.push((id, why)),
            }
        }
        Ok(found)
    }

    /// Active licences of a certificate, oldest first; none where it is not valid now.
    ///
    /// # Errors
    /// Store failures.
    pub fn licensed_on(&self, id: CertificateId) -> Result<Vec<MarkLicence>, ServiceError> {
        let now = self.now();
        let certificate = self.certificate(id)?;
        if certificate.standing(now, now).is_none_or(|s| s.standing != Standing::Valid) {
            return Ok(vec![]);
        }
        let active = |m: &MarkLicence| m.state_at(now, now).is_some_and(|(state, _)| state == MarkState::Active);
        Ok(self.marks_of(id)?.into_iter().filter(active).collect())
    }

    /// What the kit of a licence has in it.
    ///
    /// # Errors
    /// `mark_not_active`, `certificate_not_valid`, `no_such_mark`; `kit_empty` where no layout can be drawn.
    pub fn kit_plan(&self, id: MarkId) -> Result<KitPlan, ServiceError> {
        let (licence, certificate) = self.usable_mark(id)?;
        let face = self.face_of(certificate.terms());
        let (mut drawings, mut lacking) = (vec![], vec![]);
        for (layout, words) in Layout::ALL.into_iter().flat_map(|l| Words::ALL.map(|w| (l, w))) {
            match least(&face, layout, words) {
                Ok(least) => drawings.push(Drawing { layout, words, text: text_of(&licence, layout)?, least }),
                Err(why) if concerns_layout(&why) => lacking.push(NotDrawn { layout, words, why }),
                Err(other) => return Err(other.into()),
            }
        }
        if drawings.is_empty() {
            return Err(empty(id, &lacking).into());
        }
        let mut plan = KitPlan {
            mark: id,
            mark_terms: licence.terms().clone(),
            certificate: certificate.id,
            terms: certificate.terms().clone(),
            face,
            digits: licence.digits().map(str::to_owned),
            drawings,
            lacking,
            digest: [0; 32],
        };
        plan.digest = plan.fingerprint()?;
        Ok(plan)
    }

    /// The kit of a licence.
    ///
    /// # Errors
    /// As [`Service::kit_plan`] and [`KitPlan::make`].
    pub fn kit(&self, id: MarkId) -> Result<(KitPlan, Kit), ServiceError> {
        let plan = self.kit_plan(id)?;
        let kit = plan.make()?;
        Ok((plan, kit))
    }
}

/// The text of the code that layout carries.
fn text_of(licence: &MarkLicence, layout: Layout) -> Result<MarkText, Refusal> {
    super::marks::text_of(licence, layout.class())
}

/// Whether a refusal is about the names on one layout; every other one is a fault that no kit hides.
fn concerns_layout(why: &Refusal) -> bool {
    matches!(why.code, "mark_text_too_long" | "mark_letter_missing" | "mark_unreadable")
}

fn empty(mark: MarkId, lacking: &[NotDrawn]) -> Refusal {
    let why: Vec<String> = lacking.iter().map(|l| format!("{}: {}", l.layout.wire(), l.why)).collect();
    Refusal::rule("kit_empty", format!("no layout of mark {mark} can be drawn: {}", why.join("; ")))
}

/// The least width that layout can be drawn at with these names, at most its designed one.
fn least(face: &Face, layout: Layout, words: Words) -> Result<Width, Refusal> {
    let goes = |width: Width| artwork::compose(face, layout, Ink::Colour, words, width.millimetres());
    goes(layout.width())?;
    let (least, designed) = (layout.least_width(), layout.width());
    let tries = (least.tenths()..designed.tenths()).step_by(5);
    let widths = tries.filter_map(|tenths| Width::parse(&format!("{}.{}", tenths / 10, tenths % 10)).ok());
    for width in widths {
        match goes(width) {
            Ok(_) => return Ok(width),
            Err(why) if concerns_layout(&why) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(designed)
}

impl KitPlan {
    /// A name for its file: the certificate's number, with `_` for what file systems do not take, and the mark.
    #[must_use]
    pub fn file_name(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '.') { c } else { '_' };
        let number: String = self.terms.number.as_str().chars().map(plain).collect();
        format!("{number}-{}.zip", self.mark)
    }

    /// The licence that a file of such a name is the kit of; none for another name.
    #[must_use]
    pub fn mark_of(file_name: &str) -> Option<MarkId> {
        MarkId::parse(file_name.strip_suffix(".zip")?.rsplit_once('-')?.1).ok()
    }

    /// The licence.
    #[must_use]
    pub const fn mark(&self) -> MarkId {
        self.mark
    }

    /// Whether that file is this kit, whole: made of the same licence, names and artwork by this version of the program.
    #[must_use]
    pub fn stands_in(&self, file: impl Read + Seek) -> bool {
        archive::is_whole(file, &self.digest)
    }

    /// SHA-256 over the licence and every drawing: what makes a kit another one.
    fn fingerprint(&self) -> Result<[u8; 32], Refusal> {
        let mut hash = Sha256::new();
        let licence = canonicalize(&self.licence())?;
        let lacking: String = self.lacking.iter().map(|l| format!("{:?}", (l.layout, l.words))).collect();
        for part in [env!("CARGO_PKG_VERSION").as_bytes(), &licence, lacking.as_bytes()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        for drawing in &self.drawings {
            for ink in Ink::ALL {
                let (layout, words) = (drawing.layout, drawing.words);
                let picture = artwork::compose(&self.face, layout, ink, words, layout.width().millimetres())?;
                // The same symbols in the same order whenever they are drawn: which one passes the proof follows from them.
                let codes = qr::draw(&self.face.host, &drawing.text)?;
                let page = codes.first().map(|code| picture.with(code));
                let drawn = page.and_then(|page| svg(&page, &picture.title, &picture.description).ok());
                hash.update(Sha256::digest(drawn.unwrap_or_default()));
                hash.update(drawing.least.tenths().to_be_bytes());
            }
        }
        Ok(hash.finalize().into())
    }

    /// Makes every file, proofread, and packs them.
    ///
    /// # Errors
    /// `kit_empty` where no layout was read back; what else keeps a mark from being drawn.
    pub fn make(&self) -> Result<Kit, ServiceError> {
        let (mut lacking, mut shown, mut files) = (self.lacking.clone(), vec![], vec![]);
        for drawing in &self.drawings {
            match self.files_of(drawing) {
                Ok(drawn) => {
                    shown.push(drawing);
                    files.extend(drawn);
                }
                Err(why) if concerns_layout(&why) => {
                    lacking.push(NotDrawn { layout: drawing.layout, words: drawing.words, why });
                }
                Err(other) => return Err(other.into()),
            }
        }
        if shown.is_empty() {
            return Err(empty(self.mark, &lacking).into());
        }
        let readme = contents::readme(self, &shown, &lacking);
        let usage = sheet::usage_sheet(self, &shown, &lacking)?;
        let mut entries =
            vec![Entry::new("README.txt", Packed::Deflated, readme), Entry::new("USAGE.pdf", Packed::Deflated, usage)];
        entries.extend(files);
        let licence = contents::licence_json(self, &shown, &lacking, &entries);
        entries.insert(2, Entry::new("licence.json", Packed::Deflated, licence));
        let bytes = archive::zip(&entries, self.mark_terms.licensed_on, &self.digest)
            .map_err(ServiceError::io(format!("packing the kit of mark {}", self.mark)))?;
        Ok(Kit { bytes, files: entries.len(), lacking })
    }

    /// Files of a layout in both colourings: outlines, then pixels.
    fn files_of(&self, drawing: &Drawing) -> Result<Vec<Entry>, Refusal> {
        let (layout, words) = (drawing.layout, drawing.words);
        let mut out = vec![];
        for ink in Ink::ALL {
            let plain = |wire: &str| wire.replace('_', "-");
            let stem = format!("{0}/mark-{0}-{1}-{2}", layout.wire(), plain(ink.wire()), plain(words.wire()));
            let order = Order { ink, words, ..Order::new(layout, Format::Png) };
            let [svg, pdf] = outlines(&self.face, &drawing.text, &order)?;
            for (format, file) in [pdf, svg] {
                out.push(Entry::drawn(format!("{stem}.{}", format.wire()), Packed::Deflated, file));
            }
            for dpi in DPI {
                let order = Order { resolution: Resolution::Dpi(dpi), ..order };
                let file = render(&self.face, &drawing.text, &order)?;
                out.push(Entry::drawn(format!("{stem}-{dpi}dpi.png"), Packed::Stored, file));
            }
        }
        Ok(out)
    }
}

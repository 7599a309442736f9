//! What the form about a mark says, and what is meant by it.

use super::super::words::Lang;
use crate::domain::mark_licence::Medium;
use crate::domain::{MarkId, MarkLicence, Refusal};
use crate::mark::{Format, Ink, Layout, Order, Resolution, Wanted, Width, Words};
use crate::service::preview::Looked;
use serde::Deserialize;

/// Furthest distance that can be asked about, in centimetres.
const FAR: u32 = 10_000;

/// What the form says.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Wish {
    pub(super) certificate: Option<String>,
    /// A mark's identifier, or a medium that no mark is licensed for yet.
    pub(super) r#use: Option<String>,
    pub(super) layout: Option<String>,
    pub(super) ink: Option<String>,
    pub(super) words: Option<String>,
    pub(super) width: Option<String>,
    /// In centimetres.
    pub(super) distance: Option<String>,
    pub(super) format: Option<String>,
    pub(super) dpi: Option<String>,
    pub(super) lang: Option<String>,
}

/// A wish that was understood.
pub(super) struct Understood {
    pub(super) looked: Looked,
    pub(super) medium: Medium,
    pub(super) order: Order,
    pub(super) distance: Option<f64>,
}

impl Wish {
    pub(super) fn lang(&self) -> Lang {
        Lang::of(self.lang.as_deref())
    }

    pub(super) fn understood(&self, licences: &[MarkLicence]) -> Result<Understood, Refusal> {
        let wanted = filled(self.r#use.as_deref());
        let first = licences.first();
        let (looked, medium) = match (wanted, first) {
            (None, Some(licence)) => (Looked::Licensed(licence.id), licence.terms().medium),
            (None, None) => (Looked::Planned(Medium::Product), Medium::Product),
            (Some(wanted), _) if wanted.bytes().all(|b| b.is_ascii_digit()) => {
                let id = MarkId::parse(wanted)?;
                let of = licences.iter().find(|l| l.id == id);
                let of = of.ok_or_else(|| {
                    Refusal::invalid("mark_not_active", format!("mark {id} is none that this certificate uses now"))
                })?;
                (Looked::Licensed(id), of.terms().medium)
            }
            (Some(wanted), _) => {
                let medium = Medium::parse(wanted)?;
                (Looked::Planned(medium), medium)
            }
        };
        let wanted = Wanted {
            layout: filled(self.layout.as_deref()).map(Layout::parse).transpose()?,
            format: filled(self.format.as_deref()).map(Format::parse).transpose()?,
            ink: filled(self.ink.as_deref()).map(Ink::parse).transpose()?,
            words: filled(self.words.as_deref()).map(Words::parse).transpose()?,
            width: filled(self.width.as_deref()).map(Width::parse).transpose()?,
            resolution: filled(self.dpi.as_deref()).map(Resolution::parse).transpose()?,
        };
        let order = wanted.order(medium)?;
        let distance = filled(self.distance.as_deref());
        Ok(Understood { looked, medium, order, distance: distance.map(centimetres).transpose()? })
    }
}

/// A field of the form with something in it.
fn filled(field: Option<&str>) -> Option<&str> {
    field.map(str::trim).filter(|text| !text.is_empty())
}

/// Millimetres from whole centimetres.
fn centimetres(text: &str) -> Result<f64, Refusal> {
    let number = Some(text).filter(|t| t.len() <= 5 && t.bytes().all(|b| b.is_ascii_digit()));
    let number = number.and_then(|t| t.parse::<u32>().ok()).filter(|n| (1..=FAR).contains(n));
    number.map(|n| f64::from(n) * 10.0).ok_or_else(|| {
        let why =
            format!("“{}” is no distance: write whole centimetres from 1 to {FAR}", crate::domain::error::shown(text));
        Refusal::invalid("bad_distance", why)
    })
}

//! The artwork: from a licence, an old one or a new one, to a file a printer takes.

use super::{UseArgs, licence_json};
use crate::cli::args::{ActArgs, Global};
use crate::cli::exit::{Exit, Usage};
use crate::cli::open::Opened;
use crate::cli::order::answered;
use crate::cli::{files, say};
use crate::domain::mark_licence::MarkState;
use crate::domain::{Certificate, MarkLicence, Refusal};
use crate::mark::{Class, Format, Ink, Layout, Order, Resolution, Wanted, Width, Words};
use clap::Args;
use std::path::{Path, PathBuf};

/// Which mark, and how it is drawn.
#[derive(Debug, Args)]
pub(super) struct Render {
    /// The certificate's number or its 16-digit identifier
    #[arg(required = true)]
    number: Option<String>,
    /// vertical, horizontal, seal (signed code) or small (link) [default: what suits medium and width]
    #[arg(long, value_name = "LAYOUT", value_parser = Layout::parse)]
    layout: Option<Layout>,
    /// png, svg or pdf [default: by the ending of --out]
    #[arg(long, value_name = "FORMAT", value_parser = Format::parse)]
    format: Option<Format>,
    /// File to write; one that stands there is replaced
    #[arg(long, value_name = "FILE", required = true)]
    out: Option<PathBuf>,
    #[command(flatten)]
    usage: UseArgs,
    /// colour or one_colour
    #[arg(long, value_name = "INK", default_value = "colour", value_parser = Ink::parse)]
    ink: Ink,
    /// zh, or zh_en for English beside the Chinese
    #[arg(long, value_name = "WORDS", default_value = "zh", value_parser = Words::parse)]
    words: Words,
    /// Printed width in millimetres [default: as designed, vertical 36, horizontal 86, seal 84, small 20]
    #[arg(long, value_name = "MM", value_parser = Width::parse)]
    width: Option<Width>,
    /// Dots per inch of a PNG, exactly; the mark becomes as wide as whole pixels make it [default: about 610]
    #[arg(long, value_name = "DPI", value_parser = Resolution::parse)]
    dpi: Option<Resolution>,
    #[command(flatten)]
    act: ActArgs,
}

impl Render {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        // Clap has seen to it that both are there.
        let (Some(number), Some(out)) = (&self.number, &self.out) else {
            return Err(anyhow::anyhow!("number and out are missing"));
        };
        let order = self.order(out)?;
        answered(self.act.json, || {
            let opened = global.open()?;
            let (licence, certificate, is_new) = self.licence(&opened, number)?;
            let file = opened.service.artwork(licence.id, &order)?;
            files::write_whole(out, |to| Ok(to.write_all(&file.bytes)?))?;
            let url = match order.layout.class() {
                Class::Signed => super::url(&opened.service, &licence),
                Class::Link => opened.service.host().mark_url(licence.id),
            };
            let width = f64::from(file.width_um) / 1000.0;
            let far = order.layout.reading_distance(width).floor();
            if self.act.json {
                let mut value = licence_json(&opened.service, &licence);
                value["file"] = out.display().to_string().into();
                value["new"] = is_new.into();
                value["layout"] = order.layout.wire().into();
                value["width_mm"] = width.into();
                value["read_from_mm"] = far.into();
                say(value)?;
            } else {
                let word = if is_new { "licensed now" } else { "licensed before" };
                let chosen = if self.layout.is_some() { "" } else { " (chosen for this use; --layout names another)" };
                say(format_args!(
                    "{}: mark {} on {} ({word}), for {} until {}",
                    out.display(),
                    licence.id,
                    licence.terms().medium.en(),
                    certificate.terms().number,
                    licence.terms().valid_until
                ))?;
                say(format_args!(
                    "layout {}{chosen}, {width} mm wide, read from up to {} cm away",
                    order.layout.wire(),
                    (far / 10.0).floor()
                ))?;
                say(url)?;
            }
            Ok(Exit::Done)
        })
    }

    /// What is to be drawn: what was left out follows from the file's ending, the medium and the width.
    fn order(&self, out: &Path) -> anyhow::Result<Order> {
        let ending = || {
            let ending = out.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
            Format::parse(&ending).map_err(|_| {
                Usage(format!(
                    "{} does not say which format is wanted: let it end in .png, .svg or .pdf, or give --format",
                    out.display()
                ))
            })
        };
        let format = self.format.map_or_else(ending, Ok)?;
        let wanted = Wanted {
            layout: self.layout,
            format: Some(format),
            ink: Some(self.ink),
            words: Some(self.words),
            width: self.width,
            resolution: self.dpi,
        };
        wanted.order(self.usage.medium).map_err(|why| Usage(why.message.into_owned()).into())
    }

    /// The open licence for that use, or a new one; its certificate; whether it is new.
    fn licence(&self, opened: &Opened, number: &str) -> anyhow::Result<(MarkLicence, Certificate, bool)> {
        let service = &opened.service;
        let id = service.find(number)?.id;
        let now = service.now();
        let is_open = |m: &MarkLicence| m.state_at(now, now).is_some_and(|(state, _)| state.is_open());
        let open = service.marks_of(id)?.into_iter().find(|m| is_open(m) && self.usage.is_use_of(m));
        let (mark, is_new) = match open {
            Some(licence) if licence.state(now) == MarkState::Requested => {
                let why = format!(
                    "mark {0} for this use was asked for and not granted yet: starmark mark approve {0}",
                    licence.id
                );
                return Err(Refusal::rule("mark_requested", why).into());
            }
            Some(licence) => (licence.id, false),
            None => {
                opened.unlock()?;
                (service.license_mark(&self.act.act(), number, &self.usage.request())?.id, true)
            }
        };
        let (licence, certificate) = service.usable_mark(mark)?;
        Ok((licence, certificate, is_new))
    }
}

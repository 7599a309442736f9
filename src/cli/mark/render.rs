//! The artwork: from a licence, an old one or a new one, to a file a printer takes.

use super::{UseArgs, licence_json};
use crate::cli::args::{ActArgs, Global};
use crate::cli::exit::Exit;
use crate::cli::open::Opened;
use crate::cli::order::answered;
use crate::cli::{files, say};
use crate::domain::mark_licence::MarkState;
use crate::domain::{Certificate, MarkLicence, Refusal};
use crate::mark::{Class, Format, Ink, Layout, Order, Width};
use clap::Args;
use std::path::PathBuf;

/// Which mark, and how it is drawn.
#[derive(Debug, Args)]
pub(super) struct Render {
    /// The certificate's number or its 16-digit identifier
    #[arg(required = true)]
    number: Option<String>,
    /// vertical (signed code) or small (link)
    #[arg(long, value_name = "LAYOUT", required = true, value_parser = Layout::parse)]
    layout: Option<Layout>,
    /// png or svg
    #[arg(long, value_name = "FORMAT", required = true, value_parser = Format::parse)]
    format: Option<Format>,
    /// File to write; one that stands there is replaced
    #[arg(long, value_name = "FILE", required = true)]
    out: Option<PathBuf>,
    #[command(flatten)]
    usage: UseArgs,
    /// colour or one_colour
    #[arg(long, value_name = "INK", default_value = "colour", value_parser = Ink::parse)]
    ink: Ink,
    /// Printed width in millimetres [default: as designed, vertical 36, small 20]
    #[arg(long, value_name = "MM", value_parser = Width::parse)]
    width: Option<Width>,
    #[command(flatten)]
    act: ActArgs,
}

impl Render {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        // Clap has seen to it that all four are there.
        let (Some(number), Some(layout), Some(format), Some(out)) = (&self.number, self.layout, self.format, &self.out)
        else {
            return Err(anyhow::anyhow!("number, layout, format and out are missing"));
        };
        answered(self.act.json, || {
            let opened = global.open()?;
            let (licence, certificate, is_new) = self.licence(&opened, number)?;
            let order =
                Order { ink: self.ink, width: self.width.unwrap_or(layout.width()), ..Order::new(layout, format) };
            let file = opened.service.artwork(licence.id, &order)?;
            files::write_whole(out, |to| Ok(to.write_all(&file.bytes)?))?;
            if self.act.json {
                let mut value = licence_json(&opened.service, &licence);
                value["file"] = out.display().to_string().into();
                value["new"] = is_new.into();
                say(value)?;
            } else {
                let word = if is_new { "licensed now" } else { "licensed before" };
                say(format_args!(
                    "{}: mark {} on {} ({word}), {} mm wide, for {} until {}",
                    out.display(),
                    licence.id,
                    licence.terms().medium.en(),
                    order.width,
                    certificate.terms().number,
                    licence.terms().valid_until
                ))?;
                match layout.class() {
                    Class::Signed => say(super::url(&opened.service, &licence))?,
                    Class::Link => say(opened.service.host().mark_url(licence.id))?,
                }
            }
            Ok(Exit::Done)
        })
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

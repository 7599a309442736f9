//! `mark`: the artwork of a mark, and the licences behind it.

mod licence;
mod render;

use super::args::{ActArgs, Global, reasons};
use super::exit::Exit;
use crate::domain::mark_licence::{MarkState, Medium};
use crate::domain::reason::MarkRevocationReason;
use crate::domain::text::{Goods, Name};
use crate::domain::{MarkId, MarkLicence};
use crate::service::Service;
use crate::service::marks::MarkRequest;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::sync::LazyLock;

static REASONS: LazyLock<String> =
    LazyLock::new(|| reasons(MarkRevocationReason::all().map(|r| (r.code(), r.zh(), r.en()))));

/// Draw a certificate's mark, licensing it where it is not licensed yet; or look after licences
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Example: starmark mark 29326SC10002R0M --out mark.pdf\nThe layouts vertical (36 x 71 mm), horizontal (86 x 38 mm) and seal (84 x 46 mm) carry a signed code that verifies offline; small (20 x 34 mm) carries a link. All files of a licence at once: starmark kit."
)]
pub(super) struct Mark {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    render: render::Render,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List a certificate's licences
    List {
        /// The certificate's number or its 16-digit identifier
        number: String,
        /// Print one JSON object a licence
        #[arg(long)]
        json: bool,
    },
    /// Ask for a licence, to be approved or refused later
    Request {
        /// The certificate's number or its 16-digit identifier
        number: String,
        #[command(flatten)]
        usage: UseArgs,
        #[command(flatten)]
        act: ActArgs,
    },
    /// Grant a licence that was asked for
    Approve {
        /// The mark's 16-digit identifier
        #[arg(value_parser = MarkId::parse)]
        mark: MarkId,
        #[command(flatten)]
        act: ActArgs,
    },
    /// Refuse a licence that was asked for
    Refuse {
        /// The mark's 16-digit identifier
        #[arg(value_parser = MarkId::parse)]
        mark: MarkId,
        #[command(flatten)]
        act: ActArgs,
    },
    /// Put a new licence with a new code in the place of one in use
    Replace {
        /// The mark's 16-digit identifier
        #[arg(value_parser = MarkId::parse)]
        mark: MarkId,
        #[command(flatten)]
        act: ActArgs,
    },
    /// Tell whoever scans a mark that its misuse is being looked into
    Investigate {
        /// The mark's 16-digit identifier
        #[arg(value_parser = MarkId::parse)]
        mark: MarkId,
        #[command(flatten)]
        act: ActArgs,
    },
    /// End the investigation of a mark that is not misused
    Clear {
        /// The mark's 16-digit identifier
        #[arg(value_parser = MarkId::parse)]
        mark: MarkId,
        #[command(flatten)]
        act: ActArgs,
    },
    /// Take a licence back for misuse
    #[command(after_help = REASONS.as_str())]
    Revoke {
        /// The mark's 16-digit identifier
        #[arg(value_parser = MarkId::parse)]
        mark: MarkId,
        /// Why: a code of the table below
        #[arg(long, value_name = "CODE", value_parser = MarkRevocationReason::parse)]
        reason: MarkRevocationReason,
        #[command(flatten)]
        act: ActArgs,
    },
}

/// What a mark is for.
#[derive(Debug, Clone, Args)]
struct UseArgs {
    /// Where it stands: product, packaging, advertising, premises
    #[arg(long, value_name = "MEDIUM", default_value = "packaging", value_parser = Medium::parse)]
    medium: Medium,
    /// Brand it is used with
    #[arg(long, value_name = "TEXT", value_parser = Goods::parse)]
    brand: Option<Goods>,
    /// Products it is used for
    #[arg(long, value_name = "TEXT", value_parser = Goods::parse)]
    products: Option<Goods>,
    /// Site it hangs at (premises only), as the certificate names it
    #[arg(long, value_name = "NAME", value_parser = Name::parse)]
    site: Option<Name>,
}

impl UseArgs {
    fn request(&self) -> MarkRequest {
        let Self { medium, brand, products, site } = self.clone();
        MarkRequest { medium, brand, products, site }
    }

    fn is_use_of(&self, licence: &MarkLicence) -> bool {
        let terms = licence.terms();
        (self.medium, &self.brand, &self.products, &self.site)
            == (terms.medium, &terms.brand, &terms.products, &terms.site)
    }
}

impl Mark {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        match &self.command {
            None => self.render.run(global),
            Some(command) => licence::run(global, command),
        }
    }
}

/// A licence for programs.
fn licence_json(service: &Service, licence: &MarkLicence) -> Value {
    let (terms, now) = (licence.terms(), service.now());
    json!({
        "mark": licence.id, "certificate": terms.certificate, "level": terms.level, "medium": terms.medium,
        "brand": terms.brand, "products": terms.products, "site": terms.site,
        "licensed_on": terms.licensed_on.to_string(), "valid_until": terms.valid_until.to_string(),
        "state": licence.state_at(now, now).map(|(state, _)| state),
        "url": url(service, licence),
    })
}

/// What stands in the mark's code: signed once the licence has begun, short before and where it is not granted. A signed code
/// verifies with no server, so it does not leave before its first day.
fn url(service: &Service, licence: &MarkLicence) -> String {
    let now = service.now();
    match licence.digits().filter(|_| licence.state_at(now, now).is_some()) {
        Some(digits) => format!("{}{digits}", service.host().mark_prefix()),
        None => service.host().mark_url(licence.id),
    }
}

/// A licence for people.
pub(super) fn licence_text(service: &Service, licence: &MarkLicence) -> String {
    let (terms, now) = (licence.terms(), service.now());
    let state = licence.state_at(now, now).map_or("not in force yet", |(state, _)| MarkState::wire(state));
    let mut goods = String::new();
    for (word, text) in [("brand", &terms.brand), ("products", &terms.products)] {
        if let Some(text) = text {
            goods.push_str(&format!("  {word} {text}"));
        }
    }
    if let Some(site) = &terms.site {
        goods.push_str(&format!("  site {site}"));
    }
    format!(
        "{}  {state:<20}{:<12}{} to {}{goods}",
        licence.id,
        terms.medium.wire(),
        terms.licensed_on,
        terms.valid_until
    )
}

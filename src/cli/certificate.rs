//! `certificate`: the certificate on paper.

use super::args::Global;
use super::exit::Exit;
use super::order::answered;
use super::{files, say};
use crate::domain::Refusal;
use crate::service::papers::PaperFormat;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Put a certificate on paper: a PDF to print and to keep, or a page of it as a picture
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  starmark certificate 29326SC10002R0M --out certificate.pdf\n  starmark certificate 29326SC10002R0M --out preview.png --page 1 --dpi 150\nWhat is not in force says so across every page."
)]
pub(super) struct OnPaper {
    /// The certificate's number or its 16-digit identifier
    number: String,
    /// File to write, .pdf or .png; one that stands there is replaced
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Page of a picture [default: 1]
    #[arg(long, value_name = "N")]
    page: Option<String>,
    /// Dots per inch of a picture [default: 150]
    #[arg(long, value_name = "N")]
    dpi: Option<String>,
    /// Print JSON for programs
    #[arg(long)]
    json: bool,
}

impl OnPaper {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        answered(self.json, || {
            let ending = self.out.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
            if ending.is_empty() {
                let why = "the file's name ends in .pdf or .png, which says what is written";
                return Err(Refusal::invalid("unknown_paper_format", why).into());
            }
            let format = PaperFormat::parse(&ending, self.page.as_deref(), self.dpi.as_deref())?;
            let service = global.open()?.service;
            let certificate = service.find(&self.number)?;
            let bytes = service.certificate_paper(&certificate, format)?;
            files::write_whole(&self.out, |to| Ok(to.write_all(&bytes)?))?;
            let (file, number) = (self.out.display().to_string(), &certificate.terms().number);
            match self.json {
                true => {
                    say(json!({ "file": file, "certificate": certificate.id, "number": number, "bytes": bytes.len() }))?
                }
                false => say(format_args!("{file}: certificate {number} on paper, {} bytes", bytes.len()))?,
            }
            Ok(Exit::Done)
        })
    }
}

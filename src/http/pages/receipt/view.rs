//! From a receipt to what its page and its print show: the same words in both.

use crate::domain::dates::CHINA;
use crate::domain::{Host, hex};
use crate::http::pages::answers::{Row, row};
use crate::http::pages::view::{CheckRow, check_row};
use crate::http::pages::words::{Face, Text, text};
use crate::service::receipts::Made;
use crate::verify::Verdict;
use crate::verify::receipt::Receipt;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

/// A receipt for people.
#[derive(Debug, Clone)]
pub struct ReceiptView {
    /// 22 characters.
    pub id: String,
    /// Its address for ever.
    pub url: String,
    /// The asker's own text: always shown as that, below what the body says.
    pub reference: Option<String>,
    /// China time, to the second.
    pub as_of: String,
    /// China time, to the second.
    pub known_at: String,
    /// China time, to the second.
    pub made_at: String,
    /// The moment the answers are about, and from what was on record when, where that is not when it was made.
    pub when: Text,
    /// How many answers have each word, in the order in which they first come.
    pub tally: Vec<(Face, usize)>,
    /// Expectations that are not confirmed.
    pub differences: u64,
    /// Whether anything was expected at all.
    pub compares: bool,
    /// One for each answer.
    pub rows: Vec<Row>,
    /// SHA-256 of the receipt's bytes.
    pub fingerprint: String,
    /// What was checked of the receipt itself, by the keys there are now.
    pub checks: Vec<CheckRow>,
    /// What is to be known of its signature first.
    pub warning: Option<Text>,
}

/// An instant as people read it, China time, to the second.
#[must_use]
pub fn clock(at: Timestamp) -> String {
    CHINA.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

impl ReceiptView {
    /// What is shown of a receipt; `verdict` is what its verification says now.
    #[must_use]
    pub fn of(made: &Made, host: &Host, verdict: &Verdict) -> Self {
        let receipt = &made.receipt;
        let rows: Vec<Row> = (1..).zip(&receipt.answers).map(|(number, answer)| row(number, answer, false)).collect();
        let mut tally: Vec<(Face, usize)> = vec![];
        for row in &rows {
            match tally.iter_mut().find(|(face, _)| *face == row.face) {
                Some((_, count)) => *count += 1,
                None => tally.push((row.face, 1)),
            }
        }
        Self {
            id: receipt.id.to_string(),
            url: host.receipt_url(receipt.id),
            reference: receipt.reference.clone(),
            as_of: clock(receipt.as_of),
            known_at: clock(receipt.known_at),
            made_at: clock(receipt.made_at),
            when: when(receipt),
            tally,
            differences: receipt.differences,
            compares: receipt.answers.iter().any(|a| !a.comparison.is_empty()),
            rows,
            fingerprint: hex(&Sha256::digest(&made.bytes)),
            checks: verdict.checks.iter().map(check_row).collect(),
            warning: verdict.obstacle().map(|check| {
                text(
                    format!("{}。这份回执由本机构保存，内容与签发时一致；但文件单独不能证明它自己。", check.message_zh),
                    format!(
                        "{}. This body has kept the receipt as it was signed; but the file alone does not prove itself.",
                        check.message
                    ),
                )
            }),
        }
    }
}

fn when(receipt: &Receipt) -> Text {
    let at = clock(receipt.as_of);
    if receipt.known_at == receipt.made_at {
        return text(
            format!("这是 {at}（北京时间）的情况，不是现在的。"),
            format!("This is how it stood at {at} (China time), not how it stands now."),
        );
    }
    let known = clock(receipt.known_at);
    text(
        format!("这是 {at}（北京时间）的情况，按 {known} 已经登记的内容回答，不是现在的。"),
        format!("This is how it stood at {at} (China time), as it was on record at {known}, not how it stands now."),
    )
}

//! Receipts: asking about many certificates at once, and taking a signed answer along.

mod kept;
mod room;

use super::asking::{Question, Read, Told, not_understood, typed};
use super::list::Entry;
use super::lookup::Asked;
use super::{Service, ServiceError};
use crate::domain::{ReceiptId, Refusal};
use crate::sign::{Purpose, SigningKey, canonicalize, sign_for, verify_for};
use crate::store::{StoreError, Subject};
use crate::verify::Outcome;
use crate::verify::certificate::Moment;
use crate::verify::receipt::{
    ANSWERS_MAX, Answer, BYTES_MAX, LogHead, PROVEN_MAX, ProvenEntries, REFERENCE_MAX, Receipt, parse, verify_offline,
};
pub use kept::{MemoryReceipts, ReceiptDir, Receipts};
pub use room::{Kept, Room};

/// What somebody asks a receipt for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The asker's own text, such as the number of a tender.
    pub reference: Option<String>,
    /// About which moment.
    pub asked: Asked,
    /// About which certificates, in this order.
    pub certificates: Vec<Question>,
}

/// A receipt that was made and kept.
#[derive(Debug, Clone)]
pub struct Made {
    /// What it says.
    pub receipt: Receipt,
    /// The signed receipt, byte for byte.
    pub bytes: Vec<u8>,
}

impl Service {
    /// Answers about up to [`ANSWERS_MAX`] certificates in one signed receipt, and keeps it. `here` is the host the pages are
    /// reached at, where that is not the one in codes.
    ///
    /// # Errors
    /// Every fault of the request with its place (`certificates_count`, `text_empty`, `text_too_long`, `unknown_level`, and what
    /// [`Service::by_number`] refuses); `receipt_too_large`; `clock_wrong` while the machine's clock cannot be believed;
    /// `no_key`; what [`Receipts::put`] refuses; store failures.
    pub fn make_receipt(&self, request: &Request, here: &str) -> Result<Made, ServiceError> {
        let reference = request.reference.as_deref().map(|text| typed(text, REFERENCE_MAX, "/reference"));
        // Before the certificates are read: what is on record from before this moment is in what is read. And a receipt says when
        // it was made: by a clock that cannot be right none is.
        let settled = self.settled().map_err(|_| clock_wrong());
        let (reference, questions) = match (reference.transpose(), self.read_all(&request.certificates, here)?) {
            (Ok(reference), Ok(questions)) => (reference, questions),
            (Err(first), Ok(_)) => return Err(first.into()),
            (Ok(_), Err(all)) => return Err(all.into()),
            (Err(first), Err(rest)) => return Err([vec![first], rest].concat().into()),
        };
        let moment = request.asked.moment(settled?);
        let mut told = vec![];
        for question in questions {
            told.extend(self.answer_question(question, request.asked, moment)?);
            if told.len() > ANSWERS_MAX {
                break;
            }
        }
        self.keep_receipt(reference, moment, told)
    }

    /// The same about a list: a line that is not understood is answered so, and what cannot be expected is not met.
    ///
    /// # Errors
    /// As [`Service::make_receipt`], of the reference and the number of answers.
    pub fn make_receipt_of_list(
        &self,
        reference: Option<&str>,
        asked: Asked,
        entries: &[Entry],
        here: &str,
    ) -> Result<Made, ServiceError> {
        let reference = reference.map(|text| typed(text, REFERENCE_MAX, "/reference")).transpose()?;
        let moment = asked.moment(self.settled().map_err(|_| clock_wrong())?);
        let mut told = vec![];
        for entry in entries {
            match &entry.fault {
                None => told.extend(self.answers(&entry.question, asked, moment, here)?),
                Some(why) => told.push(not_understood(&entry.question, why, moment)),
            }
            if told.len() > ANSWERS_MAX {
                break;
            }
        }
        self.keep_receipt(reference, moment, told)
    }

    /// Signs the answers and keeps them.
    fn keep_receipt(&self, reference: Option<String>, moment: Moment, told: Vec<Told>) -> Result<Made, ServiceError> {
        if told.len() > ANSWERS_MAX {
            return Err(count_refused(told.len()).into());
        }
        let (mut answers, recorded): (Vec<_>, Vec<_>) = told.into_iter().map(|t| (t.answer, t.recorded)).unzip();
        let log = self.add_proofs(&mut answers, &recorded)?;
        let receipt = Receipt {
            id: ReceiptId::from_bytes(self.random()?),
            made_at: moment.now,
            reference,
            as_of: moment.at,
            known_at: moment.known_at,
            differences: Receipt::differing(&answers),
            answers,
            log,
        };
        let bytes = self.sign_receipt(&receipt)?;
        self.receipts.put(receipt.id, &bytes)?;
        Ok(Made { receipt, bytes })
    }

    /// A receipt that was made before, byte for byte.
    ///
    /// # Errors
    /// It cannot be read; `Corrupt` when it is not what was kept.
    pub fn receipt(&self, id: ReceiptId) -> Result<Option<Made>, ServiceError> {
        let Some(bytes) = self.receipts.get(id)? else { return Ok(None) };
        match self.read_receipt(id, &bytes) {
            Ok(receipt) => Ok(Some(Made { receipt, bytes })),
            Err(why) => {
                Err(StoreError::Corrupt { table: "receipts", key: id.to_string(), field: "document", why }.into())
            }
        }
    }

    /// Reads a kept receipt, if it is still what this body signed. A key that was compromised since changes nothing here:
    /// nobody but this service puts receipts where they are kept.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read_receipt(&self, id: ReceiptId, bytes: &[u8]) -> Result<Receipt, String> {
        let document = parse(bytes).map_err(|r| r.to_string())?;
        let keys = self.key_document();
        verify_for(Purpose::Receipt, &document, |url| keys.resolve(url)).map_err(|f| f.to_string())?;
        let receipt = Receipt::read(&self.host, &document).map_err(|r| r.to_string())?;
        if receipt.id == id { Ok(receipt) } else { Err(format!("it is the receipt {}", receipt.id)) }
    }

    /// Finds every certificate, or tells every fault with its place.
    fn read_all(&self, questions: &[Question], here: &str) -> Result<Result<Vec<Read>, Vec<Refusal>>, ServiceError> {
        if !(1..=ANSWERS_MAX).contains(&questions.len()) {
            return Ok(Err(vec![count_refused(questions.len())]));
        }
        let (mut read, mut faults) = (vec![], vec![]);
        for (i, question) in questions.iter().enumerate() {
            match self.read_question(question, here) {
                Ok(one) => read.push(one),
                Err(ServiceError::Refused(why)) => {
                    faults.extend(why.into_iter().map(|r| r.under(&format!("/certificates/{i}"))));
                }
                Err(other) => return Err(other),
            }
        }
        Ok(if faults.is_empty() { Ok(read) } else { Err(faults) })
    }

    /// Puts beside each answer what the public log holds of its certificate, all by one checkpoint: the first event, and the last
    /// of those that were `recorded`. Where the log gives no proof, or there are more than [`PROVEN_MAX`], the receipt goes without.
    fn add_proofs(&self, answers: &mut [Answer], recorded: &[usize]) -> Result<Option<LogHead>, ServiceError> {
        if answers.len() > PROVEN_MAX {
            return Ok(None);
        }
        let mut seqs = vec![];
        for (answer, recorded) in answers.iter().zip(recorded) {
            let all =
                answer.certificate.as_ref().map(|c| self.store.seqs_of(Subject::Certificate(c.id))).transpose()?;
            seqs.push(all.and_then(|all| Some([*all.first()?, *all.get(recorded.checked_sub(1)?)?])));
        }
        let wanted: Vec<u64> = seqs.iter().flatten().flatten().copied().collect();
        let proven = match self.log().prove(&wanted) {
            Ok(Some(proven)) if proven.entries.len() == wanted.len() && !wanted.is_empty() => proven,
            Ok(_) => return Ok(None),
            Err(error) => {
                tracing::error!(why = error.in_full(), "the log gives no proof for a receipt");
                return Ok(None);
            }
        };
        let mut entries = proven.entries.into_iter();
        for (answer, _) in answers.iter_mut().zip(&seqs).filter(|(_, seqs)| seqs.is_some()) {
            answer.log = entries.next().zip(entries.next()).map(|(record, newest)| ProvenEntries { record, newest });
        }
        Ok(Some(LogHead { checkpoint: proven.checkpoint.to_string() }))
    }

    /// The signed receipt: canonical bytes, read back and verified before they leave.
    fn sign_receipt(&self, receipt: &Receipt) -> Result<Vec<u8>, ServiceError> {
        let settings = self.read_settings();
        let (key, signer) = settings.keyring.signer(Purpose::Receipt, receipt.made_at).map_err(|none| {
            let why = "no receipt can be signed for the time being; nothing is wrong with the request";
            Refusal::unavailable(none.code, why)
        })?;
        let key = SigningKey { signer: signer.as_ref(), id: key, host: &self.host };
        let signed = sign_for(Purpose::Receipt, receipt.document(&self.host)?, key, receipt.made_at)?;
        let bytes = canonicalize(&signed)?;
        // Of ten thousand answers it takes a hundred megabytes.
        drop(signed);
        if bytes.len() > BYTES_MAX {
            let why =
                format!("the receipt would have more than {BYTES_MAX} bytes: ask about fewer certificates at once");
            return Err(Refusal::invalid("receipt_too_large", why).under("/certificates").into());
        }
        let found = verify_offline(&bytes, settings.keyring.document(), receipt.made_at);
        match (found.verdict.verdict, found.genuine) {
            (Outcome::Valid, Some(read)) if read == *receipt => Ok(bytes),
            _ => {
                let why = found.verdict.obstacle().map_or("it does not say what was answered", |check| check.code);
                Err(ServiceError::SelfCheck(format!("a receipt: {why}")))
            }
        }
    }
}

fn count_refused(count: usize) -> Refusal {
    let why = format!("a receipt is about 1 to {ANSWERS_MAX} certificates, not {count}");
    Refusal::invalid("certificates_count", why).under("/certificates")
}

fn clock_wrong() -> Refusal {
    let why = "this service's clock cannot be right, so no receipt can be made now; nothing is wrong with the request";
    Refusal::unavailable("clock_wrong", why)
}

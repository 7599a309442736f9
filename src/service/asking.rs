//! Asking about what people hold in their hands, as they write it: the number of a certificate, the credit code of a firm, a mark's
//! code; and what is expected of it. One question has one answer, but for a firm, of which each certificate has one.

use super::lookup::{Asked, CertificateAnswer, MarkAnswer};
use super::typed::{Address, Leads, grouped_digits, trimmed, unlabelled};
use super::{Service, ServiceError};
use crate::domain::error::shown;
use crate::domain::ids::ID_DIGITS;
use crate::domain::written::{plain, seen};
use crate::domain::{Certificate, CertificateNumber, Level, MarkId, Refusal, Uscc};
use crate::store::PageRequest;
use crate::verify::certificate::Moment;
use crate::verify::receipt::{
    ASKED_MAX, Answer, AnswerCheck, Answered, Compared, EXPECTED_MAX, Field, no_such_certificate,
};
use crate::verify::{CheckResult, Outcome, Verdict};
use std::collections::BTreeMap;

/// Most certificates of one firm that are answered about; beyond them numbers are asked for.
const OF_A_FIRM: usize = 20;

/// What is asked about, and what is expected of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    /// A number, identifier, address, credit code or a mark's digits, as people type it.
    pub asked: String,
    /// The holder's name, where one is expected.
    pub holder: Option<String>,
    /// The holder's credit code, where one is expected.
    pub uscc: Option<String>,
    /// The level, where one is expected, in any form people write.
    pub level: Option<String>,
    /// The scope, where one is expected.
    pub scope: Option<String>,
}

impl Question {
    /// Everything that is expected, each with its pointer in a request.
    fn expectations(&self) -> impl Iterator<Item = (Field, &str, &'static str)> {
        let all = [
            (Field::Holder, &self.holder, "/holder"),
            (Field::Uscc, &self.uscc, "/uscc"),
            (Field::Level, &self.level, "/level"),
            (Field::Scope, &self.scope, "/scope"),
        ];
        all.into_iter().filter_map(|(field, text, pointer)| Some((field, text.as_deref()?, pointer)))
    }

    /// How many certificates it may be about: those of a firm, else one.
    #[must_use]
    pub fn weight(&self) -> usize {
        let text = plain(&self.asked);
        let text = trimmed(&text);
        let readings = [Some(text), unlabelled(text).map(|(rest, _)| rest)];
        if readings.into_iter().flatten().any(|text| Uscc::parse(text).is_ok()) { OF_A_FIRM } else { 1 }
    }
}

/// An expectation of a list: what was cut is never the same as anything.
fn leniently(text: &str) -> Option<String> {
    let text = seen(text);
    let cut = || text.chars().take(EXPECTED_MAX - 1).chain(['…']).collect();
    let text = if text.chars().count() > EXPECTED_MAX { cut() } else { text };
    (!text.is_empty()).then_some(text)
}

/// A question with its texts as they will stand in the answer, and what it is about.
#[derive(Debug)]
pub struct Read {
    asked: String,
    expected: BTreeMap<Field, String>,
    subject: Subject,
}

/// What a text names.
#[derive(Debug)]
enum Subject {
    /// A certificate, or a number that was not issued.
    Certificate(Option<Box<Certificate>>),
    /// Digits of a mark's code.
    Mark(String),
    /// A firm.
    Holder(Uscc),
}

/// An answer, and how many events of its certificate's life were on record by then.
#[derive(Debug, Clone)]
pub struct Told {
    /// The answer.
    pub answer: Answer,
    /// Events that were on record.
    pub recorded: usize,
}

impl Service {
    /// Reads a question. `here` is the host the pages are reached at, where that is not the one in codes.
    ///
    /// # Errors
    /// Every fault with its place: `text_empty`, `text_too_long`, `unknown_level`, `too_many_of_firm`, and what [`Service::by_number`] refuses; store
    /// failures.
    pub fn read_question(&self, question: &Question, here: &str) -> Result<Read, ServiceError> {
        self.read(question, here, |field, text, pointer| {
            typed(text, EXPECTED_MAX, pointer).and_then(|text| known(field, text)).map(Some)
        })
    }

    fn read(
        &self,
        question: &Question,
        here: &str,
        expect: impl Fn(Field, &str, &str) -> Result<Option<String>, Refusal>,
    ) -> Result<Read, ServiceError> {
        let mut faults = vec![];
        let asked = typed(&question.asked, ASKED_MAX, "/certificate").map_err(|r| faults.push(r)).ok();
        let mut expected = BTreeMap::new();
        for (field, text, pointer) in question.expectations() {
            match expect(field, text, pointer) {
                Ok(text) => expected.extend(text.map(|text| (field, text))),
                Err(refusal) => faults.push(refusal),
            }
        }
        let subject = match asked.as_deref().map(|asked| self.subject(asked, here)).transpose() {
            Ok(found) => found,
            Err(ServiceError::Refused(why)) => {
                // The search calls its one parameter a number, whatever it holds.
                faults.extend(why.into_iter().map(|r| Refusal { pointer: "/certificate".into(), ..r }));
                None
            }
            Err(other) => return Err(other),
        };
        match (asked, subject) {
            (Some(asked), Some(subject)) if faults.is_empty() => Ok(Read { asked, expected, subject }),
            _ => Err(faults.into()),
        }
    }

    /// Reads a question and answers it; one that is not understood has an answer that says so, and an expectation that is not
    /// is one that is not met.
    ///
    /// # Errors
    /// Store failures.
    pub fn answers(
        &self,
        question: &Question,
        asked: Asked,
        moment: Moment,
        here: &str,
    ) -> Result<Vec<Told>, ServiceError> {
        let expect = |_, text: &str, _: &str| Ok(leniently(text));
        match self.read(question, here, expect) {
            Ok(read) => self.answer_question(read, asked, moment),
            Err(ServiceError::Refused(why)) => {
                Ok(why.first().map(|why| not_understood(question, why, moment)).into_iter().collect())
            }
            Err(other) => Err(other),
        }
    }

    /// What a text names.
    fn subject(&self, typed: &str, here: &str) -> Result<Subject, ServiceError> {
        let text = plain(typed);
        let text = trimmed(&text);
        let readings = || [Some(text), unlabelled(text).map(|(rest, _)| rest)].into_iter().flatten();
        let address = Address::within(text).or_else(|| Address::bare(text));
        if let Some(Address { host, leads: Leads::Mark(digits) }) = address {
            if host == self.host().as_str() || host == here {
                return Ok(Subject::Mark(digits));
            }
        } else if let Some(uscc) = readings().find_map(|text| Uscc::parse(text).ok()) {
            return self.firm(uscc);
        } else if let Some(digits) = readings().find_map(grouped_digits)
            && self.is_marks(&digits)?
        {
            return Ok(Subject::Mark(digits));
        }
        Ok(Subject::Certificate(self.by_number(typed, here)?.map(Box::new)))
    }

    /// A firm, unless it has more certificates than are answered about in one question.
    fn firm(&self, uscc: Uscc) -> Result<Subject, ServiceError> {
        if self.store.certificates_of(uscc)?.len() > OF_A_FIRM {
            let why = format!("the firm has more than {OF_A_FIRM} certificates: ask about them by their numbers");
            return Err(Refusal::invalid("too_many_of_firm", why).into());
        }
        Ok(Subject::Holder(uscc))
    }

    /// Whether digits are a mark's code rather than a certificate's number or identifier.
    fn is_marks(&self, digits: &str) -> Result<bool, ServiceError> {
        if digits.len() != ID_DIGITS {
            return Ok(digits.len() > CertificateNumber::MAX_LEN);
        }
        let Ok(id) = MarkId::parse(digits) else { return Ok(false) };
        Ok(self.numbered(digits)?.is_none() && self.store.mark(id)?.is_some())
    }

    /// Answers a question; a firm without a certificate has the answer that there is none.
    ///
    /// # Errors
    /// Store failures.
    pub fn answer_question(&self, question: Read, asked: Asked, moment: Moment) -> Result<Vec<Told>, ServiceError> {
        let Read { asked: text, expected, subject } = question;
        let told = |answer: Option<CertificateAnswer>, mark: Option<&Verdict>| {
            let certificate = answer.as_ref().and_then(answered);
            let verdict = mark.or(answer.as_ref().map(|a| &a.finding.verdict));
            let missing = || vec![AnswerCheck::of(&no_such_certificate(moment.known_at))];
            let life = answer.as_ref().map_or(&[][..], |a| a.certificate.life());
            Told {
                recorded: life.iter().take_while(|step| step.recorded_at <= moment.now).count(),
                answer: Answer {
                    asked: text.clone(),
                    comparison: compared(&expected, certificate.as_ref()),
                    certificate,
                    verdict: verdict.map_or(Outcome::Undetermined, |v| v.verdict),
                    standing: verdict.and_then(|v| v.standing),
                    changed_that_day: answer.as_ref().is_some_and(|a| a.changed_that_day),
                    checks: verdict.map_or_else(missing, |v| v.checks.iter().map(AnswerCheck::of).collect()),
                    log: None,
                },
            }
        };
        match subject {
            Subject::Certificate(None) => Ok(vec![told(None, None)]),
            Subject::Certificate(Some(certificate)) => {
                Ok(vec![told(Some(self.answer_at(*certificate, asked, moment)?), None)])
            }
            Subject::Mark(digits) => Ok(vec![match self.mark_answer_at(&digits, asked, moment)? {
                MarkAnswer::NotGenuine(verdict)
                | MarkAnswer::Incomplete(verdict)
                | MarkAnswer::Unknown { verdict, .. } => told(None, Some(&verdict)),
                MarkAnswer::Found(found) => told(Some(found.certificate), Some(&found.finding.verdict)),
            }]),
            Subject::Holder(uscc) => {
                let found = self.by_holder(uscc, PageRequest { offset: 0, size: OF_A_FIRM })?.items;
                if found.is_empty() {
                    return Ok(vec![told(None, None)]);
                }
                found.into_iter().map(|c| Ok(told(Some(self.answer_at(c, asked, moment)?), None))).collect()
            }
        }
    }
}

fn compared(expected: &BTreeMap<Field, String>, certificate: Option<&Answered>) -> Vec<Compared> {
    expected.iter().map(|(field, text)| Compared::of(*field, text.clone(), certificate)).collect()
}

/// The answer to what was not understood: nothing is known of it.
pub(super) fn not_understood(question: &Question, why: &Refusal, moment: Moment) -> Told {
    let zh = match why.code {
        "text_empty" => "这一行没有写要查什么",
        "text_too_long" => "这一行太长，不是一个编号、代码或网址",
        "digits_lost" => "表格把这个长数字改成了科学计数，丢掉的数字找不回来：请把这一列设成文本，再照证书填一次",
        "turned_into_date" => "表格把它改成了日期：请把这一列设成文本，再照证书填一次",
        "formula_error" => "这一格的公式出错了：请换成它的值",
        "foreign_address" => "这个网址不是本机构的",
        "no_certificate_address" => "这个网址是本机构的，但不是证书或标志的网址",
        "foreign_letter" => "编号里有看起来像拉丁字母的其他文字，请用拉丁字母重写",
        "several_in_one" => "除了编号还有别的内容，或者不止一个编号：请一格只写一个编号",
        "too_many_of_firm" => "这家企业的证书太多：请按证书编号逐张查询",
        _ => "这不是证书编号、统一社会信用代码或标志的网址",
    };
    let shortest = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    let asked: String = seen(&question.asked).chars().take(ASKED_MAX).collect();
    let check = AnswerCheck {
        check: "question".into(),
        result: CheckResult::Undetermined,
        required: true,
        code: why.code.to_owned(),
        message: why.message.to_string(),
        message_zh: zh.into(),
        source: "nothing".into(),
        known_at: moment.now,
    };
    let expected = question.expectations().filter_map(|(field, text, _)| Some((field, leniently(text)?))).collect();
    let answer = Answer {
        asked: shortest(asked),
        certificate: None,
        verdict: Outcome::Undetermined,
        standing: None,
        changed_that_day: false,
        checks: vec![check],
        comparison: compared(&expected, None),
        log: None,
    };
    Told { answer, recorded: 0 }
}

/// A certificate as its record has it; none where that does not verify.
fn answered(answer: &CertificateAnswer) -> Option<Answered> {
    let (id, terms) = answer.finding.genuine.as_ref()?;
    Some(Answered {
        id: *id,
        number: terms.number.clone(),
        holder: terms.holder.clone(),
        level: terms.level,
        scope: terms.scope.clone(),
        standard: terms.standard.clone(),
        issued_on: terms.issued_on,
        valid_until: terms.valid_until,
        record_sha256: answer.certificate.record_sha256().to_owned(),
    })
}

/// A text of the asker as it stands in an answer.
///
/// # Errors
/// `text_empty`; `text_too_long`.
pub(super) fn typed(text: &str, longest: usize, pointer: &str) -> Result<String, Refusal> {
    let clean = seen(text);
    let count = clean.chars().count();
    let refuse = |code, why: String| Err(Refusal::invalid(code, why).under(pointer));
    match count {
        0 => refuse("text_empty", "nothing is there to be read: leave it out, or write it".to_owned()),
        n if n > longest => refuse("text_too_long", format!("it has {n} characters; at most {longest}")),
        _ => Ok(clean),
    }
}

/// An expectation that can be met.
fn known(field: Field, text: String) -> Result<String, Refusal> {
    if field == Field::Level && Level::typed(&text).is_none() {
        let why = format!(
            "“{}” is no level: there are 五星级, 四星级, 三星级 and 达标级. One level is expected, and compared for being that one: leave it out to accept several",
            shown(&text)
        );
        return Err(Refusal::invalid("unknown_level", why).under("/level"));
    }
    Ok(text)
}

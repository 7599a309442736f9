//! Asking about many, one after the other: all as of one moment, each answer with its line and with what it repeats, and the sums.

use super::asking::{Question, Told, not_understood};
use super::list::Entry;
use super::lookup::Asked;
use super::{Service, ServiceError};
use crate::domain::written::folded;
use crate::verify::certificate::Moment;
use crate::verify::receipt::Answer;
use std::collections::HashMap;

/// Most lines that are asked about at once: a whole tender, or all suppliers of a chain.
pub const LINES_MAX: usize = 10_000;

/// Questions answered in one go, by whoever holds a place for heavy work.
pub const AT_ONCE: usize = 64;

/// Questions under way.
pub struct Batch {
    asked: Asked,
    moment: Moment,
    here: String,
    /// Line on which each certificate, or text that names none, came first.
    first: HashMap<String, usize>,
    sums: Sums,
}

/// An answer in its place.
#[derive(Debug, Clone)]
pub struct Row {
    /// Line of its question, from 1.
    pub line: usize,
    /// The answer.
    pub answer: Answer,
    /// The line that was about the same before.
    pub same_as: Option<usize>,
}

/// How many there were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// Questions.
    pub lines: usize,
    /// Answers: of a firm there is one for each certificate.
    pub answers: usize,
    /// Expectations that the register does not confirm.
    pub differences: usize,
    /// Answers about what an earlier line was about.
    pub repeated: usize,
}

impl Service {
    /// Begins with questions about one moment. `here` is the host the pages are reached at, where that is not the one in codes.
    #[must_use]
    pub fn batch(&self, asked: Asked, here: &str) -> Batch {
        // What is on record from before this moment is in what is read.
        let now = self.settled().unwrap_or_else(|_| self.now());
        Batch { asked, moment: asked.moment(now), here: here.to_owned(), first: HashMap::new(), sums: Sums::default() }
    }
}

impl Batch {
    /// The moment all answers are about.
    #[must_use]
    pub const fn moment(&self) -> Moment {
        self.moment
    }

    /// How many there were so far.
    #[must_use]
    pub const fn sums(&self) -> Sums {
        self.sums
    }

    /// Answers the question of that line.
    ///
    /// # Errors
    /// Store failures.
    pub fn ask(&mut self, service: &Service, line: usize, question: &Question) -> Result<Vec<Row>, ServiceError> {
        let told = service.answers(question, self.asked, self.moment, &self.here)?;
        self.sums.lines += 1;
        Ok(told.into_iter().map(|Told { answer, .. }| self.row(line, answer)).collect())
    }

    /// Answers a line of a list; of one that could not be read, that and why.
    ///
    /// # Errors
    /// Store failures.
    pub fn of(&mut self, service: &Service, entry: &Entry) -> Result<Vec<Row>, ServiceError> {
        match &entry.fault {
            None => self.ask(service, entry.row, &entry.question),
            Some(why) => {
                self.sums.lines += 1;
                Ok(vec![self.row(entry.row, not_understood(&entry.question, why, self.moment).answer)])
            }
        }
    }

    fn row(&mut self, line: usize, answer: Answer) -> Row {
        let name = answer.certificate.as_ref().map_or_else(|| folded(&answer.asked), |c| c.id.to_string());
        // Of what was not understood nobody knows whether it is the same.
        let is_understood = answer.checks.iter().all(|check| check.check != "question");
        let first = if is_understood { *self.first.entry(name).or_insert(line) } else { line };
        let same_as = (first != line).then_some(first);
        self.sums.answers += 1;
        self.sums.differences += answer.comparison.iter().filter(|c| !c.same).count();
        self.sums.repeated += usize::from(same_as.is_some());
        Row { line, answer, same_as }
    }
}

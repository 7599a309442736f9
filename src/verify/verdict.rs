//! A verdict and the checks behind it.

use crate::domain::Standing;
use crate::domain::dates::CHINA;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a check settles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckName {
    /// The record is what the body signed, under a key listed for that purpose.
    Signature,
    /// The key was in its window when it signed and is not compromised.
    Key,
    /// The instant asked about lies between first and last day.
    Validity,
    /// Standing at that instant.
    Status,
    /// Whether surveillance is up to date.
    Surveillance,
    /// Licence, medium, host and holder of the mark.
    Mark,
    /// The record's entry is in a checkpoint of the public log.
    Log,
    /// Whose word the keys are that a file is held against.
    Trust,
    /// What a receipt says holds together.
    Receipt,
}

impl CheckName {
    /// For people, in Chinese.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Signature => "签名",
            Self::Key => "密钥",
            Self::Validity => "有效期",
            Self::Status => "状态",
            Self::Surveillance => "监督审查",
            Self::Mark => "标志许可",
            Self::Log => "公开日志",
            Self::Trust => "密钥来源",
            Self::Receipt => "回执内容",
        }
    }

    /// For people, in English.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            Self::Signature => "Signature",
            Self::Key => "Key",
            Self::Validity => "Validity",
            Self::Status => "Status",
            Self::Surveillance => "Surveillance",
            Self::Mark => "Mark licence",
            Self::Log => "Public log",
            Self::Trust => "Trust",
            Self::Receipt => "Receipt",
        }
    }
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckResult {
    /// It holds.
    Ok,
    /// It does not hold.
    Failed,
    /// It could not be settled.
    Undetermined,
}

/// Where a check took its facts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The signed record or code itself.
    Record,
    /// The body's list of keys.
    Keys,
    /// The body's register of events.
    Register,
    /// The body's public log.
    Log,
    /// Status lists the body signed.
    StatusLists,
    /// The list of marks that the body signed.
    MarkList,
    /// Nothing was asked: no register at hand.
    Nothing,
}

impl Source {
    /// For people, in Chinese.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Record => "签名文件",
            Self::Keys => "机构公布的密钥",
            Self::Register => "机构登记簿",
            Self::Log => "公开日志",
            Self::StatusLists => "机构签名的状态清单",
            Self::MarkList => "机构签名的标志清单",
            Self::Nothing => "未联网",
        }
    }

    /// For people, in English.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            Self::Record => "the signed record",
            Self::Keys => "the body's published keys",
            Self::Register => "the body's register",
            Self::Log => "the body's public log",
            Self::StatusLists => "the body's signed status lists",
            Self::MarkList => "the body's signed list of marks",
            Self::Nothing => "nothing: offline",
        }
    }
}

/// One check with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What it settles.
    pub check: CheckName,
    /// How it ended.
    pub result: CheckResult,
    /// Whether the verdict depends on it.
    pub required: bool,
    /// Stable reason in snake_case.
    pub code: &'static str,
    /// What was found, in English.
    pub message: String,
    /// What was found, in Chinese.
    pub message_zh: String,
    /// Where from.
    pub source: Source,
    /// Until when that source was known to be so.
    pub known_at: Timestamp,
}

impl Check {
    /// Whether it holds.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.result == CheckResult::Ok
    }
}

/// The answer in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every required check holds.
    Valid,
    /// A required check failed.
    Invalid,
    /// None failed, but not all could be settled.
    Undetermined,
}

impl Outcome {
    /// What follows from checks, each given as whether it is required and how it ended: no required checks settle nothing.
    #[must_use]
    pub fn of(checks: impl Iterator<Item = (bool, CheckResult)>) -> Self {
        let mut required = checks.filter(|(required, _)| *required).map(|(_, result)| result).peekable();
        if required.peek().is_none() {
            return Self::Undetermined;
        }
        required.fold(Self::Valid, |so_far, result| match (so_far, result) {
            (_, CheckResult::Failed) | (Self::Invalid, _) => Self::Invalid,
            (_, CheckResult::Undetermined) | (Self::Undetermined, _) => Self::Undetermined,
            (Self::Valid, CheckResult::Ok) => Self::Valid,
        })
    }

    /// Name on the wire.
    #[must_use]
    pub const fn wire(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Undetermined => "undetermined",
        }
    }
}

/// The answer with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The answer.
    pub verdict: Outcome,
    /// Standing at the instant, where a register was asked and knew it.
    pub standing: Option<Standing>,
    /// The instant the answer is about.
    pub as_of: Timestamp,
    /// Every check, in the order made.
    pub checks: Vec<Check>,
}

impl Verdict {
    /// Draws the verdict from its checks: no checks settle nothing.
    #[must_use]
    pub fn of(as_of: Timestamp, standing: Option<Standing>, checks: Vec<Check>) -> Self {
        let verdict = Outcome::of(checks.iter().map(|c| (c.required, c.result)));
        // "Valid" is never said of what was not found to be so, and of what cannot be told no standing is known.
        let told = |s: &Standing| if *s == Standing::Valid { Outcome::Valid } else { Outcome::Invalid };
        let standing = standing.filter(|s| verdict == told(s));
        Self { verdict, standing, as_of, checks }
    }

    /// The verdict with one check more.
    #[must_use]
    pub fn with(mut self, check: Check) -> Self {
        self.checks.push(check);
        Self::of(self.as_of, self.standing, self.checks)
    }

    /// The first required check that does not hold.
    #[must_use]
    pub fn obstacle(&self) -> Option<&Check> {
        self.checks
            .iter()
            .find(|c| c.required && c.result == CheckResult::Failed)
            .or_else(|| self.checks.iter().find(|c| c.required && !c.is_ok()))
    }
}

/// The check of a clock that cannot be believed: what rests on today's date cannot be told. `latest` is the last moment that
/// is known to have come.
#[must_use]
pub fn clock_wrong(latest: Timestamp) -> Check {
    let last = CHINA.to_datetime(latest).strftime("%Y-%m-%d %H:%M");
    Draft { name: CheckName::Validity, source: Source::Register, known_at: latest }.unknown(
        "clock_wrong",
        format!("本服务的时钟不准，今天是哪一天无法确定，{last} 以后的状态无法判断"),
        format!("this service's clock is wrong and today's date not certain: how it stands after {last}, China time, cannot be told"),
    )
}

/// A check about to be made: what it settles, from what source, known until when.
pub(super) struct Draft {
    pub name: CheckName,
    pub source: Source,
    pub known_at: Timestamp,
}

impl Draft {
    pub fn end(&self, result: CheckResult, code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Check {
        Check {
            check: self.name,
            result,
            required: !matches!(self.name, CheckName::Surveillance | CheckName::Log),
            code,
            message: en.into(),
            message_zh: zh.into(),
            source: self.source,
            known_at: self.known_at,
        }
    }

    pub fn ok(&self, code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Check {
        self.end(CheckResult::Ok, code, zh, en)
    }

    pub fn failed(&self, code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Check {
        self.end(CheckResult::Failed, code, zh, en)
    }

    pub fn unknown(&self, code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Check {
        self.end(CheckResult::Undetermined, code, zh, en)
    }
}

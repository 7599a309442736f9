//! Reason tables as reported to the regulator. Suspension and withdrawal are different tables: the same code has another
//! meaning in each, so a reason is always read from its own table and an unknown code is refused.

use super::error::{Refusal, shown};
use serde::{Deserialize, Serialize};

/// (code, 中文, English)
type Row = (&'static str, &'static str, &'static str);

const SUSPENSION: &[Row] = &[
    ("0111", "持续或严重不满足认证要求", "persistent or serious failure to meet the requirements"),
    ("0112", "未履行认证合同义务", "duties of the certification contract not met"),
    ("0113", "有效期内受到主管部门处罚", "penalised by an authority during validity"),
    ("0114", "地方认证监管部门发现问题", "found by the local certification authority"),
    ("0115", "资质证照到期，换证已受理尚未批准", "licence expired, renewal accepted but not yet granted"),
    ("0116", "持证组织主动申请暂停", "the holder asked for it"),
    ("0117", "发生重大事故，反映重大缺陷", "major accident showing a major defect"),
    ("0118", "能耗限值不符合要求", "energy limits not met"),
    ("0199", "其他严重不符合未按期纠正", "other serious nonconformity not corrected in time"),
    // Not of the regulator's table: the cause the system itself may act on. It is reported as 0112.
    (SuspensionReason::SURVEILLANCE_OVERDUE, "逾期未接受监督审查", "surveillance overdue"),
];

const WITHDRAWAL: &[Row] = &[
    ("0101", "审查未通过", "evaluation not passed"),
    ("0111", "法律地位被注销或撤销", "legal status cancelled or revoked"),
    ("0112", "拒绝监督或提供虚假材料", "refused supervision or gave false material"),
    ("0113", "经主管部门确认的重大质量安全事故", "major quality or safety accident confirmed by an authority"),
    ("0114", "其他严重违法行为并受处罚", "other serious breach of law, penalised"),
    ("0115", "暂停期满，问题未解决", "suspension ended with its cause not resolved"),
    ("0116", "不再运行服务体系", "service system no longer run"),
    ("0117", "违规使用认证信息，情节严重或逾期未改正", "misuse of certification information, serious or not corrected"),
    ("0120", "被新证书替代", "replaced by a new certificate"),
    ("0121", "未履行认证合同义务", "duties of the certification contract not met"),
    ("0122", "持证组织放弃认证", "the holder gave up certification"),
    ("0199", "其他", "other"),
];

const CANCELLATION: &[Row] = &[
    ("holder_request", "应持证组织申请注销", "at the holder's request"),
    ("holder_gone", "持证组织已终止", "the holder no longer exists"),
];

const SUPERSESSION: &[Row] = &[
    ("recertified", "再认证换发新证", "recertified"),
    ("level_changed", "级别变更换发新证", "level changed"),
    ("scope_changed", "范围变更换发新证", "scope changed"),
    ("holder_changed", "名称或地址变更换发新证", "name or address changed"),
    ("reissued", "更正换发新证", "re-issued with a correction"),
];

const MARK_REVOCATION: &[Row] = &[
    ("misuse", "经确认的违规使用", "confirmed misuse"),
    ("copied", "标志被盗用或复制", "the mark was copied or stolen"),
    ("altered", "标志图样被篡改", "the artwork was altered"),
    ("other", "其他", "other"),
];

const CORRECTION: &[Row] = &[
    ("wrong_certificate", "登记到了别的证书上", "meant for another certificate"),
    (CorrectionReason::WRONG_REASON, "登记的原因有误", "recorded with the wrong reason"),
    (CorrectionReason::WRONG_DATES, "登记的日期有误", "recorded with wrong dates"),
    (CorrectionReason::WRONG_OUTCOME, "登记的监督结果有误", "recorded with the wrong outcome of a surveillance"),
    ("not_decided", "没有作出这项决定", "nothing of the kind was decided"),
    ("overturned", "原决定经申诉、复议或诉讼被撤销", "the decision was overturned on appeal"),
    ("other", "其他登记错误", "another error of the register"),
];

fn find(table: &'static [Row], what: &str, code: &str) -> Result<Row, Refusal> {
    table.iter().find(|r| r.0 == code).copied().ok_or_else(|| {
        let known: Vec<&str> = table.iter().map(|r| r.0).collect();
        Refusal::invalid(
            "unknown_reason",
            format!("“{}” is no reason for {what}: there are {}", shown(code), known.join(", ")),
        )
        .under("/reason")
    })
}

macro_rules! reason {
    ($(#[$doc:meta])* $name:ident, $table:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(Row);

        impl $name {
            /// Reads a code of this table.
            ///
            /// # Errors
            /// `unknown_reason` lists the codes there are.
            pub fn parse(code: &str) -> Result<Self, Refusal> {
                find($table, $what, code).map(Self)
            }

            /// Every reason of this table.
            pub fn all() -> impl Iterator<Item = Self> {
                $table.iter().map(|r| Self(*r))
            }

            /// The code.
            #[must_use]
            pub fn code(self) -> &'static str {
                self.0.0
            }

            /// For people, in Chinese.
            #[must_use]
            pub fn zh(self) -> &'static str {
                self.0.1
            }

            /// For people, in English.
            #[must_use]
            pub fn en(self) -> &'static str {
                self.0.2
            }
        }

        impl From<$name> for String {
            fn from(r: $name) -> String {
                r.code().to_owned()
            }
        }

        impl TryFrom<String> for $name {
            type Error = Refusal;
            fn try_from(code: String) -> Result<Self, Refusal> {
                Self::parse(&code)
            }
        }
    };
}

reason!(
    /// Why a certificate is suspended (the regulator's table of suspension reasons, and `surveillance_overdue`).
    SuspensionReason, SUSPENSION, "a suspension"
);
reason!(
    /// Why a certificate is withdrawn (regulator's table of withdrawal reasons).
    WithdrawalReason, WITHDRAWAL, "a withdrawal"
);
reason!(
    /// Why a certificate is cancelled.
    CancellationReason, CANCELLATION, "a cancellation"
);
reason!(
    /// Why a certificate is superseded by a new one.
    SupersessionReason, SUPERSESSION, "a supersession"
);
reason!(
    /// Why a mark licence is revoked.
    MarkRevocationReason, MARK_REVOCATION, "revoking a mark"
);
reason!(
    /// What was wrong with a step that an erratum takes back.
    CorrectionReason, CORRECTION, "an erratum"
);

impl CorrectionReason {
    /// Code of a suspension or an end that holds, for another reason.
    pub const WRONG_REASON: &'static str = "wrong_reason";
    /// Code of something that happened on other days.
    pub const WRONG_DATES: &'static str = "wrong_dates";
    /// Code of a surveillance that found something else.
    pub const WRONG_OUTCOME: &'static str = "wrong_outcome";

    /// Whether something of the kind did happen, so that the right thing is to be recorded in its place.
    #[must_use]
    pub fn calls_for_another(self) -> bool {
        matches!(self.code(), Self::WRONG_REASON | Self::WRONG_DATES | Self::WRONG_OUTCOME)
    }
}

impl SuspensionReason {
    /// Code of the one reason for which the system itself may suspend.
    pub const SURVEILLANCE_OVERDUE: &'static str = "surveillance_overdue";
}

impl WithdrawalReason {
    /// Code of a withdrawal because a suspension ended with its cause not resolved.
    pub const SUSPENSION_ENDED: &'static str = "0115";
    /// Code of a replacement by a new certificate; this register records that as a supersession.
    pub const REPLACED: &'static str = "0120";
}

impl SupersessionReason {
    /// Code of a recertification: the successor has a term of its own.
    pub const RECERTIFIED: &'static str = "recertified";
    /// Code of a change of level, which takes a score sheet.
    pub const LEVEL_CHANGED: &'static str = "level_changed";
    /// Code of a change of scope or sites.
    pub const SCOPE_CHANGED: &'static str = "scope_changed";
    /// Code of a change of the holder's name or address.
    pub const HOLDER_CHANGED: &'static str = "holder_changed";
    /// Code of a correction.
    pub const REISSUED: &'static str = "reissued";
}

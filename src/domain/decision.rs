//! A certification decision as bodies hand it in, held against the scheme. The level is computed here, never typed.

use super::dates::parse_date;
use super::error::{Refusal, shown};
use super::holder::{Holder, Site};
use super::level::Level;
use super::number::CertificateNumber;
use super::record::MAX_SITES;
use super::scheme::Scheme;
use super::score::{Outcome, Score, score};
use super::text::{Address, Name, Note, PersonCode, Reference, Scope};
use super::uscc::Uscc;
use super::written::plain;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most special deductions a sheet may list; five fail already.
const MAX_SPECIAL_DEDUCTIONS: usize = 100;
/// Most persons in one role of a decision.
const MAX_PERSONS: usize = 30;

/// The decision as written (NDJSON line, JSON document or request body).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionInput {
    /// The body's unique reference.
    pub reference: String,
    /// Scheme identifier.
    pub scheme: String,
    /// Certificate number, or null to let the body's pattern allocate one.
    #[serde(default)]
    pub number: Option<String>,
    /// Who is certified.
    pub holder: HolderInput,
    /// Scope of certification.
    pub scope: String,
    /// Sites covered.
    #[serde(default)]
    pub sites: Vec<SiteInput>,
    /// Evaluation; null only where a supersession carries the level over.
    #[serde(default)]
    pub score_sheet: Option<SheetInput>,
    /// A level below the computed one, or null.
    #[serde(default)]
    pub level: Option<String>,
    /// Why it is lower.
    #[serde(default)]
    pub level_reason: Option<String>,
    /// Who evaluated.
    pub evaluators: Vec<String>,
    /// Who reviewed.
    pub reviewed_by: Vec<String>,
    /// Who decided.
    pub decided_by: Vec<String>,
    /// Who countersigned.
    pub countersigned_by: String,
    /// Last day on site.
    pub on_site_ended_on: String,
    /// Day of the decision.
    pub decided_on: String,
    /// First day of the certificate.
    pub issued_on: String,
}

/// Holder as written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HolderInput {
    /// Registered name.
    pub name: String,
    /// Unified social credit code.
    pub uscc: String,
    /// Registered address.
    pub address: String,
}

/// Site as written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteInput {
    /// Name of the site.
    pub name: String,
    /// Its address.
    pub address: String,
}

/// Score sheet as written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SheetInput {
    /// One item for each clause of the scheme.
    pub items: Vec<ItemInput>,
    /// Special deductions found.
    #[serde(default)]
    pub special_deductions: Vec<DeductionInput>,
    /// The special bonus, or null.
    #[serde(default)]
    pub special_bonus: Option<BonusInput>,
}

/// One clause's finding as written: a `result`, or a sample.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemInput {
    /// Clause of the scheme.
    pub clause: String,
    /// `conform`, `nonconform` or `not_applicable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// Why it is not applicable (required then), or a remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Samples taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampled: Option<u32>,
    /// Samples that did not conform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonconforming: Option<u32>,
}

/// A special deduction as written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeductionInput {
    /// What was found.
    pub reason: String,
    /// Whether it has been corrected; it must be before a certificate is issued.
    pub corrected: bool,
}

/// The special bonus as written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BonusInput {
    /// What goes beyond the law and leads the industry.
    pub reason: String,
}

/// A decision that holds.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The body's reference.
    pub reference: Reference,
    /// Number asked for.
    pub number: Option<CertificateNumber>,
    /// Who is certified.
    pub holder: Holder,
    /// Scope.
    pub scope: Scope,
    /// Sites.
    pub sites: Vec<Site>,
    /// Score, where there was an evaluation.
    pub score: Option<Score>,
    /// Level granted, where there was an evaluation.
    pub level: Option<Level>,
    /// Last day on site.
    pub on_site_ended_on: Date,
    /// Day of the decision.
    pub decided_on: Date,
    /// First day of the certificate.
    pub issued_on: Date,
}

impl Decision {
    /// Holds a written decision against the scheme, on the day `today`.
    ///
    /// # Errors
    /// Every fault found, each with its pointer; a sheet that does not pass is `not_certifiable`.
    pub fn check(input: &DecisionInput, scheme: &Scheme, today: Date) -> Result<Self, Vec<Refusal>> {
        let mut faults = Faults::default();
        let reference = faults.keep(Reference::parse(&input.reference), "/reference");
        if input.scheme != scheme.id {
            faults.add(
                Refusal::invalid(
                    "unknown_scheme",
                    format!("“{}” is not loaded; “{}” is", shown(&input.scheme), scheme.id),
                ),
                "/scheme",
            );
        }
        let number = input.number.as_deref().map(|n| faults.keep(CertificateNumber::parse(n), "/number"));
        let holder = faults.holder(&input.holder);
        let scope = faults.keep(Scope::parse(&input.scope), "/scope");
        let sites = faults.sites(&input.sites);
        faults.persons(input);
        let dates = faults.dates(input, today);
        let score = input.score_sheet.as_ref().map(|sheet| faults.sheet(sheet, scheme));
        let level = score.as_ref().and_then(|s| s.as_ref()).and_then(|s| faults.level(input, s, scheme));
        if input.score_sheet.is_none() && input.level.is_some() {
            faults.add(
                Refusal::invalid("level_without_sheet", "a level is computed from a score sheet, and there is none"),
                "/level",
            );
        }
        match (reference, holder, scope, dates, faults.0.is_empty()) {
            (Some(reference), Some(holder), Some(scope), Some((on_site_ended_on, decided_on, issued_on)), true) => {
                Ok(Self {
                    reference,
                    number: number.flatten(),
                    holder,
                    scope,
                    sites,
                    score: score.flatten(),
                    level,
                    on_site_ended_on,
                    decided_on,
                    issued_on,
                })
            }
            _ => Err(faults.0),
        }
    }
}

/// Whether a person is one of these, however the code is written: `e-01`, `Ｅ-01` and `E — 01` are `E-01`.
fn is_among(person: &PersonCode, others: &[PersonCode]) -> bool {
    let folded = |p: &PersonCode| -> String {
        plain(p.as_str()).chars().filter(|c| *c != ' ').flat_map(char::to_uppercase).collect()
    };
    others.iter().any(|o| folded(o) == folded(person))
}

/// Collects faults, so that a person sees all of them at once.
#[derive(Default)]
struct Faults(Vec<Refusal>);

impl Faults {
    fn add(&mut self, refusal: Refusal, pointer: &str) {
        self.0.push(refusal.under(pointer));
    }

    fn keep<T>(&mut self, parsed: Result<T, Refusal>, pointer: &str) -> Option<T> {
        parsed.map_err(|r| self.add(r, pointer)).ok()
    }

    fn holder(&mut self, input: &HolderInput) -> Option<Holder> {
        let name = self.keep(Name::parse(&input.name), "/holder/name");
        let uscc = self.keep(Uscc::parse(&input.uscc), "/holder/uscc");
        let address = self.keep(Address::parse(&input.address), "/holder/address");
        Some(Holder { name: name?, uscc: uscc?, address: address? })
    }

    fn sites(&mut self, input: &[SiteInput]) -> Vec<Site> {
        if input.len() > MAX_SITES {
            self.add(
                Refusal::invalid("too_many_sites", format!("{} sites; at most {MAX_SITES}", input.len())),
                "/sites",
            );
            return vec![];
        }
        let mut sites = Vec::with_capacity(input.len());
        for (i, site) in input.iter().enumerate() {
            let name = self.keep(Name::parse(&site.name), &format!("/sites/{i}/name"));
            let address = self.keep(Address::parse(&site.address), &format!("/sites/{i}/address"));
            if let (Some(name), Some(address)) = (name, address) {
                sites.push(Site { name, address });
            }
        }
        sites
    }

    fn people(&mut self, input: &[String], pointer: &str, what: &str) -> Vec<PersonCode> {
        if input.is_empty() || input.len() > MAX_PERSONS {
            self.add(Refusal::invalid("persons_missing", format!("{what}: name 1 to {MAX_PERSONS} persons")), pointer);
            return vec![];
        }
        let mut people = vec![];
        for (i, code) in input.iter().enumerate() {
            people.extend(self.keep(PersonCode::parse(code), &format!("{pointer}/{i}")));
        }
        people
    }

    /// Separation of duties is by person: who evaluates never reviews, decides or countersigns.
    fn persons(&mut self, input: &DecisionInput) {
        let evaluators = self.people(&input.evaluators, "/evaluators", "evaluators");
        for (codes, pointer, does) in
            [(&input.reviewed_by, "/reviewed_by", "review"), (&input.decided_by, "/decided_by", "decide on")]
        {
            for (i, person) in self.people(codes, pointer, &pointer[1..]).iter().enumerate() {
                if is_among(person, &evaluators) {
                    self.add(
                        Refusal::rule(
                            "duties_not_separated",
                            format!("{person} evaluated this applicant and may not {does} it"),
                        ),
                        &format!("{pointer}/{i}"),
                    );
                }
            }
        }
        if let Some(person) = self.keep(PersonCode::parse(&input.countersigned_by), "/countersigned_by") {
            let pointer = "/countersigned_by";
            if is_among(&person, &evaluators) {
                self.add(
                    Refusal::rule(
                        "duties_not_separated",
                        format!("{person} evaluated this applicant and may not countersign it"),
                    ),
                    pointer,
                );
            }
            if input
                .decided_by
                .iter()
                .all(|d| PersonCode::parse(d).is_ok_and(|d| is_among(&d, std::slice::from_ref(&person))))
            {
                self.add(
                    Refusal::rule(
                        "duties_not_separated",
                        format!("{person} is the sole decider and may not countersign: two persons sign"),
                    ),
                    pointer,
                );
            }
        }
    }

    fn dates(&mut self, input: &DecisionInput, today: Date) -> Option<(Date, Date, Date)> {
        let on_site = self.keep(parse_date(&input.on_site_ended_on), "/on_site_ended_on");
        let decided = self.keep(parse_date(&input.decided_on), "/decided_on");
        let issued = self.keep(parse_date(&input.issued_on), "/issued_on");
        let (on_site, decided, issued) = (on_site?, decided?, issued?);
        if decided > today {
            self.add(
                Refusal::rule(
                    "in_the_future",
                    format!("decided on {decided}, but today is {today}: a decision is not recorded before it is made"),
                ),
                "/decided_on",
            );
        }
        if on_site > decided {
            self.add(
                Refusal::rule(
                    "dates_out_of_order",
                    format!("on site until {on_site}, decided on {decided}: the decision comes after"),
                ),
                "/on_site_ended_on",
            );
        }
        if decided > issued {
            self.add(
                Refusal::rule(
                    "dates_out_of_order",
                    format!(
                        "issued on {issued}, decided on {decided}: a certificate is not issued before its decision"
                    ),
                ),
                "/issued_on",
            );
        }
        Some((on_site, decided, issued))
    }

    fn sheet(&mut self, sheet: &SheetInput, scheme: &Scheme) -> Option<Score> {
        let before = self.0.len();
        let mut found = BTreeMap::new();
        for (i, item) in sheet.items.iter().enumerate() {
            let pointer = format!("/score_sheet/items/{i}");
            if scheme.clause(&item.clause).is_none() {
                self.add(
                    Refusal::invalid("unknown_clause", format!("the scheme has no clause “{}”", shown(&item.clause))),
                    &format!("{pointer}/clause"),
                );
                continue;
            }
            let Some(outcome) = self.outcome(item, &pointer) else { continue };
            if found.insert(item.clause.as_str(), outcome).is_some() {
                self.add(
                    Refusal::invalid(
                        "clause_twice",
                        format!("clause {} stands twice; each clause has one item", item.clause),
                    ),
                    &pointer,
                );
            }
            self.keep(outcome.check(), &format!("{pointer}/sampled"));
        }
        for clause in &scheme.clauses {
            if !sheet.items.iter().any(|i| i.clause == clause.id) {
                self.add(
                    Refusal::invalid(
                        "clause_missing",
                        format!(
                            "clause {} {} has no item; mark it not_applicable with a reason if it does not apply",
                            clause.id, clause.title_zh
                        ),
                    ),
                    "/score_sheet/items",
                );
            }
        }
        self.specials(sheet);
        if self.0.len() > before {
            return None;
        }
        let items = scheme.clauses.iter().filter_map(|c| found.get(c.id.as_str()).map(|o| (&c.points, *o)));
        let specials = u32::try_from(sheet.special_deductions.len()).unwrap_or(u32::MAX);
        self.keep(score(items, specials, sheet.special_bonus.is_some()), "/score_sheet/items")
    }

    fn outcome(&mut self, item: &ItemInput, pointer: &str) -> Option<Outcome> {
        match (item.result.as_deref(), item.sampled, item.nonconforming) {
            (None, Some(sampled), Some(nonconforming)) => Some(Outcome::Sampled { sampled, nonconforming }),
            (Some("conform"), None, None) => Some(Outcome::Conform),
            (Some("nonconform"), None, None) => Some(Outcome::Nonconform),
            (Some("not_applicable"), None, None) => {
                let reason = item.reason.as_deref().unwrap_or_default();
                self.keep(Note::parse(reason), &format!("{pointer}/reason"))?;
                Some(Outcome::NotApplicable)
            }
            _ => {
                self.add(
                    Refusal::invalid("bad_item", "an item has either result (conform, nonconform, not_applicable) or both sampled and nonconforming"),
                    pointer,
                );
                None
            }
        }
    }

    fn specials(&mut self, sheet: &SheetInput) {
        if sheet.special_deductions.len() > MAX_SPECIAL_DEDUCTIONS {
            self.add(
                Refusal::invalid("too_many_special_deductions", format!("at most {MAX_SPECIAL_DEDUCTIONS}")),
                "/score_sheet/special_deductions",
            );
            return;
        }
        for (i, deduction) in sheet.special_deductions.iter().enumerate() {
            let pointer = format!("/score_sheet/special_deductions/{i}");
            self.keep(Note::parse(&deduction.reason), &format!("{pointer}/reason"));
            if !deduction.corrected {
                self.add(
                    Refusal::rule(
                        "deduction_not_corrected",
                        "a special deduction must be corrected before a certificate is issued",
                    ),
                    &format!("{pointer}/corrected"),
                );
            }
        }
        if let Some(bonus) = &sheet.special_bonus {
            self.keep(Note::parse(&bonus.reason), "/score_sheet/special_bonus/reason");
        }
    }

    fn level(&mut self, input: &DecisionInput, score: &Score, scheme: &Scheme) -> Option<Level> {
        let Some(computed) = score.level(&scheme.thresholds) else {
            let why = if score.special_deductions >= scheme.thresholds.failing_special_deductions {
                format!("{} special deductions fail the applicant whatever the score", score.special_deductions)
            } else {
                let least = scheme.thresholds.levels.last().map(|(_, least)| least.to_string()).unwrap_or_default();
                format!("the score is {}; the lowest level asks for {least}", score.display())
            };
            self.add(Refusal::rule("not_certifiable", why), "/score_sheet");
            return None;
        };
        let Some(asked) = input.level.as_deref() else { return Some(computed) };
        let asked = self.keep(Level::parse(asked), "/level")?;
        if asked > computed {
            self.add(
                Refusal::rule(
                    "level_above_computed",
                    format!(
                        "the score sheet gives {} ({}); a decision may lower the level, never raise it to {}",
                        computed.wire(),
                        score.display(),
                        asked.wire()
                    ),
                ),
                "/level",
            );
            return None;
        }
        if asked < computed {
            self.keep(Note::parse(input.level_reason.as_deref().unwrap_or_default()), "/level_reason")?;
        }
        Some(asked)
    }
}

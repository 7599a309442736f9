//! How often marks are scanned: counts a day, by a coarse class of where the reader came from. No address, no cookie, no time of
//! day: of who scanned nothing is kept.

use super::actor::Actor;
use super::{Service, ServiceError};
use crate::domain::dates::{add_days, china_day, parse_date};
use crate::domain::{MarkId, Role};
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Folder of the counts, one file a day.
pub(super) const FOLDER: &str = "signals";
/// How often they are put on file: what a power loss takes away are counts of so long.
const EVERY: Duration = Duration::from_secs(60);
/// Days that say what is usual.
const USUAL_DAYS: i32 = 28;
/// Days that counts are kept.
pub const KEPT_DAYS: i32 = 400;
/// Fewer scans a day than this are never unusual.
const UNUSUAL_MIN: u64 = 100;
/// Nor are fewer than so many times those of the busiest of the usual days.
const UNUSUAL_TIMES: u64 = 5;

/// Where the reader came from, as coarse as can be of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// From no page: a camera, or an address that was typed.
    Direct,
    /// WeChat's own browser.
    WeChat,
    /// Alipay's own browser.
    Alipay,
    /// A page of ours, such as the one to check a mark.
    Own,
    /// Another site.
    Web,
}

impl Source {
    /// Every class, in the order of the counts.
    pub const ALL: [Self; 5] = [Self::Direct, Self::WeChat, Self::Alipay, Self::Own, Self::Web];

    /// Name on the wire.
    #[must_use]
    pub const fn wire(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::WeChat => "wechat",
            Self::Alipay => "alipay",
            Self::Own => "own",
            Self::Web => "web",
        }
    }
}

/// Scans of a mark on a day, by class.
pub type Scans = [u32; Source::ALL.len()];

/// A mark that is scanned far more than it usually is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusual {
    /// Which.
    pub mark: MarkId,
    /// The day.
    pub day: Date,
    /// Its scans.
    pub scans: Scans,
    /// Scans on the busiest of the 28 days before.
    pub busiest: u64,
}

#[derive(Default)]
pub(super) struct Signals(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    /// The last days; none before they were read.
    days: Option<BTreeMap<Date, BTreeMap<MarkId, Scans>>>,
    /// The days that are not on file as they are.
    changed: Vec<Date>,
}

/// All scans of a day.
#[must_use]
pub fn total(scans: &Scans) -> u64 {
    scans.iter().map(|n| u64::from(*n)).sum()
}

fn key(day: Date) -> String {
    format!("{FOLDER}/{day}.json")
}

impl Service {
    /// Counts a scan.
    pub fn count_scan(&self, mark: MarkId, source: Source) {
        let day = china_day(self.now());
        // Where the counts cannot be read, the log says so when they are to be put on file.
        let Ok(mut counts) = self.counts() else { return };
        let Counts { days: Some(days), changed } = &mut *counts else { return };
        let scans = days.entry(day).or_default().entry(mark).or_default();
        let count = &mut scans[source as usize];
        *count = count.saturating_add(1);
        if !changed.contains(&day) {
            changed.push(day);
        }
    }

    /// Puts the counts on file.
    ///
    /// # Errors
    /// Store failures; then they are tried again the next time.
    pub fn keep_counts(&self) -> Result<(), ServiceError> {
        let today = china_day(self.now());
        let oldest = add_days(today, -USUAL_DAYS);
        // Written without the counts in hand: no scan waits for the disk.
        let (changed, is_new_day) = {
            let mut counts = self.counts()?;
            let Counts { days: Some(days), changed } = &mut *counts else { return Ok(()) };
            let is_new_day = days.first_key_value().is_some_and(|(day, _)| *day < oldest);
            let text = |day: &Date| {
                let marks = days.get(day).into_iter().flatten();
                (*day, marks.map(|(mark, scans)| (mark.to_string(), *scans)).collect::<BTreeMap<String, Scans>>())
            };
            let texts: Vec<_> = changed.iter().map(text).collect();
            changed.clear();
            *days = days.split_off(&oldest);
            (texts, is_new_day)
        };
        for (n, (day, scans)) in changed.iter().enumerate() {
            let json = serde_json::to_vec(scans).map_err(|e| ServiceError::SelfCheck(e.to_string()))?;
            if let Err(error) = self.drawer.put(&key(*day), &json) {
                let left = changed[n..].iter().map(|(day, _)| *day);
                self.counts()?.changed.extend(left);
                return Err(error.into());
            }
        }
        if is_new_day {
            for name in self.drawer.names(FOLDER)? {
                let day = name.strip_suffix(".json").and_then(|day| parse_date(day).ok());
                if day.is_some_and(|day| day < add_days(today, -KEPT_DAYS)) {
                    self.drawer.remove(&format!("{FOLDER}/{name}"))?;
                }
            }
        }
        Ok(())
    }

    /// Begins to put the counts on file now and then, until the service is gone.
    pub fn start_counting(self: &Arc<Self>) {
        let service = Arc::downgrade(self);
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(EVERY);
                let Some(service) = service.upgrade() else { return };
                if let Err(error) = service.keep_counts() {
                    tracing::error!(why = error.in_full(), "the counts of scans were not put on file");
                }
            }
        });
    }

    /// Scans of a mark on each of the last 29 days that has some, the newest first.
    ///
    /// # Errors
    /// `role_missing`; store failures.
    pub fn scans_of(&self, actor: &Actor, mark: MarkId) -> Result<Vec<(Date, Scans)>, ServiceError> {
        actor.acting_as_one_of(&Role::OF_TOKENS)?;
        let counts = self.counts()?;
        let days = counts.days.iter().flatten().rev();
        Ok(days.filter_map(|(day, marks)| Some((*day, *marks.get(&mark)?))).collect())
    }

    /// Marks that were scanned far more than usual today or yesterday, the most scanned first.
    ///
    /// # Errors
    /// `role_missing`; store failures.
    pub fn unusual_scans(&self, actor: &Actor) -> Result<Vec<Unusual>, ServiceError> {
        actor.acting_as_one_of(&Role::OF_TOKENS)?;
        let today = china_day(self.now());
        let counts = self.counts()?;
        let Some(days) = &counts.days else { return Ok(vec![]) };
        let mut unusual = BTreeMap::<MarkId, Unusual>::new();
        for day in [today, add_days(today, -1)] {
            for (mark, scans) in days.get(&day).into_iter().flatten().filter(|(_, s)| total(s) >= UNUSUAL_MIN) {
                let before = days.range(add_days(day, -USUAL_DAYS)..day).filter_map(|(_, marks)| marks.get(mark));
                let busiest = before.map(total).max().unwrap_or(0);
                if total(scans) > busiest * UNUSUAL_TIMES {
                    let found = Unusual { mark: *mark, day, scans: *scans, busiest };
                    // Of two days the later one.
                    unusual.entry(*mark).or_insert(found);
                }
            }
        }
        let mut all: Vec<Unusual> = unusual.into_values().collect();
        all.sort_by_key(|u| std::cmp::Reverse(total(&u.scans)));
        Ok(all)
    }

    /// The counts, read where they were not yet.
    fn counts(&self) -> Result<MutexGuard<'_, Counts>, ServiceError> {
        let mut counts = self.signals.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.days.is_none() {
            let from = add_days(china_day(self.now()), -USUAL_DAYS);
            let mut days = BTreeMap::new();
            for name in self.drawer.names(FOLDER)? {
                let day = name.strip_suffix(".json").and_then(|day| parse_date(day).ok());
                let Some(day) = day.filter(|day| *day >= from) else { continue };
                let bytes = self.drawer.get(&key(day))?.unwrap_or_default();
                match read(&bytes) {
                    Ok(marks) => drop(days.insert(day, marks)),
                    // Counts of one day are no reason to count no more.
                    Err(why) => {
                        tracing::error!(why, file = key(day), "counts of scans cannot be read, and are left out")
                    }
                }
            }
            counts.days = Some(days);
        }
        Ok(counts)
    }
}

/// Reads the counts of a day.
fn read(bytes: &[u8]) -> Result<BTreeMap<MarkId, Scans>, String> {
    let read: BTreeMap<String, Scans> = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    read.into_iter().map(|(mark, scans)| Ok((MarkId::parse(&mark).map_err(|e| e.to_string())?, scans))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing;

    fn mark(n: u8) -> MarkId {
        MarkId::from_bytes([1, 2, 3, 4, 5, n])
    }

    fn scanned(service: &Service, n: u8, times: usize) {
        (0..times).for_each(|_| service.count_scan(mark(n), Source::WeChat));
    }

    #[test]
    fn far_beyond_its_busiest_day_is_unusual_and_nothing_else() {
        let (service, clock) = testing::service_with_clock();
        let staff = Actor::local("test");
        let unusual =
            || service.unusual_scans(&staff).unwrap().into_iter().map(|u| (u.mark, u.busiest)).collect::<Vec<_>>();
        let day = |n: i64| clock.set(service_day(n));
        // One that is scanned much every day, one that rarely is, one that never was.
        for n in 0..10 {
            day(n);
            scanned(&service, 1, 90);
            scanned(&service, 2, 4);
        }
        day(10);
        scanned(&service, 1, 450);
        scanned(&service, 2, 99);
        scanned(&service, 3, 99);
        assert_eq!(unusual(), vec![]);
        scanned(&service, 1, 1);
        scanned(&service, 2, 1);
        scanned(&service, 3, 1);
        assert_eq!(unusual(), [(mark(1), 90), (mark(2), 4), (mark(3), 0)]);
        // It is told a day longer, of two days the later one; and what has become usual is not unusual.
        day(11);
        scanned(&service, 2, 400);
        assert_eq!(unusual().len(), 3);
        scanned(&service, 2, 200);
        assert_eq!(unusual()[0], (mark(2), 100));
        day(12);
        scanned(&service, 2, 400);
        day(13);
        assert_eq!(unusual(), vec![]);
    }

    fn service_day(n: i64) -> jiff::Timestamp {
        let first: jiff::Timestamp = "2026-05-08T04:00:00Z".parse().unwrap();
        first + jiff::SignedDuration::from_hours(24 * n)
    }

    #[test]
    fn counts_outlast_a_restart_and_old_ones_go() {
        let (service, clock) = testing::service_with_clock();
        scanned(&service, 1, 3);
        service.count_scan(mark(1), Source::Direct);
        service.keep_counts().unwrap();
        assert_eq!(service.drawer.names(FOLDER).unwrap(), ["2026-05-08.json"]);
        *service.signals.0.lock().unwrap() = Counts::default();
        let of = |service: &Service| service.scans_of(&Actor::local("test"), mark(1)).unwrap();
        assert_eq!(of(&service), [("2026-05-08".parse().unwrap(), [1, 3, 0, 0, 0])]);
        clock.set(service_day(500));
        scanned(&service, 1, 1);
        service.keep_counts().unwrap();
        assert_eq!(service.drawer.names(FOLDER).unwrap().len(), 1);
        assert_eq!(of(&service).len(), 1);
    }
}

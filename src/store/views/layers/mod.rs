//! Views in a directory: what is new in sled (the newest in memory), what has settled in one sorted file ([`Settled`]). sled holds a page of every few pairs
//! in memory and reads its table of pages at every start, so it is kept small; the file is neither held nor read as a whole.
//!
//! While new pairs settle, those that come meanwhile go into a sled of their own: a file of N pairs takes long to write, and nobody who
//! writes waits for it.

mod ended;
mod merge;

use ended::ended;
use merge::{Cursor, merge};

use super::settled::{Settled, Writer};
use super::sled::Recent;
use super::{Applied, END_KEY, Each, FIRST_KEY, Settling, ViewWrite, Views, ViewsSource, damaged};
use crate::store::StoreError;
use crate::store::disk::{Disk as _, RealDisk};
use crate::store::journal::io_error;
use std::fs::File;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

/// Name of the file of what has settled, and of the next one until it is whole.
const SETTLED: &str = "settled";
const NEXT: &str = "settled.new";
/// Name of sled's directories, before their generation.
const RECENT: &str = "recent-";
/// Says that the process before ended in order, and on what; gone while one is at work.
const ENDED: &str = "ended";
/// Says that damage was met.
const DOUBTED: &str = "doubted";
/// New pairs that are left to lie, at least: 10,000 certificates'.
const FEW: u64 = 100_000;
/// New pairs settle as soon as they are more than this part of all, and when there is nothing better to do at an eighth of that: the
/// whole is written again each time.
const PART: u64 = 8;

/// How often it is looked whether somebody still reads what has settled in sled, and how often in all: ten seconds.
const STEP: Duration = Duration::from_millis(2);
const READERS_WAITED_FOR: u32 = 5_000;
/// Bytes of the disk that settling leaves to the journal.
const LEFT_FREE: u64 = 256 << 20;

/// What has settled, and what is new on top of it.
struct Layers {
    settled: Option<Arc<Settled>>,
    /// What is settling: nothing is written into it any more.
    settling: Option<Arc<Recent>>,
    recent: Arc<Recent>,
}

/// Views in a directory.
pub struct LayeredViews {
    dir: PathBuf,
    /// None once they are closed.
    layers: RwLock<Option<Arc<Layers>>>,
    /// Held by whoever writes, and while what is new becomes what is settling.
    writing: Mutex<()>,
    /// Held by whoever has them settle: one at a time.
    one_settles: Mutex<()>,
}

impl Layers {
    fn generation(&self) -> u64 {
        self.settled.as_ref().map_or(0, |s| s.generation)
    }

    fn settled_on(&self) -> Applied {
        self.settled.as_ref().map_or(Applied::START, |s| s.applied)
    }

    /// What is not in the settled file, the newest first.
    fn unsettled(&self) -> impl Iterator<Item = &Recent> {
        std::iter::once(&*self.recent).chain(self.settling.as_deref())
    }

    /// What it all stands on.
    fn applied(&self) -> Result<Applied, StoreError> {
        for recent in self.unsettled() {
            if let Some(applied) = recent.applied()? {
                return Ok(applied);
            }
        }
        Ok(self.settled_on())
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        for recent in self.unsettled() {
            if let Some(found) = recent.get(key)? {
                return Ok(found);
            }
        }
        self.settled.as_ref().map_or(Ok(None), |s| s.get(key))
    }

    fn last_key(&self, from: &[u8], to: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let mut to = to.to_vec();
        loop {
            let mut found = vec![];
            for recent in self.unsettled() {
                found.extend(recent.last(from, &to)?);
            }
            let settled = self.settled.as_ref().map(|s| s.last_key(from, &to)).transpose()?.flatten();
            found.extend(settled.map(|key| (key, true)));
            // Of equal keys the newest counts: the last of them, seen from the end.
            match found.into_iter().rev().max_by(|(a, _), (b, _)| a.cmp(b)) {
                Some((key, false)) => to = key,
                found => return Ok(found.map(|(key, _)| key)),
            }
        }
    }

    fn scan(&self, from: &[u8], to: &[u8], each: &mut Each<'_>) -> Result<(), StoreError> {
        scan(self.unsettled(), self.settled.as_deref(), from, to, each)
    }

    /// Holds what is new, on top of what has settled, against what it says it stands on.
    fn check_recent(&self) -> Result<Applied, StoreError> {
        let applied = self.applied()?;
        let mut found = Applied { tip: applied.tip, ..self.settled_on() };
        // Nothing waits yet.
        let (_, mut pairs) = self.recent.between(FIRST_KEY, END_KEY)?;
        while let Some((key, value)) = pairs.peek() {
            let was = self.settled.as_ref().map(|s| s.get(key)).transpose()?.flatten();
            if let Some(was) = was {
                found.remove(key, &was);
            }
            if let Some(value) = value {
                found.add(key, value);
            }
            pairs.pass()?;
        }
        found.must_be(applied)
    }
}

/// Hands out the pairs from `from` on and before `to` of what is new, the newest first, and what has settled below.
fn scan<'a>(
    new: impl Iterator<Item = &'a Recent>,
    settled: Option<&'a Settled>,
    from: &[u8],
    to: &[u8],
    each: &mut Each<'_>,
) -> Result<(), StoreError> {
    let mut layers: Vec<Box<dyn Cursor + 'a>> = vec![];
    for recent in new {
        let (incoming, pairs) = recent.between(from, to)?;
        layers.push(Box::new(incoming));
        layers.push(Box::new(pairs));
    }
    if let Some(settled) = settled.filter(|settled| settled.may_hold(from, to)) {
        layers.push(Box::new(settled.from(from)?));
    }
    merge(&mut layers, to, each)
}

impl LayeredViews {
    fn layers(&self) -> Result<Arc<Layers>, StoreError> {
        let layers = self.layers.read().unwrap_or_else(PoisonError::into_inner).clone();
        layers.ok_or_else(closed)
    }

    /// Notes damage, so that the next start makes them all anew: what is asked for may be what it hid.
    fn noting<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(StoreError::Corrupt { table: "views", .. }) = &result {
            // Where that cannot be noted, the damage is met again.
            let _ = File::create(self.dir.join(DOUBTED));
        }
        result
    }

    /// Opens what is there. What is new is thrown away where it does not go with what has settled: the journal has it.
    fn open(dir: &Path) -> Result<Self, StoreError> {
        let failed = |what: &'static str| io_error(move || format!("{what} {}", dir.display()));
        std::fs::create_dir_all(dir).map_err(failed("create"))?;
        if dir.join(DOUBTED).exists() {
            return Err(damaged("pairs", "the process before met with damage in them".into()));
        }
        let note = std::fs::read(dir.join(ENDED)).ok();
        if note.is_some() {
            std::fs::remove_file(dir.join(ENDED)).map_err(failed("tidy"))?;
            sync(dir)?;
        }
        let settled = Settled::open(&dir.join(SETTLED))?.map(Arc::new);
        let generation = settled.as_ref().map_or(0, |s| s.generation);
        remove_others(dir, generation)?;
        let recent_dir = dir.join(format!("{RECENT}{generation}"));
        // Before sled writes into them.
        let sum = note.as_ref().and_then(|_| ended(&Applied::START, &recent_dir).ok());
        let on = |recent| Layers { settled: settled.clone(), settling: None, recent: Arc::new(recent) };
        let anew = |why: &StoreError| {
            warn_of(why);
            fresh_recent(dir, generation).map(on)
        };
        let mut layers = match Recent::open(&recent_dir) {
            Ok(recent) => on(recent),
            Err(why) if settled.is_some() => anew(&why)?,
            Err(why) => return Err(why),
        };
        let as_noted = |note: &[u8], sum: &[u8]| {
            let (applied, files) = note.split_at_checked(Applied::BYTES)?;
            Some(
                files.len() == size_of::<u32>() && sum.ends_with(files) && layers.applied().ok()?.to_bytes() == applied,
            )
        };
        let trusted = note.zip(sum).and_then(|(note, sum)| as_noted(&note, &sum)).unwrap_or_default();
        if !trusted && let Err(why) = layers.check_recent() {
            drop(layers);
            if settled.is_none() {
                return Err(why);
            }
            layers = anew(&why)?;
        }
        Ok(Self {
            dir: dir.to_owned(),
            layers: RwLock::new(Some(Arc::new(layers))),
            writing: Mutex::default(),
            one_settles: Mutex::default(),
        })
    }

    /// What is new is settling from here on, and what comes goes on top; nothing changes where an attempt before left something settling.
    fn begin_settling(&self) -> Result<Arc<Layers>, StoreError> {
        let layers = self.layers()?;
        if layers.settling.is_some() {
            return Ok(layers);
        }
        let recent = Arc::new(fresh_recent(&self.dir, layers.generation() + 1)?);
        let _nobody_writes = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let settling = Some(layers.recent.clone());
        let new = Arc::new(Layers { settled: layers.settled.clone(), settling, recent });
        self.replace(new.clone())?;
        Ok(new)
    }

    /// Puts what is new and what has settled into a new file.
    fn take_over(&self) -> Result<(), StoreError> {
        let _one = self.one_settles.lock().unwrap_or_else(PoisonError::into_inner);
        self.must_have_room()?;
        let layers = self.begin_settling().map_err(undamaged)?;
        let generation = layers.generation();
        let (path, name) = (self.dir.join(NEXT), self.dir.join(SETTLED));
        // Half a file takes room and serves nobody.
        let written = write_settled(&layers, &path, generation + 1).inspect_err(|_| drop(remove_all(&path)));
        self.noting(written)?;
        std::fs::rename(&path, &name).map_err(io_error(|| format!("rename {}", path.display())))?;
        sync(&self.dir)?;
        let settled = Settled::open(&name).and_then(|s| s.ok_or_else(|| damaged("settled", "it is gone".into())));
        let settled = Some(Arc::new(settled.map_err(undamaged)?));
        self.replace(Arc::new(Layers { settled, settling: None, recent: layers.recent.clone() }))?;
        let gone = layers.settling.clone();
        drop(layers);
        if let Some(gone) = gone {
            self.remove_recent(gone, generation);
        }
        Ok(())
    }

    /// Removes what has settled from sled, once nobody reads there any more; where that fails, the next start does.
    fn remove_recent(&self, mut recent: Arc<Recent>, generation: u64) {
        for _ in 0..READERS_WAITED_FOR {
            match Arc::try_unwrap(recent) {
                Ok(recent) => {
                    drop(recent);
                    if let Err(error) = remove_all(&self.dir.join(format!("{RECENT}{generation}"))) {
                        tracing::warn!(%error, "what has settled lies there twice until the next start");
                    }
                    return;
                }
                Err(still_read) => recent = still_read,
            }
            std::thread::sleep(STEP);
        }
    }

    /// Whether the disk has room for the next file. Looked at before anything is begun: then nothing is left half-way.
    fn must_have_room(&self) -> Result<(), StoreError> {
        let failed = io_error(|| format!("look at {}", self.dir.display()));
        let free = RealDisk.free_bytes(&self.dir).map_err(failed)?;
        let old = self.layers()?.settled.as_ref().map_or(0, |s| s.bytes());
        if free < old + old / PART + LEFT_FREE {
            return Err(StoreError::Full(format!("{free} bytes are free, and the settled views have {old}")));
        }
        Ok(())
    }

    fn replace(&self, new: Arc<Layers>) -> Result<Arc<Layers>, StoreError> {
        let mut layers = self.layers.write().unwrap_or_else(PoisonError::into_inner);
        layers.replace(new).ok_or_else(closed)
    }
}

/// Writes what is settling and what has settled into one file.
fn write_settled(layers: &Layers, path: &Path, generation: u64) -> Result<(), StoreError> {
    let settling = layers.settling.as_deref();
    let applied = settling.map(Recent::applied).transpose()?.flatten().unwrap_or(layers.settled_on());
    let mut writer = Writer::create(path, &applied)?;
    scan(settling.into_iter(), layers.settled.as_deref(), FIRST_KEY, END_KEY, &mut |key, value| {
        writer.add(key, value).map(|()| ControlFlow::Continue(()))
    })?;
    writer.found.must_be(applied)?;
    writer.finish(generation)
}

/// What failed beside the pairs themselves, which are as they were: sled tells so of a shortage of threads, too.
fn undamaged(why: StoreError) -> StoreError {
    match why {
        StoreError::Corrupt { why, .. } => {
            StoreError::Io { what: "have the views settle".into(), source: std::io::Error::other(why) }
        }
        other => other,
    }
}

fn closed() -> StoreError {
    StoreError::Closed("the views are closed".into())
}

/// Says why what is new goes.
fn warn_of(why: &StoreError) {
    tracing::warn!(error = %why, "what is new in the views is damaged; it is made anew from the journal");
}

/// Empty, for what comes on top of that generation of what has settled.
fn fresh_recent(dir: &Path, generation: u64) -> Result<Recent, StoreError> {
    let path = dir.join(format!("{RECENT}{generation}"));
    remove_all(&path)?;
    Recent::open(&path)
}

fn sync(dir: &Path) -> Result<(), StoreError> {
    File::open(dir).and_then(|d| d.sync_all()).map_err(io_error(|| format!("sync {}", dir.display())))
}

fn remove_all(path: &Path) -> Result<(), StoreError> {
    let gone = match path.symlink_metadata() {
        Ok(found) if found.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(e),
    };
    gone.map_err(io_error(|| format!("remove {}", path.display())))
}

/// Removes what belongs to no layer of that generation: what an attempt left that was cut off, what a reader held open.
fn remove_others(dir: &Path, generation: u64) -> Result<(), StoreError> {
    let ours = [SETTLED.to_owned(), format!("{RECENT}{generation}")];
    let entries = std::fs::read_dir(dir).map_err(io_error(|| format!("tidy {}", dir.display())))?;
    for entry in entries {
        let path = entry.map_err(io_error(|| format!("tidy {}", dir.display())))?.path();
        if !path.file_name().is_some_and(|name| ours.iter().any(|o| name == o.as_str())) {
            remove_all(&path)?;
        }
    }
    Ok(())
}

impl Views for LayeredViews {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.noting(self.layers()?.get(key))
    }

    fn scan(&self, from: &[u8], to: &[u8], each: &mut Each<'_>) -> Result<(), StoreError> {
        self.noting(self.layers()?.scan(from, to, each))
    }

    fn last_key(&self, from: &[u8], to: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.noting(self.layers()?.last_key(from, to))
    }

    fn apply(&self, writes: &[ViewWrite], applied: &Applied) -> Result<(), StoreError> {
        let _not_while_it_changes = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.layers()?.recent.apply(writes, applied);
        Ok(())
    }

    fn hand_over(&self) -> Result<(), StoreError> {
        self.noting(self.layers()?.recent.hand_over())
    }

    fn applied(&self) -> Result<Applied, StoreError> {
        self.layers()?.applied()
    }

    fn stands_on(&self) -> Result<Applied, StoreError> {
        // What is new was looked at when it was opened, but after an end in order. What has settled was made durable before it got
        // its name, and each block says whether it is whole when it is read.
        self.applied()
    }

    fn settling(&self) -> Settling {
        let Ok(layers) = self.layers() else { return Settling::None };
        let (new, all) = (layers.unsettled().map(Recent::writes).sum::<u64>(), layers.settled_on().pairs);
        let most = (all / PART).max(FEW);
        match new {
            _ if new > most => Settling::Due,
            _ if new > most / PART => Settling::WhenIdle,
            _ => Settling::None,
        }
    }

    fn settle(&self) -> Result<(), StoreError> {
        self.take_over()
    }
}

impl Drop for LayeredViews {
    /// Notes that it all ended in order.
    fn drop(&mut self) {
        let layers = self.layers.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        // Whoever still reads keeps sled open: then nothing can be said of its files. Where something is left settling, the next start
        // takes that and drops what came on top.
        let Some(layers) = layers.and_then(Arc::into_inner).filter(|l| l.settling.is_none()) else { return };
        let (generation, Ok(applied)) = (layers.generation(), layers.applied()) else { return };
        let Some(recent) = Arc::into_inner(layers.recent) else { return };
        let note = || -> Result<(), StoreError> {
            recent.flush()?;
            drop(recent);
            let recent = self.dir.join(format!("{RECENT}{generation}"));
            let (path, note) = (self.dir.join(ENDED), ended(&applied, &recent)?);
            let written = File::create(&path).and_then(|mut file| {
                file.write_all(&note)?;
                file.sync_all()
            });
            written.map_err(io_error(|| format!("write {}", path.display())))?;
            sync(&self.dir)
        };
        // Without the note the next start looks at every new pair.
        if let Err(error) = note() {
            tracing::debug!(%error, "the views were not closed in order");
        }
    }
}

/// The directory views lie in.
#[derive(Debug, Clone)]
pub struct ViewsDir {
    dir: PathBuf,
}

impl ViewsDir {
    /// Views in `dir`, which they have for themselves.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }
}

impl ViewsSource for ViewsDir {
    fn open(&self) -> Result<Box<dyn Views>, StoreError> {
        Ok(Box::new(LayeredViews::open(&self.dir)?))
    }

    fn fresh(&self) -> Result<Box<dyn Views>, StoreError> {
        remove_all(&self.dir)?;
        self.open()
    }
}

#[cfg(test)]
mod tests;

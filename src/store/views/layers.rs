//! Views in a directory: what is new in sled, what has settled in one sorted file ([`Settled`]). sled holds a page of every few pairs
//! in memory and reads its table of pages at every start, so it is kept small; the file is neither held nor read as a whole.

use super::settled::{Settled, Writer};
use super::sled::Recent;
use super::{Applied, END_KEY, Each, FIRST_KEY, Settling, ViewWrite, Views, ViewsSource, damaged};
use crate::store::StoreError;
use crate::store::journal::io_error;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// Name of the file of what has settled, and of the next one until it is whole.
const SETTLED: &str = "settled";
const SETTLING: &str = "settled.new";
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

/// Bytes of the disk that settling leaves to the journal.
const LEFT_FREE: u64 = 256 << 20;

/// Both layers, of one generation.
struct Layers {
    settled: Option<Settled>,
    recent: Recent,
}

/// Views in a directory.
pub struct LayeredViews {
    dir: PathBuf,
    /// None once they are closed.
    layers: RwLock<Option<Arc<Layers>>>,
}

impl Layers {
    fn generation(&self) -> u64 {
        self.settled.as_ref().map_or(0, |s| s.generation)
    }

    fn settled_on(&self) -> Applied {
        self.settled.as_ref().map_or(Applied::START, |s| s.applied)
    }

    /// What it all stands on.
    fn applied(&self) -> Result<Applied, StoreError> {
        Ok(self.recent.applied()?.unwrap_or(self.settled_on()))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match (self.recent.get(key)?, &self.settled) {
            (Some(found), _) => Ok(found),
            (None, Some(settled)) => settled.get(key),
            (None, None) => Ok(None),
        }
    }

    fn last_key(&self, from: &[u8], to: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let mut to = to.to_vec();
        loop {
            let settled = self.settled.as_ref().map(|s| s.last_key(from, &to)).transpose()?.flatten();
            match self.recent.last(from, &to)? {
                Some((key, there)) if settled.as_ref().is_none_or(|s| *s <= key) => {
                    if there {
                        return Ok(Some(key));
                    }
                    to = key;
                }
                _ => return Ok(settled),
            }
        }
    }

    fn scan(&self, from: &[u8], to: &[u8], each: &mut Each<'_>) -> Result<(), StoreError> {
        let mut settled = self.settled.as_ref().map(|s| s.from(from)).transpose()?;
        let mut done = false;
        // What has settled before that key; what has settled under it is what was.
        let mut before = |key: Option<&[u8]>, each: &mut Each<'_>| -> Result<ControlFlow<()>, StoreError> {
            let Some(pairs) = &mut settled else { return Ok(ControlFlow::Continue(())) };
            let end = key.unwrap_or(to);
            while let Some((next, value)) = pairs.peek().filter(|(next, _)| *next < end) {
                if each(next, value)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                pairs.pass()?;
            }
            if key.is_some() && pairs.peek().is_some_and(|(next, _)| next == end) {
                pairs.pass()?;
            }
            Ok(ControlFlow::Continue(()))
        };
        self.recent.scan(from, to, &mut |key, value| {
            let mut flow = before(Some(key), each)?;
            if let (Some(value), ControlFlow::Continue(())) = (value, flow) {
                flow = each(key, value)?;
            }
            done = flow.is_break();
            Ok(flow)
        })?;
        if !done {
            let _ = before(None, each)?;
        }
        Ok(())
    }

    /// Holds what is new, on top of what has settled, against what it says it stands on.
    fn check_recent(&self) -> Result<Applied, StoreError> {
        let applied = self.applied()?;
        let mut found = Applied { tip: applied.tip, ..self.settled_on() };
        self.recent.scan(FIRST_KEY, END_KEY, &mut |key, value| {
            let was = self.settled.as_ref().map(|s| s.get(key)).transpose()?.flatten();
            if let Some(was) = was {
                found.remove(key, &was);
            }
            if let Some(value) = value {
                found.add(key, value);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        found.must_be(applied)
    }
}

impl LayeredViews {
    fn layers(&self) -> Result<Arc<Layers>, StoreError> {
        let layers = self.layers.read().unwrap_or_else(PoisonError::into_inner).clone();
        layers.ok_or_else(|| StoreError::Closed("the views are closed".into()))
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
        let settled = Settled::open(&dir.join(SETTLED))?;
        let generation = settled.as_ref().map_or(0, |s| s.generation);
        remove_others(dir, generation)?;
        let recent_dir = dir.join(format!("{RECENT}{generation}"));
        // Before sled writes into them.
        let sum = note.as_ref().and_then(|_| ended(&Applied::START, &recent_dir).ok());
        let recent = Recent::open(&recent_dir);
        let mut layers = match recent {
            Ok(recent) => Layers { settled, recent },
            Err(why) if settled.is_some() => Layers { recent: fresh_recent(dir, generation, &why)?, settled },
            Err(why) => return Err(why),
        };
        let as_noted = |note: &[u8], sum: &[u8]| {
            let (applied, files) = note.split_at_checked(Applied::BYTES)?;
            Some(sum.ends_with(files) && layers.applied().ok()?.to_bytes() == applied)
        };
        let trusted = note.zip(sum).and_then(|(note, sum)| as_noted(&note, &sum)).unwrap_or_default();
        if !trusted {
            match layers.check_recent() {
                Ok(_) => {}
                Err(why) if layers.settled.is_some() => {
                    drop(layers.recent);
                    layers.recent = fresh_recent(dir, generation, &why)?;
                }
                Err(why) => return Err(why),
            }
        }
        Ok(Self { dir: dir.to_owned(), layers: RwLock::new(Some(Arc::new(layers))) })
    }

    /// Puts both layers into a new file, and begins another, empty one of what is new.
    fn take_over(&self) -> Result<(), StoreError> {
        let layers = self.layers()?;
        let generation = layers.generation() + 1;
        let (path, name) = (self.dir.join(SETTLING), self.dir.join(SETTLED));
        // Half a file takes room and serves nobody.
        self.write_settled(&layers, &path, generation).inspect_err(|_| drop(remove_all(&path)))?;
        let recent_dir = self.dir.join(format!("{RECENT}{generation}"));
        remove_all(&recent_dir)?;
        let recent = Recent::open(&recent_dir)?;
        std::fs::rename(&path, &name).map_err(io_error(|| format!("rename {}", path.display())))?;
        sync(&self.dir)?;
        let new = Arc::new(Layers { settled: Settled::open(&name)?, recent });
        let gone = self.dir.join(format!("{RECENT}{}", layers.generation()));
        drop(layers);
        let old = self.layers.write().unwrap_or_else(PoisonError::into_inner).replace(new);
        // Somebody may still be reading: then the next start removes it.
        if let Some(old) = old.and_then(Arc::into_inner) {
            drop(old);
            remove_all(&gone)?;
        }
        Ok(())
    }

    fn write_settled(&self, layers: &Layers, path: &Path, generation: u64) -> Result<(), StoreError> {
        let failed = || io_error(|| format!("look at {}", self.dir.display()));
        let there = rustix::fs::statvfs(&self.dir).map_err(|e| failed()(e.into()))?;
        let (free, old) =
            (there.f_bavail.saturating_mul(there.f_frsize), layers.settled.as_ref().map_or(0, Settled::bytes));
        if free < old + old / PART + LEFT_FREE {
            return Err(StoreError::Full(format!("{free} bytes are free, and the settled views have {old}")));
        }
        let applied = layers.applied()?;
        let mut writer = Writer::create(path, &applied)?;
        layers
            .scan(FIRST_KEY, END_KEY, &mut |key, value| writer.add(key, value).map(|()| ControlFlow::Continue(())))?;
        writer.found.must_be(applied)?;
        writer.finish(generation)
    }
}

fn fresh_recent(dir: &Path, generation: u64, why: &StoreError) -> Result<Recent, StoreError> {
    tracing::warn!(error = %why, "what is new in the views is damaged; it is made anew from the journal");
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
        self.noting(self.layers()?.recent.apply(writes, applied))
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
        let (new, all) = (layers.recent.writes(), layers.settled_on().pairs);
        let most = (all / PART).max(FEW);
        match new {
            _ if new > most => Settling::Due,
            _ if new > most / PART => Settling::WhenIdle,
            _ => Settling::None,
        }
    }

    fn settle(&self) -> Result<(), StoreError> {
        self.noting(self.take_over())
    }
}

impl Drop for LayeredViews {
    /// Notes that it all ended in order.
    fn drop(&mut self) {
        let layers = self.layers.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        // Whoever still reads keeps sled open: then nothing can be said of its files.
        let Some(layers) = layers.and_then(Arc::into_inner) else { return };
        let note = || -> Result<(), StoreError> {
            layers.recent.flush()?;
            let (applied, recent) = (layers.applied()?, self.dir.join(format!("{RECENT}{}", layers.generation())));
            drop(layers);
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

/// What is noted at an end in order: what the views stand on, and a checksum of sled's files.
fn ended(applied: &Applied, recent: &Path) -> Result<Vec<u8>, StoreError> {
    let mut sum = 0;
    add_files(recent, &mut sum).map_err(io_error(|| format!("read {}", recent.display())))?;
    Ok([applied.to_bytes(), sum.to_be_bytes().to_vec()].concat())
}

fn add_files(dir: &Path, sum: &mut u32) -> std::io::Result<()> {
    let mut entries = std::fs::read_dir(dir)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    let mut piece = vec![0; 1 << 20];
    for entry in entries {
        *sum = crc32c::crc32c_append(*sum, entry.file_name().as_encoded_bytes());
        if entry.file_type()?.is_dir() {
            add_files(&entry.path(), sum)?;
            continue;
        }
        let mut file = File::open(entry.path())?;
        loop {
            let read = file.read(&mut piece)?;
            if read == 0 {
                break;
            }
            *sum = crc32c::crc32c_append(*sum, &piece[..read]);
        }
    }
    Ok(())
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
#[path = "layers_tests.rs"]
mod tests;

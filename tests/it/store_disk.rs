//! A disk that fails and forgets: it knows what a process sees, and what would be left after a power loss.

use super::store_kit::Rng;
use starmark::store::disk::{Access, Disk, DiskFile};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

const PAGE: usize = 4096;

/// What goes wrong, at which writing operation (counted from 0).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Never,
    /// It fails and leaves nothing. A failed sync forgets that pages were dirty, as Linux does.
    NotKept(u64),
    /// It fails, but what it should have done has happened.
    Kept(u64),
    /// It fails half-way: a write leaves its first half, anything else nothing.
    Half(u64),
    /// It is the last one that happens at all.
    Cut(u64),
    /// From this one on the disk is full: whatever would make a file grow fails.
    Full(u64),
}

#[derive(Debug, Clone, Default)]
struct Content {
    cache: Vec<u8>,
    durable: Vec<u8>,
    dirty: BTreeSet<usize>,
}

/// A name leads to a directory (`None`) or a file.
type Names = BTreeMap<PathBuf, Option<usize>>;

#[derive(Debug, Clone)]
enum Meta {
    Link(PathBuf, Option<usize>),
    /// With what was inside: another directory of that name may come to be before this one's end is durable.
    Unlink(PathBuf, Names),
    Rename(PathBuf, PathBuf, Option<usize>),
}

impl Meta {
    fn dir(&self) -> &Path {
        let (Self::Link(p, _) | Self::Unlink(p, _) | Self::Rename(_, p, _)) = self;
        p.parent().unwrap()
    }

    fn apply(&self, names: &mut Names) {
        match self {
            Self::Link(path, node) => {
                names.insert(path.clone(), *node);
            }
            Self::Unlink(_, gone) => names.retain(|p, node| gone.get(p) != Some(node)),
            Self::Rename(from, to, node) => {
                names.insert(from.clone(), *node);
                move_names(names, from, to);
            }
        }
    }
}

fn move_names(names: &mut Names, from: &Path, to: &Path) {
    let moved: Vec<PathBuf> = names.keys().filter(|p| p.starts_with(from)).cloned().collect();
    for old in moved {
        let node = names.remove(&old).unwrap();
        names.insert(moved_path(&old, from, to), node);
    }
}

fn moved_path(path: &Path, from: &Path, to: &Path) -> PathBuf {
    match path.strip_prefix(from) {
        Ok(rest) if rest.as_os_str().is_empty() => to.to_owned(),
        Ok(rest) => to.join(rest),
        Err(_) => path.to_owned(),
    }
}

struct State {
    files: Vec<Content>,
    names: Names,
    durable: Names,
    pending: Vec<Meta>,
    ops: u64,
    fault: Fault,
    names_of_ops: Vec<String>,
    free: u64,
}

/// The disk; clones share it.
#[derive(Clone)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
    locked: Arc<AtomicBool>,
}

struct SimFile {
    disk: SimDisk,
    inode: usize,
    path: PathBuf,
}

struct Unlock(Arc<AtomicBool>);

impl Drop for Unlock {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

enum Verdict {
    Do,
    DoThenFail,
    Fail,
    Half,
}

fn eio() -> io::Error {
    io::Error::other("injected fault")
}

impl State {
    fn judge(&mut self, op: impl FnOnce() -> String, grows: bool) -> Verdict {
        let n = self.ops;
        self.ops += 1;
        self.names_of_ops.push(op());
        match self.fault {
            Fault::NotKept(at) if at == n => Verdict::Fail,
            Fault::Kept(at) if at == n => Verdict::DoThenFail,
            Fault::Half(at) if at == n => Verdict::Half,
            Fault::Cut(at) if n > at => Verdict::Fail,
            Fault::Full(at) if n >= at && grows => Verdict::Fail,
            _ => Verdict::Do,
        }
    }

    fn meta(&mut self, what: &str, meta: Meta) -> io::Result<()> {
        let verdict = self.judge(|| format!("{what} {meta:?}"), !matches!(meta, Meta::Unlink(..)));
        if matches!(verdict, Verdict::Do | Verdict::DoThenFail) {
            if let Meta::Rename(from, to, _) = &meta {
                // What waits to become durable inside a directory goes with it.
                for waiting in self.pending.iter_mut().filter(|m| m.dir().starts_with(from)) {
                    match waiting {
                        Meta::Link(p, _) | Meta::Unlink(p, _) => *p = moved_path(p, from, to),
                        Meta::Rename(a, b, _) => (*a, *b) = (moved_path(a, from, to), moved_path(b, from, to)),
                    }
                }
            }
            meta.apply(&mut self.names);
            self.pending.push(meta);
        }
        if matches!(verdict, Verdict::Do) { Ok(()) } else { Err(self.failure()) }
    }

    fn failure(&self) -> io::Error {
        match self.fault {
            Fault::Full(_) => io::Error::from(io::ErrorKind::StorageFull),
            _ => eio(),
        }
    }
}

impl SimDisk {
    pub fn new(fault: Fault) -> Self {
        let root = Names::from([(PathBuf::from("/"), None)]);
        Self::from_state(State {
            files: vec![],
            names: root.clone(),
            durable: root,
            pending: vec![],
            ops: 0,
            fault,
            names_of_ops: vec![],
            free: u64::MAX,
        })
    }

    fn from_state(state: State) -> Self {
        Self { state: Arc::new(Mutex::new(state)), locked: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub fn ops(&self) -> u64 {
        self.state().ops
    }

    pub fn op_name(&self, op: u64) -> String {
        self.state().names_of_ops.get(op as usize).cloned().unwrap_or_default()
    }

    pub fn set_fault(&self, fault: Fault) {
        self.state().fault = fault;
    }

    pub fn set_free(&self, bytes: u64) {
        self.state().free = bytes;
    }

    /// The disk as another process finds it when only the process died.
    pub fn after_kill(&self) -> Self {
        let state = self.state();
        Self::from_state(State {
            files: state.files.clone(),
            names: state.names.clone(),
            durable: state.durable.clone(),
            pending: state.pending.clone(),
            ops: 0,
            fault: Fault::Never,
            names_of_ops: vec![],
            free: u64::MAX,
        })
    }

    /// The disk after a power loss: what was not synced is kept or lost by chance, page by page; names in order up to a
    /// chance point, or each by chance. Without `rng` all of it is lost.
    pub fn after_power_loss(&self, mut rng: Option<&mut Rng>) -> Self {
        let state = self.state();
        let mut chance = |n: u64| rng.as_mut().map_or(n, |r| r.below(n));
        let mut names = state.durable.clone();
        let in_order = chance(2) == 0;
        let upto = chance(state.pending.len() as u64 + 1) as usize;
        for (i, meta) in state.pending.iter().enumerate() {
            if if in_order { i < upto } else { chance(2) == 0 } {
                meta.apply(&mut names);
            }
        }
        let reachable = names.clone();
        names.retain(|p, _| p.ancestors().all(|a| reachable.contains_key(a)));
        let files = state
            .files
            .iter()
            .map(|file| {
                let mut left = file.durable.clone();
                for page in &file.dirty {
                    if chance(2) == 0 {
                        let (from, to) = (page * PAGE, ((page + 1) * PAGE).min(file.cache.len()));
                        if left.len() < to {
                            left.resize(to, 0);
                        }
                        left[from..to].copy_from_slice(&file.cache[from..to]);
                    }
                }
                Content { cache: left.clone(), durable: left, dirty: BTreeSet::new() }
            })
            .collect();
        Self::from_state(State {
            files,
            names: names.clone(),
            durable: names,
            pending: vec![],
            ops: 0,
            fault: Fault::Never,
            names_of_ops: vec![],
            free: u64::MAX,
        })
    }

    /// What a file holds.
    pub fn content(&self, path: &Path) -> Vec<u8> {
        let state = self.state();
        state.files[state.names[path].unwrap()].cache.clone()
    }
}

impl Disk for SimDisk {
    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.state();
        if state.names.contains_key(dir) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        state.meta("make_dir", Meta::Link(dir.to_owned(), None))
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        Ok(self.state().names.contains_key(path))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let state = self.state();
        let inside = state.names.keys().filter(|p| p.parent() == Some(dir));
        Ok(inside.map(|p| p.file_name().unwrap().to_str().unwrap().to_owned()).collect())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.state();
        if state.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let inode = state.files.len();
        state.files.push(Content::default());
        state.meta("create", Meta::Link(path.to_owned(), Some(inode)))?;
        Ok(Box::new(SimFile { disk: self.clone(), inode, path: path.to_owned() }))
    }

    fn open(&self, path: &Path, _: Access) -> io::Result<Box<dyn DiskFile>> {
        match self.state().names.get(path) {
            Some(Some(inode)) => Ok(Box::new(SimFile { disk: self.clone(), inode: *inode, path: path.to_owned() })),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        let node = *state.names.get(from).ok_or(io::ErrorKind::NotFound)?;
        assert!(!state.names.contains_key(to), "{} would be replaced", to.display());
        state.meta("rename", Meta::Rename(from.to_owned(), to.to_owned(), node))
    }

    fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        let node = *state.names.get(from).ok_or(io::ErrorKind::NotFound)?;
        state.meta("replace", Meta::Rename(from.to_owned(), to.to_owned(), node))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        if !state.names.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let inside = |(p, _): &(&PathBuf, &Option<usize>)| p.starts_with(path);
        let gone = state.names.iter().filter(inside).map(|(p, node)| (p.clone(), *node)).collect();
        state.meta("remove", Meta::Unlink(path.to_owned(), gone))
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.state();
        let verdict = state.judge(|| format!("sync_dir {}", dir.display()), false);
        if matches!(verdict, Verdict::Do | Verdict::DoThenFail) {
            let (now, later): (Vec<Meta>, Vec<Meta>) = state.pending.drain(..).partition(|m| m.dir() == dir);
            state.pending = later;
            for meta in now {
                meta.apply(&mut state.durable);
            }
        }
        if matches!(verdict, Verdict::Do) { Ok(()) } else { Err(state.failure()) }
    }

    fn free_bytes(&self, _: &Path) -> io::Result<u64> {
        Ok(self.state().free)
    }

    fn lock(&self, _: &Path) -> io::Result<Box<dyn Send + Sync>> {
        if self.locked.swap(true, Ordering::SeqCst) {
            return Err(io::Error::new(io::ErrorKind::WouldBlock, "process 4711"));
        }
        Ok(Box::new(Unlock(self.locked.clone())))
    }

    fn lock_owner(&self, _: &Path) -> io::Result<Option<String>> {
        Ok(self.locked.load(Ordering::SeqCst).then(|| "process 4711".into()))
    }
}

impl DiskFile for SimFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.disk.state().files[self.inode].cache.len() as u64)
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let state = self.disk.state();
        let cache = &state.files[self.inode].cache;
        let found = cache.get(offset as usize..offset as usize + bytes.len());
        bytes.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        let (from, to) = (offset as usize, offset as usize + bytes.len());
        let grows = to > state.files[self.inode].cache.len();
        let verdict = state.judge(|| format!("write {} {from}..{to}", self.path.display()), grows);
        let to = match verdict {
            Verdict::Do | Verdict::DoThenFail => to,
            Verdict::Half => from + bytes.len() / 2,
            Verdict::Fail => return Err(state.failure()),
        };
        let file = &mut state.files[self.inode];
        if file.cache.len() < to {
            file.cache.resize(to, 0);
        }
        file.cache[from..to].copy_from_slice(&bytes[..to - from]);
        file.dirty.extend(from / PAGE..to.div_ceil(PAGE));
        if matches!(verdict, Verdict::Do) { Ok(()) } else { Err(state.failure()) }
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        let verdict = state.judge(|| format!("sync {}", self.path.display()), false);
        let cut = matches!(state.fault, Fault::Cut(_));
        let file = &mut state.files[self.inode];
        if matches!(verdict, Verdict::Do | Verdict::DoThenFail) {
            // Only what is dirty is written: pages that a failed sync forgot stay forgotten.
            file.durable.resize(file.cache.len(), 0);
            for page in std::mem::take(&mut file.dirty) {
                let (from, to) = (page * PAGE, ((page + 1) * PAGE).min(file.cache.len()));
                file.durable[from..to].copy_from_slice(&file.cache[from..to]);
            }
        } else if !cut {
            file.dirty.clear();
        }
        if matches!(verdict, Verdict::Do) { Ok(()) } else { Err(state.failure()) }
    }
}

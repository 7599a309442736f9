//! A data directory: store, keys and schemes of one body in one place, whole or not used at all.

use super::ServiceError;
use super::log::{CHECKPOINT, LOG_DIR};
use crate::domain::{Refusal, Scheme};
use crate::store::Drawer;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// The scheme this service is shipped with; a body puts its licensed copy in the place of the file made from it.
const SHIPPED_SCHEME: &str = include_str!("../../schemes/gbt27922-2011.toml");
/// Name of the scheme's file.
const SCHEME_FILE: &str = "gbt27922-2011.toml";
/// Stands in the directory from the first step of its making to the last.
const UNFINISHED: &str = "unfinished";
/// Where the store keeps its journal.
const JOURNAL: &str = "journal";
/// Name of the list of witnesses.
const WITNESSES_FILE: &str = "witnesses.toml";
/// Name of the socket of a server at work.
const CONTROL_SOCKET: &str = "control.sock";
/// Largest scheme file; the shipped one has 3 KiB.
const SCHEME_MAX_BYTES: u64 = 1 << 20;
/// Folders of what is no event.
const BESIDE: [&str; 3] = [super::reports::FOLDER, super::watch::FOLDER, super::signals::FOLDER];
/// What a fresh file system brings with it; a directory that holds nothing else counts as empty.
const LOST_AND_FOUND: &str = "lost+found";

/// A data directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDir {
    root: PathBuf,
    passphrase_file: PathBuf,
}

impl DataDir {
    /// The directory at that path, which need not exist.
    ///
    /// # Errors
    /// `bad_data_dir` for a path without a name, such as `..`.
    pub fn at(root: &Path) -> Result<Self, ServiceError> {
        let absolute = std::path::absolute(root).map_err(ServiceError::io("cannot tell the working directory"))?;
        let name = absolute.file_name().ok_or_else(|| {
            let why = format!("“{}” cannot be the data directory: name it, as in ./starmark-data", root.display());
            Refusal::invalid("bad_data_dir", why)
        })?;
        let mut beside = name.to_owned();
        beside.push(".passphrase");
        Ok(Self { root: root.to_owned(), passphrase_file: absolute.with_file_name(beside) })
    }

    /// Its path as given.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Encrypted key files.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// Schemes.
    #[must_use]
    pub fn schemes(&self) -> PathBuf {
        self.root.join("schemes")
    }

    /// Receipts; made with the first of them.
    #[must_use]
    pub fn receipts(&self) -> PathBuf {
        self.root.join("receipts")
    }

    /// The scheme certificates are issued under.
    #[must_use]
    pub fn scheme_file(&self) -> PathBuf {
        self.schemes().join(SCHEME_FILE)
    }

    /// The list of witnesses the log asks, where there is one.
    #[must_use]
    pub fn witnesses_file(&self) -> PathBuf {
        self.root.join(WITNESSES_FILE)
    }

    /// The log's last checkpoint, as it is kept; none before the first.
    ///
    /// # Errors
    /// The system's own words.
    pub fn checkpoint(&self) -> Result<Option<Vec<u8>>, ServiceError> {
        match fs::read(self.checkpoint_file()) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            other => other.map(Some).map_err(ServiceError::io("cannot read the checkpoint of the log")),
        }
    }

    /// Puts the checkpoint of another directory into this one, which has none.
    ///
    /// # Errors
    /// One stands here already, or the system's own words.
    pub fn add_checkpoint(&self, note: &[u8]) -> Result<(), ServiceError> {
        super::keyring::write_secret(&self.checkpoint_file(), note)
    }

    /// Takes the checkpoint away: the next start signs it anew from the journal.
    ///
    /// # Errors
    /// The system's own words.
    pub fn remove_checkpoint(&self) -> Result<(), ServiceError> {
        fs::remove_file(self.checkpoint_file()).map_err(ServiceError::io("cannot remove the checkpoint of the log"))
    }

    fn checkpoint_file(&self) -> PathBuf {
        self.root.join(LOG_DIR).join(CHECKPOINT)
    }

    /// The socket by which a server at work on the directory takes an operator's commands.
    #[must_use]
    pub fn control_socket(&self) -> PathBuf {
        self.root.join(CONTROL_SOCKET)
    }

    /// The file beside the directory that may hold its passphrase.
    #[must_use]
    pub fn passphrase_file(&self) -> &Path {
        &self.passphrase_file
    }

    /// Refuses a directory that something stands in already.
    ///
    /// # Errors
    /// `data_dir_unfinished` or `data_dir_in_use`, each with what to do; or the system's own words.
    pub fn check_free(&self) -> Result<(), ServiceError> {
        let shown = self.root.display();
        let entries = match fs::read_dir(&self.root) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other.map_err(ServiceError::io(format!("cannot look into {shown}")))?,
        };
        if self.is_unfinished() {
            return Err(self.unfinished().into());
        }
        for entry in entries {
            let name = entry.map_err(ServiceError::io(format!("cannot look into {shown}")))?.file_name();
            if name != LOST_AND_FOUND {
                let why = format!(
                    "{shown} is not empty (it holds “{}”), and nothing is ever overwritten: name another directory",
                    crate::domain::error::shown(&name.to_string_lossy())
                );
                return Err(Refusal::conflict("data_dir_in_use", why).into());
            }
        }
        Ok(())
    }

    /// Makes the directory with places for keys and schemes. It counts as unfinished until [`Making::finish`], and goes
    /// away again where that is never reached.
    ///
    /// # Errors
    /// As [`DataDir::check_free`].
    pub fn begin(&self) -> Result<Making, ServiceError> {
        self.check_free()?;
        let failed = || ServiceError::io(format!("cannot make {}", self.root.display()));
        let private =
            |recursive: bool, path: &Path| fs::DirBuilder::new().recursive(recursive).mode(0o700).create(path);
        let was_there = self.root.exists();
        private(true, &self.root).map_err(failed())?;
        // Whoever makes this file has the directory for itself.
        super::keyring::write_secret(&self.root.join(UNFINISHED), b"")?;
        let making = Making { dir: self.clone(), was_there, finished: false };
        private(false, &self.keys()).map_err(failed())?;
        private(false, &self.schemes()).map_err(failed())?;
        Ok(making)
    }

    /// Puts the shipped scheme where schemes are.
    ///
    /// # Errors
    /// It stands there already, or the system's own words.
    pub fn add_shipped_scheme(&self) -> Result<(), ServiceError> {
        super::keyring::write_secret(&self.scheme_file(), SHIPPED_SCHEME.as_bytes())
    }

    /// Copies keys, schemes and the list of witnesses of another data directory; how many key files there were.
    ///
    /// # Errors
    /// One of them stands here already, or the system's own words.
    pub fn copy_settings(&self, from: &Self) -> Result<usize, ServiceError> {
        let mut keys = 0;
        for (source, target, kind) in [(from.keys(), self.keys(), "pem"), (from.schemes(), self.schemes(), "toml")] {
            let failed = || ServiceError::io(format!("cannot copy {}", source.display()));
            for entry in fs::read_dir(&source).map_err(failed())? {
                let path = entry.map_err(failed())?.path();
                let Some(name) = path.file_name().filter(|_| path.extension().is_some_and(|e| e == kind)) else {
                    continue;
                };
                let bytes = zeroize::Zeroizing::new(fs::read(&path).map_err(failed())?);
                super::keyring::write_secret(&target.join(name), &bytes)?;
                keys += usize::from(kind == "pem");
            }
        }
        let witnesses = from.witnesses_file();
        if witnesses.exists() {
            let list =
                fs::read(&witnesses).map_err(ServiceError::io(format!("cannot read {}", witnesses.display())))?;
            super::keyring::write_secret(&self.witnesses_file(), &list)?;
        }
        Ok(keys)
    }

    /// Copies what is no event: reports of misuse, subscriptions, counts of scans. A server may go on writing meanwhile.
    ///
    /// # Errors
    /// The system's own words; `Full` where there is too little room.
    pub fn copy_beside(&self, from: &Self) -> Result<(), ServiceError> {
        let drawer = Drawer::on_disk(&self.root);
        for folder in BESIDE {
            copy_folder(&from.root.join(folder), folder, &drawer)?;
        }
        Ok(())
    }

    /// Refuses a directory that is not there or was never finished.
    ///
    /// # Errors
    /// `no_data_dir` or `data_dir_unfinished`, each with what to do.
    pub fn check_finished(&self) -> Result<(), Refusal> {
        if self.is_unfinished() {
            return Err(self.unfinished());
        }
        if !self.root.join(JOURNAL).is_dir() {
            let shown = self.root.display();
            let why = format!(
                "there is no data directory at {shown}: name one with --data, or make it with `starmark init --data {shown} --host HOST`"
            );
            return Err(Refusal::not_found("no_data_dir", why));
        }
        Ok(())
    }

    fn is_unfinished(&self) -> bool {
        self.root.join(UNFINISHED).exists()
    }

    fn unfinished(&self) -> Refusal {
        let shown = self.root.display();
        let why = format!(
            "{shown} was begun and never finished; nothing in it was ever in use: remove it (rm -r {shown}) and begin again"
        );
        Refusal::rule("data_dir_unfinished", why)
    }

    /// The scheme this service is shipped with.
    ///
    /// # Errors
    /// Never seen: `bad_scheme` for the file that is built in.
    pub fn shipped_scheme() -> Result<Scheme, Refusal> {
        Scheme::parse(SHIPPED_SCHEME)
    }

    /// Reads the scheme certificates are issued under.
    ///
    /// # Errors
    /// The file cannot be read, or `bad_scheme`.
    pub fn scheme(&self) -> Result<Scheme, ServiceError> {
        let path = self.scheme_file();
        let failed = || ServiceError::io(format!("cannot read the scheme {}", path.display()));
        let size = fs::metadata(&path).map_err(failed())?.len();
        if size > SCHEME_MAX_BYTES {
            let why = format!("{} has {size} bytes; a scheme has at most {SCHEME_MAX_BYTES}", path.display());
            return Err(Refusal::invalid("bad_scheme", why).into());
        }
        let text = fs::read_to_string(&path).map_err(failed())?;
        Ok(Scheme::parse(&text)
            .map_err(|r| Refusal { message: format!("{}: {}", path.display(), r.message).into(), ..r })?)
    }
}

/// Copies a folder, with those in it, under the key it has in a drawer.
fn copy_folder(from: &Path, key: &str, to: &Drawer) -> Result<(), ServiceError> {
    let failed = || ServiceError::io(format!("cannot copy {}", from.display()));
    let entries = match fs::read_dir(from) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(failed())?,
    };
    for entry in entries {
        let entry = entry.map_err(failed())?;
        let (path, name) = (entry.path(), entry.file_name());
        let key = format!("{key}/{}", name.to_string_lossy());
        if path.is_dir() {
            copy_folder(&path, &key, to)?;
        } else if Drawer::is_key(&key) {
            match fs::read(&path) {
                // It was removed, or given another name, just now.
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                read => to.put(&key, &read.map_err(failed())?)?,
            }
        }
    }
    Ok(())
}

/// A data directory in the making. Dropped before its last step, it takes away again all that was made.
#[must_use]
#[derive(Debug)]
pub struct Making {
    dir: DataDir,
    was_there: bool,
    finished: bool,
}

impl Making {
    /// The last step: from now on the directory may be opened, and it stays.
    ///
    /// # Errors
    /// The system's own words.
    pub fn finish(mut self) -> Result<(), ServiceError> {
        let root = &self.dir.root;
        let failed = || ServiceError::io(format!("cannot finish {}", root.display()));
        let sync = |dir: &Path| fs::File::open(dir).and_then(|d| d.sync_all());
        sync(root).map_err(failed())?;
        self.finished = true;
        fs::remove_file(root.join(UNFINISHED)).map_err(failed())?;
        sync(root).map_err(failed())?;
        sync(self.dir.passphrase_file.parent().unwrap_or(Path::new("/"))).map_err(failed())
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        let Ok(entries) = fs::read_dir(&self.dir.root) else { return };
        if self.finished {
            return;
        }
        // What cannot be removed stays unfinished, and is refused as such: that file goes last.
        let mut removed = true;
        for entry in entries.flatten().filter(|e| e.file_name() != LOST_AND_FOUND && e.file_name() != UNFINISHED) {
            let path = entry.path();
            let gone = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
            removed &= gone.is_ok();
        }
        if removed && fs::remove_file(self.dir.root.join(UNFINISHED)).is_ok() && !self.was_there {
            // It may hold what others put there meanwhile; then it stays.
            let _ = fs::remove_dir(&self.dir.root);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code<T: std::fmt::Debug>(result: Result<T, ServiceError>) -> &'static str {
        match result {
            Err(ServiceError::Refused(why)) => why[0].code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_directory_is_made_once_and_opened_only_when_finished() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::at(&temp.path().join("data")).unwrap();
        assert_eq!(dir.check_finished().unwrap_err().code, "no_data_dir");
        let making = dir.begin().unwrap();
        dir.add_shipped_scheme().unwrap();
        assert_eq!(dir.check_finished().unwrap_err().code, "data_dir_unfinished");
        assert_eq!(code(dir.begin()), "data_dir_unfinished");
        fs::create_dir(dir.root().join(JOURNAL)).unwrap();
        making.finish().unwrap();
        dir.check_finished().unwrap();
        assert_eq!(dir.scheme().unwrap().id, "gbt27922-2011");
        assert_eq!(code(dir.begin()), "data_dir_in_use");
    }

    #[test]
    fn a_strangers_file_is_never_touched_and_a_fresh_file_system_is_empty() {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir(temp.path().join(LOST_AND_FOUND)).unwrap();
        let dir = DataDir::at(temp.path()).unwrap();
        dir.check_free().unwrap();
        fs::write(temp.path().join("letter.txt"), "dear").unwrap();
        assert_eq!(code(dir.begin()), "data_dir_in_use");
        assert_eq!(fs::read_to_string(temp.path().join("letter.txt")).unwrap(), "dear");
    }

    #[test]
    fn what_is_not_finished_goes_away_again() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::at(&temp.path().join("data")).unwrap();
        let making = dir.begin().unwrap();
        dir.add_shipped_scheme().unwrap();
        drop(making);
        assert!(!dir.root().exists());
        fs::create_dir_all(dir.root().join(LOST_AND_FOUND)).unwrap();
        drop(dir.begin().unwrap());
        let left: Vec<_> = fs::read_dir(dir.root()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, [LOST_AND_FOUND], "a file system of its own stays");
    }

    #[test]
    fn the_passphrase_lies_beside_it() {
        let beside = |p: &str| DataDir::at(Path::new(p)).unwrap().passphrase_file().to_owned();
        assert_eq!(beside("/srv/star/"), Path::new("/srv/star.passphrase"));
        assert_eq!(beside("/srv/star/."), Path::new("/srv/star.passphrase"));
        assert!(DataDir::at(Path::new("/srv/..")).is_err());
    }
}

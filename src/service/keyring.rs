//! The body's keys: public records folded from events, private halves from encrypted files.

use super::clock::{Entropy, random};
use super::error::ServiceError;
use crate::domain::event::KeyChange;
use crate::domain::text::Name;
use crate::domain::{Event, Fact, Host, Refusal};
use crate::sign::{
    KdfCost, KeyDocument, KeyFileRandom, KeyId, KeyRecord, LocalSigner, Passphrase, PublicKey, Purpose, Signer,
};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Public keys on record, and the signers this process can use.
pub struct Keyring {
    document: KeyDocument,
    signers: BTreeMap<KeyId, Arc<dyn Signer>>,
}

impl Keyring {
    /// Public half only: verifies, signs nothing.
    ///
    /// # Errors
    /// `bad_key_event` when stored key events have no reading.
    pub fn public(host: Host, body: Name, events: &[Event]) -> Result<Self, ServiceError> {
        let document = KeyDocument::new(host, Some(body), records(events)?)?;
        Ok(Self { document, signers: BTreeMap::new() })
    }

    /// Opens the private half of every key in use.
    ///
    /// # Errors
    /// A key file is missing, cannot be read, belongs to another key, or the passphrase does not open it.
    pub fn unlock(&mut self, directory: &Path, passphrase: &Passphrase) -> Result<(), ServiceError> {
        let in_use = self.document.keys().iter().filter(|k| k.retired_at.is_none() && k.compromised_at.is_none());
        // One key derivation takes a quarter of a second: they run side by side.
        let opened: Vec<Result<(KeyId, LocalSigner), ServiceError>> = std::thread::scope(|scope| {
            let tasks: Vec<_> =
                in_use.map(|key| scope.spawn(move || Ok((key.id, open(directory, key, passphrase)?)))).collect();
            tasks
                .into_iter()
                .map(|t| {
                    t.join()
                        .unwrap_or_else(|_| Err(Refusal::invalid("bad_key_file", "a key file cannot be read").into()))
                })
                .collect()
        });
        for result in opened {
            let (id, signer) = result?;
            self.signers.insert(id, Arc::new(signer));
        }
        Ok(())
    }

    /// Takes over the signers another keyring has open.
    pub(super) fn keep_signers_of(&mut self, other: &Self) {
        self.signers.extend(other.signers.iter().map(|(id, signer)| (*id, signer.clone())));
    }

    /// Puts another signer in the place of one.
    #[cfg(test)]
    pub(super) fn plug(&mut self, id: KeyId, signer: Arc<dyn Signer>) {
        self.signers.insert(id, signer);
    }

    /// Adds a signer that was just made.
    pub(super) fn open_one(
        &mut self,
        directory: &Path,
        id: KeyId,
        passphrase: &Passphrase,
    ) -> Result<(), ServiceError> {
        let key = self.document.keys().iter().find(|k| k.id == id).cloned();
        let key = key.ok_or_else(|| Refusal::not_found("no_such_key", format!("there is no key {id}")))?;
        self.signers.insert(id, Arc::new(open(directory, &key, passphrase)?));
        Ok(())
    }

    /// Every key on record.
    #[must_use]
    pub fn document(&self) -> &KeyDocument {
        &self.document
    }

    /// The key that signs now for that purpose: the newest in use.
    ///
    /// # Errors
    /// `no_key` when none is in use, or its private half is not open in this process.
    pub fn signer(&self, purpose: Purpose, now: Timestamp) -> Result<(KeyId, Arc<dyn Signer>), Refusal> {
        self.document
            .keys()
            .iter()
            .filter(|k| k.purpose == purpose && k.in_window(now) && k.compromised_at.is_none())
            .rev()
            .find_map(|k| Some((k.id, self.signers.get(&k.id)?.clone())))
            .ok_or_else(|| {
                Refusal::rule("no_key", format!("no {purpose} key is in use and open; run `starmark key list`"))
            })
    }

    /// The identifier the next key of that purpose gets.
    ///
    /// # Errors
    /// `bad_key_id` once there are too many.
    pub fn next_id(&self, purpose: Purpose) -> Result<KeyId, Refusal> {
        let last = self.document.keys().iter().filter(|k| k.purpose == purpose).map(|k| k.id.ordinal()).max();
        KeyId::new(purpose, last.unwrap_or(0).saturating_add(1))
    }
}

/// Key records as the events have them.
fn records(events: &[Event]) -> Result<Vec<KeyRecord>, ServiceError> {
    let mut keys: Vec<KeyRecord> = vec![];
    for event in events {
        let Fact::Key { id, change } = &event.fact else { continue };
        let id = KeyId::parse(id)?;
        match change {
            KeyChange::Added { public_key, .. } => {
                keys.push(KeyRecord::new(id, PublicKey::from_multikey(public_key)?, event.effective_at));
            }
            KeyChange::Retired | KeyChange::Compromised => {
                let key = keys.iter_mut().find(|k| k.id == id).ok_or_else(|| {
                    Refusal::invalid("bad_key_event", format!("the register speaks of a key {id} it never added"))
                })?;
                let place = if *change == KeyChange::Retired { &mut key.retired_at } else { &mut key.compromised_at };
                *place = Some(place.map_or(event.effective_at, |earlier| earlier.min(event.effective_at)));
            }
        }
    }
    Ok(keys)
}

fn file_of(directory: &Path, id: KeyId) -> PathBuf {
    directory.join(format!("{id}.pem"))
}

fn open(directory: &Path, key: &KeyRecord, passphrase: &Passphrase) -> Result<LocalSigner, ServiceError> {
    let path = file_of(directory, key.id);
    let pem = fs::read_to_string(&path)
        .map(Zeroizing::new)
        .map_err(ServiceError::io(format!("cannot read the key file {}", path.display())))?;
    let signer = LocalSigner::from_encrypted_pem(&pem, passphrase).map_err(|r| {
        let back = "if the passphrase is right, the file is damaged: put it back from a backup";
        Refusal { message: format!("{}: {}; {back}", path.display(), r.message).into(), ..r }
    })?;
    if signer.public() != key.public {
        let why = format!("{} holds another key than the register lists as {}", path.display(), key.id);
        return Err(Refusal::invalid("wrong_key_file", why).into());
    }
    Ok(signer)
}

/// Makes a key: its private half goes into an encrypted file of mode 0600. The register does not list `id` yet, so a file of
/// that name is left from an attempt that was cut off, or from a register that was restored to an earlier state: it is
/// put aside, never overwritten.
///
/// # Errors
/// A file cannot be put aside or written.
pub fn generate(
    directory: &Path,
    id: KeyId,
    passphrase: &Passphrase,
    cost: KdfCost,
    entropy: &dyn Entropy,
) -> Result<PublicKey, ServiceError> {
    let no_random = || ServiceError::io("the system gives no random bytes");
    let seed = Zeroizing::new(random::<32>(entropy).map_err(no_random())?);
    let signer = LocalSigner::from_seed(&seed)?;
    let file = KeyFileRandom { salt: random(entropy).map_err(no_random())?, iv: random(entropy).map_err(no_random())? };
    let pem = signer.to_encrypted_pem(passphrase, cost, &file)?;
    let path = file_of(directory, id);
    put_aside(&path)?;
    write_secret(&path, pem.as_bytes())?;
    Ok(signer.public())
}

/// Most files of one name that are kept aside.
const ASIDE_MAX: u32 = 1_000;

/// Renames a file that is there to the first free `NAME.unlisted-N`.
fn put_aside(path: &Path) -> Result<(), ServiceError> {
    if !path.exists() {
        return Ok(());
    }
    let aside = |n: u32| PathBuf::from(format!("{}.unlisted-{n}", path.display()));
    let free = (1..=ASIDE_MAX).map(aside).find(|p| !p.exists());
    let free = free.ok_or_else(|| {
        let why = format!("{ASIDE_MAX} files like {}.unlisted-1 lie there: move them elsewhere", path.display());
        Refusal::conflict("key_files_left", why)
    })?;
    fs::rename(path, &free).map_err(ServiceError::io(format!("cannot rename {}", path.display())))
}

/// Writes a file of mode 0600 that must not exist yet, durably.
///
/// # Errors
/// It exists or cannot be written.
pub fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), ServiceError> {
    let failed = || ServiceError::io(format!("cannot write {}", path.display()));
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(failed())?;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed())?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map_err(|e| {
        // A part of a secret would stand in the way of the next attempt.
        let _ = fs::remove_file(path);
        failed()(e)
    })?;
    fs::File::open(parent).and_then(|d| d.sync_all()).map_err(failed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    /// Whatever the process's umask is: these modes are asked for when the file is made, not afterwards.
    #[test]
    fn a_secret_is_its_owners_from_the_first_byte_on_and_never_replaced() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("keys/credential-1.pem");
        write_secret(&path, b"one").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(matches!(write_secret(&path, b"two"), Err(ServiceError::Io { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"one");
    }
}

//! A look at all of the log: every file, the checkpoint, and checkpoints that others were shown.

use super::load::{DAMAGED, OnFile, WAY_BACK, WAY_ON, otherwise, too_short};
use super::published::{Places, TILE_WIDTH};
use super::{ServiceError, Shared};
use crate::tlog::Checkpoint;

/// What a check of the log saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogCheck {
    /// Entries of the published tree.
    pub entries: u64,
    /// Full tiles and bundles compared.
    pub files: u64,
    /// What is wrong, and whether it is damage that does not go away by itself.
    pub faults: Vec<(bool, String)>,
}

impl LogCheck {
    fn add(&mut self, is_damage: bool, what: String) {
        self.faults.push((is_damage, what));
    }
}

impl Shared {
    /// Makes the tree anew from the journal, and compares with it every file, the checkpoint as it was `kept` before the journal
    /// was looked at, and those that `others` have shown, each named.
    ///
    /// # Errors
    /// Store failures. What is wrong is no error.
    pub(super) fn check(
        &self,
        kept: Option<&[u8]>,
        others: &[(String, Vec<u8>)],
        progress: &dyn Fn(u64, u64),
    ) -> Result<LogCheck, ServiceError> {
        let mut found = LogCheck::default();
        let places = Places::new(self.store.private_seqs()?);
        let leaves = places.leaf_of(self.store.next_seq());
        let mut claims: Vec<(String, Checkpoint)> = vec![];
        match kept.map_or(OnFile::Nothing, |bytes| self.read(bytes)) {
            OnFile::Nothing if leaves > 0 => match self.must_not_be_otherwise(&places) {
                Err(why) => found.add(true, why.in_full()),
                Ok(()) => found.add(false, format!("no log/checkpoint lies beside the journal's {leaves} public events: nothing was published yet, or it was lost; the next start signs one")),
            },
            OnFile::Nothing => {}
            OnFile::Damaged(why) => found.add(true, format!("{DAMAGED}: {why}; {WAY_ON}")),
            OnFile::Ours(signed) => {
                found.entries = signed.checkpoint.size();
                if found.entries < leaves {
                    found.add(
                        false,
                        format!(
                            "the published log is {} events behind the journal: a start takes them in",
                            leaves - found.entries
                        ),
                    );
                }
                claims.push(("log/checkpoint".into(), signed.checkpoint));
            }
        }
        for (name, note) in others {
            // One that does not verify is no receipt, and told of as such.
            claims.extend(self.read_checkpoint(note).ok().map(|signed| (name.clone(), signed.checkpoint)));
        }
        let (near, far): (Vec<_>, Vec<_>) = claims.into_iter().partition(|(_, c)| c.size() <= leaves);
        for (name, checkpoint) in far {
            found.add(true, format!("{name}: {}; {WAY_BACK}", too_short(leaves, checkpoint.size())));
        }
        self.compare(&places, near, &mut found, progress)?;
        Ok(found)
    }

    fn compare(
        &self,
        places: &Places,
        mut claims: Vec<(String, Checkpoint)>,
        found: &mut LogCheck,
        progress: &dyn Fn(u64, u64),
    ) -> Result<(), ServiceError> {
        claims.sort_by_key(|(_, checkpoint)| checkpoint.size());
        let (size, published) = (claims.last().map_or(0, |(_, c)| c.size()), found.entries);
        let mut claims = claims.into_iter().peekable();
        let (mut missing, mut differ) = (0, vec![]);
        self.derive_all(places, size, &mut |edge, full| {
            while let Some((name, checkpoint)) = claims.next_if(|(_, c)| c.size() == edge.size()) {
                if edge.root()? != checkpoint.root() {
                    found.add(true, format!("{name}: {}; {WAY_BACK}", otherwise(checkpoint.size())));
                }
            }
            for (key, bytes) in full.iter().filter(|_| edge.size() <= published) {
                found.files += 1;
                progress(found.files, published / TILE_WIDTH * 2);
                let is = match self.files.blobs.get(key) {
                    Ok(Some(there)) if there == *bytes => continue,
                    Ok(None) => {
                        missing += 1;
                        continue;
                    }
                    Ok(Some(_)) => "holds other bytes than it should".to_owned(),
                    Err(why) => format!("cannot be read: {why}"),
                };
                differ.push(format!("log/{key} {is}"));
            }
            Ok(())
        })?;
        let advice = match found.faults.iter().any(|(is_damage, _)| *is_damage) {
            // The file may be right, and the journal not the one it was published from.
            true => "keep it: it may be what was published",
            false => {
                "remove it: it is made anew from the journal when it is asked for, and nobody is given what it holds now"
            }
        };
        differ.into_iter().for_each(|what| found.add(true, format!("{what}; {advice}")));
        if missing > 0 {
            found.add(false, format!("{missing} files of the log are missing, as after a restore; they are made anew from the journal when they are needed"));
        }
        Ok(())
    }
}

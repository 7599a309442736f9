//! Pairs of several layers as if they were one: under each key what the newest layer says.

use crate::store::StoreError;
use crate::store::views::Each;
use crate::store::views::incoming::IncomingPairs;
use crate::store::views::settled::Pairs;
use crate::store::views::sled::RecentPairs;

/// A layer's pairs in the order of their keys.
pub(super) trait Cursor {
    /// The pair it stands at: no value where the pair was removed; none behind the last.
    fn peek(&self) -> Option<(&[u8], Option<&[u8]>)>;

    /// Goes on to the next.
    ///
    /// # Errors
    /// `Corrupt` or `Io`.
    fn pass(&mut self) -> Result<(), StoreError>;
}

impl Cursor for Pairs<'_> {
    fn peek(&self) -> Option<(&[u8], Option<&[u8]>)> {
        self.peek().map(|(key, value)| (key, Some(value)))
    }

    fn pass(&mut self) -> Result<(), StoreError> {
        self.pass()
    }
}

impl Cursor for RecentPairs {
    fn peek(&self) -> Option<(&[u8], Option<&[u8]>)> {
        self.peek()
    }

    fn pass(&mut self) -> Result<(), StoreError> {
        self.pass()
    }
}

impl Cursor for IncomingPairs {
    fn peek(&self) -> Option<(&[u8], Option<&[u8]>)> {
        self.peek()
    }

    fn pass(&mut self) -> Result<(), StoreError> {
        self.pass();
        Ok(())
    }
}

/// Hands out the pairs before `to` of these layers, the newest first among them, until told to stop.
pub(super) fn merge(layers: &mut [Box<dyn Cursor + '_>], to: &[u8], each: &mut Each<'_>) -> Result<(), StoreError> {
    loop {
        let mut first: Option<(&[u8], Option<&[u8]>)> = None;
        // A bit for each layer that stands at that key.
        let mut there = 0_u32;
        for (n, layer) in layers.iter().enumerate() {
            let Some((key, value)) = layer.peek() else { continue };
            match first {
                Some((least, _)) if least < key => {}
                Some((least, _)) if least == key => there |= 1 << n,
                _ => (first, there) = (Some((key, value)), 1 << n),
            }
        }
        let Some((key, value)) = first.filter(|(key, _)| *key < to) else { return Ok(()) };
        if let Some(value) = value
            && each(key, value)?.is_break()
        {
            return Ok(());
        }
        for (n, layer) in layers.iter_mut().enumerate() {
            if there & (1 << n) != 0 {
                layer.pass()?;
            }
        }
    }
}

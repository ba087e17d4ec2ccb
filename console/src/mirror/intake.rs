//! A binary on its way in: counted and hashed as it passes, and refused as soon as it can't be the right one.

use std::{
    io::{self, Read},
    path::Path,
};

use shared::release::{Binary, Hasher};

use super::{Fault, MirrorError};

/// What programs never begin with, and pages always do.
const PAGE: u8 = b'<';
/// Read at a time.
const PIECE: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct Intake {
    binary: Binary,
    hasher: Hasher,
}

/// Why a binary was not read to its end.
#[derive(Debug)]
pub(super) enum Trouble {
    Refused(Fault),
    Failed(io::Error),
    /// Somebody stopped it.
    Stopped,
}

impl Intake {
    pub(super) fn new(binary: &Binary) -> Self {
        Self { binary: binary.clone(), hasher: Hasher::default() }
    }

    /// How many bytes are in.
    pub(super) fn seen(&self) -> u64 {
        self.hasher.seen()
    }

    /// Looks at the next piece before it is written.
    pub(super) fn see(&mut self, piece: &[u8]) -> Result<(), Fault> {
        if self.seen() == 0 && piece.trim_ascii_start().first() == Some(&PAGE) {
            return Err(Fault::Page);
        }
        if self.seen() + piece.len() as u64 > self.binary.size {
            return Err(Fault::TooLong(self.binary.size));
        }
        self.hasher.update(piece);
        Ok(())
    }

    /// Looks at all that `from` has, and hands each piece on that is in order.
    pub(super) fn read(
        &mut self,
        mut from: impl Read,
        mut each: impl FnMut(&[u8]) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let mut piece = vec![0; PIECE];
        loop {
            let read = from.read(&mut piece)?;
            let Some(piece) = piece.get(..read).filter(|piece| !piece.is_empty()) else { return Ok(()) };
            self.see(piece)?;
            each(piece)?;
        }
    }

    /// Whether what came was all of it, and nothing else.
    pub(super) fn finish(self) -> Result<(), Fault> {
        let (got, size) = (self.hasher.seen(), self.binary.size);
        if got < size {
            return Err(Fault::TooShort { got, size });
        }
        if self.hasher.digest() == self.binary.checksum { Ok(()) } else { Err(Fault::Digest) }
    }
}

impl Trouble {
    /// What is wrong with the bytes themselves; whatever else it is ends the work on the file.
    pub(super) fn fault(self, path: &Path) -> Result<Fault, MirrorError> {
        match self {
            Self::Refused(fault) => Ok(fault),
            Self::Failed(error) => Err(MirrorError::file(path)(error)),
            Self::Stopped => Err(MirrorError::Stopped),
        }
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Refused(fault)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

#[cfg(test)]
mod tests {
    use shared::release::Digest;

    use super::*;

    fn binary(content: &[u8]) -> Binary {
        Binary { name: "claude".to_owned(), checksum: Digest::of(content), size: content.len() as u64 }
    }

    fn taken(binary: &Binary, pieces: &[&[u8]]) -> Result<(), Fault> {
        let mut intake = Intake::new(binary);
        pieces.iter().try_for_each(|piece| intake.see(piece))?;
        intake.finish()
    }

    #[test]
    fn the_right_bytes_are_taken_however_they_are_cut() {
        let binary = binary(b"\x7fELF and more");
        assert_eq!(taken(&binary, &[b"\x7fELF", b"", b" and more"]), Ok(()));
    }

    #[test]
    fn what_is_too_long_too_short_or_different_is_refused() {
        let binary = binary(b"\x7fELF");
        assert_eq!(taken(&binary, &[b"\x7fELF", b"!"]), Err(Fault::TooLong(4)));
        assert_eq!(taken(&binary, &[b"\x7fEL"]), Err(Fault::TooShort { got: 3, size: 4 }));
        assert_eq!(taken(&binary, &[b"\x7fELf"]), Err(Fault::Digest));
    }

    #[test]
    fn reading_hands_on_what_is_in_order_and_ends_at_the_first_fault() {
        let binary = binary(b"\x7fELF");
        let read = |bytes: &[u8]| {
            let (mut intake, mut handed) = (Intake::new(&binary), Vec::new());
            let read = intake.read(bytes, |piece| {
                handed.extend_from_slice(piece);
                Ok(())
            });
            (read.is_ok() && intake.finish().is_ok(), handed)
        };
        assert_eq!(read(b"\x7fELF"), (true, b"\x7fELF".to_vec()));
        assert_eq!(read(b"<html>"), (false, Vec::new()));
    }

    #[test]
    fn a_page_is_refused_at_its_first_byte() {
        let binary = binary(b"\x7fELF");
        for page in ["<!DOCTYPE html>", "\n  <html>", "<?xml version=\"1.0\"?>"] {
            assert_eq!(taken(&binary, &[page.as_bytes()]), Err(Fault::Page));
        }
    }
}

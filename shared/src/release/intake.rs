//! A binary on its way in: counted and hashed as it passes, and refused as soon as it can't be the right one.

use thiserror::Error;

use super::{Binary, Hasher};

/// What programs never begin with, and pages always do.
const PAGE: u8 = b'<';

/// What of a binary has passed.
#[derive(Debug)]
pub struct Intake {
    binary: Binary,
    hasher: Hasher,
}

/// What is wrong with the bytes of a binary.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    #[error("it is a page of HTML or XML and no program")]
    Page,
    #[error("it is longer than the {0} bytes of the manifest")]
    TooLong(u64),
    #[error("it ended after {got} of {size} bytes")]
    TooShort { got: u64, size: u64 },
    #[error("its SHA-256 digest is not that of the manifest")]
    Digest,
}

impl Intake {
    pub fn new(binary: &Binary) -> Self {
        Self { binary: binary.clone(), hasher: Hasher::default() }
    }

    /// How many bytes are in.
    pub fn seen(&self) -> u64 {
        self.hasher.seen()
    }

    /// Looks at the next piece before it is written.
    pub fn see(&mut self, piece: &[u8]) -> Result<(), Fault> {
        if self.seen() == 0 && piece.trim_ascii_start().first() == Some(&PAGE) {
            return Err(Fault::Page);
        }
        if self.seen() + piece.len() as u64 > self.binary.size {
            return Err(Fault::TooLong(self.binary.size));
        }
        self.hasher.update(piece);
        Ok(())
    }

    /// Whether what came was all of it, and nothing else.
    pub fn finish(self) -> Result<(), Fault> {
        let (got, size) = (self.hasher.seen(), self.binary.size);
        if got < size {
            return Err(Fault::TooShort { got, size });
        }
        if self.hasher.digest() == self.binary.checksum { Ok(()) } else { Err(Fault::Digest) }
    }
}

impl Fault {
    /// What a server says of a file before it sends it tells whether it is worth fetching.
    pub fn foreseen(binary: &Binary, total: Option<u64>, is_page: bool) -> Option<Self> {
        match total {
            _ if is_page => Some(Self::Page),
            Some(total) if total > binary.size => Some(Self::TooLong(binary.size)),
            Some(got) if got < binary.size => Some(Self::TooShort { got, size: binary.size }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::Digest;

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
    fn a_page_is_refused_at_its_first_byte() {
        let binary = binary(b"\x7fELF");
        for page in ["<!DOCTYPE html>", "\n  <html>", "<?xml version=\"1.0\"?>"] {
            assert_eq!(taken(&binary, &[page.as_bytes()]), Err(Fault::Page));
        }
    }

    #[test]
    fn what_is_announced_as_something_else_is_not_fetched() {
        let binary = binary(b"\x7fELF");
        assert_eq!(Fault::foreseen(&binary, Some(4), false), None);
        assert_eq!(Fault::foreseen(&binary, None, false), None);
        assert_eq!(Fault::foreseen(&binary, Some(4), true), Some(Fault::Page));
        assert_eq!(Fault::foreseen(&binary, Some(5), false), Some(Fault::TooLong(4)));
        assert_eq!(Fault::foreseen(&binary, Some(3), false), Some(Fault::TooShort { got: 3, size: 4 }));
    }
}

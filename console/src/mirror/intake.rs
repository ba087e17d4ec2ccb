//! Reading a binary to its end, or to the first byte that can't belong to it.

use std::{
    io::{self, Read},
    path::Path,
};

use shared::release::{Fault, Intake};

use super::MirrorError;

/// Read at a time.
const PIECE: usize = 1 << 20;

/// Why a binary was not read to its end.
#[derive(Debug)]
pub(super) enum Trouble {
    Refused(Fault),
    Failed(io::Error),
    /// Somebody stopped it.
    Stopped,
}

/// Looks at all that `from` has, and hands each piece on that is in order.
pub(super) fn read(
    mut from: impl Read,
    intake: &mut Intake,
    mut each: impl FnMut(&[u8]) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let mut piece = vec![0; PIECE];
    loop {
        let read = from.read(&mut piece)?;
        let Some(piece) = piece.get(..read).filter(|piece| !piece.is_empty()) else { return Ok(()) };
        intake.see(piece)?;
        each(piece)?;
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
    use shared::release::{Binary, Digest};

    use super::*;

    #[test]
    fn reading_hands_on_what_is_in_order_and_ends_at_the_first_fault() {
        let binary = Binary { name: "claude".to_owned(), checksum: Digest::of(b"\x7fELF"), size: 4 };
        let all = |bytes: &[u8]| {
            let (mut intake, mut handed) = (Intake::new(&binary), Vec::new());
            let read = read(bytes, &mut intake, |piece| {
                handed.extend_from_slice(piece);
                Ok(())
            });
            (read.is_ok() && intake.finish().is_ok(), handed)
        };
        assert_eq!(all(b"\x7fELF"), (true, b"\x7fELF".to_vec()));
        assert_eq!(all(b"<html>"), (false, Vec::new()));
    }
}

//! A program on its way: what a broken download has left is gone on with, and what comes is hashed as it is written.
//!
//! Invariant: after `fetch` the file has the size and the digest of the manifest, and is on the disk.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use shared::release::{Fault, Intake};

use super::{PackageError, Program, progress::Progress, source::InstallServer};
use crate::client::ClientError;

/// Attempts that bring nothing new, one after the other, before it is given up.
const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(300);
/// Read at a time when a file is hashed.
const PIECE: usize = 1 << 20;

/// How an attempt went that did not bring the whole file.
enum Setback {
    /// Another attempt may go on.
    Cut(PackageError),
    /// What an earlier attempt left is not what belongs there.
    Stale,
    Final(PackageError),
}

/// A file while bytes are added.
struct Partial<'a> {
    program: &'a Program,
    path: PathBuf,
    file: File,
    intake: Intake,
}

/// Fetches what is missing of the file.
pub(super) async fn fetch(
    server: &InstallServer,
    program: &Program,
    path: PathBuf,
) -> Result<(), PackageError> {
    let mut progress = Progress::new(program);
    let mut fruitless = 0;
    loop {
        let before = progress.reached();
        match attempt(server, program, &path, &mut progress).await {
            Ok(()) => return Ok(()),
            Err(Setback::Final(error)) => return Err(error),
            Err(Setback::Stale) => fs::remove_file(&path).map_err(failed(&path))?,
            Err(Setback::Cut(_)) if progress.reached() > before => fruitless = 0,
            Err(Setback::Cut(error)) if fruitless + 1 >= ATTEMPTS => return Err(error),
            Err(Setback::Cut(_)) => {
                tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(fruitless)).await;
                fruitless += 1;
            }
        }
    }
}

async fn attempt(
    server: &InstallServer,
    program: &Program,
    path: &PathBuf,
    progress: &mut Progress,
) -> Result<(), Setback> {
    let mut partial = Partial::take_up(program, path).map_err(Setback::Final)?;
    let left = partial.intake.seen();
    if left < program.binary.size {
        let mut body = server.open(program, left).await.map_err(|error| setback(error, left))?;
        if let Some(fault) = Fault::foreseen(&program.binary, body.total, body.is_page) {
            return Err(partial.refused(fault));
        }
        if body.from != left {
            partial.restart().map_err(Setback::Final)?;
        }
        while let Some(piece) = body.piece().await.map_err(Setback::Cut)? {
            partial.add(piece.as_ref())?;
            progress.reach(partial.intake.seen());
        }
    }
    partial.finish(left)
}

fn setback(error: PackageError, left: u64) -> Setback {
    match error {
        PackageError::Status { status: 416, .. } if left > 0 => Setback::Stale,
        PackageError::Status { status: 429 | 500..=599, .. }
        | PackageError::Client(ClientError::Unreachable { .. } | ClientError::TooSlow { .. }) => {
            Setback::Cut(error)
        }
        _ => Setback::Final(error),
    }
}

impl<'a> Partial<'a> {
    /// Goes on where the file ends; what can't be the program's beginning is begun again.
    fn take_up(program: &'a Program, path: &PathBuf) -> Result<Self, PackageError> {
        let open = File::options().create(true).truncate(false).read(true).write(true).open(path);
        let (file, intake) = (open.map_err(failed(path))?, Intake::new(&program.binary));
        let mut partial = Self { program, path: path.clone(), file, intake };
        if !partial.hash().map_err(failed(path))? {
            partial.restart()?;
        }
        Ok(partial)
    }

    /// Whether what is there may be the program's beginning.
    fn hash(&mut self) -> io::Result<bool> {
        let mut piece = vec![0; PIECE];
        loop {
            let read = self.file.read(&mut piece)?;
            let Some(piece) = piece.get(..read).filter(|piece| !piece.is_empty()) else { return Ok(true) };
            if self.intake.see(piece).is_err() {
                return Ok(false);
            }
        }
    }

    fn restart(&mut self) -> Result<(), PackageError> {
        self.intake = Intake::new(&self.program.binary);
        self.file.set_len(0).and_then(|()| self.file.rewind()).map_err(failed(&self.path))
    }

    fn add(&mut self, piece: &[u8]) -> Result<(), Setback> {
        self.intake.see(piece).map_err(|fault| self.refused(fault))?;
        self.file.write_all(piece).map_err(|error| Setback::Final(failed(&self.path)(error)))
    }

    /// `left` bytes of it were there before.
    fn finish(self, left: u64) -> Result<(), Setback> {
        let Self { file, intake, path, .. } = self;
        match intake.finish() {
            Ok(()) => file.sync_all().map_err(|error| Setback::Final(failed(&path)(error))),
            Err(Fault::TooShort { got, size }) => {
                Err(Setback::Cut(PackageError::Cut(format!("{got} of {size} bytes came"))))
            }
            Err(_) if left > 0 => Err(Setback::Stale),
            Err(fault) => Err(refused(&file, &path, fault)),
        }
    }

    fn refused(&self, fault: Fault) -> Setback {
        refused(&self.file, &self.path, fault)
    }
}

/// Nothing stays of what was refused.
fn refused(file: &File, path: &Path, fault: Fault) -> Setback {
    // Windows removes no file that is open, but it empties one.
    let emptied = file.set_len(0);
    let removed = fs::remove_file(path).or(emptied);
    Setback::Final(removed.map_or_else(failed(path), |()| fault.into()))
}

fn failed(path: &Path) -> impl Fn(io::Error) -> PackageError + '_ {
    |error| PackageError::File { path: path.to_owned(), error }
}

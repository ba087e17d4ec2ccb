//! A program on its way: what a broken download has left is gone on with, and what comes is hashed as it is written.
//!
//! Invariant: after `fetch` the file has the size and the digest of the manifest, and is on the disk.

use std::{
    fs::{self, File},
    io::{Read, Write},
    path::PathBuf,
    time::Duration,
};

use shared::release::Hasher;

use super::{
    Fault, PackageError, Program,
    progress::Progress,
    source::{Body, InstallServer},
};
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
struct Intake<'a> {
    program: &'a Program,
    path: PathBuf,
    file: File,
    hasher: Hasher,
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
    let mut intake = Intake::take_up(program, path).map_err(Setback::Final)?;
    let left = intake.hasher.seen();
    if left < program.binary.size {
        let mut body = server.open(program, left).await.map_err(|error| setback(error, left))?;
        check(program, &body).map_err(|fault| intake.refused(fault))?;
        if body.from != left {
            intake.restart().map_err(Setback::Final)?;
        }
        while let Some(piece) = body.piece().await.map_err(Setback::Cut)? {
            intake.add(piece.as_ref())?;
            progress.reach(intake.hasher.seen());
        }
    }
    intake.finish(left)
}

/// What the server says of the file tells whether it is worth fetching.
fn check(program: &Program, body: &Body) -> Result<(), Fault> {
    let size = program.binary.size;
    match body.total {
        _ if body.is_page => Err(Fault::Page),
        Some(total) if total > size => Err(Fault::TooLong(size)),
        Some(total) if total < size => Err(Fault::TooShort { got: total, size }),
        _ => Ok(()),
    }
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

impl<'a> Intake<'a> {
    /// Goes on where the file ends; what is longer than the program is begun again.
    fn take_up(program: &'a Program, path: &PathBuf) -> Result<Self, PackageError> {
        let open = File::options().create(true).truncate(false).read(true).write(true).open(path);
        let mut file = open.map_err(failed(path))?;
        let length = file.metadata().map_err(failed(path))?.len();
        if length > program.binary.size {
            file.set_len(0).map_err(failed(path))?;
        }
        let (mut hasher, mut piece) = (Hasher::default(), vec![0; PIECE]);
        loop {
            let read = file.read(&mut piece).map_err(failed(path))?;
            let Some(piece) = piece.get(..read).filter(|piece| !piece.is_empty()) else { break };
            hasher.update(piece);
        }
        Ok(Self { program, path: path.clone(), file, hasher })
    }

    fn restart(&mut self) -> Result<(), PackageError> {
        use std::io::Seek;
        self.hasher = Hasher::default();
        self.file.set_len(0).and_then(|()| self.file.rewind()).map_err(failed(&self.path))
    }

    fn add(&mut self, piece: &[u8]) -> Result<(), Setback> {
        let size = self.program.binary.size;
        if self.hasher.seen() + piece.len() as u64 > size {
            return Err(self.refused(Fault::TooLong(size)));
        }
        self.hasher.update(piece);
        self.file.write_all(piece).map_err(|error| Setback::Final(failed(&self.path)(error)))
    }

    /// `left` bytes of it were there before.
    fn finish(self, left: u64) -> Result<(), Setback> {
        let (got, size) = (self.hasher.seen(), self.program.binary.size);
        if got < size {
            return Err(Setback::Cut(PackageError::Cut(format!("{got} of {size} bytes came"))));
        }
        if self.hasher.clone().digest() == self.program.binary.checksum {
            return self.file.sync_all().map_err(|error| Setback::Final(failed(&self.path)(error)));
        }
        if left > 0 { Err(Setback::Stale) } else { Err(self.refused(Fault::Digest)) }
    }

    /// Nothing stays of what was refused.
    fn refused(&self, fault: Fault) -> Setback {
        // Windows removes no file that is open, but it empties one.
        let emptied = self.file.set_len(0);
        let removed = fs::remove_file(&self.path).or(emptied);
        Setback::Final(removed.map_or_else(failed(&self.path), |()| fault.into()))
    }
}

fn failed(path: &std::path::Path) -> impl Fn(std::io::Error) -> PackageError + '_ {
    |error| PackageError::File { path: path.to_owned(), error }
}

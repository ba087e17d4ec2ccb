//! A file that is on its way, and the bytes that are added to it.

use std::{fs, io::ErrorKind, path::PathBuf, sync::Arc};

use shared::release::{Binary, Fault, Intake};
use tokio::io::AsyncWriteExt;

use super::Item;
use crate::mirror::{MirrorError, aside, intake};

#[derive(Debug)]
pub(super) struct Partial(PathBuf);

/// A partial file while bytes are added.
#[derive(Debug)]
pub(super) struct Taking<'a> {
    path: PathBuf,
    file: tokio::fs::File,
    binary: &'a Binary,
    intake: Intake,
}

/// Why bytes were not taken.
#[derive(Debug)]
pub(super) enum Taken {
    Refused(Fault),
    Failed(MirrorError),
}

impl Partial {
    pub(super) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Whether the file is there and is the binary.
    pub(super) async fn is_verified(&self, binary: &Binary, shown: &Arc<Item>) -> Result<bool, MirrorError> {
        match fs::metadata(&self.0) {
            Ok(file) if file.len() == binary.size => {
                let intake = self.hash(binary, shown).await?;
                Ok(intake.is_some_and(|intake| intake.finish().is_ok()))
            }
            _ => Ok(false),
        }
    }

    /// Opens it to go on where it ends; what is longer than the binary is begun again.
    pub(super) async fn take_up<'a>(
        &self,
        binary: &'a Binary,
        shown: &Arc<Item>,
    ) -> Result<Taking<'a>, MirrorError> {
        let failed = || MirrorError::file(&self.0);
        let is_sound = fs::metadata(&self.0).is_ok_and(|file| file.len() <= binary.size);
        let hashed = if is_sound { self.hash(binary, shown).await? } else { None };
        let intake = hashed.unwrap_or_else(|| Intake::new(binary));
        shown.reach(intake.seen());
        let open = fs::OpenOptions::new().create(true).append(true).open(&self.0).map_err(failed())?;
        open.set_len(intake.seen()).map_err(failed())?;
        Ok(Taking { path: self.0.clone(), file: open.into(), binary, intake })
    }

    pub(super) fn remove(&self) -> Result<(), MirrorError> {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(MirrorError::file(&self.0)(error)),
            _ => Ok(()),
        }
    }

    /// Hashes what is there, away from the runtime's threads; none if it can't be the binary's beginning.
    async fn hash(&self, binary: &Binary, shown: &Arc<Item>) -> Result<Option<Intake>, MirrorError> {
        let (path, mut intake, shown) = (self.0.clone(), Intake::new(binary), shown.clone());
        aside(move || {
            let mut done = 0;
            let file = fs::File::open(&path).map_err(MirrorError::file(&path))?;
            let read = intake::read(file, &mut intake, |piece| {
                done += piece.len() as u64;
                shown.reach(done);
                shown.check_stop()
            });
            match read.map_err(|trouble| trouble.fault(&path)) {
                Ok(()) => Ok(Some(intake)),
                Err(Ok(_fault)) => Ok(None),
                Err(Err(error)) => Err(error),
            }
        })
        .await
    }
}

impl Taking<'_> {
    pub(super) fn seen(&self) -> u64 {
        self.intake.seen()
    }

    /// Forgets what is there.
    pub(super) async fn restart(&mut self) -> Result<(), MirrorError> {
        self.file.set_len(0).await.map_err(MirrorError::file(&self.path))?;
        self.intake = Intake::new(self.binary);
        Ok(())
    }

    pub(super) async fn add(&mut self, piece: &[u8], shown: &Item) -> Result<(), Taken> {
        self.intake.see(piece).map_err(Taken::Refused)?;
        self.file
            .write_all(piece)
            .await
            .map_err(|error| Taken::Failed(MirrorError::file(&self.path)(error)))?;
        shown.bring(piece.len());
        Ok(())
    }

    /// Verifies the whole, and sees to it that it is on the disk.
    pub(super) async fn finish(mut self) -> Result<(), Taken> {
        let failed = |error| Taken::Failed(MirrorError::file(&self.path)(error));
        self.file.flush().await.map_err(failed)?;
        self.intake.finish().map_err(Taken::Refused)?;
        self.file.sync_all().await.map_err(failed)
    }
}

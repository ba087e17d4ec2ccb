//! A binary that is served: opened and verified once, and held open. What is sent are the bytes that were verified,
//! whatever lies at its path by then.

use std::{collections::HashMap, fs::File, io, os::unix::fs::FileExt, sync::Arc};

use shared::release::{Digest, Hasher};
use tokio_util::sync::CancellationToken;

use super::folder::{Listing, Mark};

/// What is read at a time to be hashed.
const PIECE: usize = 1 << 20;

/// A binary.
#[derive(Debug)]
pub(super) struct Artifact {
    pub file: Arc<File>,
    pub digest: Digest,
    mark: Mark,
}

/// The digests of files that were hashed before.
#[derive(Debug, Default)]
pub(super) struct Digests(HashMap<Mark, Digest>);

impl Artifact {
    pub fn size(&self) -> u64 {
        self.mark.size()
    }

    /// Whether the file is still the one that was hashed. One that was written to in place is not.
    pub fn is_unchanged(&self) -> bool {
        self.file.metadata().is_ok_and(|metadata| Mark::of(&metadata) == self.mark)
    }
}

impl Digests {
    /// Hashes a file, unless that was done before. A large one takes a while, until `stop`.
    pub fn artifact(&mut self, file: File, stop: &CancellationToken) -> io::Result<Artifact> {
        let mark = Mark::of(&file.metadata()?);
        let digest = match self.0.get(&mark) {
            Some(digest) => *digest,
            None => hash(&file, stop)?,
        };
        if Mark::of(&file.metadata()?) != mark {
            return Err(io::Error::other("it changed while it was read"));
        }
        self.0.insert(mark, digest);
        Ok(Artifact { file: Arc::new(file), digest, mark })
    }

    /// Forgets files that are gone.
    pub fn keep(&mut self, listing: &Listing) {
        let marks: Vec<Mark> = listing.marks().collect();
        self.0.retain(|mark, _| marks.contains(mark));
    }
}

fn hash(file: &File, stop: &CancellationToken) -> io::Result<Digest> {
    let mut hasher = Hasher::default();
    let mut piece = vec![0; PIECE];
    loop {
        if stop.is_cancelled() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let read = file.read_at(&mut piece, hasher.seen())?;
        let Some(read) = piece.get(..read).filter(|read| !read.is_empty()) else {
            return Ok(hasher.digest());
        };
        hasher.update(read);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        time::{Duration, SystemTime},
    };

    use super::*;

    #[test]
    fn a_file_is_hashed_again_only_when_it_is_another_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("claude");
        let (mut digests, stop) = (Digests::default(), CancellationToken::new());
        fs::write(&path, "one").unwrap();
        let first = digests.artifact(File::open(&path).unwrap(), &stop).unwrap();
        assert_eq!((first.digest, first.size()), (Digest::of(b"one"), 3));
        // Hashing is refused from here on: only what is remembered can be had.
        stop.cancel();
        assert_eq!(digests.artifact(File::open(&path).unwrap(), &stop).unwrap().digest, first.digest);
        fs::write(dir.path().join("new"), "two").unwrap();
        fs::rename(dir.path().join("new"), &path).unwrap();
        assert!(digests.artifact(File::open(&path).unwrap(), &stop).is_err());
        assert!(first.is_unchanged());
    }

    #[test]
    fn a_file_that_is_written_to_in_place_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("claude");
        fs::write(&path, "one").unwrap();
        let artifact =
            Digests::default().artifact(File::open(&path).unwrap(), &CancellationToken::new()).unwrap();
        assert!(artifact.is_unchanged());
        fs::write(&path, "two").unwrap();
        // The file system's clock may be coarser than this test.
        #[allow(clippy::disallowed_methods, reason = "a file's own time")]
        let later = SystemTime::now() + Duration::from_secs(9);
        File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
        assert!(!artifact.is_unchanged());
    }
}

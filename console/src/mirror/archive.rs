//! A release as one file, for hosts that can't reach any source: a tar of the official layout, manifest and signature
//! first. Whoever imports it verifies it as if it came from anywhere.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use serde::Serialize;
use shared::{
    platform::Platform,
    release::{Binary, Intake, LARGEST_DOCUMENT, Manifest, Version},
    time::Timestamp,
};
use tar::{Archive, Builder, Entry, Header};

use super::{
    Action, MirrorError, Order, Outcome, Trust, Wanted,
    history::Cause,
    intake,
    layout::{RELEASES, Tree},
    progress::{Item, Progress, State},
    publish::Publication,
    refuse_downgrade,
    release::Release,
};

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exported {
    pub version: Version,
    pub platforms: Vec<Platform>,
    pub bytes: u64,
}

/// Writes a version that is kept into one file: the one that is named, or the one that is served.
pub fn export(
    order: &Order,
    version: Option<&Version>,
    file: &Path,
    (now, progress): (Timestamp, &Progress),
) -> Result<Exported, MirrorError> {
    let tree = Tree::open(&order.output, true)?;
    let version = match version {
        Some(version) => version.clone(),
        None => tree.served()?.ok_or_else(|| MirrorError::NothingServed(order.output.clone()))?,
    };
    let release = tree.read_release(&version, &order.trust, now)?;
    let platforms = release.select(&order.platforms)?;
    let there: Vec<Platform> =
        platforms.into_iter().filter(|platform| tree.has(&release.manifest, *platform)).collect();
    let beside = file.with_extension("partial");
    let binaries = tree.binaries_of(&release, &there, progress);
    let written = write_archive(&release, &binaries, &beside);
    let bytes = written.and_then(|bytes| fs::rename(&beside, file).map(|()| bytes));
    if bytes.is_err() {
        // The error that is told is the one that came first.
        let _ = fs::remove_file(&beside);
    }
    let bytes = bytes.map_err(MirrorError::file(file))?;
    Ok(Exported { version, platforms: there, bytes })
}

/// A binary on its way out.
struct Outgoing {
    path: PathBuf,
    /// Where it is in the archive.
    name: PathBuf,
    item: Arc<Item>,
}

/// Tells how much of it was read.
struct Told<'a>(File, &'a Item);

impl Read for Told<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1.bring(read);
        Ok(read)
    }
}

impl Tree {
    fn binaries_of(&self, release: &Release, platforms: &[Platform], progress: &Progress) -> Vec<Outgoing> {
        let Manifest { version, platforms: all, .. } = &release.manifest;
        let wanted = all.iter().filter(|(platform, _)| platforms.contains(platform));
        wanted
            .map(|(platform, binary)| Outgoing {
                path: self.binary(version, *platform, &binary.name),
                name: folder(version).join(platform.as_str()).join(&binary.name),
                item: progress.add(version, *platform, binary.size),
            })
            .collect()
    }
}

fn write_archive(release: &Release, binaries: &[Outgoing], file: &Path) -> io::Result<u64> {
    let folder = folder(&release.manifest.version);
    let mut archive = Builder::new(BufWriter::new(File::create(file)?));
    append(&mut archive, &folder.join("manifest.json"), &release.written)?;
    if let Some(signature) = &release.signature {
        append(&mut archive, &folder.join("manifest.json.sig"), signature)?;
    }
    for Outgoing { path, name, item } in binaries {
        let (mut header, binary) = (Header::new_gnu(), File::open(path)?);
        header.set_metadata(&binary.metadata()?);
        item.become_(State::Writing);
        archive.append_data(&mut header, name, Told(binary, item))?;
        item.become_(State::Written);
    }
    let file = archive.into_inner()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}

fn append(archive: &mut Builder<impl Write>, path: &Path, content: &[u8]) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, path, content)
}

/// Publishes what a file has, as `order` says of its folder, its trust and what is kept.
pub fn import(
    order: &Order,
    file: &Path,
    now: Timestamp,
    progress: &Progress,
) -> Result<Outcome, MirrorError> {
    let tree = Tree::open(&order.output, false)?;
    let _alone = tree.lock()?;
    let open = File::open(file).map_err(MirrorError::file(file))?;
    let mut archive = Archive::new(BufReader::new(open));
    let mut inside = Inside::new(&mut archive, file)?;
    let release = inside.release((&order.trust, now))?;
    refuse_downgrade(&tree, order, &release.manifest.version)?;
    let previous = tree.served()?;
    let (mut platforms, mut bytes) = (BTreeSet::new(), 0);
    while let Some((path, mut entry)) = inside.next()? {
        let platform = platform_of(&path, &release).ok_or_else(|| inside.odd(&path))?;
        let item = progress.add(&release.manifest.version, platform, entry.size());
        take(&tree, &release, (platform, &item), &mut entry)?;
        bytes += entry.size();
        platforms.insert(platform);
    }
    let cause = Cause { at: now, action: Action::Import, reason: order.reason.as_deref() };
    let publication = Publication { tree: &tree, release: &release, platforms: &platforms, cause };
    let changed = publication.publish(&Wanted::Version(release.manifest.version.clone()))?;
    let removed = tree.prune(order.keep, cause)?;
    Ok(Outcome { fetched_bytes: bytes, changed, removed, ..Outcome::of(&release, previous, &platforms) })
}

/// A file of ours, read from its beginning to its end.
struct Inside<'a> {
    file: &'a Path,
    entries: tar::Entries<'a, BufReader<File>>,
    /// Read ahead.
    pending: Option<Inner<'a>>,
}

type Inner<'a> = (PathBuf, Entry<'a, BufReader<File>>);

impl<'a> Inside<'a> {
    fn new(archive: &'a mut Archive<BufReader<File>>, file: &'a Path) -> Result<Self, MirrorError> {
        let entries = archive.entries().map_err(|error| unreadable(file, &error))?;
        Ok(Self { file, entries, pending: None })
    }

    fn next(&mut self) -> Result<Option<Inner<'a>>, MirrorError> {
        if let Some(pending) = self.pending.take() {
            return Ok(Some(pending));
        }
        let entry = self.entries.next().transpose();
        let named = entry.and_then(|entry| match entry {
            Some(entry) => Ok(Some((entry.path()?.into_owned(), entry))),
            None => Ok(None),
        });
        named.map_err(|error| unreadable(self.file, &error))
    }

    /// The release that the first entries are of, verified.
    fn release(&mut self, (trust, now): (&Trust, Timestamp)) -> Result<Release, MirrorError> {
        let Some((path, mut entry)) = self.next()? else { return Err(self.odd(Path::new(""))) };
        let version = version_of(&path).ok_or_else(|| self.odd(&path))?;
        let written = self.document(&mut entry)?;
        let signature = match self.next()? {
            Some((path, mut entry)) if path == folder(&version).join("manifest.json.sig") => {
                Some(self.document(&mut entry)?)
            }
            other => {
                self.pending = other;
                None
            }
        };
        Release::verify(&version, written, signature, (trust, now))
    }

    fn document(&self, entry: &mut Entry<'_, BufReader<File>>) -> Result<Bytes, MirrorError> {
        let mut content = Vec::new();
        let most = u64::try_from(LARGEST_DOCUMENT).unwrap_or(u64::MAX);
        entry.take(most).read_to_end(&mut content).map_err(|error| unreadable(self.file, &error))?;
        Ok(content.into())
    }

    fn odd(&self, path: &Path) -> MirrorError {
        let cause =
            format!("it is no release that `sallyport mirror export` wrote (at `{}`)", path.display());
        MirrorError::Archive { path: self.file.to_owned(), cause }
    }
}

fn unreadable(file: &Path, error: &io::Error) -> MirrorError {
    MirrorError::Archive { path: file.to_owned(), cause: error.to_string() }
}

fn folder(version: &Version) -> PathBuf {
    Path::new(RELEASES).join(version.to_string())
}

fn version_of(path: &Path) -> Option<Version> {
    let version = path.parent()?.file_name()?.to_str()?.parse().ok()?;
    (path == folder(&version).join("manifest.json")).then_some(version)
}

/// The platform whose binary belongs at a path. A path is only ever compared, never followed.
fn platform_of(path: &Path, release: &Release) -> Option<Platform> {
    let Manifest { version, platforms, .. } = &release.manifest;
    let at = |platform: Platform, binary: &Binary| folder(version).join(platform.as_str()).join(&binary.name);
    platforms.iter().find(|(platform, binary)| path == at(**platform, binary)).map(|(platform, _)| *platform)
}

/// Takes a binary in, verified, to where downloads wait.
fn take(
    tree: &Tree,
    release: &Release,
    (platform, item): (Platform, &Item),
    from: &mut impl Read,
) -> Result<(), MirrorError> {
    let Some(binary) = release.manifest.platforms.get(&platform) else { return Ok(()) };
    let path = tree.on_its_way(&release.manifest.version, platform, binary);
    let failed = || MirrorError::file(&path);
    let mut file = File::create(&path).map_err(failed())?;
    let mut intake = Intake::new(binary);
    item.become_(State::Fetching);
    let taken = intake::read(from, &mut intake, |piece| {
        item.bring(piece.len());
        item.check_stop()?;
        Ok(file.write_all(piece)?)
    });
    if let Err(trouble) = taken.and_then(|()| Ok(intake.finish()?)) {
        item.become_(State::Failed);
        fs::remove_file(&path).map_err(failed())?;
        return Err(MirrorError::Binary { platform, fault: trouble.fault(&path)? });
    }
    item.become_(State::Done);
    file.sync_all().map_err(failed())
}

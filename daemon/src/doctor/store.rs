//! The store: its folder, its database, and the room that is left on its disk.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::fs::{Access, AtFlags, CWD, StatVfs, accessat, statvfs};
use shared::finding::Finding;

use super::{Patient, refused};
use crate::store::sqlite::look::{self, Look};

const CHECK: &str = "store";
/// Less than the limit of a check.
const READING: Duration = Duration::from_secs(10);
/// Less room than this needs someone's attention; less than that is as good as none.
const SCARCE: u64 = 1 << 30;
const NONE: u64 = 32 << 20;

pub(super) async fn examine(patient: &Patient) -> Vec<Finding> {
    if let Err(skipped) = patient.need(CHECK, &["state_dir"]) {
        return vec![skipped];
    }
    let dir = patient.config().state_dir.clone();
    let looked = tokio::task::spawn_blocking(move || folder(&dir)).await;
    looked.unwrap_or_else(|error| vec![Finding::problem(CHECK, error.to_string(), "try again")])
}

fn folder(dir: &Path) -> Vec<Finding> {
    match fs::read_dir(dir) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return absent(dir),
        Err(error) => return vec![unseen(dir, &error)],
    }
    let database = match look::look(dir, READING) {
        Ok(seen) => database(dir, &seen),
        Err(error) => refused(CHECK, &error, "see whether its disk is well"),
    };
    let mut findings = vec![database, writable(dir)];
    findings.extend(statvfs(dir).ok().map(|disk| room(dir, &disk)));
    findings
}

/// The daemon makes the folder when it starts, if it may.
fn absent(dir: &Path) -> Vec<Finding> {
    let mut above: PathBuf = dir.to_owned();
    while !above.exists() && above.pop() {}
    let what = format!("there is no `{}` yet: the daemon makes it when it starts", dir.display());
    vec![
        Finding::ok(CHECK, what),
        writable(if above.as_os_str().is_empty() { Path::new(".") } else { &above }),
    ]
}

fn unseen(dir: &Path, error: &io::Error) -> Finding {
    let what = format!("`{}` can't be looked into: {error}", dir.display());
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            Finding::warning(CHECK, what, "run doctor as root, or as the daemon's own user")
        }
        _ => Finding::problem(CHECK, what, "choose another `SALLYPORT_STATE_DIR`"),
    }
}

fn database(dir: &Path, look: &Look) -> Finding {
    let shown = dir.display();
    match look {
        Look::Absent => {
            Finding::ok(CHECK, format!("`{shown}` has no database yet: the daemon makes it when it starts"))
        }
        Look::Unfinished => {
            let what =
                format!("the last daemon on `{shown}` was killed: the next one puts its work in order");
            Finding::warning(CHECK, what, "start the daemon, then look again")
        }
        Look::Seen { whole: Some(false), .. } => {
            let hint = "stop the daemon, keep a copy, and restore a backup or move the file away: everyone then \
                        signs in again";
            Finding::problem(CHECK, format!("the database in `{shown}` is damaged"), hint)
        }
        Look::Seen { version, known, .. } if version > known => {
            let what =
                format!("the database in `{shown}` is of version {version}, this program knows {known}");
            Finding::problem(CHECK, what, "install the newer version again")
        }
        Look::Seen { version, known, whole, in_use } => {
            let whole = if whole.is_some() { "whole" } else { "too large to be read through here" };
            let next =
                if version < known { format!(" (the next start makes it {known})") } else { String::new() };
            let use_of = if *in_use { "in use by a daemon" } else { "not in use" };
            let what = format!("the database in `{shown}` is {whole}, of version {version}{next}, {use_of}");
            Finding::ok(CHECK, what)
        }
    }
}

/// Whether we may write there. For root that tells only whether the disk takes anything at all.
fn writable(dir: &Path) -> Finding {
    let shown = dir.display();
    match accessat(CWD, dir, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS) {
        Ok(()) => Finding::ok(CHECK, format!("`{shown}` can be written to")),
        Err(rustix::io::Errno::ROFS) => Finding::problem(
            CHECK,
            format!("`{shown}` is on a disk that is mounted read-only"),
            "see the kernel's log (`dmesg`) for why, and mount it writable",
        ),
        Err(error) => {
            let what = format!(
                "`{shown}` can't be written to by the user that doctor runs as: {}",
                io::Error::from(error)
            );
            Finding::warning(
                CHECK,
                what,
                "run doctor as the daemon's own user, or give the folder to that user",
            )
        }
    }
}

fn room(dir: &Path, disk: &StatVfs) -> Finding {
    room_of(dir, disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn room_of(dir: &Path, bytes: u64) -> Finding {
    let shown = dir.display();
    let mebibytes = bytes >> 20;
    let hint = "make room: without it nobody can sign in, and usage is lost";
    if bytes < NONE {
        return Finding::problem(
            CHECK,
            format!("the disk of `{shown}` is full: {mebibytes} MiB are left"),
            hint,
        );
    }
    if bytes < SCARCE {
        return Finding::warning(
            CHECK,
            format!("the disk of `{shown}` is nearly full: {mebibytes} MiB are left"),
            hint,
        );
    }
    Finding::ok(CHECK, format!("the disk of `{shown}` has {} GiB left", bytes >> 30))
}

#[cfg(test)]
mod tests {
    use shared::finding::State;

    use super::*;

    #[test]
    fn a_disk_is_full_before_its_last_byte() {
        let dir = Path::new("/var/lib/sallyport");
        let found = |bytes| (room_of(dir, bytes).state, room_of(dir, bytes).what);
        assert_eq!(
            found(5 << 20),
            (State::Problem, "the disk of `/var/lib/sallyport` is full: 5 MiB are left".into())
        );
        assert_eq!(found(500 << 20).0, State::Warning);
        assert_eq!(found(3 << 30), (State::Ok, "the disk of `/var/lib/sallyport` has 3 GiB left".into()));
    }

    #[test]
    fn an_older_database_is_going_to_be_migrated_and_a_newer_one_is_a_problem() {
        let of = |version, known| {
            database(Path::new("/s"), &Look::Seen { version, known, whole: Some(true), in_use: false })
        };
        assert!(of(7, 8).what.ends_with("is whole, of version 7 (the next start makes it 8), not in use"));
        assert_eq!((of(8, 8).state, of(9, 8).state), (State::Ok, State::Problem));
    }
}

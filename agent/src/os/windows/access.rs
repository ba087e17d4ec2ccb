//! Who may open a file, as an access control list says it in SDDL.

use std::{
    fs::{File, OpenOptions},
    io,
    os::windows::fs::OpenOptionsExt,
    path::Path,
};

use windows_sys::Win32::{
    Foundation::GENERIC_WRITE,
    Storage::FileSystem::{FILE_FLAG_BACKUP_SEMANTICS, READ_CONTROL, WRITE_DAC},
};

use super::security;

/// Who may read everything anyway: the system, administrators, and whoever owns the file.
const TRUSTED: [&str; 5] = ["SY", "BA", "LA", "OW", "CO"];
/// Reading and running.
const READ: &str = "0x1200a9";

/// A new file for the user alone. Nobody else can open it while we have it open, and then nobody else may.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).access_mode(GENERIC_WRITE | WRITE_DAC).share_mode(0);
    let file = options.open(path)?;
    security::set_access(&file, &private(path)?)?;
    Ok(file)
}

/// Takes everybody's rights but the user's.
pub(super) fn restrict(path: &Path) -> io::Result<()> {
    security::set_access(&open(path, WRITE_DAC)?, &private(path)?)
}

/// Lets everybody read and run it, and administrators change it; the user, too, who is none.
pub(super) fn publish(path: &Path) -> io::Result<()> {
    let owner = if security::is_elevated()? { "BA".to_owned() } else { security::user()? };
    let entries = [("FA", "SY"), ("FA", "BA"), ("FA", owner.as_str()), (READ, "BU")];
    let list = entries.map(|(rights, who)| entry(path, rights, who)).concat();
    security::set_access(&open(path, WRITE_DAC)?, &format!("D:P{list}"))
}

/// Gives a file the list of another one. Both are in one folder, so what that one has from its folder is right for this one,
/// too, and goes on to be the folder's.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let list = security::access(&open(from, READ_CONTROL)?)?;
    security::set_access(&open(to, WRITE_DAC)?, &inheriting(&list))
}

pub(super) fn is_exposed(path: &Path) -> io::Result<bool> {
    Ok(lets_others_in(&security::access(&open(path, READ_CONTROL)?)?, &security::user()?))
}

/// Writes what Windows still holds of a folder.
pub(super) fn flush(folder: &Path) -> io::Result<()> {
    open(folder, GENERIC_WRITE)?.sync_all()
}

/// A file, or a folder itself.
fn open(path: &Path, access: u32) -> io::Result<File> {
    OpenOptions::new().access_mode(access).custom_flags(FILE_FLAG_BACKUP_SEMANTICS).open(path)
}

fn private(path: &Path) -> io::Result<String> {
    Ok(format!("D:P{}", entry(path, "FA", &security::user()?)))
}

/// What is in a folder gets the folder's entries.
fn entry(path: &Path, rights: &str, who: &str) -> String {
    let inherited = if path.is_dir() { "OICI" } else { "" };
    format!("(A;{inherited};{rights};;;{who})")
}

/// Windows takes the sign of inheritance (`AI`) only from whoever asks for it (`AR`).
fn inheriting(sddl: &str) -> String {
    sddl.replacen("D:AI", "D:ARAI", 1)
}

/// Whether anybody but the user and those who are trusted is allowed anything.
fn lets_others_in(sddl: &str, user: &str) -> bool {
    let mut entries = sddl.split(['(', ')']).skip(1).step_by(2);
    let is_for_others = |entry: &str| {
        let mut fields = entry.split(';');
        let is_allowed = fields.next().is_some_and(|kind| matches!(kind, "A" | "XA" | "OA"));
        let who = fields.nth(4).unwrap_or_default();
        is_allowed && who != user && !TRUSTED.contains(&who)
    };
    // Without a list of entries, everybody may do everything.
    sddl.contains("NO_ACCESS_CONTROL") || !sddl.contains("D:") || entries.any(is_for_others)
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write};

    use super::*;

    const ME: &str = "S-1-5-21-1-2-3-1001";

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn only_the_user_may_open_a_private_file() {
        let folder = folder();
        let path = folder.path().join("token.json");
        let mut file = create(&path).unwrap();
        file.write_all(b"{}").unwrap();
        // Not even somebody who was quick, while it was not private yet.
        assert!(File::open(&path).is_err());
        drop(file);
        assert_eq!(fs::read(&path).unwrap(), b"{}");
        assert!(!is_exposed(&path).unwrap());
        assert_eq!(create(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn a_file_is_published_and_taken_back() {
        let folder = folder();
        let path = folder.path().join("settings.json");
        fs::write(&path, "{}").unwrap();
        publish(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"{}");
        let for_everybody = format!("D:P(A;;FA;;;{})(A;;FR;;;WD)", security::user().unwrap());
        security::set_access(&open(&path, WRITE_DAC).unwrap(), &for_everybody).unwrap();
        assert!(is_exposed(&path).unwrap());
        restrict(&path).unwrap();
        assert!(!is_exposed(&path).unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"{}");
    }

    #[test]
    fn a_file_takes_over_who_may_open_another_one() {
        let folder = folder();
        let [from, to] = ["settings.json", "settings.json.new"].map(|name| folder.path().join(name));
        let list = |path: &Path| security::access(&open(path, READ_CONTROL).unwrap()).unwrap();
        fs::write(&from, "{}").unwrap();
        drop(create(&to).unwrap());
        let of_its_folder = list(&from);
        assert_ne!(list(&to), of_its_folder);
        copy(&from, &to).unwrap();
        assert_eq!(list(&to), of_its_folder);
        publish(&from).unwrap();
        copy(&from, &to).unwrap();
        assert_eq!(list(&to), list(&from));
        assert_eq!(inheriting("D:AI(A;ID;FA;;;SY)"), "D:ARAI(A;ID;FA;;;SY)");
    }

    #[test]
    fn a_private_folder_is_private_and_can_be_used() {
        let folder = folder();
        restrict(folder.path()).unwrap();
        assert!(!is_exposed(folder.path()).unwrap());
        fs::write(folder.path().join("file"), "x").unwrap();
        flush(folder.path()).unwrap();
    }

    #[test]
    fn a_list_that_lets_others_in_is_told_from_one_that_does_not() {
        for list in [
            format!("D:P(A;;FA;;;{ME})"),
            format!("D:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;FA;;;{ME})"),
            format!("D:P(D;;FA;;;WD)(A;;FA;;;{ME})"),
            "D:P".to_owned(),
        ] {
            assert!(!lets_others_in(&list, ME), "{list}");
        }
        for list in [
            format!("D:(A;;FR;;;BU)(A;;FA;;;{ME})"),
            "D:P(A;;FA;;;S-1-5-21-1-2-3-1002)".to_owned(),
            format!("D:P(A;;FA;;;{ME})(XA;;FR;;;WD;(a == 1))"),
            "D:NO_ACCESS_CONTROL".to_owned(),
            String::new(),
        ] {
            assert!(lets_others_in(&list, ME), "{list}");
        }
    }
}

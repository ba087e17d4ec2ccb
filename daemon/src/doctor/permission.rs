//! Who may read and write what is the daemon's: its state, its secrets, its socket.

use std::{
    fs,
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::{Path, PathBuf},
};

use rustix::process::geteuid;
use shared::finding::Finding;

use super::{Patient, account, running::Running};
use crate::config::{Config, Origin, Reading, SigningKeys};

const CHECK: &str = "permission";
const OTHERS: u32 = 0o007;
const ALL_BUT_OWNER: u32 = 0o077;
/// Keys of the configuration that are secret.
const SECRET: [&str; 2] = ["token.secrets", "bedrock.api_key"];

pub(super) fn examine(patient: &Patient, running: &Running) -> Vec<Finding> {
    let config = patient.config();
    let mut findings = vec![user(running)];
    findings.extend(state(&config.state_dir, running.user()));
    findings.extend(secrets(&patient.reading).iter().map(|path| secret(path)));
    findings.extend(socket(&config.admin.socket));
    findings
}

/// Another user sees other things than the daemon does.
fn user(running: &Running) -> Finding {
    let own = geteuid().as_raw();
    let name = account::user(own);
    match running.user() {
        None => {
            Finding::ok(CHECK, format!("doctor runs as `{name}`: what that user may do is what is looked at"))
        }
        Some(theirs) if theirs == own => Finding::ok(CHECK, format!("doctor and the daemon run as `{name}`")),
        Some(theirs) => {
            let theirs = account::user(theirs);
            Finding::ok(
                CHECK,
                format!("doctor runs as `{name}`, the daemon as `{theirs}`: it may see less, or more"),
            )
        }
    }
}

/// The folder, and what is in it, must be one user's.
fn state(dir: &Path, user: Option<u32>) -> Vec<Finding> {
    let Ok(folder) = fs::metadata(dir) else { return Vec::new() };
    let (shown, owner) = (dir.display(), account::user(folder.uid()));
    let mut findings = Vec::new();
    if folder.mode() & ALL_BUT_OWNER != 0 {
        let what = format!("others than `{owner}` may enter `{shown}` (mode {:o})", folder.mode() & 0o777);
        findings.push(Finding::warning(CHECK, what, format!("`chmod 700 {shown}`")));
    }
    if user.is_some_and(|user| user != folder.uid() && user != 0) {
        let what = format!("`{shown}` belongs to `{owner}`, and the daemon is another user");
        findings.push(Finding::problem(CHECK, what, "give the folder to the daemon's user (`chown -R`)"));
    }
    let files = fs::read_dir(dir).into_iter().flatten().flatten();
    let files = files.filter(|file| file.file_name().to_string_lossy().starts_with("sallyport."));
    findings.extend(files.flat_map(|file| of_state(&file.path(), folder.uid())));
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, format!("`{shown}` and what is in it is `{owner}`'s alone")));
    }
    findings
}

fn of_state(path: &Path, owner: u32) -> Vec<Finding> {
    let Ok(found) = fs::symlink_metadata(path) else { return Vec::new() };
    let (shown, mut findings) = (path.display(), Vec::new());
    if found.uid() != owner {
        let (theirs, owner) = (account::user(found.uid()), account::user(owner));
        let what = format!("`{shown}` belongs to `{theirs}`, its folder to `{owner}`");
        let hint = format!("another user has started the daemon once: `chown {owner}: {shown}`");
        findings.push(Finding::problem(CHECK, what, hint));
    }
    if found.mode() & ALL_BUT_OWNER != 0 {
        let what = format!("others than its owner may read `{shown}` (mode {:o})", found.mode() & 0o777);
        findings.push(Finding::warning(CHECK, what, format!("`chmod 600 {shown}`")));
    }
    findings
}

/// Files that hold secrets.
fn secrets(reading: &Reading) -> Vec<PathBuf> {
    let origins = reading.settings.iter().filter(|one| SECRET.contains(&one.key) && one.value.is_some());
    let mut files: Vec<PathBuf> = origins
        .filter_map(|setting| match &setting.origin {
            Origin::File { path, .. } | Origin::EnvFile { path, .. } | Origin::Credential { path, .. } => {
                Some(path.clone())
            }
            Origin::Default | Origin::Environment(_) | Origin::Flag(_) => None,
        })
        .collect();
    files.extend(private_files(&reading.draft));
    files.sort();
    files.dedup();
    files
}

fn private_files(config: &Config) -> Vec<PathBuf> {
    let keys = match &config.token.keys {
        SigningKeys::Ed25519(files) => files.clone(),
        SigningKeys::Shared(_) => Vec::new(),
    };
    let private =
        keys.into_iter().filter(|path| fs::read_to_string(path).is_ok_and(|pem| pem.contains("PRIVATE KEY")));
    let tls = config.listen.tls.as_ref().map(|files| files.key.clone());
    private.chain(tls).chain(config.bedrock.credentials_file.clone()).collect()
}

fn secret(path: &Path) -> Finding {
    let shown = path.display();
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(error) => {
            let what = format!("`{shown}` holds a secret and can't be looked at: {error}");
            return Finding::warning(CHECK, what, "run doctor as root, or as the daemon's own user");
        }
    };
    let mode = found.mode() & 0o777;
    if mode & OTHERS != 0 {
        let what =
            format!("everybody on this machine may read `{shown}`, which holds a secret (mode {mode:o})");
        let hint = format!("`chmod o= {shown}`, and replace the secret if others use this machine");
        return Finding::problem(CHECK, what, hint);
    }
    let (user, group) = (account::user(found.uid()), account::group(found.gid()));
    let what = format!("the secret in `{shown}` is for `{user}`, group `{group}`, with mode {mode:o}");
    Finding::ok(CHECK, what)
}

/// Whoever may open the socket may look, and be an operator if the configuration names them.
fn socket(path: &Path) -> Option<Finding> {
    let found = fs::symlink_metadata(path).ok().filter(|found| found.file_type().is_socket())?;
    let (shown, mode) = (path.display(), found.mode() & 0o777);
    if mode & OTHERS != 0 {
        let what = format!("everybody on this machine may open the admin socket `{shown}` (mode {mode:o})");
        return Some(Finding::problem(
            CHECK,
            what,
            format!("`chmod o= {shown}`; with systemd, `SocketMode=0660`"),
        ));
    }
    let group = account::group(found.gid());
    Some(Finding::ok(
        CHECK,
        format!(
            "`{}` and members of group `{group}` may open the admin socket (mode {mode:o})",
            account::user(found.uid())
        ),
    ))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use shared::finding::State;

    use super::*;

    fn make(path: &Path, mode: u32) {
        fs::write(path, "").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_secret_that_everybody_may_read_is_a_problem() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        for (mode, state) in
            [(0o600, State::Ok), (0o640, State::Ok), (0o644, State::Problem), (0o602, State::Problem)]
        {
            make(&path, mode);
            assert_eq!(secret(&path).state, state, "{mode:o}");
        }
        assert_eq!(secret(&folder.path().join("none")).state, State::Warning);
    }

    #[test]
    fn state_is_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let enter = |mode| fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
        enter(0o700);
        let owner = fs::metadata(folder.path()).unwrap().uid();
        let states = |user| state(folder.path(), user).iter().map(|one| one.state).collect::<Vec<_>>();
        make(&folder.path().join("sallyport.db"), 0o600);
        assert_eq!(states(Some(owner)), [State::Ok]);
        assert_eq!(states(Some(owner + 1)), [State::Problem]);
        make(&folder.path().join("sallyport.db"), 0o644);
        enter(0o755);
        assert_eq!(states(None), [State::Warning, State::Warning]);
    }
}

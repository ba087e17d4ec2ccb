//! Where state and sockets are kept when nobody says: the system's places for root, the user's own otherwise.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

const NAME: &str = "sallyport";

/// What must outlive the process.
pub(super) fn state(environment: &BTreeMap<String, String>) -> String {
    let home = || Some(Path::new(environment.get("HOME")?).join(".local/state"));
    let user = || environment.get("XDG_STATE_HOME").map(PathBuf::from).or_else(home);
    own(user).unwrap_or_else(|| PathBuf::from("/var/lib")).join(NAME).display().to_string()
}

/// What must not outlive it.
pub(super) fn runtime(environment: &BTreeMap<String, String>, state: &Path) -> String {
    if is_root() {
        return format!("/run/{NAME}");
    }
    let user = environment.get("XDG_RUNTIME_DIR").map(|folder| Path::new(folder).join(NAME));
    user.unwrap_or_else(|| state.join("run")).display().to_string()
}

fn own(folder: impl FnOnce() -> Option<PathBuf>) -> Option<PathBuf> {
    if is_root() { None } else { folder() }
}

/// The owner of our own entry in `/proc` is our user.
fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|entry| entry.uid() == 0)
}

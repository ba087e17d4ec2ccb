//! Everything that is under a folder, to compare.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::Path};

use shared::release::Digest;

/// Folders, files and links by their paths, with their rights and their content.
pub(crate) fn snapshot(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    list(root, root, &mut found);
    found
}

fn list(root: &Path, folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().display().to_string();
        let status = fs::symlink_metadata(&path).unwrap();
        let mode = status.permissions().mode();
        if status.is_symlink() {
            found.insert(name, format!("-> {}", fs::read_link(&path).unwrap().display()));
        } else if status.is_dir() {
            found.insert(name, format!("folder {mode:o}"));
            list(root, &path, found);
        } else {
            found.insert(name, format!("{mode:o} {}", Digest::of(&fs::read(&path).unwrap())));
        }
    }
}

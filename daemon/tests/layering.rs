//! The rules of the house, read from the sources: who may import whom, and where a foreign crate may be named.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
};

const DOORS: [&str; 4] = ["auth", "gateway", "install", "admin"];
const LONGEST_FILE: usize = 300;

/// Crates, and the rooms that may name them.
const FOREIGN: [(&[&str], &[&str]); 4] = [
    (
        &[
            "aws_config",
            "aws_credential_types",
            "aws_runtime",
            "aws_sdk_bedrockruntime",
            "aws_sigv4",
            "aws_smithy_async",
            "aws_smithy_http_client",
            "aws_smithy_runtime_api",
            "aws_smithy_types",
        ],
        &["daemon/src/gateway/bedrock"],
    ),
    (
        &["warp"],
        &[
            "daemon/src/http",
            "daemon/src/auth",
            "daemon/src/gateway",
            "daemon/src/install",
            "daemon/src/admin",
        ],
    ),
    (
        &["prometheus_client"],
        &[
            "daemon/src/metric",
            "daemon/src/auth/metric",
            "daemon/src/gateway/bedrock/metric",
            "daemon/src/install/metric",
            "daemon/src/ledger/metric",
            "daemon/src/live/metric",
            "daemon/src/store/sqlite/metric",
            "daemon/src/traffic/metric",
        ],
    ),
    (&["ratatui"], &["console/src/tui", "console/tests", "console/benches"]),
];
/// The sandbox that the agent's tests need runs on Unix only.
const OS_ROOMS: [&str; 4] = ["agent/src/os", "agent/tests", "shared/src/platform", "shared/src/path"];
const OS_MARKS: [&str; 6] =
    ["cfg(unix", "cfg(windows", "cfg(target_os", "cfg(not(unix", "cfg(not(windows", "cfg(any(unix"];

/// A source file: its path from the workspace's root, and its text without comments.
struct Source {
    path: String,
    code: String,
    lines: usize,
}

impl Source {
    fn is_in(&self, module: &str) -> bool {
        self.path == format!("{module}.rs") || self.path.starts_with(&format!("{module}/"))
    }

    /// Whether the code says `crate::module`, or names it in a group of `crate::{…}`.
    fn imports(&self, module: &str) -> bool {
        let direct = format!("crate::{module}");
        let group = self.code.split("crate::{").skip(1).filter_map(|rest| rest.split("};").next());
        self.names(&direct) || group.into_iter().any(|names| has_word(names, module))
    }

    fn names(&self, path: &str) -> bool {
        has_word(&self.code, path)
    }
}

fn has_word(text: &str, word: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    for folder in ["shared", "daemon", "console", "agent"] {
        collect(&root.join(folder), &mut files);
    }
    files.retain(|path| !path.ends_with(file!()));
    files.into_iter().map(|path| read(root, &path)).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn read(root: &Path, path: &Path) -> Source {
    let text = fs::read_to_string(path).unwrap();
    let code =
        text.lines().map(|line| line.split("//").next().unwrap_or(line)).collect::<Vec<_>>().join("\n");
    let path = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
    Source { path, code, lines: text.lines().count() }
}

fn assert_none(rule: &str, offenders: impl Iterator<Item = String>) {
    let offenders: Vec<_> = offenders.collect();
    assert!(offenders.is_empty(), "{rule}:\n  {}", offenders.join("\n  "));
}

#[test]
fn a_door_never_imports_another_door() {
    let sources = sources();
    let offences = DOORS.iter().flat_map(|door| {
        let inside = format!("daemon/src/{door}");
        let others = DOORS.iter().filter(move |other| *other != door);
        let room: Vec<_> = sources.iter().filter(|source| source.is_in(&inside)).collect();
        others.flat_map(move |other| {
            let offenders: Vec<_> = room.iter().filter(|source| source.imports(other)).collect();
            offenders.into_iter().map(|source| format!("{} imports {other}", source.path)).collect::<Vec<_>>()
        })
    });
    assert_none("what two doors need moves down", offences);
}

#[test]
fn the_domain_knows_no_http_and_no_io() {
    let foreign = ["tokio", "warp", "http", "hyper", "rusqlite", "reqwest", "std::fs", "std::process"];
    let domain: Vec<_> = sources().into_iter().filter(|source| source.is_in("daemon/src/domain")).collect();
    let offences = domain.iter().flat_map(|source| {
        let outside = source.code.matches("crate::").count() != source.code.matches("crate::domain").count();
        let named = foreign.iter().filter(|name| source.names(&format!("use {name}")));
        named
            .map(|name| format!("{} uses {name}", source.path))
            .chain(outside.then(|| format!("{} imports outside the domain", source.path)))
            .collect::<Vec<_>>()
    });
    assert_none("the domain imports `shared` and `std` only", offences);
}

#[test]
fn foreign_crates_are_named_only_in_their_rooms() {
    let sources = sources();
    for (names, rooms) in FOREIGN {
        let outside = sources.iter().filter(|source| !rooms.iter().any(|room| source.is_in(room)));
        let offences = outside
            .filter(|source| names.iter().any(|name| source.names(name)))
            .map(|source| format!("{} names one of {names:?}", source.path));
        assert_none("a foreign crate is named in its own room only", offences);
    }
}

#[test]
fn operating_systems_differ_only_in_their_rooms() {
    let sources = sources();
    let offences = sources
        .iter()
        .filter(|source| !OS_ROOMS.iter().any(|room| source.is_in(room)))
        .filter(|source| OS_MARKS.iter().any(|mark| source.code.contains(mark)))
        .map(|source| source.path.clone());
    assert_none("`cfg` of an operating system stands in `os`, `platform` and `path` only", offences);
}

#[test]
fn a_file_fits_in_a_head() {
    let sources = sources();
    let long = sources.iter().filter(|source| source.lines > LONGEST_FILE);
    assert_none(
        "a file has at most 300 lines",
        long.map(|source| format!("{} {}", source.lines, source.path)),
    );
}

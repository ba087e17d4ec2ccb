//! What runs in the background, as those read it who run it: systemd itself checks its units; the property lists of macOS
//! and the tasks of Windows are checked against what their systems document. Each check is shown to refuse something.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use claude_agent::unit::{self, Subject};
use shared::platform::Os;
use tempfile::TempDir;

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/background");
const USER: &str = "S-1-5-21-1-2-3-1001";
/// What is easily misunderstood in a path.
const AWKWARD: &str = "of $HOME & <co> 100%n \"q\" it's";

/// The files for a system, with an agent that is there.
struct Files {
    home: TempDir,
    paths: Vec<PathBuf>,
}

impl Files {
    fn of(os: Os, folder: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let agent = home.path().join(folder).join("claude-agent");
        fs::create_dir_all(agent.parent().unwrap()).unwrap();
        fs::write(&agent, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&agent, Permissions::from_mode(0o755)).unwrap();
        let files = unit::files(os, Subject { agent: &agent, user: USER });
        let write = |file: &unit::UnitFile| {
            let path = home.path().join(&file.path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, file.bytes()).unwrap();
            path
        };
        let paths = files.iter().map(write).collect();
        Self { home, paths }
    }

    /// The same with another text in the first one. UTF-16 has a zero after each letter of it.
    fn spoil(&self, text: &str, other: &str) {
        let bytes = fs::read(&self.paths[0]).unwrap();
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let (text, other) = if bytes.starts_with(&[0xff, 0xfe]) {
            (wide(text), wide(other))
        } else {
            (text.as_bytes().to_vec(), other.as_bytes().to_vec())
        };
        let at = bytes.windows(text.len()).position(|window| window == text).expect("it is in there");
        fs::write(&self.paths[0], [&bytes[..at], &other, &bytes[at + text.len()..]].concat()).unwrap();
    }
}

/// Everything that a program said, and whether it was content.
fn said(output: &Output) -> (bool, String) {
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text.into_owned())
}

/// It only prints what it does not understand, and succeeds.
fn systemd(files: &Files) -> Result<(), String> {
    let mut verify = Command::new("systemd-analyze");
    // It wants a folder for what it would run.
    verify.env("XDG_RUNTIME_DIR", files.home.path()).env("HOME", files.home.path());
    let (is_content, text) = said(&verify.args(["--user", "verify"]).args(&files.paths).output().unwrap());
    if is_content && text.is_empty() { Ok(()) } else { Err(text) }
}

fn launchd(files: &Files) -> Result<(), String> {
    let mut check = Command::new("python3");
    check.arg(Path::new(HERE).join("launchd.py")).args(&files.paths);
    let (is_content, text) = said(&check.output().unwrap());
    if is_content { Ok(()) } else { Err(text) }
}

fn task_scheduler(files: &Files) -> Result<(), String> {
    let mut check = Command::new("xmllint");
    check.args(["--noout", "--nonet", "--schema"]).arg(Path::new(HERE).join("task.xsd")).args(&files.paths);
    let (is_content, text) = said(&check.output().unwrap());
    if is_content { Ok(()) } else { Err(text) }
}

#[test]
#[ignore = "needs systemd-analyze"]
fn systemd_understands_every_word_of_its_units() {
    for folder in [".claude/bin", AWKWARD] {
        systemd(&Files::of(Os::Linux, folder)).unwrap();
    }
    let files = Files::of(Os::Linux, ".claude/bin");
    files.spoil("TimeoutStartSec", "TimeoutStartSecs");
    let error = systemd(&files).unwrap_err();
    assert!(error.contains("Unknown key"), "{error}");
}

#[test]
#[ignore = "needs python3"]
fn launchd_gets_the_keys_and_the_types_that_it_documents() {
    for folder in [".claude/bin", AWKWARD] {
        launchd(&Files::of(Os::Macos, folder)).unwrap();
    }
    for (text, other, refusal) in [
        ("<integer>63</integer>", "<string>077</string>", "Umask"),
        ("<key>ProcessType</key>", "<key>ProcessKind</key>", "ProcessKind"),
        ("refresh</string>", "fresh</string>", "Label"),
        ("<integer>10800</integer>", "<integer>3h</integer>", "3h"),
    ] {
        let files = Files::of(Os::Macos, ".claude/bin");
        files.spoil(text, other);
        let error = launchd(&files).unwrap_err();
        assert!(error.contains(refusal), "{error}");
    }
}

#[test]
#[ignore = "needs xmllint"]
fn task_scheduler_gets_what_its_schema_wants_in_the_order_it_wants() {
    for folder in [".claude/bin", AWKWARD] {
        task_scheduler(&Files::of(Os::Windows, folder)).unwrap();
    }
    for (text, other, refusal) in [
        ("LeastPrivilege", "LowestPrivilege", "RunLevel"),
        ("<Interval>PT3H", "<Interval>3 hours", "Interval"),
        (
            "<RandomDelay>PT15M</RandomDelay>",
            "<RandomDelay>PT15M</RandomDelay><Enabled>true</Enabled>",
            "Enabled",
        ),
        ("Context=\"Author\"", "Context=\"Nobody\"", "Nobody"),
    ] {
        let files = Files::of(Os::Windows, ".claude/bin");
        files.spoil(text, other);
        let error = task_scheduler(&files).unwrap_err();
        assert!(error.contains(refusal), "{error}");
    }
}

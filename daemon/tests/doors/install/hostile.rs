//! Paths that mean harm: none of them is anywhere, and none makes the server open anything.

use std::{collections::BTreeSet, fs, path::Path, process::Stdio, time::Duration};

use reqwest::StatusCode;
use shared::platform::Platform;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::{Child, Command},
};

use super::{RUN, mirrored, world::World};
use crate::run::daemon;

/// Nothing here takes so long, unless it would take for ever.
const NEVER: Duration = Duration::from_mins(1);

/// Ways to say "one folder up", or to hide it.
const STEPS: [&str; 18] = [
    "../",
    "..%2f",
    "..%2F",
    "%2e%2e/",
    "%2E%2E%2F",
    ".%2e/",
    "..%5c",
    "..\\",
    "%252e%252e%252f",
    "%25%32%65%25%32%65%25%32%66",
    "....//",
    "..;/",
    "..%00/",
    "%c0%ae%c0%ae%c0%af",
    "%e0%80%ae%e0%80%ae/",
    "%uff0e%uff0e%u2215",
    "\u{ff0e}\u{ff0e}/",
    "./../",
];
/// Where steps may begin.
const STARTS: [&str; 5] = [
    "/",
    "/claude-code/install/linux/",
    "/claude-code-releases/",
    "/claude-code-releases/2.1.209/linux-x64/",
    "/agent/",
];
/// What they may lead to.
const GOALS: [&str; 3] = ["etc/passwd", "signer.key", ".mirror/history.jsonl"];
/// All others.
const OTHERS: [&str; 62] = [
    "//etc/passwd",
    "/etc/passwd",
    "/%2fetc%2fpasswd",
    "/file:///etc/passwd",
    "/proc/self/environ",
    "/.mirror",
    "/.mirror/",
    "/.mirror/lock",
    "/.mirror/history.jsonl",
    "/%2emirror/lock",
    "/.git/config",
    "/.env",
    "/VERSION/",
    "/VERSION~",
    "/VERSION.bak",
    "/VERSION%00",
    "/version",
    "/signer.key",
    "/agent",
    "/agent/",
    "/agent/SHA256SUMS",
    "/agent/linux-x64",
    "/agent/linux-x64/",
    "/agent/linux-x64/claude-agent%00.sha256",
    "/agent/linux-x64/claude-agent.exe",
    "/agent/win32-x64/claude-agent",
    "/agent/LINUX-X64/claude-agent",
    "/claude-code",
    "/claude-code/",
    "/claude-code/install",
    "/claude-code/install/",
    "/claude-code/install/linux",
    "/claude-code/install/linux/",
    "/claude-code/install/Linux/claude-code-setup.run",
    "/claude-code/install/linux/claude-code-setup.run/",
    "/claude-code/install/linux/claude-code-setup.run.",
    "/claude-code/install/linux/claude-code-setup.run%20",
    "/claude-code/install/linux/claude-code-setup.run%00",
    "/claude-code/install/linux/claude-code-setup.run%00.exe",
    "/claude-code/install/linux/claude-code-setup.run::$DATA",
    "/claude-code/install/linux/claude-code-setup.exe",
    "/claude-code/install/linux/claude%2dcode-setup.run",
    "/claude-code/install/linux//claude-code-setup.run",
    "/claude-code/install/linux/./claude-code-setup.run",
    "/claude-code/install//linux/claude-code-setup.run",
    "/claude-code%2finstall%2flinux%2fclaude-code-setup.run",
    "/claude-code\\install\\linux\\claude-code-setup.run",
    "/claude-code-releases",
    "/claude-code-releases/",
    "/claude-code-releases/LATEST",
    "/claude-code-releases/latest/",
    "/claude-code-releases/2.1.209",
    "/claude-code-releases/2.1.209/",
    "/claude-code-releases/2.1.209/manifest.json~",
    "/claude-code-releases/02.1.209/manifest.json",
    "/C:/Windows/win.ini",
    "/c:%5cboot.ini",
    "/C:claude",
    "/CON",
    "/NUL.txt",
    "/com1",
    "/%5c%5cserver%5cshare%5cfile",
];

fn corpus() -> BTreeSet<String> {
    let steps = STEPS.iter().flat_map(|step| {
        STARTS.iter().enumerate().flat_map(move |(index, start)| {
            let goal = GOALS[index % GOALS.len()];
            [format!("{start}{}{goal}", step.repeat(6)), format!("{start}x/{step}{goal}")]
        })
    });
    let long = [format!("/{}", "a".repeat(20_000)), format!("/{}etc/passwd", "../".repeat(5_000))];
    let goals = GOALS.iter().map(|goal| format!("/claude-code/install/{goal}/claude-code-setup.run"));
    steps.chain(long).chain(goals).chain(OTHERS.map(str::to_owned)).collect()
}

/// Sends a path as it is, and returns the status of the answer.
async fn status(server: &str, path: &str) -> u16 {
    let mut socket = TcpStream::connect(server).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(NEVER, socket.read_to_end(&mut answer)).await.unwrap().unwrap();
    String::from_utf8_lossy(&answer)[9..12].parse().unwrap()
}

#[tokio::test]
async fn no_path_leads_anywhere_but_to_what_is_served() {
    let mirror = mirrored();
    mirror.agent(Platform::LinuxX64, b"agent");
    mirror.write(".mirror/history.jsonl", b"{}");
    let world = World::of(mirror).await;
    let url = world.url();
    let server = url.trim_start_matches("http://");
    let corpus = corpus();
    assert!(corpus.len() >= 200, "{}", corpus.len());
    for path in &corpus {
        assert_eq!(status(server, path).await, 404, "{path}");
    }
    assert_eq!(world.get(RUN).await.status, StatusCode::OK);
}

#[tokio::test]
#[ignore = "needs strace"]
async fn hostile_paths_open_nothing() {
    let mirror = mirrored();
    let mut world = daemon::World::new().await;
    let folder = mirror.path("").display().to_string();
    world.variables.insert("CLAUDE_CODE_INSTALL_ARTIFACTS_DIR", folder.clone());
    world.write("sallyport.toml", &format!("[install]\nkey = '{folder}signer.key'\n"));
    let daemon = world.start().await;
    daemon.until("version served").await;
    let (url, trace) = (daemon.url("install"), world.path("trace"));
    let server = url.trim_start_matches("http://");
    let mut strace = follow(daemon.id(), &trace);
    until(|| async { fs::read_to_string(&trace).unwrap_or_default().lines().count() > 1 }).await;
    for path in corpus() {
        assert_eq!(status(server, &path).await, 404, "{path}");
    }
    // What is verified is opened: so the trace is worth something.
    mirror.agent(Platform::LinuxX64, b"agent");
    until(|| async { status(server, "/agent/linux-x64/claude-agent").await == 200 }).await;
    strace.start_kill().unwrap();
    strace.wait().await.unwrap();
    let state = world.path("").display().to_string();
    assert_only_ours(&fs::read_to_string(trace).unwrap(), &[&folder, &state]);
    world.stop().await;
}

/// Writes down every file that a process opens.
fn follow(process: u32, trace: &Path) -> Child {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-e", "trace=open,openat,openat2,creat", "-o"]).arg(trace);
    strace.arg("-p").arg(process.to_string()).stderr(Stdio::null()).kill_on_drop(true).spawn().unwrap()
}

async fn until<F: Future<Output = bool>>(is_so: impl Fn() -> F) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(NEVER, waiting).await.expect("it never came about");
}

/// What is opened beneath a folder is opened step by step, by names of our own.
const NAMES: [&str; 13] = [
    "agent",
    "claude-agent",
    "linux-x64",
    "win32-arm64",
    "SHA256SUMS",
    "VERSION",
    "claude-code-releases",
    "latest",
    "2.1.209",
    "claude",
    "claude.exe",
    "manifest.json",
    "manifest.json.sig",
];

fn assert_only_ours(trace: &str, folders: &[&str]) {
    let opened: BTreeSet<&str> = trace.lines().filter_map(|line| line.split('"').nth(1)).collect();
    assert!(opened.contains("claude-agent"), "{opened:?}");
    for path in opened {
        let is_ours = NAMES.contains(&path) || folders.iter().any(|folder| path.starts_with(folder));
        let is_hostile = path.contains("..") || GOALS.iter().any(|goal| path.contains(goal));
        assert!(is_ours && !is_hostile, "`{path}` was opened");
    }
}

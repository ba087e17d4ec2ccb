//! What `get-token` costs when the token is fresh: `cargo bench --profile dev -p claude-agent --bench get_token`.
//!
//! The program is the one that is shipped (profile `agent`), beside a C program that reads the same file and beside a
//! helper in Python. They take turns, so that whatever else the machine does meets them all.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark is a test that prints"
)]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, SystemTime},
};

const ROUNDS: usize = 201;
const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/get_token");
/// As long as the sandbox's are.
const TOKEN_LENGTH: usize = 560;

/// A program, and what its runs took.
struct Contestant {
    name: &'static str,
    line: Vec<PathBuf>,
    wall: Vec<u64>,
    memory: Vec<u64>,
}

fn main() {
    // `cargo test` runs benchmarks once, to see that they work: that is not the time to measure.
    if !env::args().any(|argument| argument == "--bench") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    write_token(folder.path());
    let agent = build_agent();
    let measure = compile("measure.c", folder.path());
    let mut contestants = [
        Contestant::new("claude-agent get-token", vec![agent.clone(), "get-token".into()]),
        Contestant::new("a C program", vec![compile("read.c", folder.path())]),
        Contestant::new("Python", vec![python(), Path::new(HERE).join("read.py")]),
    ];
    for _ in 0..ROUNDS {
        for contestant in &mut contestants {
            contestant.run(&measure, folder.path());
        }
    }
    show(&mut contestants);
    let size = fs::metadata(&agent).unwrap().len();
    println!("size of the program        {:>8.2} MB   (budget 8)", megabytes(size));
}

fn write_token(home: &Path) {
    #[allow(clippy::disallowed_methods, reason = "a token that is fresh now")]
    let now = SystemTime::now() + Duration::from_hours(3);
    let expires_at = now.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let token = format!("e30.{}.sig", "x".repeat(TOKEN_LENGTH));
    let text = serde_json::json!({ "access_token": token, "refresh_token": "r", "expires_at": expires_at });
    fs::create_dir(home.join(".claude")).unwrap();
    fs::write(home.join(".claude/token.json"), format!("{text:#}\n")).unwrap();
}

/// The program as it is shipped.
fn build_agent() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--profile", "agent", "-p", "claude-agent"]).current_dir(root);
    assert!(cargo.status().unwrap().success());
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join("agent/claude-agent")
}

fn compile(source: &str, folder: &Path) -> PathBuf {
    let program = folder.join(source.trim_end_matches(".c"));
    let mut cc = Command::new("cc");
    cc.args(["-O2", "-o"]).arg(&program).arg(Path::new(HERE).join(source));
    assert!(cc.status().unwrap().success());
    program
}

fn python() -> PathBuf {
    // Not a shim that looks for the right one every time.
    let asked = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().unwrap();
    PathBuf::from(String::from_utf8(asked.stdout).unwrap().trim())
}

impl Contestant {
    fn new(name: &'static str, line: Vec<PathBuf>) -> Self {
        Self { name, line, wall: Vec::new(), memory: Vec::new() }
    }

    fn run(&mut self, measure: &Path, home: &Path) {
        let mut command = Command::new(measure);
        command.args(&self.line).env_clear().env("HOME", home).stdin(Stdio::null());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}: {}", self.name, String::from_utf8_lossy(&output.stderr));
        let told = String::from_utf8(output.stdout).unwrap();
        let (wall, memory) = told.trim().split_once(' ').unwrap();
        self.wall.push(wall.parse().unwrap());
        self.memory.push(memory.parse().unwrap());
    }

    fn medians(&mut self) -> (f64, f64) {
        self.wall.sort_unstable();
        self.memory.sort_unstable();
        let (wall, memory) = (self.wall[ROUNDS / 2], self.memory[ROUNDS / 2]);
        (Duration::from_nanos(wall).as_secs_f64() * 1000.0, megabytes(memory * 1024))
    }
}

fn show(contestants: &mut [Contestant; 3]) {
    println!("{:<26} {:>8}      {:>8}     {:>8}", "", "median", "fastest", "memory");
    let mut medians = Vec::new();
    for contestant in &mut *contestants {
        let (wall, memory) = contestant.medians();
        let fastest = Duration::from_nanos(contestant.wall[0]).as_secs_f64() * 1000.0;
        println!("{:<26} {wall:>8.2} ms   {fastest:>8.2} ms  {memory:>8.2} MB", contestant.name);
        medians.push((wall, memory));
    }
    for (against, (wall, memory)) in contestants.iter().zip(&medians).skip(1) {
        let (ours, our_memory) = medians[0];
        println!("against {:<18} {:>8.2} ×    {:>21.2} ×", against.name, ours / wall, our_memory / memory);
    }
    println!("budget: 3 ms, 8 MB");
}

#[allow(clippy::cast_precision_loss, reason = "a figure for people")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}

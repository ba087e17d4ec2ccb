//! `just bench-download`: 200 downloads at once of one 250 MB binary, from the install server and from nginx, and one
//! table; then a part of it over TLS. Some readers are slow: they hold their connections and must not hold anything else.
//!
//! Each server is a process of its own, so that CPU and memory are its own. Rounds are interleaved; only the ratios travel
//! to another machine.

#[path = "../../tests/doors/certificate.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "it is made for tests, and can do more than is needed here")]
mod certificate;
mod load;
#[path = "../../tests/doors/install/mirror.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "it is made for tests, and can do more than is needed here")]
mod mirror;
#[path = "../gateway/process.rs"]
mod process;
#[path = "../gateway/program.rs"]
#[allow(dead_code, reason = "it starts nginx in another role, too")]
mod program;
mod server;

use std::{io::Write, process::ExitCode, time::Duration};

use anyhow::Result;
use shared::platform::Platform;

use self::{
    load::{Outcome, Target},
    mirror::Mirror,
    process::Process,
    server::Servers,
};

const VERSION: &str = "2.1.209";
const SIZE: usize = 250_000_000;
/// Over TLS, clients pay as much as servers do: so much of it tells the same in less time.
const TLS_SIZE: usize = 50_000_000;
const READERS: usize = 200;
const SLOW_READERS: usize = 50;

/// What one server did in one round.
#[derive(Debug, Clone, Copy)]
struct Measure {
    /// In bytes a second.
    rate: f64,
    /// For a gigabyte.
    cpu: Duration,
    /// The most resident memory, in kilobytes.
    memory: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let rounds = if std::env::args().any(|argument| argument == "--quick") { 1 } else { 3 };
    match run(rounds).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(rounds: usize) -> Result<()> {
    let mirror = mirror();
    compare(&mirror, (SIZE, false), rounds).await?;
    compare(&mirror, (TLS_SIZE, true), rounds).await
}

async fn compare(mirror: &Mirror, (size, with_tls): (usize, bool), rounds: usize) -> Result<()> {
    let servers = Servers::start(mirror, size, with_tls).await?;
    let (megabytes, how) = (size / 1_000_000, if with_tls { "over TLS" } else { "in the clear" });
    say(&format!(
        "{READERS} downloads of {megabytes} MB at once {how}, and {SLOW_READERS} slow ones beside them"
    ));
    say(&format!("{:<16}{:>10}{:>14}{:>10}", "server", "MB/s", "CPU ms/GB", "MB"));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        theirs.push(measure(&servers.nginx.process(), &servers.theirs()).await?);
        ours.push(measure(&servers.sallyport.process(), &servers.ours()).await?);
    }
    let (ours, theirs) = (median(ours), median(theirs));
    row("nginx", theirs);
    row("sallyportd", ours);
    say(&format!("throughput, to nginx: {:.2}", ours.rate / theirs.rate));
    Ok(())
}

fn mirror() -> Mirror {
    let mirror = Mirror::new();
    let binary: Vec<u8> = (0..SIZE).map(|at| (at % 251).to_le_bytes()[0]).collect();
    mirror.release(VERSION, &[(Platform::LinuxX64, &binary)]);
    mirror.serve(VERSION);
    mirror
}

async fn measure(process: &Process, target: &Target) -> Result<Measure> {
    let before = process.cpu();
    let Outcome { bytes, took, memory } = load::run(target, process).await?;
    let gigabytes = bytes / 1e9;
    Ok(Measure {
        rate: bytes / took.as_secs_f64(),
        cpu: process.cpu().saturating_sub(before).div_f64(gigabytes),
        memory,
    })
}

fn median(mut rounds: Vec<Measure>) -> Measure {
    rounds.sort_unstable_by(|one, other| one.rate.total_cmp(&other.rate));
    let memory = rounds.iter().map(|round| round.memory).max().unwrap_or_default();
    let middle = rounds.get(rounds.len() / 2).copied();
    middle.map_or(Measure { rate: 0.0, cpu: Duration::ZERO, memory }, |middle| Measure { memory, ..middle })
}

fn row(server: &str, measure: Measure) {
    let Measure { rate, cpu, memory } = measure;
    say(&format!("{server:<16}{:>10.0}{:>14}{:>10}", rate / 1e6, cpu.as_millis(), memory / 1024));
}

/// Prints a line.
#[allow(clippy::print_stdout, reason = "a benchmark prints")]
fn say(line: &str) {
    println!("{line}");
    let _ = std::io::stdout().flush();
}

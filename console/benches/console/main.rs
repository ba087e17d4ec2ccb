//! What the console costs with 10,000 sessions and 500 events a second: `cargo bench -p sallyport --bench console`.
//!
//! Frames are measured in this process, on a terminal that goes nowhere. Start, memory and CPU are those of the real
//! program in a real terminal, on a socket whose server does nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark is a test that prints"
)]

mod company;
mod frame;
mod server;
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/screens/terminal.rs"]
mod terminal;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use self::{server::Server, terminal::Terminal};

const PROGRAM: &str = env!("CARGO_BIN_EXE_sallyport");
const STARTS: usize = 9;
const BUSY: Duration = Duration::from_secs(15);
const IDLE: Duration = Duration::from_secs(15);
/// Clock ticks a second, as Linux counts CPU time for everyone.
const TICKS: f64 = 100.0;

fn main() {
    // `cargo test` runs benchmarks once, to see that they work: that is not the time to measure.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    frame::measure();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(program());
}

async fn program() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("admin.sock");
    let server = Server::start(&socket);
    start_often(&socket).await;
    run(&server, &socket).await;
}

async fn run(server: &Server, socket: &Path) {
    let mut terminal = Terminal::open(PROGRAM, socket, (200, 60));
    terminal.see("live").await;
    terminal.press("2");
    terminal.see("/10000").await;
    server.set_busy(true);
    let busy = cpu(&mut terminal, BUSY).await;
    println!("CPU at 500 events a second           {busy:>8.1} %    of a core");
    println!(
        "memory, most and now                 {:>8.1} MB   {:.1} MB   (budget 80)",
        memory(&terminal, "VmHWM:"),
        memory(&terminal, "VmRSS:")
    );
    server.set_busy(false);
    terminal.watch(Duration::from_secs(2)).await;
    let idle = cpu(&mut terminal, IDLE).await;
    println!("CPU when nothing happens: sessions   {idle:>8.2} %    (budget 2)");
    terminal.press("1");
    terminal.see("Prompt from cache").await;
    let idle = cpu(&mut terminal, IDLE).await;
    println!("CPU when nothing happens: overview   {idle:>8.2} %    (budget 2)");
    terminal.press("q");
    assert!(terminal.end().await.status.success());
}

async fn start_often(socket: &Path) {
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        starts.push(start(socket).await);
    }
    starts.sort_unstable();
    println!(
        "start to first frame, median of {STARTS}   {:>8.1} ms   (budget 100)",
        milliseconds(starts[STARTS / 2])
    );
}

/// From the start of the process to what can be seen first.
async fn start(socket: &Path) -> Duration {
    let begin = Instant::now();
    let mut terminal = Terminal::open(PROGRAM, socket, (200, 60));
    terminal.see("Overview").await;
    let took = begin.elapsed();
    terminal.press("q");
    assert!(terminal.end().await.status.success());
    took
}

/// What the program uses of a core while its output is read.
async fn cpu(terminal: &mut Terminal, span: Duration) -> f64 {
    let (before, begin) = (ticks(terminal), Instant::now());
    terminal.watch(span).await;
    (ticks(terminal) - before) / TICKS / begin.elapsed().as_secs_f64() * 100.0
}

/// User and system time of all threads, from `/proc/PID/stat` (proc(5)).
fn ticks(terminal: &Terminal) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", terminal.process())).unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()
}

fn memory(terminal: &Terminal, name: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", terminal.process())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() * 1024.0 / 1e6
}

fn milliseconds(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}

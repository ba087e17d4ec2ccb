//! `just bench`: the sandbox's Bedrock, the gateway and nginx side by side, and one table.
//!
//! Each program is a process of its own, so that CPU and memory are its own. Rounds are interleaved and the
//! medians shown; only the ratios travel to another machine.

mod answer;
mod bench;
mod crowd;
mod daemon;
mod load;
mod pair;
mod process;
mod program;
mod report;
mod revocation;
mod upstream;

use std::{path::Path, process::ExitCode};

/// What the command line asks for.
#[derive(Debug, Clone, Copy)]
struct Options {
    /// Shorter and fewer rounds.
    quick: bool,
    /// Only the memory of open streams.
    memory: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let after = |flag: &str| {
        let at = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(at + 1)
    };
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if has(upstream::FLAG) {
        return upstream::serve(after(upstream::FLAG)).await;
    }
    let options = Options { quick: has("--quick"), memory: has("--memory") };
    let outcome = match after("--beside") {
        Some(binary) => pair::beside(Path::new(binary), options).await,
        None if has("--steered") => pair::steered(options).await,
        None => bench::run(options).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

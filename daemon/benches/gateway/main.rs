//! `just bench`: the sandbox's Bedrock, the gateway and nginx side by side, and one table.
//!
//! Each program is a process of its own, so that CPU and memory are its own. Rounds are interleaved and the
//! medians shown; only the ratios travel to another machine.

mod answer;
mod bench;
mod load;
mod process;
mod program;
mod report;
mod upstream;

use std::process::ExitCode;

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
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if let Some(at) = arguments.iter().position(|argument| argument == upstream::FLAG) {
        return upstream::serve(arguments.get(at + 1)).await;
    }
    let options = Options { quick: has("--quick"), memory: has("--memory") };
    match bench::run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

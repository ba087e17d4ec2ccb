//! The `claude-agent` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    claude_agent::cli::main()
}

//! The workstation agent. This release can say what it is; installing and signing in come with the agent proper.

use clap::Parser;

/// Set up Claude Code on this workstation and hand it tokens.
///
/// This release has no commands yet: `sallyportd sandbox` prints a helper that signs in a sandbox user.
#[derive(Debug, Parser)]
#[command(name = "claude-agent", version, arg_required_else_help = true)]
struct Cli {}

fn main() {
    Cli::parse();
}

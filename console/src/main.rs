//! The operators' console. This release can say what it is; the screens and commands come with the admin socket.

use clap::Parser;

/// Watch and steer a Sallyport daemon.
///
/// This release has no screens and no commands yet: use `sallyportd` and its logs.
#[derive(Debug, Parser)]
#[command(name = "sallyport", version, arg_required_else_help = true)]
struct Cli {}

fn main() {
    Cli::parse();
}

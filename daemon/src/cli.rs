//! The command line of `sallyportd`.

mod background;
mod check;
mod doctor;
mod healthcheck;
mod iam;
mod inherit;
mod run;
mod sandbox;
mod show;

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};

use crate::{
    config::{Given, LogFormat},
    sandbox::command::{SandboxArgs, TokenArgs},
};

/// The Sallyport daemon: sign-in, LLM gateway and install server for Claude Code inside a company's network
#[derive(Debug, Parser)]
#[command(name = "sallyportd", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    sources: SourceArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until told to stop; SIGHUP reads the configuration again
    Run(run::RunArgs),
    /// Report every problem of the configuration at once, and what is fine
    Check(OutputArgs),
    /// Look at everything that the daemon relies on, and say what is wrong and what to do; changes nothing
    Doctor(doctor::DoctorArgs),
    /// Print the effective configuration, secrets masked, and where each value came from
    Config(OutputArgs),
    /// Say whether the running daemon is ready, for container engines: exit code 0, 1 if it is not, 3 if none answers
    Healthcheck,
    /// Print the least that AWS must allow the daemon, made from the configuration
    IamPolicy(iam::IamArgs),
    /// Try everything out on loopback, with a simulated Entra and a simulated Bedrock
    Sandbox(SandboxArgs),
    /// Sign in a user of a running sandbox and print an access token
    #[command(hide = true)]
    SandboxToken(TokenArgs),
}

/// Where the configuration is read from.
#[derive(Debug, Args)]
struct SourceArgs {
    /// Read this file in place of `./sallyport.toml` or `/etc/sallyport/sallyport.toml`
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Read this file in place of `./.env`
    #[arg(long, global = true, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// How logs are written: `text` or `json`
    #[arg(long, global = true, value_name = "FORMAT", value_parser = [LogFormat::Text.as_str(), LogFormat::Json.as_str()])]
    log_format: Option<String>,
    /// What is logged: `info`, or `info,gateway=debug`
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<String>,
}

#[derive(Debug, Args)]
struct OutputArgs {
    /// Print JSON, for machines
    #[arg(long)]
    json: bool,
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let given = cli.sources.given();
    match cli.command {
        Command::Run(arguments) => run::run(&given, &arguments),
        Command::Check(output) => check::check(&given, output.json),
        Command::Doctor(arguments) => doctor::doctor(&given, &arguments),
        Command::Config(output) => show::show(&given, output.json),
        Command::Healthcheck => healthcheck::check(&given),
        Command::IamPolicy(arguments) => iam::policy(&given, &arguments),
        Command::Sandbox(arguments) => sandbox::sandbox(&given, arguments),
        Command::SandboxToken(arguments) => sandbox::token(arguments),
    }
}

impl SourceArgs {
    fn given(self) -> Given {
        let format = self.log_format.map(|format| ("telemetry.log_format", "--log-format", format));
        let level = self.log_level.map(|level| ("telemetry.log_level", "--log-level", level));
        Given {
            config: self.config,
            env_file: self.env_file,
            flags: format.into_iter().chain(level).collect(),
            ..Given::from_process()
        }
    }
}

/// Data goes to stdout. A reader who has left is no failure.
fn print(text: &str) -> ExitCode {
    match writeln!(io::stdout().lock(), "{}", text.trim_end()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}

/// Everything else goes to stderr.
fn complain(text: &str) -> ExitCode {
    let _ = writeln!(io::stderr().lock(), "{}", text.trim_end());
    ExitCode::FAILURE
}

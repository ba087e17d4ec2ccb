//! `sallyportd sandbox`, and the command by which its users get tokens.

use std::{io, process::ExitCode};

use tokio::{
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
};

use super::complain;
use crate::{
    app::limit,
    config::{Given, Levels, Log, LogFormat},
    gateway::bedrock::ECHO,
    sandbox::command::{self, SandboxArgs, TokenArgs},
    telemetry,
};

/// Runs a sandbox until SIGTERM or SIGINT.
pub(super) fn sandbox(given: &Given, arguments: SandboxArgs) -> ExitCode {
    let log = match log(given) {
        Ok(log) => log,
        Err(part) => return complain(&format!("error: `{part}` is not a level of logs")),
    };
    if let Err(error) = telemetry::install(&log, ECHO, None) {
        return complain(&format!("error: {error}"));
    }
    limit::raise();
    finish(live(arguments))
}

/// Prints a token.
pub(super) fn token(arguments: TokenArgs) -> ExitCode {
    finish(command::print_token(arguments))
}

async fn live(arguments: SandboxArgs) -> anyhow::Result<()> {
    let stop = told_to_stop()?;
    Box::pin(command::run(arguments, stop)).await
}

/// Listens from now on.
fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Warnings only, unless something else is asked for: stdout and stderr are often the same terminal.
fn log(given: &Given) -> Result<Log, String> {
    let flag =
        |key: &str| given.flags.iter().find(|(name, ..)| *name == key).map(|(.., value)| value.as_str());
    let is_json = flag("telemetry.log_format") == Some(LogFormat::Json.as_str());
    let level: Levels = flag("telemetry.log_level").unwrap_or("warn").parse()?;
    Ok(Log { format: if is_json { LogFormat::Json } else { LogFormat::Text }, level })
}

fn finish(work: impl Future<Output = anyhow::Result<()>>) -> ExitCode {
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&format!("error: {error}")),
    };
    let ended = runtime.block_on(work);
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&format!("error: {error:#}")),
    }
}

//! `sallyportd run`: the daemon's life, from its first look at the environment to its last record.

use std::{process::ExitCode, sync::Arc};

use tokio::{
    runtime::Runtime,
    signal::unix::{Signal, SignalKind, signal},
};
use tracing::{info, warn};

use super::{complain, inherit};
use crate::{
    app::{self, Launch, Running, limit},
    config::{Given, Reading},
    telemetry,
};

/// Runs until SIGTERM or SIGINT.
pub(super) fn run(given: &Given) -> ExitCode {
    if let Err(error) = inherit::take_over(given) {
        return complain(&format!("error: can't start again with the variables of `.env`: {error}"));
    }
    let reading = Reading::of(given);
    let warnings = reading.warnings.clone();
    let in_use = match reading.into_use() {
        Ok(in_use) => in_use,
        Err(problems) => return complain(&problems.to_string()),
    };
    let verbosity = match telemetry::install(&in_use.config.log) {
        Ok(verbosity) => Arc::new(verbosity),
        Err(error) => return complain(&format!("error: {error}")),
    };
    for warning in warnings {
        warn!(target: "sallyportd::config", hint = warning.hint, "{}", warning.message);
    }
    limit::compare(limit::raise(), &in_use.config);
    match serve(Launch { given: given.clone(), in_use, parts: vec![verbosity] }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&sentence(&error)),
    }
}

fn serve(launch: Launch) -> anyhow::Result<()> {
    let runtime = Runtime::new()?;
    let ended = runtime.block_on(live(launch));
    // Look-ups of host names can't be cancelled and may last: nothing needs their answer any more.
    runtime.shutdown_background();
    ended
}

async fn live(launch: Launch) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let running = app::start(launch).await?;
    signals.until_stop(&running).await;
    let cut = running.cutter();
    let stopping = running.stop();
    tokio::pin!(stopping);
    tokio::select! {
        () = &mut stopping => return Ok(()),
        () = signals.stop() => info!("told again to stop, connections are cut"),
    }
    cut.cancel();
    tokio::select! {
        () = stopping => Ok(()),
        () = signals.stop() => anyhow::bail!("told a third time to stop, usage may be lost"),
    }
}

/// What the daemon listens to.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn until_stop(&mut self, running: &Running) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => running.hang_up(),
            }
        }
    }

    async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// An error and its causes in one line, its hint in a second one.
fn sentence(error: &anyhow::Error) -> String {
    format!("error: {error:#}").replacen("; hint: ", "\n  hint: ", 1)
}

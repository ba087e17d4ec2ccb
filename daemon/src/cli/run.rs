//! `sallyportd run`: the daemon's life, from its first look at the environment to its last record.

use std::{
    future::{Future, pending},
    os::unix::net::UnixStream,
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context;
use clap::Args;
use tokio::{
    runtime::Runtime,
    signal::unix::{Signal, SignalKind, signal},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{complain, inherit};
use crate::{
    app::{self, Launch, Running, Starter, limit},
    config::{Given, Reading},
    keeper::{
        self,
        channel::{self, Kept},
    },
    systemd::{Notify, Sockets, watchdog},
    telemetry,
};

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// For a service manager: end at SIGTERM at once, so that a successor can start, and let the process that serves
    /// finish its requests on its own
    #[arg(long)]
    hand_over: bool,
    /// The parent is a keeper
    #[arg(long, hide = true)]
    kept: bool,
}

/// Runs until SIGTERM or SIGINT.
pub(super) fn run(given: &Given, arguments: &RunArgs) -> ExitCode {
    if let Err(error) = inherit::take_over(given) {
        return complain(&format!("error: can't start again with the variables of `.env`: {error}"));
    }
    match begin(given, arguments) {
        Ok(code) => code,
        Err(error) => complain(&sentence(&error)),
    }
}

fn begin(given: &Given, arguments: &RunArgs) -> anyhow::Result<ExitCode> {
    let environment = &given.environment;
    if arguments.kept {
        let (channel, sockets) = channel::from_stdin().context("there is no keeper")?;
        let starter = Starter { sockets, notify: Notify::from(environment), hands_over: true };
        return Ok(configured(given, starter, Some(channel)));
    }
    let sockets = Sockets::inherited(environment).context("the sockets can't be taken over")?;
    if arguments.hand_over {
        // What is wrong with the configuration is its child's to say.
        if let Ok(config) = Reading::of(given).config {
            let _ = telemetry::install(&config.log);
        }
        return keeper::keep(sockets).context("the daemon can't be kept");
    }
    let starter = Starter { sockets, notify: Notify::from(environment), hands_over: false };
    Ok(configured(given, starter, None))
}

fn configured(given: &Given, starter: Starter, channel: Option<UnixStream>) -> ExitCode {
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
    let launch = Launch { given: given.clone(), in_use, parts: vec![verbosity], starter };
    match serve(launch, channel) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&sentence(&error)),
    }
}

fn serve(launch: Launch, channel: Option<UnixStream>) -> anyhow::Result<()> {
    let runtime = Runtime::new()?;
    let ended = runtime.block_on(live(launch, channel));
    // Look-ups of host names can't be cancelled and may last: nothing needs their answer any more.
    runtime.shutdown_background();
    ended
}

async fn live(launch: Launch, channel: Option<UnixStream>) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let mut kept = channel.map(Kept::begin).transpose()?;
    let beat = watchdog::interval(&launch.given.environment);
    let running = Box::pin(app::start(launch)).await?;
    if let Some(beat) = beat {
        running.watch(beat);
    }
    let cut = running.cutter();
    let succession = async {
        match &mut kept {
            Some(kept) => kept.until_hand_over().await,
            None => pending().await,
        }
    };
    tokio::select! {
        () = signals.until_stop(&running) => finish(running.stop(), signals, cut).await,
        () = succession => finish(running.hand_over(handed_over(kept)), signals, cut).await,
    }
}

async fn handed_over(kept: Option<Kept>) {
    if let Some(mut kept) = kept {
        kept.handed_over().await;
    }
}

/// Waits for the end, and hastens it whenever a signal says so.
async fn finish(
    stopping: impl Future<Output = ()>,
    mut signals: Signals,
    cut: CancellationToken,
) -> anyhow::Result<()> {
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

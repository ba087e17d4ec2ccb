//! `sallyportd run`: the daemon's life, from its first look at the environment to its last record.

use std::{
    future::{Future, pending},
    io,
    os::unix::net::UnixStream,
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context;
use clap::Args;
use rustix::process::geteuid;
use tokio::{
    runtime::Runtime,
    signal::unix::{Signal, SignalKind, signal},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{
    background::{self, Background, BackgroundArgs},
    complain, inherit,
};
use crate::{
    app::{self, Launch, Running, Starter, limit},
    config::{Given, Reading},
    gateway::bedrock::ECHO,
    keeper::{
        self,
        channel::{self, Kept},
    },
    systemd::{Notify, Sockets, watchdog},
    telemetry::{self, LogFile},
};

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// For a service manager: end at SIGTERM at once, so that a successor can start, and let the process that serves
    /// finish its requests on its own
    #[arg(long)]
    hand_over: bool,
    #[command(flatten)]
    background: BackgroundArgs,
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
    if let Some(files) = arguments.background.files() {
        return background::run(given, &arguments.background, files);
    }
    if arguments.kept {
        let (channel, sockets) = channel::from_stdin().context("there is no keeper")?;
        let starter = Starter { sockets, notify: Notify::from(environment), hands_over: true };
        return Ok(configured(given, starter, Parent::Keeper(channel)));
    }
    let sockets = Sockets::inherited(environment).context("the sockets can't be taken over")?;
    if arguments.hand_over {
        // What is wrong with the configuration is its child's to say.
        if let Ok(config) = Reading::of(given).config {
            let _ = telemetry::install(&config.log, ECHO, None);
        }
        return keeper::keep(sockets).context("the daemon can't be kept");
    }
    let starter = Starter { sockets, notify: Notify::from(environment), hands_over: false };
    Ok(configured(given, starter, Parent::Watches))
}

/// What the process that started us does.
pub(super) enum Parent<'b> {
    /// It looks after us, or is a person who looks on.
    Watches,
    /// It hands over to another daemon.
    Keeper(UnixStream),
    /// It goes as soon as we serve.
    Gone(&'b mut Background),
}

impl Parent<'_> {
    fn log_file(&self) -> Option<Arc<LogFile>> {
        match self {
            Self::Gone(background) => Some(background.log.clone()),
            Self::Watches | Self::Keeper(_) => None,
        }
    }
}

pub(super) fn configured(given: &Given, starter: Starter, parent: Parent<'_>) -> ExitCode {
    let reading = Reading::of(given);
    let warnings = reading.warnings.clone();
    let in_use = match reading.into_use() {
        Ok(in_use) => in_use,
        Err(problems) => return complain(&problems.to_string()),
    };
    let verbosity = match telemetry::install(&in_use.config.log, ECHO, parent.log_file()) {
        Ok(verbosity) => Arc::new(verbosity),
        Err(error) => return complain(&format!("error: {error}")),
    };
    for warning in warnings {
        warn!(target: "sallyportd::config", hint = warning.hint, "{}", warning.message);
    }
    if matches!(parent, Parent::Gone(_)) && geteuid().is_root() {
        warn!(hint = "name another user with `--user`", "the daemon runs as root");
    }
    limit::compare(limit::raise(), &in_use.config);
    let launch = Launch { given: given.clone(), in_use, parts: vec![verbosity], starter };
    match serve(launch, parent) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&sentence(&error)),
    }
}

fn serve(launch: Launch, parent: Parent<'_>) -> anyhow::Result<()> {
    let runtime = Runtime::new()?;
    let ended = runtime.block_on(live(launch, parent));
    // Look-ups of host names can't be cancelled and may last: nothing needs their answer any more.
    runtime.shutdown_background();
    ended
}

async fn live(launch: Launch, parent: Parent<'_>) -> anyhow::Result<()> {
    let rotations =
        parent.log_file().map(|file| Ok::<_, io::Error>((file, signal(SignalKind::user_defined1())?)));
    let rotations = rotations.transpose()?;
    tokio::select! {
        ended = whole_life(launch, parent) => ended,
        () = rotated(rotations) => Ok(()),
    }
}

/// Opens the log again at every signal, for ever.
async fn rotated(rotations: Option<(Arc<LogFile>, Signal)>) {
    if let Some((file, mut signal)) = rotations {
        while signal.recv().await.is_some() {
            match file.reopen() {
                Ok(()) => info!(file = %file.path().display(), "log opened again"),
                Err(error) => {
                    warn!(file = %file.path().display(), %error, "log not opened again, the old file is still written");
                }
            }
        }
    }
    pending::<()>().await;
}

async fn whole_life(launch: Launch, parent: Parent<'_>) -> anyhow::Result<()> {
    let (channel, background) = match parent {
        Parent::Watches => (None, None),
        Parent::Keeper(channel) => (Some(channel), None),
        Parent::Gone(background) => (None, Some(background)),
    };
    let mut signals = Signals::listen()?;
    let mut kept = channel.map(Kept::begin).transpose()?;
    let beat = watchdog::interval(&launch.given.environment);
    let running = Box::pin(app::start(launch)).await?;
    if let Some(beat) = beat {
        running.watch(beat);
    }
    let cut = running.cutter();
    if let Some(Err(error)) = background.map(Background::is_ready) {
        finish(running.stop(), signals, cut).await?;
        return Err(error).context("whoever started the daemon has not waited for it");
    }
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
pub(super) fn sentence(error: &anyhow::Error) -> String {
    format!("error: {error:#}").replacen("; hint: ", "\n  hint: ", 1)
}

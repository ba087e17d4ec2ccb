//! The parent of the process that serves, for restarts that nobody notices: `sallyportd run --hand-over`.
//!
//! A service manager starts a successor only when the main process has ended, and that one may not end while its
//! streams run. So the main process is this one, which serves nothing. Told to stop, it asks its child to hand over:
//! the child leaves the listening sockets and the store to its successor, and finishes its requests on its own. Then
//! this process ends. Nothing waits for a stream, and no stream is cut.

pub mod channel;

use std::{
    env,
    ffi::OsString,
    io,
    os::unix::process::{CommandExt, ExitStatusExt},
    path::PathBuf,
    process::{ExitCode, ExitStatus},
    time::Duration,
};

use channel::Keeping;
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::{Child, Command},
    runtime,
    signal::unix::{self, SignalKind},
    time::timeout,
};
use tracing::{info, warn};

use crate::systemd::Sockets;

/// The option that makes a keeper, and the one that its child is started with.
pub const HAND_OVER: &str = "--hand-over";
pub const KEPT: &str = "--kept";
/// How long a child may take to leave its sockets and its store.
const PATIENCE: Duration = Duration::from_secs(20);
/// What was said to us only.
const OURS: [&str; 4] = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_PID"];

/// Keeps a child until it ends or has handed over.
pub fn keep(sockets: Sockets) -> io::Result<ExitCode> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let (keeping, theirs) = Keeping::start(sockets)?;
        let mut command = Command::from(command(env::args_os(), env::current_exe()?));
        command.stdin(theirs);
        let mut child = command.spawn()?;
        // The channel must close when the child ends.
        drop(command);
        watch(&mut child, &mut signals, keeping).await
    })
}

fn command(arguments: impl IntoIterator<Item = OsString>, program: PathBuf) -> std::process::Command {
    let mut arguments = arguments.into_iter();
    let mut command = std::process::Command::new(program);
    command.arg0(arguments.next().unwrap_or_default());
    command.args(arguments.map(|argument| if argument == HAND_OVER { KEPT.into() } else { argument }));
    for name in OURS {
        command.env_remove(name);
    }
    command
}

async fn watch(child: &mut Child, signals: &mut Signals, keeping: Keeping) -> io::Result<ExitCode> {
    loop {
        tokio::select! {
            ended = child.wait() => return Ok(code(ended?)),
            _ = signals.hang_up.recv() => tell(child, Signal::HUP),
            _ = signals.terminate.recv() => return leave(child, keeping).await,
            _ = signals.interrupt.recv() => return leave(child, keeping).await,
            _ = signals.abort.recv() => {
                warn!("the watchdog found the daemon hanging, it is killed");
                child.kill().await?;
                return Ok(ExitCode::FAILURE);
            }
        }
    }
}

/// Lets the child hand over. One that can't is killed: a successor could not start beside it.
async fn leave(child: &mut Child, keeping: Keeping) -> io::Result<ExitCode> {
    match timeout(PATIENCE, keeping.hand_over()).await {
        Ok(Ok(())) => info!("handed over"),
        // It has ended instead, in whatever way.
        Ok(Err(_)) => return Ok(code(child.wait().await?)),
        Err(_) => {
            warn!("the daemon does not hand over, it is killed");
            child.kill().await?;
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(child: &Child, signal: Signal) {
    let pid = child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
    if let Some(Err(error)) = pid.map(|pid| kill_process(pid, signal)) {
        warn!(%error, "signal not passed on");
    }
}

/// A child that was killed has failed.
fn code(ended: ExitStatus) -> ExitCode {
    if let Some(signal) = ended.signal() {
        warn!(signal, "the daemon was killed");
    }
    ended.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}

struct Signals {
    terminate: unix::Signal,
    interrupt: unix::Signal,
    hang_up: unix::Signal,
    /// What a watchdog sends.
    abort: unix::Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        let listen = |kind| unix::signal(kind);
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hang_up: listen(SignalKind::hangup())?,
            abort: listen(SignalKind::from_raw(Signal::ABORT.as_raw()))?,
        })
    }
}

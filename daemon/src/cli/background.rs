//! `sallyportd run --daemonize`: what is prepared for a daemon that nobody watches over, and what its caller hears of it.

use std::{io, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use clap::Args;

use super::{complain, run};
use crate::{
    app::{Starter, early},
    config::{Config, Given, Problems, Reading},
    detach::{
        self, Side,
        account::Account,
        folder,
        pid_file::PidFile,
        ready::{Outcome, Ready},
    },
    systemd::Sockets,
    telemetry::LogFile,
};

/// How long the caller waits.
const PATIENCE: Duration = Duration::from_mins(1);
/// What systemd sets for a service that should tell it how it is.
const SERVICE_MANAGER: &str = "NOTIFY_SOCKET";
/// What a service manager would make: the key's variable, and the folder's mode.
const STATE: (&str, u32) = ("STATE_DIRECTORY", 0o700);
const RUNTIME: (&str, u32) = ("RUNTIME_DIRECTORY", 0o750);

#[derive(Debug, Args)]
pub(super) struct BackgroundArgs {
    /// For hosts without systemd: return once the daemon serves in the background, or tell why it can't
    #[arg(long, requires_all = ["pid_file", "log_file"], conflicts_with = "hand_over")]
    daemonize: bool,
    /// Where the daemon's process id stands; only one daemon can have this file
    #[arg(long, value_name = "FILE", requires = "daemonize")]
    pid_file: Option<PathBuf>,
    /// Where logs are written; SIGUSR1 has it opened again, after it was moved away
    #[arg(long, value_name = "FILE", requires = "daemonize")]
    log_file: Option<PathBuf>,
    /// Become this user, by name or number, once the ports are bound
    #[arg(long, requires = "daemonize")]
    user: Option<String>,
    /// Become this group in place of the user's own
    #[arg(long, requires = "user")]
    group: Option<String>,
}

/// What a daemon in the background has besides.
#[derive(Debug)]
pub(super) struct Background {
    pub log: Arc<LogFile>,
    ready: Ready,
}

/// What was prepared while we could still speak, and were root.
struct Prepared {
    given: Given,
    account: Option<Account>,
    pid_file: PidFile,
    log: LogFile,
    sockets: Sockets,
}

impl BackgroundArgs {
    /// The files, if the daemon is to run in the background.
    pub(super) fn files(&self) -> Option<(PathBuf, PathBuf)> {
        self.pid_file.clone().zip(self.log_file.clone()).filter(|_| self.daemonize)
    }

    fn account(&self) -> anyhow::Result<Option<Account>> {
        let Some(user) = &self.user else { return Ok(None) };
        let account = Account::find(user, self.group.as_deref())?;
        Ok(account.is_another()?.then_some(account))
    }
}

impl Background {
    /// The daemon serves. An error says that whoever started it is gone.
    pub(super) fn is_ready(&mut self) -> io::Result<()> {
        self.ready.tell()?;
        self.log.take_stderr()
    }
}

/// In the caller, this returns how the daemon's start went; in the daemon, how the daemon ended.
pub(super) fn run(
    given: &Given,
    arguments: &BackgroundArgs,
    files: (PathBuf, PathBuf),
) -> anyhow::Result<ExitCode> {
    if given.environment.contains_key(SERVICE_MANAGER) {
        bail!(
            "systemd waits to hear of the daemon itself (`{SERVICE_MANAGER}` is set); hint: leave `--daemonize` away, with `Type=notify`"
        );
    }
    let Prepared { given, account, mut pid_file, log, sockets } = match prepare(given, arguments, files)? {
        Ok(prepared) => prepared,
        Err(problems) => return Ok(complain(&problems.to_string())),
    };
    let (ready, detached) = match detach::detach(account.as_ref())? {
        Side::Caller(waiting) => {
            pid_file.pass_on();
            return Ok(heard(&waiting.outcome(PATIENCE), &log));
        }
        Side::Daemon(ready, detached) => (ready, detached),
    };
    let mut background = Background { log: Arc::new(log), ready };
    let begun = detached.map_err(anyhow::Error::from).and_then(|()| Ok(pid_file.write()?));
    if let Err(error) = begun {
        return Ok(complain(&run::sentence(&error)));
    }
    let starter = Starter { sockets, ..Starter::default() };
    Ok(run::configured(&given, starter, run::Parent::Gone(&mut background)))
}

/// Everything that may fail and that only root may do.
fn prepare(
    given: &Given,
    arguments: &BackgroundArgs,
    (pid_file, log): (PathBuf, PathBuf),
) -> anyhow::Result<Result<Prepared, Problems>> {
    let mut given = placed(given).context("there is no working directory")?;
    let account = arguments.account()?;
    let config = match Reading::of(&given).config {
        Ok(config) => config,
        Err(problems) => return Ok(Err(problems)),
    };
    if let Some(account) = &account {
        make_folders(&mut given, &config, account)?;
    }
    let pid_file = PidFile::lock(&given.base.join(pid_file))?;
    let log = log_file(&given.base.join(log), account.as_ref())?;
    let sockets = match &account {
        Some(_) => early::bind(&config)?,
        None => Sockets::default(),
    };
    Ok(Ok(Prepared { given, account, pid_file, log, sockets }))
}

/// The same sources from another working directory.
fn placed(given: &Given) -> io::Result<Given> {
    let base = std::env::current_dir()?;
    let placed = |path: &Option<PathBuf>| path.as_ref().map(|path| base.join(path));
    let (config, env_file) = (placed(&given.config), placed(&given.env_file));
    Ok(Given { config, env_file, directory: base.join(&given.directory), base, ..given.clone() })
}

/// Whoever is not root any more could not make them, and would look for others of its own.
fn make_folders(given: &mut Given, config: &Config, account: &Account) -> anyhow::Result<()> {
    for (path, (variable, mode)) in [(&config.state_dir, STATE), (&config.runtime_dir, RUNTIME)] {
        folder::make(path, mode, account)?;
        given.environment.entry(variable.to_owned()).or_insert_with(|| path.display().to_string());
    }
    Ok(())
}

fn log_file(path: &std::path::Path, account: Option<&Account>) -> anyhow::Result<LogFile> {
    folder::check(path)?;
    let owner = account.map(|account| (account.uid, account.gid));
    let hint = "hint: check the owner of the file and of its folder, or choose another `--log-file`";
    LogFile::open(path, owner)
        .map_err(|error| anyhow::anyhow!("`{}` can't be written: {error}; {hint}", path.display()))
}

/// What the caller makes of the daemon's word.
fn heard(outcome: &Outcome, log: &LogFile) -> ExitCode {
    let log = log.path().display();
    match outcome {
        Outcome::Serves => ExitCode::SUCCESS,
        Outcome::Failed => ExitCode::FAILURE,
        Outcome::Died => {
            complain(&format!("error: the daemon has died before it served\n  hint: `{log}` may say more"))
        }
        Outcome::Late => complain(&format!(
            "error: the daemon does not serve after {} seconds, it is left alone and will end\n  hint: `{log}` says what it waits for",
            PATIENCE.as_secs()
        )),
    }
}

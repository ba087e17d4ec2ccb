//! `claude-agent install`: one command, and Claude Code works. Doing it again mends or updates.

use clap::Args;

use super::{CommandError, LoginArgs, Workstation};
use crate::{
    client::{self, AuthServer},
    clock,
    config::{Config, Setting},
    credential::Store,
    install::{self, Background, Place},
    journal::{Access, Journal, Outcome},
    output,
    package::{self, Order, Wanted},
    renewal::{Renewal, RenewalError},
    signin::Method,
};

#[derive(Debug, Args)]
pub struct InstallArgs {
    /// Which Claude Code: `latest`, `stable` or a version; without it, the one that your administrators chose
    #[arg(long, value_name = "VERSION")]
    pub version: Option<Wanted>,
    /// How to sign in
    #[arg(long, value_name = "METHOD", value_enum)]
    pub method: Option<Method>,
    /// Leave signing in for later
    #[arg(long)]
    pub no_login: bool,
    /// Nothing that runs in the background
    #[arg(long)]
    pub no_background: bool,
}

/// The steps, in their order.
const STEPS: [&str; 7] =
    ["agent", "configuration", "sign-in", "Claude Code", "settings", "script", "background"];

/// What has been done so far, told as it happens.
#[derive(Debug, Default)]
struct Told(usize);

impl InstallArgs {
    pub async fn run(self, here: Workstation<'_>) -> Result<(), CommandError> {
        let config = Config::load(here.os, here.settings)?;
        config.need(&[Setting::AuthServer, Setting::InstallServer, Setting::Gateway])?;
        if !self.no_login {
            config.entra()?;
        }
        let place = Place::of_user(here.os, &config).ok_or(CommandError::NoMachine)?;
        if std::env::var_os("SUDO_USER").is_some() && here.os.account().is_ok_and(|one| one.is_administrator)
        {
            return Err(CommandError::Sudo);
        }
        let mut told = Told::default();
        let outcome = self.steps(here, &config, &place, &mut told).await;
        if outcome.is_err() {
            told.say_what_is_missing();
        }
        outcome
    }

    async fn steps(
        &self,
        here: Workstation<'_>,
        config: &Config,
        place: &Place,
        told: &mut Told,
    ) -> Result<(), CommandError> {
        let mut journal = Journal::open(here.os, &place.folder)?;
        let path = place.agent.display();
        told.step(install::agent(here.os, &mut journal, place)?, &format!("{path}"));
        let written = install::configuration(&mut journal, place, config, Access::Private)?;
        told.step(written, &place.configuration.display().to_string());
        self.sign_in(here, &mut journal, told).await?;
        self.program(here, config, &mut journal, told).await?;
        let around = install::surroundings(config, place).ok_or(CommandError::NoMachine)?;
        let written = install::settings(&mut journal, place, &around, None)?;
        told.step(written, &place.settings.display().to_string());
        told.step(install::script(&mut journal, place)?, &place.script().display().to_string());
        self.background(here, &mut journal, place, told)
    }

    async fn sign_in(
        &self,
        here: Workstation<'_>,
        journal: &mut Journal<'_>,
        told: &mut Told,
    ) -> Result<(), CommandError> {
        let store = Store::of_user(here.os)?;
        journal.adopt(store.path())?;
        journal.adopt(&store.path().with_extension("json.lock"))?;
        if self.no_login {
            told.skip("run `claude-agent login` to sign in");
            return Ok(());
        }
        if has_session(here, &store).await? {
            told.step(Outcome::Unchanged, "there is a session");
            return Ok(());
        }
        LoginArgs { method: self.method }.run(here).await?;
        told.step(Outcome::Done, "there is a session");
        Ok(())
    }

    async fn program(
        &self,
        here: Workstation<'_>,
        config: &Config,
        journal: &mut Journal<'_>,
        told: &mut Told,
    ) -> Result<(), CommandError> {
        config.need(&[Setting::InstallServer])?;
        let Some(server) = &config.install else { return Err(CommandError::NoMachine) };
        let wanted = self.version.clone().unwrap_or(Wanted::Served);
        let order = Order {
            server,
            wanted,
            key: package::key(config.install_key.as_deref())?,
            authorities: config.authorities.as_deref(),
            now: clock::now(),
        };
        let installed = package::install(here.os, journal, order).await?;
        let program = installed.program.display();
        told.step(installed.outcome, &format!("{} at {program}", installed.version));
        let folder = installed.program.parent();
        let path = std::env::var_os("PATH").unwrap_or_default();
        if !std::env::split_paths(&path).any(|entry| Some(entry.as_path()) == folder) {
            let folder = folder.map(|folder| folder.display().to_string()).unwrap_or_default();
            output::hint(&format!("add `{folder}` to your PATH"));
        }
        Ok(())
    }

    fn background(
        &self,
        here: Workstation<'_>,
        journal: &mut Journal<'_>,
        place: &Place,
        told: &mut Told,
    ) -> Result<(), CommandError> {
        if self.no_background {
            told.skip("as you wish: the token is refreshed when it is asked for");
            return Ok(());
        }
        let home = here.os.home().ok_or(CommandError::NoMachine)?;
        match install::background(here.os, journal, place, &home)? {
            Background::Loaded(outcome) => told.step(outcome, "the token is refreshed every three hours"),
            Background::NotLoaded(why) => {
                told.skip(&format!(
                    "nothing here would run it ({why}); the token is refreshed when it is asked for"
                ));
                output::hint("once something would, run the same again");
            }
        }
        Ok(())
    }
}

/// Whether somebody is signed in, and the server still knows.
async fn has_session(here: Workstation<'_>, store: &Store) -> Result<bool, CommandError> {
    if !matches!(store.read(), Ok(Some(_))) {
        return Ok(false);
    }
    let config = Config::load(here.os, here.settings)?;
    let base = config.auth()?.clone();
    let server = AuthServer::new(client::http(&[&base], config.authorities.as_deref())?, base);
    match (Renewal { store, server: &server }).run().await {
        Ok(_) => Ok(true),
        Err(RenewalError::NotSignedIn) => Ok(false),
        Err(error) if error.is_end_of_session() => Ok(false),
        Err(error) => Err(error.into()),
    }
}

impl Told {
    fn step(&mut self, outcome: Outcome, what: &str) {
        let word = if outcome == Outcome::Done { "done" } else { "unchanged" };
        self.line(word, what);
    }

    fn skip(&mut self, why: &str) {
        self.line("left out", why);
    }

    fn line(&mut self, word: &str, what: &str) {
        let step = STEPS.get(self.0).copied().unwrap_or_default();
        output::say(&format!("{step:<13}  {word:<9}  {what}"));
        self.0 += 1;
    }

    /// After a failure.
    fn say_what_is_missing(&self) {
        let left = STEPS.get(self.0..).unwrap_or_default();
        output::note(&format!(
            "not done: {}; what is done stays, and the same command goes on from there",
            left.join(", ")
        ));
    }
}

//! Revoking, locking and unlocking: the same for sessions, users and devices.

use std::time::Duration;

use clap::Args;
use shared::{
    api::admin::{Action, Effect, Session},
    time::span,
};

use super::{CommandError, Console, confirm, find};
use crate::{
    client::{RequestQuery, Subject},
    format::many,
    output, value,
};

/// Whom a command acts on.
pub(super) trait Target: Args {
    async fn find(&self, console: &Console) -> Result<Found, CommandError>;
}

/// Whom the daemon knows by that name.
pub(super) struct Found {
    subject: Subject,
    /// `user ada@example.com`.
    called: String,
    /// What goes with it, for a question: `3 sessions on 2 devices`.
    reach: String,
}

#[derive(Debug, Args)]
pub struct SessionTarget {
    /// Its id, or as much of its beginning as is unique
    #[arg(value_name = "SESSION")]
    pub session: String,
}

#[derive(Debug, Args)]
pub struct UserTarget {
    /// E-mail or id
    #[arg(value_name = "USER")]
    pub user: String,
}

#[derive(Debug, Args)]
pub struct DeviceTarget {
    /// Id or host name
    #[arg(value_name = "DEVICE")]
    pub device: String,
}

/// Why. Every action needs it.
#[derive(Debug, Args)]
pub struct Because {
    /// Why: it is kept in the audit trail
    #[arg(long, value_name = "TEXT", value_parser = value::reason)]
    pub reason: String,
}

#[derive(Debug, Args)]
pub struct Consent {
    /// Don't ask before it is done. Without a terminal nothing is asked
    #[arg(long, short)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub struct RevokeArgs<T: Args> {
    #[command(flatten)]
    target: T,
    #[command(flatten)]
    because: Because,
    #[command(flatten)]
    consent: Consent,
}

#[derive(Debug, Args)]
pub struct LockArgs<T: Args> {
    #[command(flatten)]
    target: T,
    /// How long: `90s`, `15m`, `8h`, `2d`; a year at most
    #[arg(long = "for", value_name = "DURATION", value_parser = value::duration)]
    lasting: Duration,
    #[command(flatten)]
    because: Because,
    /// What the developer is told
    #[arg(long, value_name = "TEXT", value_parser = value::line)]
    message: Option<String>,
    #[command(flatten)]
    consent: Consent,
}

#[derive(Debug, Args)]
pub struct UnlockArgs<T: Args> {
    #[command(flatten)]
    target: T,
    #[command(flatten)]
    because: Because,
}

pub(super) async fn revoke<T: Target>(
    console: &mut Console,
    arguments: &RevokeArgs<T>,
) -> Result<(), CommandError> {
    console.may_change()?;
    let found = arguments.target.find(console).await?;
    if confirm::is_asked(arguments.consent.yes) {
        confirm::ask(&found.question(console, "revoke", "").await?)?;
    }
    let effect = console.client.revoke(&found.subject, &arguments.because.reason).await?;
    let told = format!("revoked {}: {}", found.called, ended(&effect, "ended"));
    finish(console, &effect, &told)
}

pub(super) async fn lock<T: Target>(
    console: &mut Console,
    arguments: &LockArgs<T>,
) -> Result<(), CommandError> {
    console.may_change()?;
    let found = arguments.target.find(console).await?;
    let lasting = span::write(arguments.lasting);
    if confirm::is_asked(arguments.consent.yes) {
        confirm::ask(&found.question(console, "lock", &format!(" for {lasting}")).await?)?;
    }
    let order = Action {
        reason: arguments.because.reason.clone(),
        duration_seconds: Some(arguments.lasting.as_secs_f64()),
        message: arguments.message.clone(),
    };
    let effect = console.client.lock(&found.subject, &order).await?;
    let told = format!("locked {} for {lasting}: {}", found.called, ended(&effect, "in use"));
    finish(console, &effect, &told)
}

pub(super) async fn unlock<T: Target>(
    console: &mut Console,
    arguments: &UnlockArgs<T>,
) -> Result<(), CommandError> {
    console.may_change()?;
    let found = arguments.target.find(console).await?;
    let effect = console.client.unlock(&found.subject, &arguments.because.reason).await?;
    finish(console, &effect, &format!("unlocked {}", found.called))
}

/// `3 sessions ended, 1 request cut, in 4.2 ms`.
fn ended(effect: &Effect, how: &str) -> String {
    let (sessions, requests) =
        (many(effect.sessions as u64, "session"), many(effect.requests as u64, "request"));
    let tenths = effect.took_microseconds / 100;
    format!("{sessions} {how}, {requests} cut, in {}.{} ms", tenths / 10, tenths % 10)
}

fn finish(console: &mut Console, effect: &Effect, told: &str) -> Result<(), CommandError> {
    console.output.document(effect, |_| output::sentence(told))?;
    if effect.lingering > 0 {
        let requests = many(effect.lingering as u64, "request");
        output::note(&format!("{requests} of them still end: their clients do not read"));
    }
    Ok(())
}

impl Found {
    /// Names the object and its reach.
    async fn question(&self, console: &Console, verb: &str, more: &str) -> Result<String, CommandError> {
        let running = match &self.subject {
            Subject::Session(id) => Some(RequestQuery { session: Some(*id), ..RequestQuery::default() }),
            Subject::User(id) => Some(RequestQuery { user: Some(id.clone()), ..RequestQuery::default() }),
            // The list of requests is not told by device.
            Subject::Device(_) => None,
        };
        let reach = match running {
            None => self.reach.clone(),
            Some(query) => {
                let running = console.client.requests(&query).await?.items.len() as u64;
                format!("{}, {} running", self.reach, many(running, "request"))
            }
        };
        Ok(format!("{verb} {}{more}? ({reach})", self.called))
    }
}

impl Target for SessionTarget {
    async fn find(&self, console: &Console) -> Result<Found, CommandError> {
        let session = find::session(&console.client, &self.session).await?;
        let Session { id, email, user, opened, .. } = &session;
        let who = email.as_deref().unwrap_or(user.as_str());
        let on = match super::session::device(&session) {
            "" => String::new(),
            device => format!(" on {device}"),
        };
        let reach = format!("of {who}{on}, opened {opened}");
        Ok(Found { subject: Subject::Session(*id), called: format!("session {id}"), reach })
    }
}

impl Target for UserTarget {
    async fn find(&self, console: &Console) -> Result<Found, CommandError> {
        let user = find::user(console, &self.user).await?;
        let sessions = many(user.active_sessions, "active session");
        let reach = format!("{sessions} on {}", many(user.devices, "device"));
        let called = format!("user {}", user.email.as_deref().unwrap_or(user.id.as_str()));
        Ok(Found { subject: Subject::User(user.id), called, reach })
    }
}

impl Target for DeviceTarget {
    async fn find(&self, console: &Console) -> Result<Found, CommandError> {
        let device = find::device(console, &self.device).await?;
        let sessions = many(device.active_sessions, "active session");
        let reach = format!("{sessions} of {}", many(device.users, "user"));
        let called = format!("device {}", device.device.hostname.as_deref().unwrap_or(device.id.as_str()));
        Ok(Found { subject: Subject::Device(device.id), called, reach })
    }
}

//! `claude-agent status`: whether somebody is signed in, and where everything is.

use std::fmt::Write;

use clap::Args;
use serde_json::{Map, Value, json};
use shared::time::Timestamp;

use super::{CommandError, Workstation};
use crate::{
    clock,
    config::Config,
    credential::{Credential, Store},
    identity, output,
};

#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Print JSON, for machines
    #[arg(long)]
    pub json: bool,
}

impl StatusArgs {
    pub fn run(self, here: Workstation<'_>) -> Result<(), CommandError> {
        let store = Store::of_user(here.os)?;
        let config = Config::load(here.os, here.settings)?;
        let credential = store.read()?;
        let seen = Seen {
            state: State::of(credential.as_ref(), clock::now()),
            device: identity::device_id(here.os).to_string(),
            file: store.path().display().to_string(),
            config,
        };
        Ok(output::data(&if self.json { seen.json() } else { seen.text() })?)
    }
}

/// What the token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    SignedOut,
    /// The session has ended, and its token with it.
    Ended,
    /// It works until then.
    Fresh(Timestamp),
    /// The next `get-token` refreshes it.
    Due(Timestamp),
}

impl State {
    fn of(credential: Option<&Credential>, now: Timestamp) -> Self {
        match credential {
            None => Self::SignedOut,
            Some(credential) if credential.has_ended() => Self::Ended,
            Some(credential) if credential.is_fresh(now) => Self::Fresh(credential.expires_at),
            Some(credential) => Self::Due(credential.expires_at),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::Ended => "ended",
            Self::Fresh(_) => "fresh",
            Self::Due(_) => "due",
        }
    }

    fn expires_at(self) -> Option<Timestamp> {
        match self {
            Self::SignedOut | Self::Ended => None,
            Self::Fresh(at) | Self::Due(at) => Some(at),
        }
    }
}

struct Seen {
    state: State,
    device: String,
    file: String,
    config: Config,
}

impl Seen {
    fn json(&self) -> String {
        let settings: Map<String, Value> = self
            .config
            .given
            .iter()
            .map(|(setting, (value, origin))| {
                (setting.key(), json!({ "value": value, "from": origin.to_string() }))
            })
            .collect();
        format!(
            "{:#}",
            json!({
                "signed_in": self.state.expires_at().is_some(),
                "token": self.state.word(),
                "expires_at": self.state.expires_at().map(Timestamp::seconds),
                "token_file": self.file,
                "device_id": self.device,
                "agent_version": env!("CARGO_PKG_VERSION"),
                "settings": settings,
            })
        )
    }

    fn text(&self) -> String {
        let token = match self.state {
            State::SignedOut => "nobody is signed in; run `claude-agent login`".to_owned(),
            State::Ended => "the session has ended; run `claude-agent login`".to_owned(),
            State::Fresh(at) => format!("fresh until {at}"),
            State::Due(at) => format!("ended or ends soon ({at}); the next `get-token` refreshes it"),
        };
        let mut text =
            format!("token    {token}\nfile     {}\ndevice   {}\nsettings", self.file, self.device);
        if self.config.given.is_empty() {
            text.push_str(" none");
        }
        for (setting, (value, origin)) in &self.config.given {
            let _ = write!(text, "\n  {setting} = {value}  ({origin})");
        }
        text
    }
}

//! Finds out why Claude Code does not work on this workstation, and mends what can be mended.
//!
//! Invariant: looking changes nothing. Only `fix` does, and only what is ours.

mod background;
mod environment;
mod mend;
mod path;
mod server;
mod session;
mod settings;

use std::path::PathBuf;

use serde::Serialize;
use shared::finding;
pub use shared::finding::State;

pub use self::mend::{compare, mend};
use crate::{
    config::{Config, ConfigError},
    install::Place,
    os::Os,
};

/// What was found about one thing, and how it can be mended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    #[serde(flatten)]
    pub found: finding::Finding,
    #[serde(skip)]
    pub remedy: Option<Remedy>,
}

/// What `--fix` does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// Puts the agent, the settings and the scripts where they belong.
    Install,
    /// Fetches Claude Code.
    Program,
    /// Writes the units and loads them.
    Background,
    /// Takes everybody else's rights from a file.
    Private(PathBuf),
    /// Lets all read what is for all.
    Readable(PathBuf),
    /// Takes the byte order mark from a file.
    Unmark(PathBuf),
}

/// Where it looks.
#[derive(Debug)]
pub struct Patient<'a> {
    pub os: &'static dyn Os,
    pub config: &'a Config,
    pub place: &'a Place,
    /// A variable of the environment.
    pub variable: fn(&str) -> Option<String>,
}

impl Finding {
    fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self { found: finding::Finding::ok(check, what), remedy: None }
    }

    fn problem(check: &'static str, what: impl Into<String>, hint: &str) -> Self {
        Self { found: finding::Finding::problem(check, what, hint), remedy: None }
    }

    fn mended_by(self, remedy: Remedy) -> Self {
        Self { remedy: Some(remedy), ..self }
    }

    /// Settings that can't be read: there is nothing more to look at.
    pub fn of_settings(error: &ConfigError) -> Self {
        Self::problem("configuration", error.to_string(), error.hint())
    }
}

impl Patient<'_> {
    /// Looks at everything.
    pub async fn examine(&self) -> Vec<Finding> {
        let mut findings = settings::examine(self);
        findings.extend(environment::examine(self));
        findings.extend(path::examine(self));
        findings.extend(session::examine(self).await);
        findings.extend(server::examine(self).await);
        findings.push(background::examine(self));
        findings
    }

    fn is_set(&self, name: &str) -> bool {
        (self.variable)(name).is_some_and(|value| !value.trim().is_empty())
    }
}

#[cfg(test)]
mod tests;

//! What is wrong with the settings: all of it at once.

use std::fmt::Write;

use thiserror::Error;

use super::Setting;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{place}: {what}")]
pub struct Problem {
    /// A variable, an option, or a file and its key.
    pub place: String,
    pub what: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfigError {
    #[error("the settings can't be used{}", listed(.0))]
    Problems(Vec<Problem>),
    #[error("{} {} not set", names(.0), if .0.len() == 1 { "is" } else { "are" })]
    Missing(Vec<Setting>),
}

impl ConfigError {
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Problems(_) => "correct them; later sources are read only where earlier ones are silent",
            Self::Missing(_) => {
                "`claude-agent install` keeps the settings; until then give them as variables or options"
            }
        }
    }
}

fn listed(problems: &[Problem]) -> String {
    problems.iter().enumerate().fold(String::new(), |mut text, (index, problem)| {
        let _ = write!(text, "{} {problem}", if index == 0 { ":" } else { ";" });
        text
    })
}

fn names(settings: &[Setting]) -> String {
    settings.iter().map(|setting| format!("`{setting}`")).collect::<Vec<_>>().join(", ")
}

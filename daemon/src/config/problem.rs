//! What is wrong with a configuration, where it stands, and what to do about it.

use std::{fmt, path::PathBuf};

use thiserror::Error;

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Default,
    /// `sallyport.toml`, and the line.
    File {
        path: PathBuf,
        line: usize,
    },
    /// `.env`, and the line.
    EnvFile {
        path: PathBuf,
        line: usize,
        variable: String,
    },
    /// A file of the service manager's, named like the variable.
    Credential {
        path: PathBuf,
        variable: String,
    },
    /// A variable of the process.
    Environment(String),
    /// An option of the command line.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } | Self::EnvFile { path, line, .. } => {
                write!(f, "{}:{line}", path.display())
            }
            Self::Credential { path, .. } => write!(f, "{}", path.display()),
            Self::Environment(variable) => write!(f, "environment {variable}"),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// One thing to mend. Secrets are never quoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// None if the value stands nowhere.
    pub origin: Option<Origin>,
    /// The key as `sallyport.toml` would name it, if it is about one.
    pub key: Option<String>,
    pub message: String,
    pub hint: String,
}

impl Problem {
    pub(super) fn new(origin: Option<Origin>, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { origin, key: None, message: message.into(), hint: hint.into() }
    }

    pub(super) fn about(self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = &self.origin {
            write!(f, "{origin}: ")?;
        }
        write!(f, "{}\n  hint: {}", self.message, self.hint)
    }
}

/// Everything that is wrong with a configuration.
#[derive(Debug, Error)]
#[error("{}", listed(.0))]
pub struct Problems(pub Vec<Problem>);

fn listed(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Why one value is refused, not yet knowing where it stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bad {
    pub what: String,
    pub hint: String,
}

impl Bad {
    pub fn new(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { what: what.into(), hint: hint.into() }
    }
}

/// The known name that was probably meant.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let tolerance = (name.len() / 4).clamp(1, 3);
    known
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= tolerance)
        .min()
        .map(|(_, name)| name)
}

/// Levenshtein distance.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(to.chars()) {
            let next = (diagonal + usize::from(a != b)).min(left + 1).min(*cell + 1);
            diagonal = std::mem::replace(cell, next);
            left = next;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_hand_is_recognised() {
        let known = ["ENTRA_TENANT_ID", "ENTRA_CLIENT_ID", "AUTH_PORT"];
        assert_eq!(nearest("ENTRA_TENANTID", known.into_iter()), Some("ENTRA_TENANT_ID"));
        assert_eq!(nearest("AUTH_PROT", known.into_iter()), Some("AUTH_PORT"));
        assert_eq!(nearest("ENTRA_THINGS", known.into_iter()), None);
        assert_eq!((distance("", "abc"), distance("kitten", "sitting")), (3, 3));
    }
}

//! Why a request can't be translated.

use thiserror::Error;

/// A fault of a request's body. It names fields of the protocol, never what the client wrote into them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadRequest {
    #[error("the request body is not valid JSON: it is broken at line {line} column {column}")]
    Syntax { line: usize, column: usize },
    #[error("the request body must be a JSON object")]
    NotAnObject,
    #[error("the request body is nested deeper than {0} levels")]
    TooDeep(usize),
    #[error("the request body has more than {0} top-level fields")]
    TooManyFields(usize),
    #[error("the request body has the same top-level field twice")]
    DuplicateField,
    #[error("`{0}` is required")]
    Missing(String),
    #[error("`{field}` must be {expected}")]
    Wrong { field: String, expected: &'static str },
    #[error("`{field}` is not supported here: {hint}")]
    Unsupported { field: String, hint: &'static str },
}

impl BadRequest {
    pub fn missing(field: impl Into<String>) -> Self {
        Self::Missing(field.into())
    }

    pub fn wrong(field: impl Into<String>, expected: &'static str) -> Self {
        Self::Wrong { field: field.into(), expected }
    }

    pub fn unsupported(field: impl Into<String>, hint: &'static str) -> Self {
        Self::Unsupported { field: field.into(), hint }
    }

    /// The same fault, seen from the document that holds the one it was found in.
    pub fn within(self, place: &str) -> Self {
        let name =
            |field: String| if field.is_empty() { place.to_owned() } else { format!("{place}.{field}") };
        match self {
            Self::Missing(field) => Self::Missing(name(field)),
            Self::Wrong { field, expected } => Self::Wrong { field: name(field), expected },
            Self::Unsupported { field, hint } => Self::Unsupported { field: name(field), hint },
            other => other,
        }
    }

    /// The field at fault, if it is one field's fault.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Missing(field) | Self::Wrong { field, .. } | Self::Unsupported { field, .. } => Some(field),
            _ => None,
        }
    }
}

impl From<serde_json::Error> for BadRequest {
    fn from(error: serde_json::Error) -> Self {
        Self::Syntax { line: error.line(), column: error.column() }
    }
}

//! What a request asks for: ids in the path, filters and pages in the query. Unknown parameters are refused, so that a
//! misspelt filter does not look like one that everything passes.

use std::str::FromStr;

use percent_encoding::percent_decode_str;
use shared::{id::SessionId, time::Timestamp};

use super::error::AdminError;
use crate::http::Call;

const PAGE: u32 = 100;
const LARGEST_PAGE: u32 = 1000;
/// The largest whole number that every JSON reader reads as it is (RFC 8259, section 6).
const MOST: u64 = (1 << 53) - 1;
/// A UUID with its hyphens; we write no other form.
const UUID_LEN: usize = 36;

/// The query of a request.
pub(super) struct Query<'a>(&'a Call);

impl<'a> Query<'a> {
    pub(super) fn of(call: &'a Call, known: &[&str]) -> Result<Self, AdminError> {
        let pairs = call.query.split('&').filter(|pair| !pair.is_empty());
        let mut names = pairs.map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
        match names.find(|name| !known.contains(name)) {
            None => Ok(Self(call)),
            Some(name) => {
                let known = known.join("`, `");
                Err(AdminError::Request(format!("`{name}` is not a parameter; hint: there are `{known}`")))
            }
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.0.query_value(name)
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, AdminError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let number = text.parse().ok().filter(|number| *number <= MOST);
        let refused = || AdminError::Request(format!("`{name}` is not a number from 0 to {MOST}"));
        number.ok_or_else(refused).map(Some)
    }

    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>, AdminError> {
        Ok(self.number(name)?.map(Timestamp))
    }

    pub(super) fn limit(&self) -> Result<u32, AdminError> {
        let limit = self.number("limit")?.unwrap_or(u64::from(PAGE));
        let fit = u32::try_from(limit).ok().filter(|limit| (1..=LARGEST_PAGE).contains(limit));
        fit.ok_or_else(|| AdminError::Request(format!("`limit` is from 1 to {LARGEST_PAGE}")))
    }

    pub(super) fn session(&self) -> Result<Option<SessionId>, AdminError> {
        self.text("session").as_deref().map(session).transpose()
    }

    /// One of some words.
    pub(super) fn choice<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, AdminError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let chosen = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let refused = || AdminError::Request(format!("`{name}` is one of `{}`", known.join("`, `")));
        chosen.ok_or_else(refused).map(Some)
    }
}

/// The id in `/kind/{id}/…`, decoded.
pub(super) fn id(call: &Call) -> Result<String, AdminError> {
    let encoded = call.path.split('/').nth(2).unwrap_or_default();
    let decoded = percent_decode_str(encoded).decode_utf8();
    let decoded = decoded.map_err(|_| AdminError::Request("the id in the path is not text".to_owned()))?;
    Ok(decoded.into_owned())
}

pub(super) fn session(text: &str) -> Result<SessionId, AdminError> {
    uuid(text, "session")
}

/// The id of something that has a UUID.
pub(super) fn uuid<T: FromStr>(text: &str, what: &str) -> Result<T, AdminError> {
    let id = text.parse().ok().filter(|_| text.len() == UUID_LEN);
    id.ok_or_else(|| AdminError::Request(format!("this is not the id of a {what}")))
}

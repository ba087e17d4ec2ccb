//! A settings text before and after us, and the way back.
//!
//! Invariant: what was there before is kept until it is put back, however often we change the text in between.

use serde::{Deserialize, Serialize};
use shared::release::Digest;

use super::{
    edit,
    text::{BadText, parse},
    wanted::Wanted,
};

/// The byte order mark, which Claude Code takes for an error.
const MARK: char = '\u{feff}';
const EMPTY: &str = "{}\n";

/// What we did to a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Every byte of it before us; nothing if there was no file.
    before: Option<String>,
    /// What the text became.
    after: Digest,
    members: Vec<Entry>,
}

/// What we did to one member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    path: edit::Path,
    /// Its value before us, as it was written.
    before: Option<String>,
    /// What we have ever written: the text may be older than this record, if we were interrupted.
    written: Vec<String>,
}

/// A text with everything that is wanted in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    pub text: String,
    pub change: Change,
}

/// A text as it was before us, as far as nobody else has changed it since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// Nothing if there was no file.
    pub text: Option<String>,
    /// Members that someone else has changed since, and that stay as they are.
    pub kept: Vec<String>,
    /// Whether every byte is as it was.
    pub is_whole: bool,
}

/// Whether everything that is wanted is in the text already.
pub fn holds(text: &str, wanted: &[Wanted]) -> Result<bool, BadText> {
    if text.starts_with(MARK) || text.trim().is_empty() {
        return Ok(false);
    }
    parse(text)?;
    for one in wanted {
        let found = edit::get(text, &one.path)?;
        if found.and_then(|found| parse(&found).ok()).as_ref() != Some(&one.value) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Puts what is wanted into a text, or makes one. `earlier` is what was done to it before.
pub fn apply(text: Option<&str>, wanted: &[Wanted], earlier: Option<&Change>) -> Result<Edited, BadText> {
    let base = match earlier {
        Some(earlier) => undo(text, earlier)?.text,
        None => text.map(str::to_owned),
    };
    let mut changed = readable(base.as_deref()).to_owned();
    parse(&changed)?;
    let mut members = Vec::new();
    for one in wanted {
        if one.path.len() > 1 {
            members.extend(add_object(&mut changed, one)?);
        }
        members.extend(put(&mut changed, one)?);
    }
    for entry in &mut members {
        let known = earlier.and_then(|earlier| earlier.members.iter().find(|known| known.path == entry.path));
        let older = known.iter().flat_map(|known| &known.written).filter(|raw| !entry.written.contains(raw));
        let older: Vec<_> = older.cloned().collect();
        entry.written.extend(older);
    }
    let change = Change { before: base, after: Digest::of(changed.as_bytes()), members };
    Ok(Edited { text: changed, change })
}

/// Takes what is ours out of a text.
pub fn undo(text: Option<&str>, change: &Change) -> Result<Undone, BadText> {
    let before = change.before.clone();
    let Some(text) = text else {
        return Ok(Undone { text: None, kept: Vec::new(), is_whole: before.is_none() });
    };
    if Some(text) == before.as_deref() || Digest::of(text.as_bytes()) == change.after {
        return Ok(Undone { text: before, kept: Vec::new(), is_whole: true });
    }
    let (mut left, mut kept) = (readable(Some(text)).to_owned(), Vec::new());
    parse(&left)?;
    for entry in change.members.iter().rev() {
        if !entry.undo(&mut left)? {
            kept.push(entry.path.join("."));
        }
    }
    let is_ours = change.before.is_none() && edit::is_bare(&left);
    Ok(Undone { text: Some(left).filter(|_| !is_ours), kept, is_whole: is_ours })
}

/// The text as Claude Code could read it.
fn readable(text: Option<&str>) -> &str {
    let text = text.unwrap_or(EMPTY);
    let text = text.strip_prefix(MARK).unwrap_or(text);
    if text.trim().is_empty() { EMPTY } else { text }
}

/// Makes sure that the object is there which a member belongs to.
fn add_object(text: &mut String, wanted: &Wanted) -> Result<Option<Entry>, BadText> {
    let path: edit::Path = wanted.path.iter().take(1).cloned().collect();
    if edit::get(text, &path)?.is_some() {
        return Ok(None);
    }
    *text = edit::set(text, &path, "{}")?;
    Ok(Some(Entry { path, before: None, written: Vec::new() }))
}

/// Sets one member, unless it says so already.
fn put(text: &mut String, wanted: &Wanted) -> Result<Option<Entry>, BadText> {
    let before = edit::get(text, &wanted.path)?;
    if before.as_deref().and_then(|before| parse(before).ok()).as_ref() == Some(&wanted.value) {
        return Ok(None);
    }
    let raw = wanted.value.to_string();
    *text = edit::set(text, &wanted.path, &raw)?;
    Ok(Some(Entry { path: wanted.path.clone(), before, written: vec![raw] }))
}

impl Entry {
    /// False if someone else has changed the member since.
    fn undo(&self, text: &mut String) -> Result<bool, BadText> {
        let Some(found) = edit::get(text, &self.path)? else { return Ok(true) };
        if Some(&found) == self.before.as_ref() {
            return Ok(true);
        }
        let is_object_of_ours = self.written.is_empty();
        if is_object_of_ours && !edit::is_empty_object(text, &self.path)? {
            return Ok(true);
        }
        if !is_object_of_ours && !self.written.iter().any(|raw| parse(raw) == parse(&found)) {
            return Ok(false);
        }
        *text = match &self.before {
            Some(before) => edit::set(text, &self.path, before)?,
            None => edit::remove(text, &self.path)?,
        };
        Ok(true)
    }
}

#[cfg(test)]
mod tests;

//! The chain of the audit trail: each record's hash covers the hash of the one before it and every field of its own.
//!
//! Who changes, drops, inserts or reorders a record must make every later hash anew. Whoever has written down a `Head`
//! finds that out too, and that the end was cut off.

use std::fmt;

use super::{AuditEntry, AuditRecord};

/// The form of what is hashed. Another form gets another name.
const FORM: &[u8] = b"sallyport audit record 1";

/// SHA-256, which the caller brings.
pub type Digest = fn(&[u8]) -> Hash;

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Hash(pub [u8; 32]);

/// What ties a record to the one before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Link {
    /// The hash of the record before.
    pub previous: Hash,
    /// The hash of this one.
    pub hash: Hash,
}

/// Where a chain stands: its last record. The default is where it begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Head {
    pub sequence: u64,
    pub hash: Hash,
}

/// The first thing that is wrong with a trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// A record's fields, or its hash, are not what was written.
    Changed { sequence: u64 },
    /// Records are not there.
    Dropped { first: u64, last: u64 },
    /// A record stands where another one stood.
    Misplaced { sequence: u64, after: u64 },
    /// A record does not follow the one before it: that was replaced, or this was inserted.
    Unlinked { sequence: u64 },
    /// The record that someone wrote down is another one now.
    Replaced { sequence: u64 },
}

impl Head {
    /// The place from which a trail goes on whose older records were let go: before its first entry.
    pub fn before(first: &AuditEntry) -> Self {
        Self { sequence: first.sequence.saturating_sub(1), hash: first.link.previous }
    }

    /// Adds a record.
    pub fn add(self, record: AuditRecord, digest: Digest) -> AuditEntry {
        let sequence = self.sequence.saturating_add(1);
        let hash = digest(&encoded(self.hash, sequence, &record));
        AuditEntry { sequence, record, link: Link { previous: self.hash, hash } }
    }

    /// Follows the chain through the next entries, in their order, and says where it stands then.
    pub fn verify<'a>(
        self,
        entries: impl IntoIterator<Item = &'a AuditEntry>,
        digest: Digest,
    ) -> Result<Self, Broken> {
        entries.into_iter().try_fold(self, |head, entry| head.step(entry, digest))
    }

    /// Whether the chain that stands here went through a head that was written down before.
    pub fn check_known(self, known: Self, entries: &[AuditEntry]) -> Result<(), Broken> {
        if known.sequence > self.sequence {
            return Err(Broken::Dropped { first: self.sequence.saturating_add(1), last: known.sequence });
        }
        match entries.iter().find(|entry| entry.sequence == known.sequence) {
            Some(entry) if entry.link.hash != known.hash => {
                Err(Broken::Replaced { sequence: known.sequence })
            }
            _ => Ok(()),
        }
    }

    fn step(self, entry: &AuditEntry, digest: Digest) -> Result<Self, Broken> {
        let (sequence, expected) = (entry.sequence, self.sequence.saturating_add(1));
        if sequence > expected {
            return Err(Broken::Dropped { first: expected, last: sequence.saturating_sub(1) });
        }
        if sequence < expected {
            return Err(Broken::Misplaced { sequence, after: self.sequence });
        }
        if digest(&encoded(entry.link.previous, sequence, &entry.record)) != entry.link.hash {
            return Err(Broken::Changed { sequence });
        }
        if entry.link.previous != self.hash {
            return Err(Broken::Unlinked { sequence });
        }
        Ok(Self { sequence, hash: entry.link.hash })
    }
}

/// All that a hash covers. Every field has its length in front, so that no two records read the same.
fn encoded(previous: Hash, sequence: u64, record: &AuditRecord) -> Vec<u8> {
    let AuditRecord { origin, event, user, session, code, operator, detail, reason } = record;
    let mut out = Encoder(FORM.to_vec());
    out.field(Some(&previous.0));
    out.field(Some(&sequence.to_be_bytes()));
    out.field(Some(&origin.at.0.to_be_bytes()));
    out.field(Some(origin.request.as_str().as_bytes()));
    out.field(origin.address.map(|address| address.to_string()).as_deref().map(str::as_bytes));
    out.field(Some(event.as_str().as_bytes()));
    out.field(user.as_ref().map(|user| user.as_str().as_bytes()));
    out.field(session.as_ref().map(|session| session.0.as_bytes().as_slice()));
    out.field(operator.map(u32::to_be_bytes).as_ref().map(<[u8; 4]>::as_slice));
    for text in [code, detail, reason] {
        out.field(text.as_deref().map(str::as_bytes));
    }
    out.0
}

struct Encoder(Vec<u8>);

impl Encoder {
    fn field(&mut self, value: Option<&[u8]>) {
        self.0.push(u8::from(value.is_some()));
        if let Some(bytes) = value {
            self.0.extend_from_slice(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
            self.0.extend_from_slice(bytes);
        }
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { sequence } => write!(f, "record {sequence} was changed"),
            Self::Dropped { first, last } if first == last => write!(f, "record {first} is missing"),
            Self::Dropped { first, last } => write!(f, "records {first} to {last} are missing"),
            Self::Misplaced { sequence, after } => {
                write!(f, "record {sequence} stands after record {after}")
            }
            Self::Unlinked { sequence } => write!(
                f,
                "record {sequence} does not follow the one before it: that was replaced, or this was inserted"
            ),
            Self::Replaced { sequence } => {
                write!(f, "record {sequence} is not the one that was written down")
            }
        }
    }
}

impl std::error::Error for Broken {}

/// Reads what `Display` writes.
impl std::str::FromStr for Head {
    type Err = NoHead;

    fn from_str(text: &str) -> Result<Self, NoHead> {
        let (sequence, hex) = text.split_once(':').ok_or(NoHead)?;
        // Numbers are read with a sign otherwise.
        if !sequence.bytes().chain(hex.bytes()).all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NoHead);
        }
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Option<Vec<u8>> = hex.as_bytes().chunks(2).map(byte).collect();
        let hash = bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(NoHead)?;
        Ok(Self { sequence: sequence.parse().map_err(|_| NoHead)?, hash: Hash(hash) })
    }
}

/// The text is no head of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoHead;

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.sequence, self.hash)
    }
}

#[cfg(test)]
mod tests;

//! A head of the audit trail that somebody noted: is it still there? This is looked at here, too, since a daemon that does
//! not know the question yet would leave it out and answer as if all were well.

use thiserror::Error;

use super::CommandError;
use crate::client::{AuditQuery, Client};

/// `sequence:hash`, as `audit verify` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    text: String,
    sequence: u64,
    hash: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("write it as `audit verify` prints it: the number of a record, a colon and 64 hexadecimal digits")]
pub struct NotAHead;

impl Noted {
    pub fn read(text: &str) -> Result<Self, NotAHead> {
        let (sequence, hash) = text.trim().split_once(':').ok_or(NotAHead)?;
        let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        let sequence = sequence.parse().ok().filter(|_| is_hash).ok_or(NotAHead)?;
        Ok(Self { text: text.trim().to_owned(), sequence, hash: hash.to_owned() })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) async fn check(&self, client: &Client) -> Result<(), CommandError> {
        // Before the first record there is nothing to look for.
        let Some(before) = self.sequence.checked_sub(1) else { return Ok(()) };
        let query = AuditQuery { after: Some(before), limit: Some(1), ..AuditQuery::default() };
        let sequence = self.sequence;
        let broken = |how: &str| Err(CommandError::Broken(format!("record {sequence} {how}")));
        match client.audit(&query).await?.items.first() {
            None => broken("is missing at its end"),
            Some(found) if found.sequence > sequence => Err(CommandError::NotKept(sequence)),
            Some(found) if found.hash.eq_ignore_ascii_case(&self.hash) => Ok(()),
            Some(_) => broken("is not the one that you noted"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_is_printed() {
        let hash = "a1".repeat(32);
        let noted = Noted::read(&format!("7:{hash}\n")).unwrap();
        assert_eq!((noted.sequence, noted.hash.as_str()), (7, hash.as_str()));
        for bad in ["", "7", "7:abc", "x:", &format!("-1:{hash}"), &format!("7:{hash}0"), &"g".repeat(66)] {
            assert_eq!(Noted::read(bad), Err(NotAHead), "{bad}");
        }
    }
}

//! Counts refusals, so that whoever tries again and again does not fill the audit trail.
//!
//! Invariant: of one kind, by one session, operator, user or address, there is one record a minute at most, and the records
//! together count every refusal. What is remembered has a bound: who comes when it is reached is counted with others,
//! without a name.

// An address is data. `std::net` would bring sockets along, which have no place here.
use core::net::IpAddr;
use std::{collections::HashMap, time::Duration};

use shared::{
    id::{SessionId, UserId},
    time::Timestamp,
};

use super::AuditRecord;

/// How long refusals of one kind are counted before they are written.
const WINDOW: Duration = Duration::from_mins(1);
/// Kinds that are remembered with a name.
const CROWD: usize = 1_000;

/// Who was refused, and by what rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    source: Source,
    code: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Source {
    Session(SessionId),
    Operator(u32),
    User(UserId),
    Address(Option<IpAddr>),
    /// One of too many.
    Anyone,
}

/// What was counted since the last record.
#[derive(Debug)]
struct Count {
    since: Timestamp,
    more: u64,
    last: AuditRecord,
}

/// The counters.
#[derive(Debug, Default)]
pub struct Tally(HashMap<Kind, Count>);

impl Tally {
    /// Counts a refusal. Returns the record to be written, if it is the first of its kind.
    pub fn count(&mut self, record: AuditRecord) -> Option<AuditRecord> {
        let mut kind = Kind { source: source(&record), code: record.code.clone() };
        let mut record = record;
        if self.0.len() >= CROWD && !self.0.contains_key(&kind) {
            kind.source = Source::Anyone;
            record = nameless(record);
        }
        if let Some(count) = self.0.get_mut(&kind) {
            count.more = count.more.saturating_add(1);
            count.last = record;
            return None;
        }
        self.0.insert(kind, Count { since: record.origin.at, more: 0, last: record.clone() });
        Some(record)
    }

    /// The records of what was counted for a minute. Kinds of which nothing more came are forgotten.
    pub fn due(&mut self, now: Timestamp) -> Vec<AuditRecord> {
        let mut due = Vec::new();
        self.0.retain(|_, count| {
            if now.since(count.since) < WINDOW {
                return true;
            }
            let record = count.record();
            let goes_on = record.is_some();
            due.extend(record);
            (count.since, count.more) = (now, 0);
            goes_on
        });
        due
    }

    /// The records of all that was counted: nothing more will come.
    pub fn rest(&mut self) -> Vec<AuditRecord> {
        self.0.drain().filter_map(|(_, count)| count.record()).collect()
    }
}

impl Count {
    fn record(&self) -> Option<AuditRecord> {
        if self.more == 0 {
            return None;
        }
        let last = self.last.detail.as_ref().map(|last| format!("; last: {last}")).unwrap_or_default();
        let detail = Some(format!("{} more since {}{last}", self.more, self.since));
        Some(AuditRecord { detail, ..self.last.clone() })
    }
}

fn source(record: &AuditRecord) -> Source {
    let session = record.session.map(Source::Session);
    let operator = || record.operator.map(Source::Operator);
    let user = || record.user.clone().map(Source::User);
    session.or_else(operator).or_else(user).unwrap_or(Source::Address(record.origin.address))
}

fn nameless(record: AuditRecord) -> AuditRecord {
    let detail = Some("by one of many who were refused at the same time".to_owned());
    let mut record = AuditRecord { user: None, session: None, operator: None, detail, ..record };
    record.origin.address = None;
    record
}

#[cfg(test)]
mod tests {
    use shared::id::RequestId;

    use super::*;
    use crate::domain::audit::{AuditEvent, Origin};

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(1_760_000_000 + seconds)
    }

    /// A refused sign-in from one of many addresses.
    fn from(address: u32, code: &str, seconds: u64) -> AuditRecord {
        let address = Some(IpAddr::from(address.to_be_bytes()));
        let origin = Origin { at: at(seconds), request: RequestId::generate(), address };
        let (code, detail) = (Some(code.to_owned()), Some(format!("at second {seconds}")));
        AuditRecord { code, detail, ..AuditRecord::new(origin, AuditEvent::Refusal) }
    }

    fn of(session: SessionId, seconds: u64) -> AuditRecord {
        AuditRecord { session: Some(session), user: Some(UserId::new("ada")), ..from(1, "locked", seconds) }
    }

    #[test]
    fn the_first_of_a_kind_is_written_at_once_and_the_others_as_one_record_a_minute() {
        let mut tally = Tally::default();
        assert_eq!(tally.count(from(1, "locked", 0)).unwrap().detail.as_deref(), Some("at second 0"));
        for seconds in 1..=50 {
            assert_eq!(tally.count(from(1, "locked", seconds)), None);
        }
        assert!(tally.due(at(59)).is_empty());
        let due = tally.due(at(60));
        let detail = format!("50 more since {}; last: at second 50", at(0));
        assert_eq!((due.len(), due[0].detail.as_ref()), (1, Some(&detail)));
        assert!(tally.due(at(119)).is_empty());
        assert_eq!(tally.count(from(1, "locked", 119)), None, "the minute is not over");
        assert_eq!(tally.due(at(120)).len(), 1);
        assert!(tally.due(at(180)).is_empty());
        assert!(tally.count(from(1, "locked", 181)).is_some(), "it was quiet for a minute");
    }

    #[test]
    fn kinds_are_told_apart_by_who_was_refused_and_by_code() {
        let mut tally = Tally::default();
        let (one, other) = (SessionId::generate(), SessionId::generate());
        let operator = |uid| AuditRecord { operator: Some(uid), ..from(1, "locked", 0) };
        let different = [
            from(1, "locked", 0),
            from(2, "locked", 0),
            from(1, "expired", 0),
            of(one, 0),
            of(other, 0),
            AuditRecord { session: None, ..of(other, 0) },
            operator(1),
            operator(2),
        ];
        for record in &different {
            assert!(tally.count(record.clone()).is_some(), "{record:?}");
        }
        let elsewhere = AuditRecord { session: Some(one), ..from(9, "locked", 1) };
        assert_eq!(tally.count(elsewhere), None, "a session is one wherever it is used");
    }

    #[test]
    fn a_flood_from_everywhere_is_remembered_in_bounds_and_counted_whole() {
        let mut tally = Tally::default();
        let written = (0..50_000).filter_map(|address| tally.count(from(address, "bad_signature", 0)));
        let written: Vec<_> = written.collect();
        assert_eq!((written.len(), tally.0.len()), (CROWD + 1, CROWD + 1));
        let nameless = written.last().unwrap();
        assert_eq!((nameless.origin.address, nameless.session), (None, None));
        let rest = tally.due(at(60));
        assert_eq!(rest.len(), 1);
        let counted = format!("{} more since", 50_000 - written.len());
        assert!(rest[0].detail.as_ref().unwrap().starts_with(&counted), "{rest:?}");
        assert!(tally.due(at(120)).is_empty() && tally.0.is_empty(), "a flood that is over is forgotten");
    }

    #[test]
    fn what_was_counted_is_told_at_the_end() {
        let mut tally = Tally::default();
        let session = SessionId::generate();
        tally.count(of(session, 0));
        tally.count(from(1, "locked", 0));
        tally.count(of(session, 1));
        let rest = tally.rest();
        assert_eq!((rest.len(), rest[0].session), (1, Some(session)));
        assert!(tally.rest().is_empty());
    }
}

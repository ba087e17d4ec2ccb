//! Who wants the configuration to be read again, and why, as it is written down and told.

use shared::api::admin::{
    Event,
    reload::{Change, Reloaded},
};

use crate::{
    config::Problems,
    domain::audit::{AuditEvent, AuditRecord, Origin},
};

/// Keys that one record names.
const MOST_KEYS: usize = 50;

/// A wish for a reload.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The operator's uid and reason; none if a signal asked.
    pub order: Option<(u32, String)>,
    pub origin: Origin,
}

impl Wish {
    /// The record of what it changes. It names keys and no value.
    pub(super) fn done(&self, Reloaded { applied, needs_restart }: &Reloaded) -> AuditRecord {
        let lists = [("changed", applied), ("needs a restart", needs_restart)];
        let told = lists.into_iter().filter(|(_, changes)| !changes.is_empty());
        let told: Vec<_> = told.map(|(what, changes)| format!("{what}: {}", keys(changes))).collect();
        self.record(if told.is_empty() { "nothing changed".to_owned() } else { told.join("; ") })
    }

    /// The record of a configuration that can't be used.
    pub(super) fn refused(&self, Problems(problems): &Problems) -> AuditRecord {
        let record = self.record(format!("nothing changed, {} problems", problems.len()));
        AuditRecord { code: Some("configuration".to_owned()), ..record }
    }

    pub(super) fn told(&self) -> Event {
        let order = self.order.clone();
        let (operator, reason) = order.unzip();
        let event = AuditEvent::Reload.as_str().to_owned();
        Event { event, at: self.origin.at, operator, reason, ..Event::default() }
    }

    fn record(&self, what: String) -> AuditRecord {
        let (operator, reason) = self.order.clone().unzip();
        let detail = if operator.is_some() { what } else { format!("by SIGHUP, {what}") };
        let record = AuditRecord::new(self.origin.clone(), AuditEvent::Reload);
        AuditRecord { operator, reason, detail: Some(detail), ..record }
    }
}

fn keys(changes: &[Change]) -> String {
    let named: Vec<_> = changes.iter().take(MOST_KEYS).map(|change| change.key.as_str()).collect();
    let more = changes.len().saturating_sub(MOST_KEYS);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    named.join(", ") + &rest
}

#[cfg(test)]
mod tests {
    use shared::{id::RequestId, time::Timestamp};

    use super::*;

    fn wish(order: Option<(u32, String)>) -> Wish {
        Wish { order, origin: Origin { at: Timestamp(5), request: RequestId::new("req_1"), address: None } }
    }

    fn changes(count: usize) -> Vec<Change> {
        let change = |nth| Change { key: format!("key{nth}"), old: Some("'hidden'".to_owned()), new: None };
        (0..count).map(change).collect()
    }

    #[test]
    fn a_record_names_who_why_and_every_key_but_no_value() {
        let record = wish(Some((1000, "new prices".to_owned())))
            .done(&Reloaded { applied: changes(2), needs_restart: changes(1) });
        assert_eq!((record.operator, record.reason.as_deref()), (Some(1000), Some("new prices")));
        assert_eq!(record.detail.as_deref(), Some("changed: key0, key1; needs a restart: key0"));
        let signal = wish(None).done(&Reloaded::default());
        assert_eq!((signal.operator, signal.detail.as_deref()), (None, Some("by SIGHUP, nothing changed")));
    }

    #[test]
    fn a_record_of_a_thousand_keys_is_short() {
        let record = wish(None).done(&Reloaded { applied: changes(1000), needs_restart: Vec::new() });
        assert!(record.detail.unwrap().ends_with("key49 and 950 more"));
    }
}

//! What the audit trail hears of the gateway: whom a rule or an operator refused, and which. Never content.

use super::{Gateway, Refusal, caller};
use crate::{
    domain::audit::{AuditEvent, AuditRecord, Origin},
    http::Call,
};

/// The longest detail: a sentence may hold a name that the caller chose.
const LONGEST_DETAIL: usize = 300;

impl Gateway {
    /// Has a refusal written down, by and by.
    pub(super) fn audit(&self, refusal: &Refusal, call: &Call) {
        let Some(code) = refusal.audited() else { return };
        let origin = Origin { at: self.clock.now(), request: call.id.clone(), address: call.address() };
        let caller = caller::authenticate(&self.keyring, &call.headers).ok();
        let identity = caller.as_ref().map(|caller| &caller.identity);
        self.refusals.note(AuditRecord {
            user: identity.map(|identity| identity.user.clone()),
            session: identity.map(|identity| identity.session),
            code: Some(code.to_owned()),
            detail: Some(refusal.to_string().chars().take(LONGEST_DETAIL).collect()),
            ..AuditRecord::new(origin, AuditEvent::Refusal)
        });
    }
}

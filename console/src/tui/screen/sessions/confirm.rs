//! What an action on sessions is about, and how far it reaches.

use std::collections::BTreeSet;

use shared::api::admin::{Session, SessionState};

use super::{Sessions, columns};
use crate::{
    client::{Subject, subject},
    tui::{
        format::many,
        popup::{Form, Plan},
        screen::Reaction,
    },
};

/// Names that are spelled out.
const MOST_NAMES: usize = 4;

impl Sessions {
    /// The user of the selected session.
    pub(super) fn user(&self) -> Vec<Subject> {
        self.table.selected().map(|session| Subject::User(session.user.clone())).into_iter().collect()
    }

    /// The device of the selected session.
    pub(super) fn device(&self) -> Vec<Subject> {
        self.table
            .selected()
            .and_then(|session| session.device_id.clone())
            .map(Subject::Device)
            .into_iter()
            .collect()
    }

    /// What the locks are on that hold the chosen sessions: themselves, their devices or their users.
    pub(super) fn locked(&self) -> Vec<Subject> {
        let mut subjects = Vec::new();
        for session in self.table.chosen() {
            let Some(lock) = &session.lock else { continue };
            let subject = match (lock.kind.as_str(), &session.device_id) {
                ("user", _) => Subject::User(session.user.clone()),
                ("device", Some(device)) => Subject::Device(device.clone()),
                _ => Subject::Session(session.id),
            };
            if !subjects.contains(&subject) {
                subjects.push(subject);
            }
        }
        subjects
    }

    pub(super) fn confirm(&self, plan: &Plan) -> Reaction {
        let (Plan::Revoke(subjects) | Plan::Lock(subjects) | Plan::Unlock(subjects)) = plan else {
            return Reaction::Say("that can't be done with sessions".to_owned());
        };
        if subjects.is_empty() {
            let why =
                if matches!(plan, Plan::Unlock(_)) { "it is not locked" } else { "nothing is selected" };
            return Reaction::Say(why.to_owned());
        }
        let sessions: Vec<&Session> =
            self.table.rows().filter(|session| concerns(subjects, session)).collect();
        let live: Vec<&Session> = sessions.iter().copied().filter(|it| is_live(it)).collect();
        let is_unlock = matches!(plan, Plan::Unlock(_));
        if !is_unlock && live.is_empty() {
            return Reaction::Say("nothing is left to end or to lock: it has ended already".to_owned());
        }
        let named = if is_unlock { &sessions } else { &live };
        let reach = vec![about(subjects, named), reach(plan, &live)];
        let title = format!("{} {}", plan.verb(), subject::counted(subjects));
        Reaction::Confirm(Box::new(Form::new(plan.clone(), title, reach)))
    }
}

fn is_live(session: &Session) -> bool {
    matches!(session.state, SessionState::Active | SessionState::Locked)
}

fn concerns(subjects: &[Subject], session: &Session) -> bool {
    subjects.iter().any(|subject| match subject {
        Subject::Session(id) => session.id == *id,
        Subject::User(id) => session.user == *id,
        Subject::Device(id) => session.device_id.as_ref() == Some(id),
    })
}

/// Names what it is about, and where that is.
fn about(subjects: &[Subject], sessions: &[&Session]) -> String {
    let user = |session: &Session| columns::user(session).to_owned();
    let device = |session: &Session| columns::device(session).unwrap_or("an unknown device").to_owned();
    match (subjects, sessions.first()) {
        ([Subject::User(_)], Some(first)) => {
            format!("every session of {}, on {}", user(first), listed(sessions, device))
        }
        ([Subject::Device(_)], Some(first)) => {
            format!("every session on {}, of {}", device(first), listed(sessions, user))
        }
        _ => listed(sessions, |session| format!("{} on {}", user(session), device(session))),
    }
}

fn listed(sessions: &[&Session], name: impl Fn(&Session) -> String) -> String {
    let names: BTreeSet<String> = sessions.iter().map(|session| name(session)).collect();
    let others = names.len().saturating_sub(MOST_NAMES);
    let listed = names.into_iter().take(MOST_NAMES).collect::<Vec<_>>().join(", ");
    if others > 0 { format!("{listed} and {others} more") } else { listed }
}

fn reach(plan: &Plan, live: &[&Session]) -> String {
    let (sessions, requests) = (live.len() as u64, live.iter().map(|it| it.requests_in_flight as u64).sum());
    let both = format!("{} and {} in flight", many(sessions, "session"), many(requests, "request"));
    match plan {
        Plan::Revoke(_) => format!("{both} end now; signing in again is possible"),
        Plan::Lock(_) => format!("{both} are stopped, and refused until the lock ends"),
        _ => format!("{} may be used again", many(sessions, "session")),
    }
}

//! What an action on sessions is about, and how far it reaches.

use std::collections::BTreeSet;

use shared::api::admin::{Session, SessionState};

use super::{Sessions, columns};
use crate::{
    client::Subject,
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
        let live = || sessions.iter().copied().filter(|it| is_live(it));
        if !matches!(plan, Plan::Unlock(_)) && live().next().is_none() {
            return Reaction::Say("nothing is left to end or to lock: it has ended already".to_owned());
        }
        let reach = vec![about(&sessions), reach(plan, live())];
        Reaction::Confirm(Box::new(Form::new(plan.clone(), title(plan, subjects), reach)))
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

fn title(plan: &Plan, subjects: &[Subject]) -> String {
    let are_sessions = subjects.iter().all(|subject| matches!(subject, Subject::Session(_)));
    let object = match subjects {
        [Subject::User(_)] => "a user".to_owned(),
        [Subject::Device(_)] => "a device".to_owned(),
        several => many(several.len() as u64, if are_sessions { "session" } else { "object" }),
    };
    format!("{} {object}", plan.verb())
}

fn about(sessions: &[&Session]) -> String {
    let mut names = BTreeSet::new();
    for session in sessions {
        let device = columns::device(session).map(|device| format!(" on {device}")).unwrap_or_default();
        names.insert(format!("{}{device}", columns::user(session)));
    }
    let others = names.len().saturating_sub(MOST_NAMES);
    let listed = names.into_iter().take(MOST_NAMES).collect::<Vec<_>>().join(", ");
    if others > 0 { format!("{listed} and {others} more") } else { listed }
}

fn reach<'a>(plan: &Plan, live: impl Iterator<Item = &'a Session>) -> String {
    let (mut sessions, mut requests) = (0, 0);
    for session in live {
        sessions += 1;
        requests += session.requests_in_flight as u64;
    }
    let both = format!("{} and {} in flight", many(sessions, "session"), many(requests, "request"));
    match plan {
        Plan::Revoke(_) => format!("{both} end now; signing in again is possible"),
        Plan::Lock(_) => format!("{both} are stopped, and refused until the lock ends"),
        _ => format!("{} may be used again", many(sessions, "session")),
    }
}

//! What an action on running requests is about: their sessions or their users, and how much of them runs.

use std::collections::BTreeSet;

use shared::api::admin::Request;

use super::{
    Requests,
    tree::{self, NodeId},
};
use crate::{
    client::{Subject, subject},
    tui::{
        format::many,
        popup::{Form, Plan},
        screen::Reaction,
    },
};

impl Requests {
    /// What the chosen lines stand for: a user's line for the user, all others for their session.
    pub(super) fn subjects(&self) -> Vec<Subject> {
        let mut subjects = Vec::new();
        for node in self.table.chosen() {
            let subject = match (&node.id, node.requests.first()) {
                (NodeId::User(user), _) => Subject::User(user.clone()),
                (NodeId::Session(session, _), _) => Subject::Session(*session),
                (NodeId::Request(_), Some(request)) => Subject::Session(request.session),
                (NodeId::Request(_), None) => continue,
            };
            if !subjects.contains(&subject) {
                subjects.push(subject);
            }
        }
        subjects
    }

    pub(super) fn user(&self) -> Vec<Subject> {
        let request = self.table.selected().and_then(|node| node.requests.first());
        request.map(|request| Subject::User(request.user.clone())).into_iter().collect()
    }

    pub(super) fn confirm(&self, plan: &Plan) -> Reaction {
        let (Plan::Revoke(subjects) | Plan::Lock(subjects)) = plan else {
            return Reaction::Say("that can't be done with requests".to_owned());
        };
        if subjects.is_empty() {
            return Reaction::Say("there is nothing selected to do this with".to_owned());
        }
        let mut reach: Vec<String> = subjects.iter().map(|subject| self.reach(subject)).collect();
        let consequence = match plan {
            Plan::Revoke(_) => "all of it ends now; signing in again is possible",
            _ => "all of it is stopped, and refused until the lock ends",
        };
        reach.push(consequence.to_owned());
        let title = format!("{} {}", plan.verb(), subject::counted(subjects));
        Reaction::Confirm(Box::new(Form::new(plan.clone(), title, reach)))
    }

    fn reach(&self, subject: &Subject) -> String {
        let concerned: Vec<&Request> = self.running.iter().filter(|it| concerns(subject, it)).collect();
        let sessions: BTreeSet<_> = concerned.iter().map(|request| request.session).collect();
        let running = many(concerned.len() as u64, "request");
        let name = concerned.first().map_or("somebody", |request| tree::user(request));
        match subject {
            Subject::User(_) => {
                let used = many(sessions.len() as u64, "session");
                format!("every session of {name}; in use: {used} with {running} in flight")
            }
            Subject::Session(_) | Subject::Device(_) => {
                let device = concerned.first().and_then(|request| request.device_id.as_ref());
                let device = device.map(|device| format!(" on {device}")).unwrap_or_default();
                format!("the session of {name}{device} with {running} in flight")
            }
        }
    }
}

fn concerns(subject: &Subject, request: &Request) -> bool {
    match subject {
        Subject::Session(id) => request.session == *id,
        Subject::User(id) => request.user == *id,
        Subject::Device(id) => request.device_id.as_ref() == Some(id),
    }
}

//! Answers of the daemon, and what came of orders.

use shared::api::admin::{Effect as Done, reload::Reloaded};

use super::tick::pause;
use crate::{
    client::subject,
    tui::{
        effect::{Answer, Asker, Effect, Failure, Order, Outcome, Query},
        format::many,
        model::{LinkState, Model},
        theme::Tone,
    },
};

/// Tries of which nothing is said yet: a restart takes as long.
const QUIET_TRIES: u32 = 1;

pub fn answered(
    model: &mut Model,
    asker: Asker,
    query: &Query,
    result: Result<Answer, Failure>,
) -> Vec<Effect> {
    if asker == Asker::Frame {
        model.link.is_asking = false;
    }
    match result {
        Ok(answer) => {
            if query.asks_daemon() {
                reached(model);
            }
            match (asker, answer) {
                (Asker::Frame, Answer::Status(status)) => {
                    model.status = Some(*status);
                    Vec::new()
                }
                (Asker::Frame, _) => Vec::new(),
                (Asker::Screen(place), answer) => take(model, place, query, answer),
            }
        }
        Err(failure) => {
            failed(model, asker, query, failure);
            Vec::new()
        }
    }
}

fn take(model: &mut Model, place: usize, query: &Query, answer: Answer) -> Vec<Effect> {
    let now = model.now;
    let Some(slot) = model.slots.get_mut(place) else { return Vec::new() };
    let more = slot.screen.take(query, answer, now);
    slot.is_loaded |= slot.screen.is_ready();
    slot.failure = None;
    slot.waiting = (slot.waiting + more.len()).saturating_sub(1);
    more.into_iter().map(|query| Effect::Ask { asker: Asker::Screen(place), query }).collect()
}

fn reached(model: &mut Model) {
    model.link.heard = Some(model.now);
    if let LinkState::Down { tries, .. } = &model.link.state {
        if *tries > QUIET_TRIES {
            model.tell("the daemon answers again", Tone::Good);
        }
        let now = model.now;
        for slot in &mut model.slots {
            (slot.wants_all, slot.due) = (true, now);
        }
        model.link.follow_due = now;
    }
    model.link.state = LinkState::Up;
}

fn failed(model: &mut Model, asker: Asker, query: &Query, failure: Failure) {
    if let Asker::Screen(place) = asker
        && let Some(slot) = model.slots.get_mut(place)
    {
        slot.screen.miss(query, &failure);
        slot.waiting = slot.waiting.saturating_sub(1);
        slot.due = model.now + pause(4);
        slot.wants_all = true;
        slot.failure = Some(failure.clone());
    }
    if failure.is_unreachable || asker == Asker::Frame {
        lost(model, asker, failure);
    }
}

fn lost(model: &mut Model, asker: Asker, failure: Failure) {
    let tries = match &model.link.state {
        LinkState::Down { tries, .. } => tries + u32::from(asker == Asker::Frame),
        LinkState::Connecting | LinkState::Up => 0,
    };
    model.link.due = model.now + pause(tries);
    model.link.state = LinkState::Down { failure, tries };
}

pub fn carried(model: &mut Model, order: &Order, outcome: Outcome) -> Vec<Effect> {
    let (text, tone) = match outcome {
        Outcome::Subjects(results) => subjects(order, &results),
        Outcome::Granted(result) => told(result.map(|grant| match order {
            Order::EndGrant { .. } => "the grant has ended".to_owned(),
            _ => format!("granted until {}", grant.until),
        })),
        Outcome::Reloaded(result) => told(result.map(|reloaded| reloads(&reloaded))),
    };
    model.tell(text, tone);
    let now = model.now;
    if let Some(slot) = model.slot_mut() {
        (slot.wants_all, slot.due) = (true, now);
        if tone == Tone::Good
            && let Some(list) = slot.screen.list_mut()
        {
            list.unmark();
        }
    }
    Vec::new()
}

fn reloads(reloaded: &Reloaded) -> String {
    let (applied, waiting) = (reloaded.applied.len() as u64, reloaded.needs_restart.len() as u64);
    match (applied, waiting) {
        (0, 0) => "the configuration is as it was: nothing changed".to_owned(),
        (_, 0) => format!("{} in use", many(applied, "changed key")),
        _ => {
            format!("{} in use; {} waiting for a restart", many(applied, "changed key"), many(waiting, "key"))
        }
    }
}

fn told(result: Result<String, Failure>) -> (String, Tone) {
    match result {
        Ok(text) => (text, Tone::Good),
        Err(failure) => (sentence(&failure), Tone::Bad),
    }
}

/// A failure in one line, with what to do about it.
pub fn sentence(failure: &Failure) -> String {
    match &failure.hint {
        Some(hint) => format!("{}; hint: {hint}", failure.message),
        None => failure.message.clone(),
    }
}

fn subjects(order: &Order, results: &[Result<Done, Failure>]) -> (String, Tone) {
    let failures: Vec<&Failure> = results.iter().filter_map(|result| result.as_ref().err()).collect();
    if let Some(first) = failures.first() {
        let done = results.len() - failures.len();
        let text = match order.subjects().len() {
            0 | 1 => sentence(first),
            all => format!("{done} of {all} done; the others failed: {}", sentence(first)),
        };
        return (text, Tone::Bad);
    }
    let done = || results.iter().flatten();
    let sessions: u64 = done().map(|effect| effect.sessions as u64).sum();
    let requests: u64 = done().map(|effect| effect.requests as u64).sum();
    let lingering: u64 = done().map(|effect| effect.lingering as u64).sum();
    let took: u64 = done().map(|effect| effect.took_microseconds).sum();
    let (sessions, requests) = (many(sessions, "session"), many(requests, "request"));
    let mut text = match order {
        Order::Revoke { .. } => format!("revoked: {sessions} and {requests} ended in {}", milliseconds(took)),
        Order::Lock { .. } => {
            format!("locked: {sessions} in use, {requests} ended in {}", milliseconds(took))
        }
        _ => format!("unlocked {}", subject::counted(order.subjects())),
    };
    if lingering > 0 {
        text = format!("{text}; {} still ending, since the client does not read", many(lingering, "request"));
    }
    (text, Tone::Good)
}

fn milliseconds(microseconds: u64) -> String {
    format!("{}.{} ms", microseconds / 1000, microseconds % 1000 / 100)
}

//! What is due as time goes on: questions for the screen that is seen, tries to reach the daemon, the end of a notice.

use std::time::Duration;

use super::is_up;
use crate::tui::{
    effect::{Asker, Effect, Query},
    model::{LinkState, Model, Slot},
};

/// From one question of the screen that is seen to the next.
pub const EVERY: Duration = Duration::from_secs(1);

/// Tries after which it is tried as seldom as ever.
pub const SELDOM: u32 = 8;

/// How long to wait before the next try.
pub fn pause(tries: u32) -> Duration {
    match tries {
        0 => Duration::from_millis(250),
        1 => Duration::from_millis(500),
        2..4 => Duration::from_secs(1),
        4..SELDOM => Duration::from_secs(2),
        _ => Duration::from_secs(5),
    }
}

pub fn tick(model: &mut Model) -> Vec<Effect> {
    if model.notice.as_ref().is_some_and(|notice| notice.until <= model.now) {
        model.notice = None;
        model.is_changed = true;
    }
    let mut effects: Vec<Effect> = status(model).into_iter().collect();
    effects.extend(screen(model));
    effects.extend(follow(model));
    effects
}

fn status(model: &mut Model) -> Option<Effect> {
    let link = &mut model.link;
    if link.is_asking || link.due > model.now {
        return None;
    }
    link.is_asking = true;
    link.due = model.now + EVERY;
    Some(Effect::Ask { asker: Asker::Frame, query: Query::Status })
}

fn screen(model: &mut Model) -> Vec<Effect> {
    let (now, current) = (model.now, model.current);
    let is_down = matches!(model.link.state, LinkState::Down { .. });
    let is_asked = |slot: &&mut Slot| slot.waiting == 0 && slot.due <= now;
    let can_answer = |slot: &&mut Slot| !is_down || !slot.screen.needs_daemon();
    let Some(slot) = model.slot_mut().filter(is_asked).filter(can_answer) else {
        return Vec::new();
    };
    slot.due = now + EVERY;
    let queries = slot.screen.ask(std::mem::take(&mut slot.wants_all), now);
    slot.waiting = queries.len();
    let asker = Asker::Screen(current);
    queries.into_iter().map(|query| Effect::Ask { asker, query }).collect()
}

fn follow(model: &mut Model) -> Option<Effect> {
    if !is_up(model) || model.link.is_following || model.link.follow_due > model.now {
        return None;
    }
    model.link.is_following = true;
    Some(Effect::Follow)
}

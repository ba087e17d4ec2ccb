//! What can happen to the console.

use crossterm::event::{KeyEvent, MouseEvent};
use shared::api::admin::Event;

use super::effect::{Answer, Asker, Failure, Finished, Job, Order, Outcome, Query};
use crate::mirror::Shown;

#[derive(Debug)]
pub enum Msg {
    /// Time went on.
    Tick,
    Key(KeyEvent),
    Mouse(MouseEvent),
    Paste(String),
    Resize {
        width: u16,
        height: u16,
    },
    Answered {
        asker: Asker,
        query: Query,
        result: Result<Answer, Failure>,
    },
    Carried {
        order: Order,
        outcome: Outcome,
    },
    /// How far the console's own job is.
    Worked(Vec<Shown>),
    Finished {
        job: Job,
        result: Result<Finished, Failure>,
    },
    /// The stream of events is open.
    Following,
    Happened(Vec<Event>),
    /// The stream of events has ended, or could not be opened.
    Unfollowed(Option<Failure>),
    /// Somebody told the program to end.
    Stop,
}

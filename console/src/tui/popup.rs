//! What opens over a screen. `Esc` closes the uppermost.

mod detail;
mod form;
mod marks;
mod plan;

pub use self::{
    detail::{Detail, Item},
    form::{Button, Content, Field, Focus, Form, Pressed},
    marks::Marks,
    plan::{Ordered, Plan},
};

#[derive(Debug)]
pub enum Popup {
    /// The keys that hold here.
    Help {
        scroll: usize,
    },
    /// The selected row; its content is asked for at each frame, so that it stays current.
    Detail {
        scroll: usize,
    },
    Form(Box<Form>),
}

//! Draws the model. Pure: it reads the model and nothing else, and the same model gives the same frame.

pub mod areas;
mod body;
mod detail;
pub mod form;
mod head;
mod help;
pub mod paint;
mod prompt;

use ratatui::{Frame, buffer::Buffer, layout::Rect};

use super::{model::Model, popup::Popup, theme::Tone};

/// The smallest terminal.
pub const LEAST: (u16, u16) = (80, 24);

pub fn view(model: &Model, frame: &mut Frame) {
    let whole = frame.area();
    if whole.width < LEAST.0 || whole.height < LEAST.1 {
        return too_small(model, whole, frame.buffer_mut());
    }
    let areas = areas::split(whole);
    let buffer = frame.buffer_mut();
    head::draw(model, &areas, buffer);
    body::draw(model, areas.body, buffer);
    prompt::hints(model, areas.hints, buffer);
    let inside = areas::inside(areas.body);
    match model.popups.last() {
        Some(Popup::Help { scroll }) => help::draw(model, inside, *scroll, buffer),
        Some(Popup::Detail { scroll }) => detail::draw(model, inside, *scroll, buffer),
        Some(Popup::Form(form)) => {
            if let Some(cursor) = form::draw(form, inside, buffer, &model.look()) {
                frame.set_cursor_position(cursor);
            }
        }
        None => {}
    }
    if let Some(cursor) = prompt::draw(model, areas.message, frame.buffer_mut()) {
        frame.set_cursor_position(cursor);
    }
}

/// How far the uppermost popup can be scrolled.
pub fn most_scroll(model: &Model) -> usize {
    let inside = model.inside();
    match model.popups.last() {
        Some(Popup::Help { .. }) => help::most_scroll(model, inside),
        Some(Popup::Detail { .. }) => detail::most_scroll(model, inside),
        _ => 0,
    }
}

fn too_small(model: &Model, whole: Rect, buffer: &mut Buffer) {
    let (width, height) = LEAST;
    let text =
        format!("this terminal has {}x{} cells; {width}x{height} are needed", whole.width, whole.height);
    paint::sentences(buffer, whole, &[(text, Tone::Warn)], &model.look());
}

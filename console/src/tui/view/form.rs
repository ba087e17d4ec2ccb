//! A form: what it is about, the fields, the two buttons.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

mod marks;

use super::{areas, paint};
use crate::tui::{
    format,
    input::Input,
    popup::{Button, Content, Field, Focus, Form},
    theme::{Look, Tone},
};

const WIDTH: u16 = 76;
const LABELS: u16 = 10;
/// Lines that are no field and say nothing of the reach: two of the frame, three empty ones, a problem, the buttons.
const OTHERS: usize = 7;
/// Those of them that only fields need.
const OF_FIELDS: usize = 2;

fn room() -> usize {
    usize::from(WIDTH - 4)
}

fn reach(form: &Form) -> Vec<String> {
    form.reach.iter().flat_map(|line| paint::wrap(&shared::terminal::safe(line), room())).collect()
}

fn place(form: &Form, within: Rect) -> Rect {
    let fields: u16 = form.fields.iter().map(lines).sum();
    let others = if fields == 0 { OTHERS - OF_FIELDS } else { OTHERS };
    let height = reach(form).len() + usize::from(fields) + others;
    areas::middle(within, WIDTH, u16::try_from(height).unwrap_or(u16::MAX))
}

fn lines(field: &Field) -> u16 {
    match &field.content {
        Content::Text(_) => 1,
        Content::Marks(marks) => marks::lines(marks),
    }
}

fn buttons(form: &Form, within: Rect) -> [(Button, String, Rect); 2] {
    let inside = areas::inside(place(form, within));
    let line = Rect { y: inside.bottom().saturating_sub(1), height: 1, ..inside };
    let cancel = "[ Cancel ]".to_owned();
    let go = format!("[ {} ]", form.plan.verb());
    let width = |text: &str| u16::try_from(text.len()).unwrap_or_default();
    let right = line.right().saturating_sub(width(&go) + 1);
    let left = right.saturating_sub(width(&cancel) + 2);
    let cancel_at = Rect { x: left, width: width(&cancel), ..line };
    let go_at = Rect { x: right, width: width(&go), ..line };
    [(Button::Cancel, cancel, cancel_at), (Button::Go, go, go_at)]
}

/// The button at a place.
pub fn hit(form: &Form, within: Rect, at: Position) -> Option<Button> {
    buttons(form, within).into_iter().find(|(_, _, area)| area.contains(at)).map(|(button, _, _)| button)
}

/// The field and its mark at a place.
pub fn hit_mark(form: &Form, within: Rect, at: Position) -> Option<(usize, usize)> {
    let inside = areas::inside(place(form, within));
    let mut y = inside.y + u16::try_from(reach(form).len() + 1).unwrap_or_default();
    for (place, field) in form.fields.iter().enumerate() {
        let (x, height) = (inside.x + 1 + LABELS, lines(field));
        if let Content::Marks(marks) = &field.content {
            let area = Rect { x, y, width: inside.right().saturating_sub(x), height };
            let mark = area.contains(at).then(|| marks::hit(marks, area, at)).flatten();
            if let Some(mark) = mark {
                return Some((place, mark));
            }
        }
        y += height;
    }
    None
}

/// Draws it; says where the cursor is.
pub fn draw(form: &Form, within: Rect, buffer: &mut Buffer, look: &Look) -> Option<Position> {
    let title = if form.plan.is_destructive() { Tone::Bad } else { Tone::Accent };
    let inside = paint::frame(buffer, place(form, within), (&form.title, title), look);
    let text = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    let mut y = text.y;
    for line in reach(form) {
        paint::put(buffer, (text.x, y), text.width, &line, (look.style(Tone::Plain), look));
        y += 1;
    }
    y += 1;
    let mut cursor = None;
    for (place, field) in form.fields.iter().enumerate() {
        let is_focused = form.focus == Focus::Field(place);
        let area = Rect { y, height: lines(field), ..text };
        let at = draw_field(field, is_focused, area, buffer, look);
        cursor = cursor.or(is_focused.then_some(at));
        y += area.height;
    }
    let told = form.problem.as_deref().unwrap_or_else(|| advice(form));
    let style = look.style(if form.problem.is_some() { Tone::Bad } else { Tone::Dim });
    paint::put(buffer, (text.x, y), text.width, told, (style, look));
    for (button, label, area) in buttons(form, within) {
        let style = look.style(tone(form, button));
        paint::put(buffer, (area.x, area.y), area.width, &label, (style, look));
    }
    cursor
}

/// What else a key does here.
fn advice(form: &Form) -> &'static str {
    let Focus::Field(place) = form.focus else { return "" };
    match form.fields.get(place).map(|field| &field.content) {
        Some(Content::Marks(_)) => "Space marks, Left and Right move",
        _ => "",
    }
}

fn tone(form: &Form, button: Button) -> Tone {
    match button {
        _ if form.focus == Focus::Button(button) => Tone::Selected,
        Button::Go if form.plan.is_destructive() => Tone::Bad,
        Button::Go => Tone::Strong,
        Button::Cancel => Tone::Plain,
    }
}

fn draw_field(field: &Field, is_focused: bool, line: Rect, buffer: &mut Buffer, look: &Look) -> Position {
    let label = look.style(if is_focused { Tone::Accent } else { Tone::Dim });
    paint::put(buffer, (line.x, line.y), LABELS, field.label, (label, look));
    let inside = Rect { x: line.x + LABELS, width: line.width.saturating_sub(LABELS), ..line };
    match &field.content {
        Content::Text(input) => draw_text(input, field.hint, inside, buffer, look),
        Content::Marks(marks) => marks::draw(marks, is_focused, inside, buffer, look),
    }
}

fn draw_text(input: &Input, hint: &str, line: Rect, buffer: &mut Buffer, look: &Look) -> Position {
    let (left, room, text) = (line.x, line.width, input.text());
    if text.is_empty() {
        paint::put(buffer, (left, line.y), room, hint, (look.style(Tone::Dim), look));
        return Position::new(left, line.y);
    }
    // What is being typed stays in sight.
    let before = format::width(input.before());
    let excess = before.saturating_sub(usize::from(room.saturating_sub(1)));
    let shown: String = text.chars().skip(excess).collect();
    paint::put(buffer, (left, line.y), room, &shown, (look.style(Tone::Plain), look));
    Position::new(left + u16::try_from(before - excess).unwrap_or(room), line.y)
}

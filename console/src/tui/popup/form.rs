//! Asks before something is done: names the object and its reach, takes what has to be typed, and offers two buttons, of
//! which Cancel comes first.

use crossterm::event::KeyEvent;

use super::{
    Marks,
    plan::{Ordered, Plan, Problem},
};
use crate::tui::input::Input;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub label: &'static str,
    pub content: Content,
    /// What it is for, shown while it is empty.
    pub hint: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    Text(Input),
    Marks(Marks),
}

impl Field {
    pub fn new(label: &'static str, text: &str, hint: &'static str) -> Self {
        Self { label, content: Content::Text(Input::new(text)), hint }
    }

    pub fn marks(label: &'static str, options: impl IntoIterator<Item = (&'static str, bool)>) -> Self {
        Self { label, content: Content::Marks(Marks::new(options)), hint: "" }
    }

    pub fn text(&self) -> String {
        match &self.content {
            Content::Text(input) => input.text(),
            Content::Marks(marks) => marks.text(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Button {
    Cancel,
    Go,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    Field(usize),
    Button(Button),
}

#[derive(Debug, Clone)]
pub struct Form {
    pub plan: Plan,
    pub title: String,
    /// What it is about and how far it reaches, a sentence a line.
    pub reach: Vec<String>,
    pub fields: Vec<Field>,
    pub focus: Focus,
    pub problem: Option<String>,
}

/// What pressing a key in a form leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum Pressed {
    Stay,
    Cancel,
    Go(Ordered),
}

impl Form {
    pub fn new(plan: Plan, title: impl Into<String>, reach: Vec<String>) -> Self {
        let fields = plan.fields();
        let focus = if fields.is_empty() { Focus::Button(Button::Cancel) } else { Focus::Field(0) };
        Self { plan, title: title.into(), reach, fields, focus, problem: None }
    }

    pub fn step(&mut self, is_forward: bool) {
        let mut stops: Vec<Focus> = (0..self.fields.len()).map(Focus::Field).collect();
        stops.extend([Focus::Button(Button::Cancel), Focus::Button(Button::Go)]);
        let here = stops.iter().position(|stop| *stop == self.focus).unwrap_or_default();
        let next = if is_forward { here + 1 } else { here + stops.len() - 1 };
        if let Some(focus) = stops.get(next % stops.len()) {
            self.focus = *focus;
        }
    }

    pub fn accept(&mut self) -> Pressed {
        match self.focus {
            Focus::Field(_) => {
                self.step(true);
                Pressed::Stay
            }
            Focus::Button(Button::Cancel) => Pressed::Cancel,
            Focus::Button(Button::Go) => self.go(),
        }
    }

    pub fn press(&mut self, button: Button) -> Pressed {
        self.focus = Focus::Button(button);
        self.accept()
    }

    /// Marks what was clicked, or takes its mark away.
    pub fn mark(&mut self, field: usize, place: usize) {
        self.focus = Focus::Field(field);
        if let Some(Content::Marks(marks)) = self.fields.get_mut(field).map(|field| &mut field.content) {
            marks.mark(place);
        }
    }

    fn go(&mut self) -> Pressed {
        let typed: Vec<String> = self.fields.iter().map(Field::text).collect();
        match self.plan.order(&typed) {
            Ok(ordered) => Pressed::Go(ordered),
            Err(Problem { field, message }) => {
                (self.focus, self.problem) = (Focus::Field(field), Some(message));
                Pressed::Stay
            }
        }
    }

    /// Takes a key that no binding wants.
    pub fn key(&mut self, key: KeyEvent) {
        use crossterm::event::KeyCode::{Left, Right};
        self.problem = None;
        match self.focus {
            Focus::Field(place) => match self.fields.get_mut(place).map(|field| &mut field.content) {
                Some(Content::Text(input)) => _ = input.key(key),
                Some(Content::Marks(marks)) => marks.key(key.code),
                None => {}
            },
            Focus::Button(button) if matches!(key.code, Left | Right) => {
                let other = if button == Button::Cancel { Button::Go } else { Button::Cancel };
                self.focus = Focus::Button(other);
            }
            Focus::Button(_) => {}
        }
    }

    pub fn paste(&mut self, text: &str) {
        if let Focus::Field(place) = self.focus
            && let Some(Content::Text(input)) = self.fields.get_mut(place).map(|field| &mut field.content)
        {
            input.paste(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyModifiers};

    use super::*;
    use crate::tui::effect::Order;

    fn typed(form: &mut Form, text: &str) {
        for letter in text.chars() {
            form.key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE));
        }
    }

    #[test]
    fn enter_alone_never_does_it() {
        let mut form = Form::new(Plan::Revoke(Vec::new()), "Revoke", Vec::new());
        typed(&mut form, "left the firm");
        assert_eq!(form.accept(), Pressed::Stay);
        assert_eq!(form.focus, Focus::Button(Button::Cancel));
        assert_eq!(form.accept(), Pressed::Cancel);
    }

    #[test]
    fn a_reason_and_the_button_do_it() {
        let mut form = Form::new(Plan::Reload, "Reload", Vec::new());
        assert_eq!(form.press(Button::Go), Pressed::Stay);
        assert_eq!((form.focus, form.problem.is_some()), (Focus::Field(0), true));
        typed(&mut form, "new caps");
        assert_eq!(form.problem, None);
        form.step(true);
        form.key(KeyEvent::new(KeyCode::Right, KeyModifiers::NONE));
        let order = Order::Reload { reason: "new caps".to_owned() };
        assert_eq!(form.accept(), Pressed::Go(Ordered::Order(order)));
    }
}

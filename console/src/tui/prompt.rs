//! The line that is typed after `/` or `:`.

use super::input::Input;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// Narrows the table while it is typed; what held before comes back on `Esc`.
    Filter { before: String },
    /// Completions that were already tried, for `Tab` again.
    Command { tried: Option<Tried> },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    pub stem: String,
    pub turn: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    pub purpose: Purpose,
    pub input: Input,
    /// How far back in what was typed before.
    pub recalled: usize,
}

impl Prompt {
    pub fn filter(before: &str) -> Self {
        let purpose = Purpose::Filter { before: before.to_owned() };
        Self { purpose, input: Input::new(before), recalled: 0 }
    }

    pub fn command() -> Self {
        Self { purpose: Purpose::Command { tried: None }, input: Input::default(), recalled: 0 }
    }

    pub fn sign(&self) -> char {
        match self.purpose {
            Purpose::Filter { .. } => '/',
            Purpose::Command { .. } => ':',
        }
    }

    /// Puts the next of the candidates that begin with what was typed.
    pub fn complete(&mut self, candidates: &[&'static str]) {
        let Purpose::Command { tried } = &mut self.purpose else { return };
        let (stem, turn) = match tried.take() {
            Some(Tried { stem, turn }) => (stem, turn + 1),
            None => (self.input.text(), 0),
        };
        let fitting: Vec<&str> = fitting(candidates, &stem).collect();
        if let Some(candidate) = fitting.get(turn % fitting.len().max(1)) {
            self.input = Input::new(*candidate);
        }
        *tried = Some(Tried { stem, turn });
    }

    /// Called when something else was typed: completion begins anew.
    pub fn forget_tried(&mut self) {
        if let Purpose::Command { tried } = &mut self.purpose {
            *tried = None;
        }
    }
}

/// The candidates that begin with a text.
pub fn fitting<'a>(candidates: &'a [&'static str], stem: &'a str) -> impl Iterator<Item = &'static str> + 'a {
    candidates.iter().copied().filter(move |candidate| candidate.starts_with(stem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tab_goes_through_what_begins_so() {
        let mut prompt = Prompt::command();
        prompt.input = Input::new("re");
        let candidates = ["sessions", "requests", "revoke", "reload"];
        let mut seen = Vec::new();
        for _ in 0..4 {
            prompt.complete(&candidates);
            seen.push(prompt.input.text());
        }
        assert_eq!(seen, ["requests", "revoke", "reload", "requests"]);
        prompt.forget_tried();
        prompt.input = Input::new("x");
        prompt.complete(&candidates);
        assert_eq!(prompt.input.text(), "x");
    }
}

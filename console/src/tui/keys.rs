//! The one table of keys: what a key does where, in which words the help tells it. Nothing else looks at a key that is
//! not typed into a field. A new key is a new line in [`BINDINGS`].

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{action::Action, screen};

/// Where a binding holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    Always,
    /// No popup is open, nothing is being typed.
    Main,
    /// On screens with a table.
    List,
    /// On one screen and its details, by name.
    Screen(&'static str),
    Detail,
    Help,
    Form,
    Prompt,
}

/// What has the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Main,
    Detail,
    Help,
    Form,
    Prompt,
}

impl Mode {
    pub const ALL: [Self; 5] = [Self::Main, Self::Detail, Self::Help, Self::Form, Self::Prompt];

    /// The contexts that hold, on a screen.
    pub fn holds(self, context: Context, screen: &str) -> bool {
        match context {
            Context::Always => true,
            Context::Main => self == Self::Main,
            Context::List => {
                self == Self::Main && screen::ALL.iter().any(|entry| entry.name == screen && entry.has_table)
            }
            Context::Screen(name) => matches!(self, Self::Main | Self::Detail) && name == screen,
            Context::Detail => self == Self::Detail,
            Context::Help => self == Self::Help,
            Context::Form => self == Self::Form,
            Context::Prompt => self == Self::Prompt,
        }
    }
}

/// A key with what is held down beside it. Shift is part of a character, never held down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    code: KeyCode,
    is_control: bool,
}

impl Chord {
    /// None with Alt held down: that is how `Esc` and a key right after it arrive.
    pub fn of(key: KeyEvent) -> Option<Self> {
        let is_alt = key.modifiers.contains(KeyModifiers::ALT);
        let chord = Self { code: key.code, is_control: key.modifiers.contains(KeyModifiers::CONTROL) };
        (!is_alt).then_some(chord)
    }
}

const fn key(code: KeyCode) -> Chord {
    Chord { code, is_control: false }
}

const fn letter(letter: char) -> Chord {
    key(KeyCode::Char(letter))
}

const fn control(letter: char) -> Chord {
    Chord { code: KeyCode::Char(letter), is_control: true }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_control {
            f.write_str("Ctrl-")?;
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("Space"),
            KeyCode::Char(letter) if self.is_control => write!(f, "{}", letter.to_ascii_uppercase()),
            KeyCode::Char(letter) => write!(f, "{letter}"),
            KeyCode::PageUp => f.write_str("PgUp"),
            KeyCode::PageDown => f.write_str("PgDn"),
            KeyCode::BackTab => f.write_str("Shift-Tab"),
            code => write!(f, "{code}"),
        }
    }
}

#[derive(Debug)]
pub struct Binding {
    pub context: Context,
    pub keys: &'static [Chord],
    pub action: Action,
    /// What it does, for the help.
    pub words: &'static str,
}

const fn bind(context: Context, keys: &'static [Chord], action: Action, words: &'static str) -> Binding {
    Binding { context, keys, action, words }
}

use self::Context::{Always, Detail, Form, Help, List, Main, Prompt, Screen};

const ENTER: Chord = key(KeyCode::Enter);
const ESC: Chord = key(KeyCode::Esc);
const TAB: Chord = key(KeyCode::Tab);
const BACK_TAB: Chord = key(KeyCode::BackTab);
const UP: Chord = key(KeyCode::Up);
const DOWN: Chord = key(KeyCode::Down);
const PAGE_UP: Chord = key(KeyCode::PageUp);
const PAGE_DOWN: Chord = key(KeyCode::PageDown);

pub static BINDINGS: &[Binding] = &[
    bind(Screen("sessions"), &[letter('r')], Action::Revoke, "revoke the session, or all marked"),
    bind(Screen("sessions"), &[letter('l')], Action::Lock, "lock the session, or all marked"),
    bind(Screen("sessions"), &[letter('u')], Action::Unlock, "unlock what holds it"),
    bind(Screen("sessions"), &[letter('R')], Action::RevokeUser, "revoke every session of the user"),
    bind(Screen("sessions"), &[letter('L')], Action::LockUser, "lock the user"),
    bind(Screen("sessions"), &[letter('U')], Action::UnlockUser, "unlock the user"),
    bind(Screen("sessions"), &[letter('D')], Action::RevokeDevice, "revoke every session on the device"),
    bind(Screen("sessions"), &[letter('e')], Action::ShowEnded, "show ended sessions, too, or hide them"),
    bind(Screen("requests"), &[letter('r')], Action::Revoke, "revoke the asking session, or user"),
    bind(Screen("requests"), &[letter('l')], Action::Lock, "lock the asking session, or user"),
    bind(Screen("requests"), &[letter('R')], Action::RevokeUser, "revoke every session of the user"),
    bind(Screen("requests"), &[letter('L')], Action::LockUser, "lock the user"),
    bind(Screen("users"), &[letter('+')], Action::Grant, "grant the user more for a while"),
    bind(Screen("users"), &[letter('-')], Action::EndGrant, "end a grant of the user"),
    bind(Screen("users"), &[letter('r')], Action::RevokeUser, "revoke the user's sessions, or all marked"),
    bind(Screen("users"), &[letter('l')], Action::LockUser, "lock the user, or all marked"),
    bind(Screen("users"), &[letter('u')], Action::UnlockUser, "unlock the user, or all marked"),
    bind(Screen("usage"), &[letter('b')], Action::SumBy, "sum by user, by model, by session, by day"),
    bind(Screen("usage"), &[letter('t')], Action::TimeRange, "of today, of 7 days, of 30 days, of all time"),
    bind(
        Screen("audit"),
        &[letter('e')],
        Action::OneEvent,
        "only records of the selected one's event, or all again",
    ),
    bind(Screen("audit"), &[letter('o')], Action::Older, "load older records"),
    bind(Screen("audit"), &[letter('v')], Action::Verify, "verify the whole trail"),
    bind(Screen("mirror"), &[letter('m')], Action::StartMirror, "mirror a release: version, platforms"),
    bind(Screen("mirror"), &[letter('v')], Action::VerifyVersion, "verify the version, every byte"),
    bind(Screen("mirror"), &[letter('V')], Action::VerifyMirror, "verify all versions"),
    bind(Screen("mirror"), &[letter('b')], Action::RollBack, "roll back to the version"),
    bind(
        Screen("mirror"),
        &[letter('x')],
        Action::StopWork,
        "stop what runs here (as Ctrl-C does the command)",
    ),
    bind(Main, &[ENTER], Action::Open, "open the selected row; on the overview, the daemon"),
    bind(List, &[letter(' ')], Action::Mark, "mark the row, or take its mark away"),
    bind(List, &[control('a')], Action::MarkAll, "mark every row that is shown, or none"),
    bind(List, &[letter('/')], Action::Filter, "filter: text or a pattern; `!` before it inverts it"),
    bind(List, &[letter('>')], Action::SortNext, "sort by the next column"),
    bind(List, &[letter('<')], Action::SortPrevious, "sort by the previous column"),
    bind(List, &[letter('I')], Action::SortReverse, "turn the order round"),
    bind(List, &[UP, letter('k')], Action::Up, "up"),
    bind(List, &[DOWN, letter('j')], Action::Down, "down"),
    bind(List, &[PAGE_UP, control('b')], Action::PageUp, "a page up"),
    bind(List, &[PAGE_DOWN, control('f')], Action::PageDown, "a page down"),
    bind(List, &[key(KeyCode::Home), letter('g')], Action::First, "to the first row"),
    bind(List, &[key(KeyCode::End), letter('G')], Action::Last, "to the last row"),
    bind(Main, &[ESC], Action::Back, "one step back: filter, marks, the screen before"),
    bind(Main, &[TAB], Action::NextScreen, "the next screen"),
    bind(Main, &[BACK_TAB], Action::PreviousScreen, "the previous screen"),
    bind(Main, &[letter('1')], Action::Show(0), "the first screen, and so on"),
    bind(Main, &[letter('2')], Action::Show(1), ""),
    bind(Main, &[letter('3')], Action::Show(2), ""),
    bind(Main, &[letter('4')], Action::Show(3), ""),
    bind(Main, &[letter('5')], Action::Show(4), ""),
    bind(Main, &[letter('6')], Action::Show(5), ""),
    bind(Main, &[letter('7')], Action::Show(6), ""),
    bind(Main, &[letter('8')], Action::Show(7), ""),
    bind(Main, &[letter(':')], Action::Command, "type a command: a screen or an action"),
    bind(Main, &[letter('?')], Action::Help, "this help"),
    bind(Main, &[control('r')], Action::Refresh, "load everything again"),
    bind(Main, &[letter('q')], Action::Quit, "quit"),
    bind(Detail, &[UP, letter('k')], Action::Up, "up"),
    bind(Detail, &[DOWN, letter('j')], Action::Down, "down"),
    bind(Detail, &[PAGE_UP], Action::PageUp, "a page up"),
    bind(Detail, &[PAGE_DOWN, letter(' ')], Action::PageDown, "a page down"),
    bind(Detail, &[ESC, ENTER, letter('q')], Action::Back, "close"),
    bind(Detail, &[letter('?')], Action::Help, "this help"),
    bind(Help, &[UP, letter('k')], Action::Up, "up"),
    bind(Help, &[DOWN, letter('j')], Action::Down, "down"),
    bind(Help, &[PAGE_UP], Action::PageUp, "a page up"),
    bind(Help, &[PAGE_DOWN, letter(' ')], Action::PageDown, "a page down"),
    bind(Help, &[ESC, ENTER, letter('q'), letter('?')], Action::Back, "close"),
    bind(Form, &[ENTER], Action::Accept, "on a field: go on; on a button: press it"),
    bind(Form, &[TAB, DOWN], Action::NextField, "the next field or button"),
    bind(Form, &[BACK_TAB, UP], Action::PreviousField, "the previous field or button"),
    bind(Form, &[ESC], Action::Back, "cancel"),
    bind(Prompt, &[ENTER], Action::Accept, "take what was typed"),
    bind(Prompt, &[TAB], Action::Complete, "complete the command; again: the next one"),
    bind(Prompt, &[UP], Action::Up, "what was typed before"),
    bind(Prompt, &[DOWN], Action::Down, "what was typed after that"),
    bind(Prompt, &[ESC], Action::Back, "as it was before"),
    bind(Always, &[control('l')], Action::Redraw, "draw the screen again"),
    bind(Always, &[control('z')], Action::Suspend, "suspend; `fg` in the shell comes back"),
    bind(Always, &[control('c')], Action::Quit, "quit at once"),
];

/// What a key does.
pub fn action(chord: Chord, mode: Mode, screen: &str) -> Option<Action> {
    bindings(mode, screen).find(|binding| binding.keys.contains(&chord)).map(|binding| binding.action)
}

/// The bindings that hold, in the order of the table.
pub fn bindings(mode: Mode, screen: &str) -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().filter(move |binding| mode.holds(binding.context, screen))
}

#[cfg(test)]
mod tests;

mod daemon;

use std::collections::HashSet;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use shared::api::admin::{Page, Session, SessionState};

use crate::tui::{
    action::Action,
    effect::{Answer, Effect, Query},
    keys,
    msg::Msg,
    popup::Popup,
    screen,
    testing::{Daemon, NOW, Play, SIZES, healthy},
};

fn answers(query: &Query) -> Answer {
    match query {
        Query::Sessions(_) => Answer::Sessions(Page { items: vec![session()], next: None }),
        Query::Requests(_) => Answer::Requests(Page { items: Vec::new(), next: None }),
        _ => healthy(),
    }
}

fn session() -> Session {
    serde_json::from_value(serde_json::json!({
        "id": "01a20d5e-0000-7000-8000-000000000001", "user": "ada-id", "email": "ada@example.com", "name": "Ada",
        "groups": [], "device_id": "laptop", "device": {}, "opened": NOW.0 - 5000, "refreshed": NOW.0 - 5000,
        "expires": NOW.0 + 1_000_000, "state": SessionState::Active, "ended": null, "lock": null,
        "requests_in_flight": 1,
    }))
    .unwrap()
}

fn play() -> Play {
    Play::open("sessions", SIZES[1], Daemon::Answers(answers))
}

fn control(letter: char) -> Msg {
    Msg::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL))
}

#[test]
fn readers_are_told_why_nothing_can_be_changed() {
    let mut play = play();
    play.model.is_read_only = true;
    play.write("r");
    assert!(
        play.model.popups.is_empty() && play.text().contains("started with `--read-only`"),
        "{}",
        play.text()
    );
    play.model.is_read_only = false;
    let status = play.model.status.as_mut().unwrap();
    status.role = Some("reader".to_owned());
    play.write("l");
    assert!(play.model.popups.is_empty() && play.text().contains("lets you only read"), "{}", play.text());
}

/// What is ordered can only come out of a form, so an action that opens a form changes something.
#[test]
fn every_action_that_changes_something_has_its_command_and_nothing_else_has() {
    for entry in screen::ALL {
        for binding in keys::BINDINGS {
            let mut play = Play::open(entry.name, SIZES[1], Daemon::Answers(answers));
            super::act::act(&mut play.model, binding.action);
            let asks_first = play.model.popups.iter().any(|popup| matches!(popup, Popup::Form(_)));
            assert!(!asks_first || binding.action.changes(), "{:?} on {}", binding.action, entry.name);
        }
    }
    let commands: HashSet<_> = keys::BINDINGS.iter().filter_map(|binding| binding.action.command()).collect();
    for command in ["sessions revoke", "mirror", "mirror verify", "mirror rollback", "audit verify"] {
        assert!(commands.contains(command), "{command}");
    }
    assert!(Action::Reload.command().is_some());
}

#[test]
fn escape_goes_back_one_step_at_a_time() {
    let mut play = play();
    for screen in [":requests", ":sessions"] {
        play.write(screen);
        play.press(KeyCode::Enter);
    }
    play.write("/ada");
    play.press(KeyCode::Enter);
    play.press(KeyCode::Char(' '));
    play.press(KeyCode::Enter);
    let mut seen = Vec::new();
    for _ in 0..5 {
        let list = play.model.slot().and_then(|slot| slot.screen.list()).unwrap();
        let (filter, marked) = (list.filter().text().to_owned(), list.standing().marked);
        seen.push((play.model.screen_name(), play.model.popups.len(), filter, marked));
        play.press(KeyCode::Esc);
    }
    let step = |screen, popups, filter: &str, marked| (screen, popups, filter.to_owned(), marked);
    assert_eq!(
        seen,
        [
            step("sessions", 1, "ada", 1),
            step("sessions", 0, "ada", 1),
            step("sessions", 0, "", 1),
            step("sessions", 0, "", 0),
            step("requests", 0, "", 0),
        ]
    );
}

#[test]
fn commands_open_screens_filter_them_and_do_what_keys_do() {
    let mut play = play();
    play.write(":ses");
    play.press(KeyCode::Tab);
    play.write(" nobody");
    play.press(KeyCode::Enter);
    assert!(play.text().contains("none of 1 fits the filter `nobody`"), "{}", play.text());
    play.press(KeyCode::Esc);
    play.write(":revoke");
    play.press(KeyCode::Enter);
    assert!(play.text().contains("Revoke 1 session"), "{}", play.text());
    play.press(KeyCode::Esc);
    play.write(":nonsense");
    play.press(KeyCode::Enter);
    assert!(play.text().contains("there is no command `nonsense` here; hint: "), "{}", play.text());
    play.write(":");
    play.press(KeyCode::Up);
    assert!(play.text().contains(":nonsense"), "{}", play.text());
    play.press(KeyCode::Esc);
    play.write(":q");
    play.press(KeyCode::Enter);
    assert!(play.model.is_over);
}

#[test]
fn a_terminal_that_is_too_small_is_told_the_size_it_needs() {
    let mut play = play();
    for (width, height) in [(79, 24), (80, 23), (20, 5), (1, 1)] {
        play.tell(Msg::Resize { width, height });
        let text = play.text();
        assert!(width < 20 || text.contains("80x24"), "{text}");
    }
    play.tell(Msg::Resize { width: 80, height: 24 });
    assert!(play.text().contains("ada@example.com"));
}

#[test]
fn every_size_and_every_popup_can_be_drawn() {
    let mut play = play();
    for key in ['?', '\n', 'r', ':', '/'] {
        play.press(if key == '\n' { KeyCode::Enter } else { KeyCode::Char(key) });
        for (width, height) in [(80, 24), (81, 25), (300, 24), (80, 120), (3, 3), (0, 0)] {
            play.tell(Msg::Resize { width, height });
            play.press(KeyCode::PageDown);
            play.draw();
        }
        play.tell(Msg::Resize { width: 120, height: 40 });
        play.press(KeyCode::Esc);
    }
}

#[test]
fn the_mouse_opens_tabs_rows_and_buttons() {
    let mut play = play();
    play.click(play.place("ada@example.com"));
    assert!(play.text().contains("Session of ada@example.com"));
    play.press(KeyCode::Esc);
    play.write("r");
    play.click(play.place("[ Cancel ]"));
    assert!(play.model.popups.is_empty());
    play.click(play.place("Requests"));
    assert_eq!(play.model.screen_name(), "requests");
}

#[test]
fn control_keys_quit_suspend_and_draw_again() {
    let mut play = play();
    play.write("/x");
    play.tell(control('z'));
    play.tell(control('l'));
    assert!(play.done.ends_with(&[Effect::Suspend, Effect::Redraw]), "{:?}", play.done);
    play.tell(control('c'));
    assert!(play.model.is_over);
}

#[test]
fn keys_with_alt_held_down_do_nothing() {
    let mut play = play();
    play.tell(Msg::Key(KeyEvent::new(KeyCode::Char('r'), KeyModifiers::ALT)));
    assert!(play.model.popups.is_empty());
}

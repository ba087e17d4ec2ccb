use std::collections::HashMap;

use super::*;

#[test]
fn no_key_means_two_things_at_once() {
    for screen in screen::ALL {
        for mode in Mode::ALL {
            let mut seen = HashMap::new();
            for binding in bindings(mode, screen.name) {
                for key in binding.keys {
                    let other = seen.insert(*key, binding.action);
                    assert_eq!(
                        other, None,
                        "`{key}` is also {:?} in {mode:?} on {}",
                        binding.action, screen.name
                    );
                }
            }
        }
    }
}

#[test]
fn every_line_of_the_help_has_a_key_and_words_and_holds_somewhere() {
    for binding in BINDINGS {
        assert!(!binding.keys.is_empty(), "{binding:?}");
        assert!(!binding.words.is_empty() || matches!(binding.action, Action::Show(_)), "{binding:?}");
        let holds = |name: &str| Mode::ALL.iter().any(|mode| mode.holds(binding.context, name));
        assert!(screen::ALL.iter().any(|screen| holds(screen.name)), "{binding:?}");
    }
}

#[test]
fn keys_are_called_by_what_is_printed_on_them() {
    let names =
        [control('r'), letter('R'), letter(' '), BACK_TAB, PAGE_DOWN, ESC, UP].map(|key| key.to_string());
    assert_eq!(names, ["Ctrl-R", "R", "Space", "Shift-Tab", "PgDn", "Esc", "Up"]);
}

#[test]
fn what_a_key_changes_or_verifies_a_command_does_too() {
    use clap::CommandFactory;
    let program = crate::cli::Cli::command();
    for binding in BINDINGS {
        let Some(path) = binding.action.command() else { continue };
        let command = path.split(' ').try_fold(&program, |command, noun| command.find_subcommand(noun));
        let command = command.unwrap_or_else(|| panic!("there is no `sallyport {path}` for {binding:?}"));
        let takes_reason = command.get_arguments().any(|argument| argument.get_id() == "reason");
        assert_eq!(takes_reason, binding.action.changes(), "{path}");
    }
}

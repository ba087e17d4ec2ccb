//! What a job needs: no daemon, the right to change something, a key.

use super::{
    job::{open, start},
    *,
};
use crate::tui::effect::{Effect, Failure, Job};

#[test]
fn the_folder_is_shown_and_worked_on_without_a_daemon() {
    let mut play = open(SIZES[1]);
    play.daemon = Daemon::Stopped;
    play.wait(3);
    play.model.status = None;
    play.asked.clear();
    play.wait(10);
    assert!(play.asked.contains(&Query::Mirror), "{:?}", play.asked);
    start(&mut play);
    assert!(matches!(play.done.last(), Some(Effect::Work(_))), "{}", play.text());
}

#[test]
fn readers_of_the_daemon_may_mirror_and_read_only_may_only_verify() {
    let mut play = open(SIZES[1]);
    play.model.status.as_mut().unwrap().role = Some("reader".to_owned());
    play.write("m");
    assert!(!play.model.popups.is_empty());
    let mut play = open(SIZES[1]);
    play.model.is_read_only = true;
    for key in ["m", "b"] {
        play.write(key);
        assert!(play.model.popups.is_empty() && play.text().contains("started with `--read-only`"));
    }
    play.write("v");
    let version = "2.1.330".parse().unwrap();
    assert_eq!(play.done.last(), Some(&Effect::Work(Job::Verify(Some(version)))));
}

#[test]
fn a_key_that_is_none_is_told_before_anything_is_ordered() {
    fn keyless(query: &Query) -> Answer {
        let Answer::Mirror(mut folder) = ready(query) else { return ready(query) };
        let message = "the key in `own.asc` is refused: it is no OpenPGP key".to_owned();
        folder.signer = Err(Failure { message, hint: None, is_unreachable: false });
        Answer::Mirror(folder)
    }
    let mut play = Play::open("mirror", SIZES[1], Daemon::Answers(keyless));
    play.write("m");
    assert!(play.model.popups.is_empty() && play.text().contains("the key in `own.asc` is refused"));
}

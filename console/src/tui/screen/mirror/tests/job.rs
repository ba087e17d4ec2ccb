//! The console's own work on the folder: ordered, followed, stopped, and what came of it.

use ratatui::layout::Size;

use super::*;
use crate::{
    mirror::{Channel, Outcome, RolledBack, Shown, State, Verified, VerifiedVersion, Wanted},
    tui::{
        effect::{Effect, Failure, Finished, Job},
        msg::Msg,
        testing::keep_sizes,
    },
};

pub(super) fn open(size: Size) -> Play {
    Play::open("mirror", size, Daemon::Answers(ready))
}

const WHY: &str = "the fix for macOS";

fn latest(platforms: &[Platform]) -> Job {
    let platforms = platforms.iter().copied().collect();
    let (wanted, reason) = (Wanted::Channel(Channel::Latest), WHY.to_owned());
    Job::Mirror { wanted, platforms, allow_downgrade: false, reason }
}

fn shown(version: &str, platform: Platform, (done, fresh): (u64, u64), state: State) -> Shown {
    Shown { version: version.parse().unwrap(), platform, size: 250_000_000, done, fresh, state }
}

/// A mirror on its way: one file verified, two being fetched, the rest waiting.
fn progress(seconds: u64) -> Vec<Shown> {
    let brought = seconds * 20_000_000;
    let mut all = Platform::ALL.map(|platform| shown("2.1.340", platform, (0, 0), State::Waiting));
    let [first, second, third, ..] = &mut all;
    (first.done, first.state) = (250_000_000, State::Done);
    (second.done, second.fresh, second.state) = (brought + 40_000_000, brought, State::Fetching);
    (third.done, third.fresh, third.state) = (brought, brought, State::Fetching);
    all.to_vec()
}

/// Orders a mirror with the keys, and lets it come some way.
fn working(size: Size) -> Play {
    let mut play = open(size);
    start(&mut play);
    for seconds in 0..4 {
        play.tell(Msg::Worked(progress(seconds)));
        play.wait(1);
    }
    play
}

pub(super) fn start(play: &mut Play) {
    play.write("m");
    play.write(WHY);
    for _ in 0..5 {
        play.press(KeyCode::Tab);
    }
    play.press(KeyCode::Enter);
}

fn found(version: &str, there: &[Platform], broken: &[Platform]) -> VerifiedVersion {
    let is_whole = |platform: &Platform| !broken.contains(platform);
    let problem = |platform: &Platform| {
        format!("the binary for {platform}: its SHA-256 digest is not that of the manifest")
    };
    VerifiedVersion {
        version: version.parse().unwrap(),
        signer: Some(SIGNER.to_owned()),
        platforms: there.iter().copied().filter(is_whole).collect(),
        broken: broken.to_vec(),
        problems: broken.iter().map(problem).collect(),
    }
}

fn verified(size: Size) -> Play {
    let mut play = open(size);
    play.write("V");
    let some = [Platform::LinuxX64, Platform::Win32X64];
    let versions =
        vec![found("2.1.330", &Platform::ALL, &[]), found("2.1.321", &some, &[Platform::Win32X64])];
    let problems = vec!["`stable` names 2.1.1, which is not there".to_owned()];
    let verified = Verified { served: Some("2.1.330".parse().unwrap()), versions, problems };
    play.tell(Msg::Finished { job: Job::Verify(None), result: Ok(Finished::Verified(Box::new(verified))) });
    play
}

fn form(size: Size, keys: &[KeyCode]) -> Play {
    let mut play = open(size);
    for key in keys {
        play.press(*key);
    }
    play
}

#[test]
fn the_new_states_look_as_they_did() {
    keep_sizes("mirror_working", working);
    keep_sizes("mirror_verified", verified);
    keep_sizes("mirror_start", |size| form(size, &[KeyCode::Char('m'), KeyCode::Tab, KeyCode::Tab]));
    keep_sizes("mirror_roll_back", |size| form(size, &[KeyCode::Down, KeyCode::Char('b')]));
    keep_sizes("mirror_first", |size| {
        let mut play = Play::open("mirror", size, Daemon::Answers(empty));
        start(&mut play);
        play.tell(Msg::Worked(progress(1)));
        play
    });
}

#[test]
fn a_mirror_is_ordered_with_what_is_marked() {
    let mut play = open(SIZES[0]);
    start(&mut play);
    // Every platform of the served version was marked: all that the release has.
    assert_eq!(play.done.last(), Some(&Effect::Work(latest(&[]))));
    let mut play = open(SIZES[0]);
    play.write("m");
    play.write(WHY);
    play.press(KeyCode::Tab);
    play.press(KeyCode::Tab);
    for _ in 0..7 {
        play.write(" ");
        play.press(KeyCode::Right);
    }
    for key in [KeyCode::Tab, KeyCode::Tab, KeyCode::Tab, KeyCode::Enter] {
        play.press(key);
    }
    assert_eq!(play.done.last(), Some(&Effect::Work(latest(&[Platform::Win32Arm64]))));
}

#[test]
fn a_click_marks_a_platform() {
    let mut play = open(SIZES[0]);
    play.write("m");
    let at = play.place("[x] darwin-arm64");
    play.click(at);
    assert!(play.text().contains("[ ] darwin-arm64") && play.text().contains("[x] darwin-x64"));
    play.click(at);
    assert!(play.text().contains("[x] darwin-arm64"));
    play.click(play.place("[ ] a downgrade"));
    assert!(play.text().contains("[x] a downgrade"));
}

#[test]
fn progress_is_told_by_file_in_total_and_on_every_screen() {
    let mut play = working(SIZES[1]);
    let text = play.text();
    assert!(text.contains("mirroring latest: 2.1.340") && text.contains("40.0 MB a second"), "{text}");
    assert!(text.contains("linux-x64") && text.contains("verified") && text.contains("waiting"), "{text}");
    play.write("2");
    let text = play.text();
    assert!(text.contains("Sallyport · mirroring latest, 20 %"), "{text}");
}

#[test]
fn one_job_runs_at_a_time() {
    let mut play = open(SIZES[1]);
    play.write("x");
    assert!(play.text().contains("nothing runs here"), "{}", play.text());
    let mut play = working(SIZES[1]);
    play.write("V");
    assert!(play.text().contains("this console is mirroring latest; `x` stops it"), "{}", play.text());
}

#[test]
fn a_job_is_stopped_after_a_question_and_what_came_of_it_stays_told() {
    let mut play = working(SIZES[1]);
    play.write("x");
    assert!(play.text().contains("what is served stays as it is"), "{}", play.text());
    play.press(KeyCode::Enter);
    assert!(!play.done.contains(&Effect::StopWork), "Cancel is the default");
    play.write("x");
    play.press(KeyCode::Tab);
    play.press(KeyCode::Enter);
    assert_eq!(play.done.last(), Some(&Effect::StopWork));
    assert!(play.text().contains("stopping"), "{}", play.text());
    let failure = Failure {
        message: "it was stopped".to_owned(),
        hint: Some("start it again".to_owned()),
        is_unreachable: false,
    };
    play.tell(Msg::Finished { job: latest(&[]), result: Err(failure) });
    assert!(
        play.text().contains("mirroring latest: it was stopped; hint: start it again"),
        "{}",
        play.text()
    );
    assert!(play.model.work.is_none());
    play.wait(60);
    let text = play.text();
    assert!(
        text.contains("mirroring latest did not come to its end") && text.contains("hint: start it again")
    );
}

#[test]
fn quitting_asks_while_a_job_runs() {
    for key in ['q', 'c'] {
        let mut play = working(SIZES[0]);
        let quit = |play: &mut Play| match key {
            'q' => play.write("q"),
            _ => play.control('c'),
        };
        quit(&mut play);
        assert!(!play.model.is_over && play.text().contains("which ends with it"), "{}", play.text());
        play.press(KeyCode::Enter);
        assert!(!play.model.is_over && play.model.popups.is_empty());
        quit(&mut play);
        play.press(KeyCode::Tab);
        play.press(KeyCode::Enter);
        assert!(play.model.is_over);
    }
    let mut play = working(SIZES[0]);
    play.control('c');
    play.control('c');
    assert!(play.model.is_over, "asked once is enough for who presses Ctrl-C again");
}

#[test]
fn what_is_not_whole_stands_out_and_its_details_say_why() {
    let mut play = verified(SIZES[1]);
    let theme = Theme::new(ThemeName::Dark, false);
    for (text, tone) in [("BAD", Tone::Bad), ("ok", Tone::Good), ("broken, stable", Tone::Bad)] {
        assert_eq!(play.style(text).fg, theme.style(tone).fg, "{text}");
    }
    let text = play.text();
    assert!(text.contains("2 problems found: the binary for win32-x64"), "{text}");
    assert!(text.contains("Wrong in the folder") && text.contains("`stable` names 2.1.1"), "{text}");
    play.press(KeyCode::Down);
    play.press(KeyCode::Enter);
    assert!(play.text().contains("not whole, 2026-08-09"), "{}", play.text());
}

#[test]
fn a_rollback_names_its_reach_and_is_not_the_default() {
    let mut play = form(SIZES[1], &[KeyCode::Down, KeyCode::Char('b')]);
    let text = play.text();
    assert!(text.contains("get 2.1.321, not 2.1.330") && text.contains("latest will name it, too"), "{text}");
    assert!(text.contains("nothing is served any more for linux-arm64"), "{text}");
    play.press(KeyCode::Enter);
    assert!(play.done.is_empty() || !play.done.iter().any(|effect| matches!(effect, Effect::Work(_))));
    play.press(KeyCode::Enter);
    play.write("b");
    play.write(WHY);
    for key in [KeyCode::Tab, KeyCode::Tab, KeyCode::Enter] {
        play.press(key);
    }
    let to = || "2.1.321".parse().unwrap();
    let job = || Job::RollBack { to: to(), reason: WHY.to_owned() };
    assert_eq!(play.done.last(), Some(&Effect::Work(job())));
    let back = RolledBack { from: "2.1.330".parse().unwrap(), to: to() };
    play.tell(Msg::Finished { job: job(), result: Ok(Finished::RolledBack(back)) });
    assert!(play.text().contains("2.1.321 is served again, in place of 2.1.330"), "{}", play.text());
    let play = form(SIZES[1], &[KeyCode::Char('b')]);
    assert!(play.text().contains("2.1.330 is served already"), "{}", play.text());
}

#[test]
fn a_mirror_that_ended_says_what_is_served_and_is_asked_for_anew() {
    let mut play = working(SIZES[1]);
    play.asked.clear();
    let outcome = Outcome {
        version: "2.1.340".parse().unwrap(),
        previous: Some("2.1.330".parse().unwrap()),
        platforms: Platform::ALL.to_vec(),
        present: Vec::new(),
        fetched_bytes: 2_010_400_000,
        changed: true,
        signer: Some(SIGNER.to_owned()),
        removed: vec!["2.1.88".parse().unwrap()],
        dry_run: false,
    };
    play.tell(Msg::Finished { job: latest(&[]), result: Ok(Finished::Mirrored(Box::new(outcome))) });
    let text = play.text();
    assert!(
        text.contains("2.1.340 is served, for 8 platforms; 2010.4 MB fetched; 1 old version removed"),
        "{text}"
    );
    play.wait(1);
    assert!(play.asked.contains(&Query::Mirror));
}

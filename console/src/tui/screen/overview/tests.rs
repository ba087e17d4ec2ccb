use crossterm::event::KeyCode;
use ratatui::{
    layout::Size,
    style::{Color, Modifier},
};
use shared::{
    api::admin::{HealthState, Outcomes, PartHealth, Percentiles, Sample, Traffic},
    time::Timestamp,
    usage::{Money, Tokens},
};

use crate::tui::{
    effect::{Answer, Asker, Query},
    msg::Msg,
    testing::{self, Daemon, NOW, Play, SIZES, keep, snapshots, text},
    theme::{Theme, ThemeName, Tone},
};

/// A quarter of an hour with a wave in it, and failures near its end.
fn samples() -> Vec<Sample> {
    let wave = |second: u64| 20 + second % 120 - (second % 120).saturating_sub(60) * 2;
    (1..=900)
        .map(|second| {
            let requests = wave(second) / 4;
            let latency = |factor: u64| {
                Some(Percentiles { p50_microseconds: 900_000 * factor, p99_microseconds: 4_200_000 * factor })
            };
            Sample {
                at: Timestamp(NOW.0 - (900 - second) * 1000),
                outcomes: Outcomes {
                    completed: requests,
                    upstream_error: u64::from(second > 850 && second % 10 == 0),
                    refused: u64::from(second % 200 == 0),
                    ..Outcomes::default()
                },
                tokens: Tokens { input: 400, output: requests * 90, cache_read: 3_600, ..Tokens::default() },
                cost: Money::from_micros(requests * 1_200),
                in_flight: requests,
                latency: latency(1),
                first_byte: latency(1),
            }
        })
        .collect()
}

fn traffic(samples: Vec<Sample>, is_busy: bool) -> Answer {
    let of = |p50_microseconds, p99_microseconds| {
        is_busy.then_some(Percentiles { p50_microseconds, p99_microseconds })
    };
    Answer::Traffic(Box::new(Traffic {
        samples,
        latency: of(1_204_000, 14_900_000),
        first_byte: of(320_000, 980_000),
    }))
}

fn health(parts: &[(&str, HealthState, &str)]) -> Answer {
    let Answer::Status(mut status) = testing::healthy() else { panic!("no status") };
    let part = |(part, state, detail): &(&str, HealthState, &str)| PartHealth {
        part: (*part).to_owned(),
        state: *state,
        detail: (*detail).to_owned(),
        since: Some(Timestamp(NOW.0 - 185_000)),
    };
    status.health = parts.iter().map(part).collect();
    Answer::Status(status)
}

fn ready(_: &Query) -> Answer {
    traffic(samples(), true)
}

fn empty(_: &Query) -> Answer {
    let idle = |second: u64| Sample { at: Timestamp(NOW.0 - second * 1000), ..Sample::default() };
    traffic((0..900).rev().map(idle).collect(), false)
}

/// A daemon of which some parts are ill.
fn ill(place: usize) -> Play {
    let status = health(&[
        ("entra", HealthState::Unknown, "nobody has signed in yet"),
        (
            "bedrock",
            HealthState::Degraded,
            "answered at 2026-08-09 11:59 UTC; SigV4, credentials until 2026-08-09 12:10 UTC; there are no new ones: timed out",
        ),
        ("store", HealthState::Ok, "it answers in 0.4 ms"),
        ("certificate", HealthState::Down, "expired at 2026-08-08 00:00 UTC"),
    ]);
    let mut play = Play::open("overview", SIZES[place], Daemon::Answers(ready));
    play.tell(Msg::Answered { asker: Asker::Frame, query: Query::Status, result: Ok(status) });
    play
}

#[test]
fn it_looks_as_it_did() {
    snapshots("overview", ready, empty);
}

#[test]
fn without_braille_it_is_drawn_in_ascii() {
    let mut play = Play::open("overview", SIZES[0], Daemon::Answers(ready));
    play.model.theme = Theme::new(ThemeName::None, true);
    assert!(play.text().is_ascii(), "{}", play.text());
    keep("overview_ascii_80x24", &play);
}

#[test]
fn what_is_ill_has_a_colour_and_a_word() {
    let play = ill(0);
    keep("overview_ill_80x24", &play);
    let theme = Theme::new(ThemeName::Dark, false);
    let is = |words: &str, tone: Tone| assert_eq!(play.style(words).fg, theme.style(tone).fg, "{words}");
    is("degraded answered", Tone::Warn);
    is("down     expired", Tone::Bad);
    is("5 failed", Tone::Bad);
    is("4 refused", Tone::Warn);
    is("0 revoked", Tone::Dim);
    assert_ne!(theme.style(Tone::Bad).fg, Some(Color::Reset));
}

#[test]
fn the_figures_have_units_and_the_windows_they_are_of() {
    let play = Play::open("overview", SIZES[1], Daemon::Answers(ready));
    let text = play.text();
    for wanted in ["/s", "peak", "/h", "Prompt from cache  90 %", "p50  1.20 s", "p99    14 s", "320 ms"] {
        assert!(text.contains(wanted), "{wanted}:\n{text}");
    }
}

#[test]
fn a_second_later_only_what_is_new_is_asked_for_and_what_is_old_leaves() {
    fn daemon(query: &Query) -> Answer {
        let one = |at: u64| Sample {
            at: Timestamp(at),
            outcomes: Outcomes { completed: 7, ..Outcomes::default() },
            ..Sample::default()
        };
        match query {
            Query::Traffic { after: Some(after) } => {
                assert!(after.0 >= NOW.0, "{after:?}");
                traffic(vec![one(after.0 + 1000)], true)
            }
            _ => ready(query),
        }
    }
    let mut play = Play::open("overview", SIZES[2], Daemon::Answers(daemon));
    play.wait(30);
    let text = text(&play.draw());
    assert!(text.contains("Requests  7.0/s"), "{text}");
}

#[test]
fn enter_tells_the_whole_sentence() {
    let mut play = ill(0);
    assert!(!play.text().contains("timed out"));
    play.press(KeyCode::Enter);
    assert!(play.text().contains("degraded for 3m05s"), "{}", play.text());
}

#[test]
fn a_young_daemon_fills_the_graphs_of_a_shorter_time() {
    fn minutes(minutes: usize) -> Answer {
        traffic(samples().split_off(900 - 60 * minutes), true)
    }
    let left_half = |play: &Play| -> String {
        let text = play.text();
        text.lines().skip(4).take(3).flat_map(|line| line.chars().skip(2).take(20)).collect()
    };
    let young = Play::open("overview", SIZES[1], Daemon::Answers(|_| minutes(4)));
    assert!(young.text().contains("the last 5 minutes"), "{}", young.text());
    assert!(left_half(&young).contains('⣿'), "{}", young.text());
    let older = Play::open("overview", SIZES[1], Daemon::Answers(|_| minutes(6)));
    assert!(older.text().contains("the last 15 minutes"), "{}", older.text());
    assert!(!left_half(&older).contains('⣿'), "{}", older.text());
}

#[test]
fn on_a_wide_screen_the_newest_second_is_at_the_right_edge() {
    let wide = Size::new(400, 60);
    let play = Play::open("overview", wide, Daemon::Answers(|_| traffic(samples().split_off(840), true)));
    let text = play.text();
    let ground = text.lines().find(|line| line.contains("⣿⣿⣿")).unwrap();
    assert!(ground.trim_end_matches(['│', ' ']).ends_with('⣿'), "{text}");
}

#[test]
fn without_colours_only_words_are_underlined() {
    let mut play = ill(0);
    play.model.theme = Theme::new(ThemeName::None, false);
    let buffer = play.draw();
    let underlined = buffer.content().iter().filter(|cell| cell.modifier.contains(Modifier::UNDERLINED));
    let text: String = underlined.map(ratatui::buffer::Cell::symbol).collect();
    assert!(text.contains("5 failed") && !text.contains("  "), "`{text}`");
}

//! How fast answers are, and how requests ended.

use ratatui::{buffer::Buffer, layout::Rect};
use shared::api::admin::{Outcomes, Percentiles};

use super::{Overview, figure};
use crate::tui::{
    format, graph,
    theme::{Look, Tone},
    view::paint,
};

type Line = Vec<(String, Tone)>;

const BAR: u64 = 12;

pub fn draw(overview: &Overview, area: Rect, buffer: &mut Buffer, look: &Look) {
    let outcomes = overview.recent(usize::MAX).outcomes;
    let lines = if area.height < 11 {
        vec![speed_in_a_line(overview), outcomes_in_a_line(outcomes)]
    } else {
        let mut lines = vec![vec![("Answers of the last minute".to_owned(), Tone::Accent)]];
        lines.push(speed("latency", overview.latency));
        lines.push(speed("first byte", overview.first_byte));
        lines.push(Vec::new());
        lines.push(vec![(format!("Requests that ended in {}", overview.span_words()), Tone::Accent)]);
        lines.extend(kinds(outcomes).into_iter().map(|kind| outcome(kind, outcomes.total(), look)));
        lines
    };
    paint::lines(buffer, area, &lines, 0, look);
}

fn percentiles(percentiles: Option<Percentiles>) -> [String; 2] {
    let shown =
        |value: fn(Percentiles) -> u64| percentiles.map_or("-".to_owned(), |it| figure::duration(value(it)));
    [shown(|it| it.p50_microseconds), shown(|it| it.p99_microseconds)]
}

fn speed(name: &str, of: Option<Percentiles>) -> Line {
    let [median, slow] = percentiles(of);
    vec![
        (format!("{name:11}"), Tone::Dim),
        ("p50 ".to_owned(), Tone::Dim),
        (format!("{median:>7}"), Tone::Strong),
        ("   p99 ".to_owned(), Tone::Dim),
        (format!("{slow:>7}"), Tone::Strong),
    ]
}

fn speed_in_a_line(overview: &Overview) -> Line {
    let mut line = speed("Latency", overview.latency);
    line.push(("    ".to_owned(), Tone::Plain));
    line.extend(speed("First byte", overview.first_byte));
    line
}

/// How many, what they are called in a table and in a line, and what it means that there are some.
type Kind = (u64, &'static str, &'static str, Tone);

fn kinds(outcomes: Outcomes) -> [Kind; 6] {
    let Outcomes { completed, upstream_error, upstream_cut, client_gone, revoked, refused } = outcomes;
    [
        (completed, "completed", "completed", Tone::Good),
        (upstream_error, "upstream error", "failed", Tone::Bad),
        (upstream_cut, "upstream cut", "cut", Tone::Bad),
        (client_gone, "client gone", "left", Tone::Plain),
        (revoked, "revoked", "revoked", Tone::Plain),
        (refused, "refused", "refused", Tone::Warn),
    ]
}

fn tone((count, _, _, tone): Kind) -> Tone {
    if count == 0 { Tone::Dim } else { tone }
}

fn outcomes_in_a_line(outcomes: Outcomes) -> Line {
    let mut line = vec![("Ended".to_owned(), Tone::Dim)];
    for kind in kinds(outcomes) {
        let (count, _, word, _) = kind;
        line.push(("  ".to_owned(), Tone::Plain));
        line.push((format!("{} {word}", format::count(count)), tone(kind)));
    }
    line
}

fn outcome(kind: Kind, all: u64, look: &Look) -> Line {
    let (count, name, ..) = kind;
    let share = count.saturating_mul(1000).checked_div(all).unwrap_or_default();
    vec![
        (format!("{name:15}"), Tone::Dim),
        (format!("{:>6}", format::count(count)), tone(kind)),
        (format!("{:>8}  ", figure::share(share)), Tone::Dim),
        (graph::bar(share, BAR, look), tone(kind)),
    ]
}

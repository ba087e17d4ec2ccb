//! The first screen: what the gateway does, and how all that it relies on is.

mod answer;
mod detail;
mod figure;
mod health;
mod layout;

use std::{collections::VecDeque, time::Duration};

use ratatui::{buffer::Buffer, layout::Rect};
use shared::{
    api::admin::{Percentiles, Sample},
    time::Timestamp,
};

use self::figure::{Metric, Sum};
use super::{Reaction, Screen};
use crate::tui::{
    action::Action,
    effect::{Answer, Query},
    graph,
    popup::Detail,
    theme::{Look, Tone},
    view::paint,
};

/// How far back the graphs go, and the daemon remembers.
const SPAN: Duration = Duration::from_mins(15);
/// How far back they go as long as a daemon has not run for longer: a sliver at the edge shows nothing.
const YOUNG_SPAN: Duration = Duration::from_mins(5);

#[derive(Debug, Default)]
pub struct Overview {
    /// One a second, oldest first.
    samples: VecDeque<Sample>,
    latency: Option<Percentiles>,
    first_byte: Option<Percentiles>,
}

impl Screen for Overview {
    fn ask(&mut self, is_full: bool, _now: Timestamp) -> Vec<Query> {
        let last = self.samples.back().map(|sample| sample.at);
        vec![Query::Traffic { after: last.filter(|_| !is_full) }]
    }

    fn take(&mut self, query: &Query, answer: Answer, _now: Timestamp) -> Vec<Query> {
        let (Query::Traffic { after }, Answer::Traffic(traffic)) = (query, answer) else { return Vec::new() };
        if after.is_none() {
            self.samples.clear();
        }
        let known = self.samples.back().map(|sample| sample.at);
        let fresh = traffic.samples.into_iter().filter(|sample| known.is_none_or(|known| sample.at > known));
        self.samples.extend(fresh);
        (self.latency, self.first_byte) = (traffic.latency, traffic.first_byte);
        let last = self.samples.back().map(|sample| sample.at).unwrap_or_default();
        self.samples.retain(|sample| last.since(sample.at) < SPAN);
        Vec::new()
    }

    fn act(&mut self, action: Action, _now: Timestamp) -> Option<Reaction> {
        (action == Action::Open).then(|| Reaction::Open(Vec::new()))
    }

    fn settle(&mut self, _area: Rect) {}

    fn detail(&self, look: &Look) -> Option<Detail> {
        look.status.map(|status| detail::detail(status, look.now))
    }

    fn note(&self) -> Option<String> {
        Some(format!("the last {}", self.span_words()))
    }

    fn empty(&self) -> &'static str {
        "no request has ended in this time"
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, look: &Look) {
        let parts = look.status.map_or(0, |status| status.health.len()).clamp(5, 8);
        let layout = layout::split(area, u16::try_from(parts).unwrap_or(8));
        for (metric, area) in Metric::ALL.into_iter().zip(&layout.graphs) {
            self.graph(metric, *area, buffer, look);
        }
        if self.is_idle() {
            let first = layout.graphs.first().copied().unwrap_or_default();
            let line = Rect { y: first.y + 1, height: 1.min(first.height), ..first };
            paint::line(buffer, line, &[(self.empty().to_owned(), Tone::Dim)], look);
        }
        answer::draw(self, layout.answers, buffer, look);
        health::draw(layout.health, buffer, look);
        health::draw_machine(layout.machine, buffer, look);
    }
}

impl Overview {
    fn is_idle(&self) -> bool {
        self.samples.iter().all(|sample| sample.outcomes.total() == 0)
    }

    fn span(&self) -> Duration {
        let (first, last) = (self.samples.front(), self.samples.back());
        let known = first.zip(last).map_or(SPAN, |(first, last)| last.at.since(first.at));
        if known < YOUNG_SPAN { YOUNG_SPAN } else { SPAN }
    }

    fn span_words(&self) -> String {
        format!("{} minutes", self.span().as_secs() / 60)
    }

    /// What ended in the last so many seconds.
    fn recent(&self, seconds: usize) -> Sum {
        self.samples.iter().rev().take(seconds).collect()
    }

    fn graph(&self, metric: Metric, area: Rect, buffer: &mut Buffer, look: &Look) {
        if area.height < 2 {
            return;
        }
        let moments = graph::moments(area.width, look);
        let points = figure::points(&self.samples, (self.span(), moments), metric);
        let peak = points.iter().flatten().copied().max().unwrap_or_default();
        let now = metric.of(&self.recent(metric.window()));
        let figure = now.map_or("-".to_owned(), |now| metric.show(now));
        let title = [(metric.title().to_owned(), Tone::Dim), (format!("  {figure}"), Tone::Strong)];
        let taken = paint::line(buffer, area, &title, look);
        let right = [(metric.scale(peak), Tone::Dim)];
        if taken + paint::line_width(&right) < area.width {
            paint::line_right(buffer, area, &right, look);
        }
        let under = Rect { y: area.y + 1, height: area.height - 1, ..area };
        graph::draw(buffer, under, &points, metric.top(peak), look);
    }
}

#[cfg(test)]
mod tests;

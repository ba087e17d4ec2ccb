//! What is told below the versions: the job that runs, file by file and in total, or what is wrong with the folder.

use shared::terminal::safe;

use super::Mirror;
use crate::{
    format::megabytes,
    mirror::{Shown, State, current, percent},
    tui::{
        effect::Folder,
        graph,
        screen::Line,
        theme::{Look, Tone},
        view::paint::wrap,
        work::Work,
    },
};

/// Cells of a bar.
const BAR: u64 = 24;
/// Cells of a sentence.
const WIDTH: usize = 74;

pub fn note(folder: &Folder) -> String {
    let survey = &folder.survey;
    let served = match &survey.served {
        Some(version) => format!("{version} is served"),
        None => "nothing is served".to_owned(),
    };
    let unfinished = match survey.unfinished {
        0 => String::new(),
        bytes => format!(", {} on the way", megabytes(bytes)),
    };
    format!("{}, {served}{unfinished}", survey.folder.display())
}

pub fn panel(mirror: &Mirror, look: &Look) -> Vec<Line> {
    if let Some(work) = look.work {
        return at_work(work, look);
    }
    let mut lines = Vec::new();
    if let Some((title, failure)) = &mirror.failed {
        lines.push(heading(&format!("{title} did not come to its end")));
        lines.extend(sentence(&failure.message, Tone::Bad));
        lines.extend(failure.hint.iter().flat_map(|hint| sentence(&format!("hint: {hint}"), Tone::Plain)));
    }
    if !mirror.problems.is_empty() {
        lines.push(heading("Wrong in the folder"));
        lines.extend(mirror.problems.iter().flat_map(|problem| sentence(problem, Tone::Bad)));
    }
    lines
}

/// As many lines as it takes on the least terminal.
fn sentence(text: &str, tone: Tone) -> Vec<Line> {
    wrap(&safe(text), WIDTH).into_iter().map(|line| vec![(format!("  {line}"), tone)]).collect()
}

fn heading(text: &str) -> Line {
    vec![(format!("  {text}"), Tone::Accent)]
}

fn at_work(work: &Work, look: &Look) -> Vec<Line> {
    let version = current(&work.shown).next().map(|shown| shown.version.to_string());
    // Most titles name it already.
    let version = version.filter(|version| !work.job.title().contains(version.as_str()));
    let version = version.map(|version| format!(": {version}"));
    let stopping = if work.is_stopping { ", stopping" } else { "" };
    let mut lines = vec![heading(&format!("{}{}{stopping}", work.job.title(), version.unwrap_or_default()))];
    lines.extend(current(&work.shown).map(|shown| row(shown, look)));
    let total = if work.shown.is_empty() { "looking".to_owned() } else { work.total() };
    lines.push(vec![(format!("  {total}"), Tone::Plain)]);
    lines
}

fn row(shown: &Shown, look: &Look) -> Line {
    let Shown { platform, size, done, state, .. } = shown;
    let share = done.saturating_mul(1000).checked_div(*size).unwrap_or_default();
    let tone = match state {
        State::Waiting => Tone::Dim,
        State::Checking | State::Fetching | State::Writing => Tone::Plain,
        State::Done | State::Written => Tone::Good,
        State::Failed => Tone::Bad,
    };
    vec![
        (format!("  {:<17} ", platform.as_str()), Tone::Plain),
        (graph::bar(share, BAR, look), Tone::Graph),
        (format!(" {:>3} % of {:>8}  ", percent(*done, *size), megabytes(*size)), Tone::Plain),
        (state.word().to_owned(), tone),
    ]
}

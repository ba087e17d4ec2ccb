//! Jobs of the console itself: begun, followed, stopped, and what came of them.

use super::answer::sentence;
use crate::{
    format::{many, megabytes},
    mirror::{Outcome, Shown, Verified},
    tui::{
        effect::{Effect, Failure, Finished, Job},
        model::Model,
        popup::{Form, Plan, Popup},
        theme::Tone,
        work::Work,
    },
};

pub fn start(model: &mut Model, job: Job) -> Vec<Effect> {
    if is_busy(model) {
        return Vec::new();
    }
    model.work = Some(Work::new(job.clone(), model.now));
    model.notice = None;
    vec![Effect::Work(job)]
}

/// Says so, if a job runs already.
pub fn is_busy(model: &mut Model) -> bool {
    let running = model.work.as_ref().map(|work| work.job.title());
    let is_busy = running.is_some();
    if let Some(title) = running {
        model.tell(format!("one after the other: this console is {title}; `x` stops it"), Tone::Warn);
    }
    is_busy
}

pub fn confirm_stop(model: &mut Model) {
    let Some(work) = &model.work else { return model.tell("nothing runs here", Tone::Warn) };
    let reach = vec![
        format!("this console is {}", work.job.title()),
        "what is served stays as it is; what came so far is kept, and the next mirror goes on there"
            .to_owned(),
    ];
    confirm(model, Plan::StopWork, "Stop", reach);
}

/// Quits, or asks first if that ends a job.
pub fn quit(model: &mut Model) {
    let is_asked = matches!(model.popups.last(), Some(Popup::Form(form)) if matches!(form.plan, Plan::Quit));
    let Some(work) = model.work.as_ref().filter(|_| !is_asked) else {
        model.is_over = true;
        return;
    };
    let reach = vec![
        format!("this console is {}, which ends with it", work.job.title()),
        "what is served stays as it is; what came so far is kept, and the next mirror goes on there"
            .to_owned(),
    ];
    confirm(model, Plan::Quit, "Quit", reach);
}

fn confirm(model: &mut Model, plan: Plan, title: &str, reach: Vec<String>) {
    model.prompt = None;
    model.popups.push(Popup::Form(Box::new(Form::new(plan, title, reach))));
}

pub fn stop(model: &mut Model) -> Vec<Effect> {
    let Some(work) = &mut model.work else {
        model.tell("it had ended before", Tone::Dim);
        return Vec::new();
    };
    work.is_stopping = true;
    vec![Effect::StopWork]
}

pub fn worked(model: &mut Model, shown: Vec<Shown>) {
    if let Some(work) = &mut model.work {
        work.see(shown, model.now);
    }
}

pub fn finished(model: &mut Model, job: &Job, result: &Result<Finished, Failure>) {
    model.work = None;
    let (text, tone) = match result {
        Ok(finished) => told(finished),
        Err(failure) => (format!("{}: {}", job.title(), sentence(failure)), Tone::Bad),
    };
    model.tell(text, tone);
    let now = model.now;
    for slot in &mut model.slots {
        slot.screen.finish(job, result, now);
    }
    if let Some(slot) = model.slot_mut() {
        (slot.wants_all, slot.due) = (true, now);
    }
}

fn told(finished: &Finished) -> (String, Tone) {
    match finished {
        Finished::Mirrored(outcome) => (mirrored(outcome), Tone::Good),
        Finished::Verified(verified) => self::verified(verified),
        Finished::RolledBack(back) => {
            (format!("{} is served again, in place of {}", back.to, back.from), Tone::Good)
        }
    }
}

fn mirrored(outcome: &Outcome) -> String {
    let Outcome { version, platforms, fetched_bytes, removed, .. } = outcome;
    let (platforms, fetched) = (many(platforms.len() as u64, "platform"), megabytes(*fetched_bytes));
    let removed = match removed.len() as u64 {
        0 => String::new(),
        count => format!("; {} removed", many(count, "old version")),
    };
    format!("{version} is served, for {platforms}; {fetched} fetched{removed}")
}

fn verified(verified: &Verified) -> (String, Tone) {
    let of_versions = verified.versions.iter().flat_map(|version| &version.problems);
    let problems: Vec<&String> = of_versions.chain(&verified.problems).collect();
    let binaries = verified.versions.iter().map(|version| version.platforms.len() as u64).sum();
    match (problems.as_slice(), verified.versions.as_slice()) {
        ([], []) => ("there is no release to verify".to_owned(), Tone::Warn),
        ([], versions) => {
            let versions = many(versions.len() as u64, "version");
            (format!("whole: {versions} with {} verified", many_binaries(binaries)), Tone::Good)
        }
        ([first, ..], _) => (format!("{} found: {first}", many(problems.len() as u64, "problem")), Tone::Bad),
    }
}

fn many_binaries(count: u64) -> String {
    if count == 1 { "1 binary".to_owned() } else { format!("{count} binaries") }
}

//! The job that the console is at, while it runs: what it is, and how far.

use shared::{platform::Platform, release::Version, time::Timestamp};

use super::effect::Job;
use crate::mirror::{Pace, Shown, percent};

#[derive(Debug, Clone)]
pub struct Work {
    pub job: Job,
    began: Timestamp,
    /// The binaries, once they are known.
    pub shown: Vec<Shown>,
    pace: Pace,
    pub is_stopping: bool,
}

impl Work {
    pub fn new(job: Job, now: Timestamp) -> Self {
        Self { job, began: now, shown: Vec::new(), pace: Pace::default(), is_stopping: false }
    }

    pub fn see(&mut self, shown: Vec<Shown>, now: Timestamp) {
        self.pace.see(now.since(self.began), &shown);
        self.shown = shown;
    }

    /// `mirroring latest, 25 %`.
    pub fn summary(&self) -> String {
        let title = self.job.title();
        match self.part() {
            _ if self.is_stopping => format!("{title}, stopping"),
            Some(part) => format!("{title}, {part} %"),
            None => title,
        }
    }

    /// All binaries together, with speed and time left.
    pub fn total(&self) -> String {
        self.pace.total(&self.shown)
    }

    pub fn of(&self, version: &Version, platform: Platform) -> Option<&Shown> {
        self.shown.iter().find(|shown| shown.version == *version && shown.platform == platform)
    }

    fn part(&self) -> Option<u64> {
        let (done, size) =
            self.shown.iter().fold((0, 0), |(done, size), it| (done + it.done, size + it.size));
        (size > 0).then(|| percent(done, size))
    }
}

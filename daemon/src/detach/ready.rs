//! How a daemon tells the process that started it that it serves, or that it never will.

use std::{
    io::{self, PipeReader, PipeWriter, Read, Write},
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

const SERVES: u8 = b'+';
const FAILED: u8 = b'-';

/// The daemon's end. Dropped without a word, it says that the daemon has failed and has said why.
#[derive(Debug)]
pub struct Ready(Option<PipeWriter>);

/// The end of whoever started it.
#[derive(Debug)]
pub struct Waiting(PipeReader);

/// What became of the daemon.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    Serves,
    /// It has said why.
    Failed,
    /// It is gone, and could not say anything.
    Died,
    /// It has said nothing in time. It ends when it finds that nobody waits.
    Late,
}

/// Both ends. Nothing that either process starts inherits them.
pub fn pair() -> io::Result<(Waiting, Ready)> {
    let (reader, writer) = io::pipe()?;
    Ok((Waiting(reader), Ready(Some(writer))))
}

impl Ready {
    /// Requests are served. An error says that nobody waits any more.
    pub fn tell(&mut self) -> io::Result<()> {
        self.0.take().map_or(Ok(()), |mut pipe| pipe.write_all(&[SERVES]))
    }

    /// It is another process's now.
    pub fn pass_on(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        if let Some(mut pipe) = self.0.take() {
            let _ = pipe.write_all(&[FAILED]);
        }
    }
}

impl Waiting {
    /// Waits for the daemon's word.
    pub fn outcome(mut self, patience: Duration) -> Outcome {
        if !self.is_heard_within(patience) {
            return Outcome::Late;
        }
        let mut word = [0];
        match self.0.read(&mut word) {
            Ok(1) if word == [SERVES] => Outcome::Serves,
            Ok(1) => Outcome::Failed,
            _ => Outcome::Died,
        }
    }

    fn is_heard_within(&self, patience: Duration) -> bool {
        let patience = Timespec::try_from(patience).ok();
        loop {
            match poll(&mut [PollFd::new(&self.0, PollFlags::IN)], patience.as_ref()) {
                Err(Errno::INTR) => {}
                heard => return heard.is_ok_and(|events| events > 0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn a_daemon_that_serves_says_so() {
        let (waiting, mut ready) = pair().unwrap();
        ready.tell().unwrap();
        drop(ready);
        assert_eq!(waiting.outcome(LONG), Outcome::Serves);
    }

    #[test]
    fn a_daemon_that_ends_has_failed_and_one_that_vanishes_has_died() {
        let (waiting, ready) = pair().unwrap();
        drop(ready);
        assert_eq!(waiting.outcome(LONG), Outcome::Failed);
        let (waiting, ready) = pair().unwrap();
        ready.pass_on();
        assert_eq!(waiting.outcome(LONG), Outcome::Died);
    }

    #[test]
    fn nobody_waits_for_ever_and_a_late_daemon_learns_it() {
        let (waiting, mut ready) = pair().unwrap();
        assert_eq!(waiting.outcome(Duration::from_millis(1)), Outcome::Late);
        assert_eq!(ready.tell().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}

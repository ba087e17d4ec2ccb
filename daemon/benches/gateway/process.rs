//! What a process and its children have used, as the kernel counts it (proc(5)).

use std::{fs, time::Duration};

/// `_SC_CLK_TCK` of every Linux there is.
const TICK: Duration = Duration::from_millis(10);

/// A running program and the processes it started.
#[derive(Debug, Clone)]
pub struct Process {
    pids: Vec<u32>,
}

impl Process {
    pub fn of(pid: u32) -> Self {
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        let children = children.split_whitespace().filter_map(|pid| pid.parse().ok());
        Self { pids: std::iter::once(pid).chain(children).collect() }
    }

    /// User and system time so far.
    pub fn cpu(&self) -> Duration {
        self.pids.iter().filter_map(|pid| ticks(*pid)).map(|ticks| TICK * ticks).sum()
    }

    /// Resident memory in kilobytes.
    pub fn memory(&self) -> u64 {
        self.pids.iter().filter_map(|pid| resident(*pid)).sum()
    }
}

fn ticks(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields = stat.rsplit_once(')')?.1;
    let mut times = fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>);
    Some(times.next()?.ok()? + times.next()?.ok()?)
}

fn resident(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.split_whitespace().next()?.parse().ok()
}

//! Figures of the machine and of our own process.

use std::sync::{Mutex, PoisonError};

use shared::api::admin::{Machine, Process};
use sysinfo::{
    CpuRefreshKind, MemoryRefreshKind, Pid, ProcessRefreshKind, ProcessesToUpdate, RefreshKind, System,
};

/// Reads them. The use of processors is that since the last reading.
#[derive(Debug)]
pub struct Gauge(Mutex<System>);

impl Default for Gauge {
    fn default() -> Self {
        let kind = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing().with_cpu_usage())
            .with_memory(MemoryRefreshKind::nothing().with_ram());
        let mut system = System::new_with_specifics(kind);
        refresh_own(&mut system);
        Self(Mutex::new(system))
    }
}

impl Gauge {
    pub(super) fn read(&self) -> (Machine, Process) {
        let mut system = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        system.refresh_cpu_usage();
        system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        refresh_own(&mut system);
        let own = system.process(own());
        let load = System::load_average();
        let machine = Machine {
            cpus: system.cpus().len(),
            cpu_percent: system.global_cpu_usage(),
            memory_total_bytes: system.total_memory(),
            memory_used_bytes: system.used_memory(),
            load: [load.one, load.five, load.fifteen],
        };
        let process = Process {
            id: std::process::id(),
            cpu_percent: own.map(sysinfo::Process::cpu_usage).unwrap_or_default(),
            memory_bytes: own.map(sysinfo::Process::memory).unwrap_or_default(),
        };
        (machine, process)
    }
}

fn refresh_own(system: &mut System) {
    let kind = ProcessRefreshKind::nothing().with_cpu().with_memory();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[own()]), false, kind);
}

fn own() -> Pid {
    Pid::from_u32(std::process::id())
}

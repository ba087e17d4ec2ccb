//! The daemon's own process, by the names that Prometheus' client libraries have agreed on.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder, registry::Unit};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use super::Families;

/// Reads the figures of the process when they are asked for.
#[derive(Debug, Default)]
pub struct Process(Mutex<System>);

impl Collector for Process {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = Families::from(encoder);
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        families.fact("sallyport_build", "The version of the daemon.", &version)?;
        let mut system = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = Pid::from_u32(std::process::id());
        let kind = ProcessRefreshKind::nothing().with_cpu().with_memory();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[own]), false, kind);
        system.process(own).map_or(Ok(()), |process| write(process, &mut families))
    }
}

fn write(process: &sysinfo::Process, families: &mut Families<'_>) -> fmt::Result {
    let (bytes, seconds) = (Unit::Bytes, Unit::Seconds);
    let cpu = std::time::Duration::from_millis(process.accumulated_cpu_time()).as_secs_f64();
    families.amounts("process_cpu", "Time of processors that was used.", &seconds)?.count(&[], cpu)?;
    families
        .levels("process_resident_memory", "Memory that is resident.", &bytes)?
        .level(&[], process.memory())?;
    families
        .levels("process_virtual_memory", "Memory that is mapped.", &bytes)?
        .level(&[], process.virtual_memory())?;
    families
        .levels("process_start_time", "When the process began, since the Unix epoch.", &seconds)?
        .level(&[], process.start_time())?;
    if let Some(open) = process.open_files() {
        families.gauges("process_open_fds", "Files and connections that are open.")?.level(&[], open)?;
    }
    if let Some(most) = process.open_files_limit() {
        families.gauges("process_max_fds", "How many may be open.")?.level(&[], most)?;
    }
    Ok(())
}

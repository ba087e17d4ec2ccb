//! `sallyport status`.

use std::time::Duration;

use shared::api::admin::{HealthState, PartHealth, Status};

use super::{CommandError, Console};
use crate::{
    format::{ago, span},
    output::{Cell, Column, Fields, Style, Table, Tone},
};

pub(super) async fn run(console: &mut Console) -> Result<(), CommandError> {
    let status = console.client.status().await?;
    Ok(console.output.document(&status, |style| shown(&status, style))?)
}

fn shown(status: &Status, style: &Style) -> String {
    let daemon = daemon(status).render(style);
    let machine = machine(status).render(style);
    if status.health.is_empty() {
        return format!("{daemon}\n{machine}");
    }
    let columns = [
        Column::text("PART"),
        Column::text("STATE"),
        Column::number("SINCE"),
        Column::text("DETAIL").cut_to(20),
    ];
    let parts = Table::new(columns).with(&status.health, |part| row(part, style)).render(style);
    format!("{daemon}\n{machine}\n{parts}")
}

fn daemon(status: &Status) -> Fields {
    let ready = if status.ready { Cell::new("yes", Tone::Good) } else { Cell::new("no", Tone::Bad) };
    let services = status.addresses.iter().map(|(name, address)| format!("{name} {address}"));
    Fields::default()
        .add("daemon", format!("sallyportd {}", status.version))
        .add("ready", ready)
        .add("up", span(Duration::from_secs(status.uptime_seconds)))
        .maybe("your role", status.role.as_deref())
        .add("services", services.collect::<Vec<_>>().join(", "))
        .add("sessions", format!("{} in use", status.sessions_in_use))
        .add("requests", format!("{} running", status.requests_in_flight))
        .maybe("usage", (status.usage_lost > 0).then(|| lost(status.usage_lost)))
}

fn machine(Status { machine, process, .. }: &Status) -> Fields {
    let [one, five, fifteen] = machine.load;
    let cpu = format!(
        "{} CPUs at {:.0} %, load {one:.2} {five:.2} {fifteen:.2}",
        machine.cpus, machine.cpu_percent
    );
    let memory = format!("{} of {}", bytes(machine.memory_used_bytes), bytes(machine.memory_total_bytes));
    let own =
        format!("pid {}, {:.1} % of a CPU, {}", process.id, process.cpu_percent, bytes(process.memory_bytes));
    Fields::default().add("machine", cpu).add("memory", memory).add("process", own)
}

fn lost(records: u64) -> Cell {
    Cell::new(format!("{records} records were lost: see the daemon's log"), Tone::Bad)
}

fn row(part: &PartHealth, style: &Style) -> Vec<Cell> {
    let state = match part.state {
        HealthState::Ok => Cell::new("ok", Tone::Good),
        HealthState::Degraded => Cell::new("degraded", Tone::Warn),
        HealthState::Down => Cell::new("down", Tone::Bad),
        HealthState::Unknown => Cell::new("unknown", Tone::Dim),
    };
    let since = part.since.map(|since| ago(since, style.now)).unwrap_or_default();
    vec![part.part.as_str().into(), state, since.into(), part.detail.as_str().into()]
}

/// `1.5 GB`, in the units of memory.
fn bytes(bytes: u64) -> String {
    let (unit, name) = if bytes >= 1 << 30 { (1 << 30, "GB") } else { (1 << 20, "MB") };
    let tenths = bytes.saturating_mul(10) / unit;
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

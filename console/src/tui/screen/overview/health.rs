//! How what the daemon relies on is, the machine and the process.

use std::time::Duration;

use ratatui::{buffer::Buffer, layout::Rect};
use shared::api::admin::{HealthState, Machine, PartHealth, Status};

use crate::tui::{
    format::{self, many},
    graph,
    theme::{Look, Tone},
    view::paint,
};

type Line = Vec<(String, Tone)>;

const BAR: u64 = 16;
/// Thousandths from which a bar warns, and from which it is bad.
const MUCH: u64 = 800;
const TOO_MUCH: u64 = 950;

pub fn word(state: HealthState) -> (&'static str, Tone) {
    match state {
        HealthState::Ok => ("ok", Tone::Good),
        HealthState::Degraded => ("degraded", Tone::Warn),
        HealthState::Down => ("down", Tone::Bad),
        HealthState::Unknown => ("not used", Tone::Dim),
    }
}

pub fn draw(area: Rect, buffer: &mut Buffer, look: &Look) {
    let Some(status) = look.status else { return };
    let mut lines = Vec::new();
    if usize::from(area.height) > status.health.len().max(5) {
        lines.push(vec![("Health".to_owned(), Tone::Accent)]);
    }
    if status.health.is_empty() {
        lines.push(vec![("the daemon does not tell: it is of an older version".to_owned(), Tone::Dim)]);
    }
    lines.extend(status.health.iter().map(|part| of(part, look)));
    paint::lines(buffer, area, &lines, 0, look);
}

fn of(part: &PartHealth, look: &Look) -> Line {
    let (word, tone) = word(part.state);
    vec![
        (format!("{} ", look.theme.symbols.dot), tone),
        (format!("{:12}", part.part), Tone::Strong),
        (format!("{word:9}"), tone),
        (part.detail.clone(), if is_quiet(part.state) { Tone::Dim } else { Tone::Plain }),
    ]
}

/// Whether nobody has to read on.
fn is_quiet(state: HealthState) -> bool {
    matches!(state, HealthState::Ok | HealthState::Unknown)
}

pub fn draw_machine(area: Rect, buffer: &mut Buffer, look: &Look) {
    let Some(status) = look.status else { return };
    let lines = match area.height {
        0..2 => vec![in_a_line(status)],
        2..10 => few(status, look),
        _ => [few(status, look), daemon(status)].concat(),
    };
    paint::lines(buffer, area, &lines, 0, look);
}

fn in_a_line(status: &Status) -> Line {
    let [cpu, memory, _, process] = words(status);
    let [load, ..] = status.machine.load;
    let name = |name: &str| (name.to_owned(), Tone::Dim);
    vec![
        name("CPU "),
        (cpu, Tone::Plain),
        name("  memory "),
        (memory, Tone::Plain),
        name("  load "),
        (format!("{load:.2}"), Tone::Plain),
        name("  daemon "),
        (process, Tone::Plain),
    ]
}

fn few(status: &Status, look: &Look) -> Vec<Line> {
    let [cpu, memory, load, process] = words(status);
    let gauge = |name: &str, share: u64, words: String| -> Line {
        vec![
            (format!("{name:12}"), Tone::Dim),
            (graph::bar(share, BAR, look), tone(share)),
            (format!("  {words}"), Tone::Plain),
        ]
    };
    vec![
        vec![("Machine".to_owned(), Tone::Accent)],
        gauge("CPU", thousandths(status.machine.cpu_percent), cpu),
        gauge("memory", memory_share(status), memory),
        vec![
            ("load        ".to_owned(), Tone::Dim),
            (load, Tone::Plain),
            ("   daemon ".to_owned(), Tone::Dim),
            (process, Tone::Plain),
        ],
    ]
}

fn daemon(status: &Status) -> Vec<Line> {
    let pair =
        |name: &str, value: String| -> Line { vec![(format!("{name:12}"), Tone::Dim), (value, Tone::Plain)] };
    let in_use = many(status.sessions_in_use as u64, "session");
    let in_flight = many(status.requests_in_flight as u64, "request");
    let up = format::span(Duration::from_secs(status.uptime_seconds));
    vec![
        Vec::new(),
        vec![("Daemon".to_owned(), Tone::Accent)],
        pair("in use", in_use),
        pair("in flight", in_flight),
        pair("version", format!("{}, up {up}", status.version)),
    ]
}

/// CPU, memory and load of the machine, and the process.
pub fn words(status: &Status) -> [String; 4] {
    let (machine, process) = (&status.machine, &status.process);
    let [one, five, fifteen] = machine.load;
    [
        format!("{:.0} %, {}", machine.cpu_percent, many(machine.cpus as u64, "core")),
        memory(machine),
        format!("{one:.2}  {five:.2}  {fifteen:.2}"),
        format!("{:.1} %, {}", process.cpu_percent, bytes(process.memory_bytes)),
    ]
}

fn memory_share(status: &Status) -> u64 {
    let machine = &status.machine;
    machine.memory_used_bytes.saturating_mul(1000).checked_div(machine.memory_total_bytes).unwrap_or_default()
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
fn thousandths(percent: f32) -> u64 {
    (percent.clamp(0.0, 100.0) * 10.0) as u64
}

fn tone(share: u64) -> Tone {
    match share {
        0..MUCH => Tone::Good,
        MUCH..TOO_MUCH => Tone::Warn,
        _ => Tone::Bad,
    }
}

fn memory(machine: &Machine) -> String {
    let (used, total) = (bytes(machine.memory_used_bytes), bytes(machine.memory_total_bytes));
    match (used.split_once(' '), total.split_once(' ')) {
        (Some((used, unit)), Some((_, same))) if unit == same => format!("{used} of {total}"),
        _ => format!("{used} of {total}"),
    }
}

/// `64 MiB`, `7.8 GiB`.
fn bytes(bytes: u64) -> String {
    let mebibytes = bytes >> 20;
    match mebibytes {
        0..1024 => format!("{mebibytes} MiB"),
        1024..102_400 => format!("{}.{} GiB", mebibytes / 1024, mebibytes % 1024 * 10 / 1024),
        _ => format!("{} GiB", mebibytes / 1024),
    }
}

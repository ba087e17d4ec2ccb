//! What the daemon says of itself, in full.

use std::time::Duration;

use shared::{
    api::admin::{PartHealth, Status},
    time::Timestamp,
};

use super::health;
use crate::tui::{format, popup::Detail, theme::Tone};

pub fn detail(status: &Status, now: Timestamp) -> Detail {
    let ready =
        if status.ready { ("yes", Tone::Good) } else { ("no: it drains, or its store is away", Tone::Bad) };
    let mut detail = Detail::new("The daemon")
        .pair("version", status.version.clone())
        .toned("ready", ready.0, ready.1)
        .pair("up", format::span(Duration::from_secs(status.uptime_seconds)))
        .pair("sessions in use", status.sessions_in_use.to_string())
        .pair("requests", format!("{} in flight", status.requests_in_flight))
        .maybe("your role", status.role.clone());
    if status.usage_lost > 0 {
        detail = detail.toned("usage lost", format!("{} records", status.usage_lost), Tone::Bad);
    }
    detail = status.health.iter().fold(detail.heading("Health"), |detail, part| of_part(detail, part, now));
    let [cpu, memory, load, process] = health::words(status);
    let detail = detail
        .heading("Machine and process")
        .pair("processors", cpu)
        .pair("memory", memory)
        .pair("load", format!("{load} over 1, 5 and 15 minutes"))
        .pair("process", format!("{process}, id {}", status.process.id))
        .heading("Listens");
    status
        .addresses
        .iter()
        .fold(detail, |detail, (service, address)| detail.pair(name_of(service), format!("{address}")))
}

fn of_part(detail: Detail, part: &PartHealth, now: Timestamp) -> Detail {
    let (word, tone) = health::word(part.state);
    let since =
        part.since.map(|since| format!(" for {}", format::span(now.since(since)))).unwrap_or_default();
    detail.toned(name_of(&part.part), format!("{word}{since}: {}", part.detail), tone)
}

/// Names of a detail are the program's own words.
fn name_of(name: &str) -> &'static str {
    ["entra", "bedrock", "store", "ledger", "certificate", "auth", "gateway", "install", "admin"]
        .into_iter()
        .find(|known| *known == name)
        .unwrap_or("other")
}

//! A large company: 10,000 sessions, and what happens in them.

use serde_json::{Value, json};

pub const SESSIONS: u64 = 10_000;
pub const NOW: u64 = 1_786_276_800_000;

pub fn id(place: u64) -> String {
    format!("01a20d5e-0000-7000-8000-{place:012}")
}

/// A session as the daemon tells it; `turn` is how often something happened in it.
pub fn session(place: u64, turn: u64, now: u64) -> Value {
    let system = ["macOS 15.3", "Windows 11", "Debian 13"][usize::try_from(place % 3).unwrap()];
    json!({
        "id": id(place), "user": format!("user-{:05}", place / 2), "email": format!("user.{:05}@company.example", place / 2),
        "name": format!("User {:05}", place / 2), "groups": ["engineering", "claude-code"],
        "device_id": format!("device-{place:05}"),
        "device": {"hostname": format!("laptop-{place:05}.company.example"), "os": system, "arch": "x86_64", "agent_version": "0.1.0"},
        "opened": now - 90_000_000, "refreshed": now - 8_000_000, "expires": now + 2_000_000_000,
        "state": "active", "ended": null, "lock": null, "requests_in_flight": turn % 3,
        "used": {
            "requests": 17 + turn, "cost": 123_456 * (place % 97) + turn * 1_000,
            "tokens": {"input": 1_234 * (place % 89), "output": 4_321 + turn * 200, "cache_read": 90_000},
            "last": now - 1_000 * (place % 50_000), "model": "us.anthropic.claude-sonnet-4-6",
            "client": "claude-cli/2.1.330 (external, cli)",
        },
    })
}

pub fn page(skip: u64, now: u64) -> Value {
    let end = (skip + 1000).min(SESSIONS);
    let items: Vec<Value> = (skip..end).map(|place| session(place, 0, now)).collect();
    json!({"items": items, "next": (end < SESSIONS).then_some(end)})
}

/// The end of a request in one of the sessions.
pub fn event(turn: u64, now: u64) -> Value {
    json!({
        "event": if turn.is_multiple_of(2) { "request_started" } else { "request_ended" }, "at": now,
        "user": format!("user-{:05}", turn % SESSIONS / 2), "session": id(turn % SESSIONS),
        "request": format!("req_{turn}"), "model": "us.anthropic.claude-sonnet-4-6", "surface": "messages",
        "outcome": "completed", "tokens": {"input": 120, "output": 300},
    })
}

pub fn status() -> Value {
    let health = ["entra", "bedrock", "store", "ledger", "certificate"]
        .map(|part| json!({"part": part, "state": "ok", "detail": "all is well"}));
    json!({
        "version": "0.1.0", "uptime_seconds": 93_784, "ready": true, "addresses": {}, "sessions_in_use": 900,
        "requests_in_flight": 120, "usage_lost": 0, "role": "operator",
        "health": health,
        "machine": {
            "cpus": 8, "cpu_percent": 12.5, "memory_total_bytes": 33_554_432_000_u64,
            "memory_used_bytes": 8_388_608_000_u64, "load": [0.5, 0.4, 0.3],
        },
        "process": {"id": 4711, "cpu_percent": 3.5, "memory_bytes": 67_108_864},
    })
}

pub fn traffic(after: Option<u64>, now: u64) -> Value {
    let seconds = after.map_or(900, |after| now.saturating_sub(after) / 1000).min(900);
    let sample = |back: u64| {
        json!({
            "at": now - back * 1000, "outcomes": {"completed": 200 + back % 90}, "in_flight": 120,
            "tokens": {"input": 4_000, "output": 40_000 + back % 70 * 900, "cache_read": 90_000}, "cost": 90_000,
            "latency": {"p50_microseconds": 900_000, "p99_microseconds": 4_000_000}, "first_byte": null,
        })
    };
    let samples: Vec<Value> = (0..seconds).rev().map(sample).collect();
    json!({"samples": samples, "latency": {"p50_microseconds": 900_000, "p99_microseconds": 4_000_000}, "first_byte": null})
}

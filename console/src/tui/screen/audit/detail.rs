//! Everything about one record, and what came of a verification.

use shared::{api::admin::Verification, time::Timestamp};

use super::{
    Check,
    columns::{self, Record},
};
use crate::tui::{
    format::{self, many, moment},
    popup::Detail,
    theme::{Look, Tone},
};

pub fn of_record(record: &Record, now: Timestamp) -> Detail {
    let entry = &record.entry;
    Detail::new(format!("Record {}", entry.sequence))
        .toned("event", entry.event.clone(), columns::tone(&entry.event))
        .pair("at", moment(entry.at, now))
        .maybe("user", record.who.clone())
        .maybe("user id", entry.user.as_ref().map(|user| user.as_str().to_owned()))
        .maybe("session", entry.session.map(|session| session.to_string()))
        .maybe("address", entry.address.clone())
        .maybe("operator", entry.operator.map(|operator| format!("uid {operator}")))
        .maybe("code", entry.code.clone())
        .maybe("detail", entry.detail.clone())
        .maybe("reason", entry.reason.clone())
        .pair("request", entry.request.as_str())
        .heading("Chain")
        .pair("hash", entry.hash.clone())
}

pub fn of_check(check: &Check, look: &Look) -> Detail {
    let detail = Detail::new("The audit trail");
    match check {
        Check::Never => detail.toned("state", "not verified yet", Tone::Dim),
        Check::Running { since } => {
            let span = format::span(look.now.since(*since));
            detail.toned("state", format!("the daemon reads every record: {span}"), Tone::Accent)
        }
        Check::Failed(failure) => detail
            .toned("state", "not verified", Tone::Bad)
            .pair("because", failure.message.clone())
            .maybe("hint", failure.hint.clone()),
        Check::Done { at, found } => done(detail, *at, found, look),
    }
}

fn done(detail: Detail, at: Timestamp, found: &Verification, look: &Look) -> Detail {
    let detail = if found.whole {
        detail.toned("state", "whole: every record fits the one before it", Tone::Good)
    } else {
        let broken = found.broken.clone().unwrap_or_else(|| "it does not say where".to_owned());
        detail.toned("state", "broken", Tone::Bad).toned("where", broken, Tone::Bad)
    };
    detail
        .pair("records", many(found.records, "record"))
        .pair("verified", moment(at, look.now))
        .heading("Note this down")
        .pair("head", found.head.clone())
        .toned(
            "",
            "`sallyport audit verify --head HEAD` tells later whether it is still in the trail",
            Tone::Dim,
        )
}

//! Everything about one session.

use shared::{api::admin::Session, time::Timestamp};

use super::columns;
use crate::tui::{
    format::{self, moment},
    popup::Detail,
    theme::Tone,
};

pub fn detail(session: &Session, now: Timestamp) -> Detail {
    let (state, tone) = (columns::state_word(session.state), columns::state_tone(session.state));
    let groups = Some(session.groups.join(", ")).filter(|groups| !groups.is_empty());
    let detail = Detail::new(format!("Session of {}", columns::user(session)))
        .pair("session", session.id.to_string())
        .toned("state", state, tone)
        .pair("opened", moment(session.opened, now))
        .pair("refreshed", moment(session.refreshed, now))
        .pair("expires", session.expires.to_string())
        .pair("runs now", format::many(session.requests_in_flight as u64, "request"));
    let detail = locked(ended(detail, session, now), session)
        .heading("User")
        .pair("id", session.user.as_str())
        .maybe("address", session.email.clone())
        .maybe("name", session.name.clone())
        .maybe("groups", groups)
        .heading("Device")
        .maybe("id", session.device_id.as_ref().map(|id| id.as_str().to_owned()))
        .maybe("host", session.device.hostname.clone())
        .maybe("system", session.device.os.clone())
        .maybe("architecture", session.device.arch.clone())
        .maybe("agent", session.device.agent_version.clone());
    used(detail, session, now)
}

fn ended(detail: Detail, session: &Session, now: Timestamp) -> Detail {
    let Some(ended) = &session.ended else { return detail };
    detail.toned("ended", format!("{}: {}", ended.reason, moment(ended.at, now)), Tone::Bad)
}

fn locked(detail: Detail, session: &Session) -> Detail {
    let Some(lock) = &session.lock else { return detail };
    detail
        .heading("Lock")
        .toned("of", format!("the {} {}", lock.kind, lock.id), Tone::Warn)
        .pair("until", lock.until.to_string())
        .pair("reason", lock.reason.clone())
        .maybe("message", lock.message.clone())
        .pair("by uid", lock.operator.to_string())
}

fn used(detail: Detail, session: &Session, now: Timestamp) -> Detail {
    let detail = detail.heading("Used");
    let Some(used) = &session.used else {
        return detail.toned("", "the daemon does not tell: it is of an older version", Tone::Dim);
    };
    detail
        .pair("requests", used.requests.to_string())
        .pair("tokens", used.tokens.to_string())
        .pair("cost", used.cost.to_string())
        .maybe("last", used.last.map(|last| moment(last, now)))
        .maybe("model", used.model.as_ref().map(|model| model.as_str().to_owned()))
        .maybe("client", used.client.clone())
}

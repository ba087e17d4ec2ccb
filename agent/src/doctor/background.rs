//! Whether what should run in the background will.

use super::{Finding, Patient, Remedy};
use crate::{
    os::Unit,
    unit::{self, Subject},
};

pub(super) fn examine(patient: &Patient<'_>) -> Finding {
    let Some(home) = patient.os.home() else { return Finding::ok("background", "there is no home for it") };
    let user = patient.os.account().map(|account| account.id).unwrap_or_default();
    let files = unit::files(patient.place.system, Subject { agent: &patient.place.agent, user: &user });
    let idle = files.iter().filter(|file| {
        let path = home.join(&file.path);
        file.name.as_deref().is_some_and(|name| !patient.os.is_enabled(Unit { name, file: &path }))
    });
    let idle: Vec<_> = idle.filter_map(|file| file.name.as_deref()).collect();
    let is_there = files.iter().filter_map(|file| file.name.as_deref()).take(1);
    if is_there.map(|name| patient.os.state(Unit { name, file: &home })).any(|state| state.is_err()) {
        return Finding::ok(
            "background",
            "nothing runs in the background here: the token is refreshed when it is asked for",
        );
    }
    if idle.is_empty() {
        return Finding::ok("background", "the token is refreshed every three hours");
    }
    let what = format!("not loaded: {}; the token is refreshed only when it is asked for", idle.join(", "));
    Finding::problem("background", what, "run `claude-agent install` where you are logged on")
        .mended_by(Remedy::Background)
}

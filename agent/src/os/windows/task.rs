//! Scheduled tasks, by `schtasks`.

use std::{ffi::OsStr, io};

use super::{
    super::{Unit, UnitState},
    program,
};

const TASKS: &str = "schtasks.exe";

/// In place of one that has the name already.
pub(super) fn enable(unit: Unit<'_>) -> io::Result<()> {
    let [create, name, xml, force] = ["/create", "/tn", "/xml", "/f"].map(OsStr::new);
    program::run(TASKS, &[create, name, unit.name.as_ref(), xml, unit.file.as_os_str(), force])
}

pub(super) fn disable(unit: Unit<'_>) -> io::Result<()> {
    let deleted = program::run(TASKS, &["/delete", "/tn", unit.name, "/f"].map(OsStr::new));
    match state(unit)? {
        UnitState::Absent => Ok(()),
        _ => deleted,
    }
}

/// A task's own text is the only answer that does not depend on the user's language.
pub(super) fn state(unit: Unit<'_>) -> io::Result<UnitState> {
    let told = program::ask(TASKS, &["/query", "/tn", unit.name, "/xml"].map(OsStr::new))?;
    Ok(told.map_or(UnitState::Absent, |task| state_of(&task)))
}

/// Triggers have switches of their own; the task's stands among its settings.
fn state_of(task: &str) -> UnitState {
    let Some((_, settings)) = task.split_once("<Settings>") else {
        return if task.contains("<Task") { UnitState::Loaded } else { UnitState::Absent };
    };
    let settings: String = settings.chars().filter(|c| !c.is_whitespace()).collect();
    if settings.contains("<Enabled>false</Enabled>") { UnitState::Stopped } else { UnitState::Loaded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_absent_stopped_or_loaded() {
        let task = |is_enabled| {
            format!(
                "<Task><Triggers><LogonTrigger><Enabled>false</Enabled></LogonTrigger></Triggers>\r\n<Settings>\r\n \
                 <Enabled> {is_enabled}</Enabled></Settings></Task>"
            )
        };
        assert_eq!(state_of(&task(true)), UnitState::Loaded);
        assert_eq!(state_of(&task(false)), UnitState::Stopped);
        assert_eq!(state_of("<Task><Triggers/></Task>"), UnitState::Loaded);
        assert_eq!(state_of(""), UnitState::Absent);
    }
}

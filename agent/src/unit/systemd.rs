//! systemd's user units (systemd.service(5), systemd.timer(5)).

use std::{fmt::Write, path::PathBuf};

use super::{Encoding, Job, LIMIT_SECONDS, REFRESH_SECONDS, SPREAD_SECONDS, Subject, UnitFile};

const FOLDER: &str = ".config/systemd/user";

pub(super) fn files(subject: Subject<'_>) -> Vec<UnitFile> {
    let wanted = "\n[Install]\nWantedBy=default.target\n";
    vec![
        file("claudecode-refresh.service", service(Job::Refresh, subject), None),
        file("claudecode-refresh.timer", timer(), Some("claudecode-refresh.timer")),
        file(
            "claudecode-autostart.service",
            service(Job::Autostart, subject) + wanted,
            Some("claudecode-autostart.service"),
        ),
    ]
}

fn file(name: &str, text: String, loaded: Option<&str>) -> UnitFile {
    UnitFile {
        path: PathBuf::from(FOLDER).join(name),
        text,
        name: loaded.map(str::to_owned),
        encoding: Encoding::Utf8,
    }
}

fn service(job: Job, subject: Subject<'_>) -> String {
    let command = command(&subject.agent.to_string_lossy(), job.arguments());
    // A problem that is found is no failure of the unit: it stays one until somebody mends it.
    let outcome = if job == Job::Autostart { "SuccessExitStatus=1\n" } else { "" };
    format!(
        "[Unit]\nDescription={}\n\n[Service]\nType=oneshot\nExecStart={command}\n{outcome}TimeoutStartSec={LIMIT_SECONDS}\n\
         UMask=0077\nNoNewPrivileges=yes\nLockPersonality=yes\nRestrictRealtime=yes\n",
        job.description()
    )
}

fn timer() -> String {
    let hours = REFRESH_SECONDS / 3600;
    format!(
        "[Unit]\nDescription={}\n\n[Timer]\nOnCalendar=*-*-* 00/{hours}:00:00\nRandomizedDelaySec={SPREAD_SECONDS}\n\
         Persistent=yes\n\n[Install]\nWantedBy=timers.target\n",
        Job::Refresh.description()
    )
}

/// A command line as systemd splits it. It runs no program whose path has quotes in it: a shell does. In the path of a
/// program `$` means itself, in an argument it would be a variable.
fn command(program: &str, arguments: &[&str]) -> String {
    let path = word(program);
    let mut command = if program.contains(['"', '\'', '\\']) {
        format!(r#"/bin/sh -c "exec \"$$0\" \"$$@\"" {}"#, path.replace('$', "$$"))
    } else {
        path
    };
    for argument in arguments {
        let _ = write!(command, " {argument}");
    }
    command
}

fn word(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '%' => quoted.push_str("%%"),
            '\n' => quoted.push_str("\\n"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

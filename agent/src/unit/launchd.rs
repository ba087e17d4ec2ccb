//! launchd's agents (launchd.plist(5)).

use std::{fmt::Write, path::PathBuf};

use super::{Encoding, Job, REFRESH_SECONDS, Subject, UnitFile, xml};

const FOLDER: &str = "Library/LaunchAgents";

pub(super) fn files(subject: Subject<'_>) -> Vec<UnitFile> {
    let refresh = format!("  <key>StartInterval</key>\n  <integer>{REFRESH_SECONDS}</integer>\n");
    let autostart = "  <key>RunAtLoad</key>\n  <true/>\n";
    vec![
        file("com.company.claudecode.refresh", Job::Refresh, &refresh, subject),
        file("com.company.claudecode.autostart", Job::Autostart, autostart, subject),
    ]
}

fn file(label: &str, job: Job, when: &str, subject: Subject<'_>) -> UnitFile {
    let path = PathBuf::from(FOLDER).join(format!("{label}.plist"));
    UnitFile {
        path,
        text: plist(label, job, when, subject),
        name: Some(label.to_owned()),
        encoding: Encoding::Utf8,
    }
}

fn plist(label: &str, job: Job, when: &str, subject: Subject<'_>) -> String {
    let mut command = format!("    <string>{}</string>\n", xml(&subject.agent.to_string_lossy()));
    for argument in job.arguments() {
        let _ = writeln!(command, "    <string>{}</string>", xml(argument));
    }
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>{label}</string>
  <key>ProgramArguments</key>
  <array>
{command}  </array>
{when}  <key>ProcessType</key>
  <string>Background</string>
  <key>Umask</key>
  <integer>63</integer>
</dict>
</plist>
"#
    )
}

//! Scheduled tasks of Windows (Task Scheduler schema 1.2). Elements stand in the order that the schema wants.

use std::path::PathBuf;

use super::{Encoding, Job, LIMIT_SECONDS, REFRESH_SECONDS, SPREAD_SECONDS, Subject, UnitFile, xml};

/// Beside what else is ours: Windows keeps its own copy.
const FOLDER: &str = ".claude";

const SETTINGS: &str = r"  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <AllowHardTerminate>true</AllowHardTerminate>
    <StartWhenAvailable>true</StartWhenAvailable>
    <RunOnlyIfNetworkAvailable>false</RunOnlyIfNetworkAvailable>
    <AllowStartOnDemand>true</AllowStartOnDemand>
    <Enabled>true</Enabled>
    <Hidden>false</Hidden>
    <RunOnlyIfIdle>false</RunOnlyIfIdle>
    <WakeToRun>false</WakeToRun>
";

pub(super) fn files(subject: Subject<'_>) -> Vec<UnitFile> {
    let user = xml(subject.user);
    let at_logon = format!("    <LogonTrigger>\n      <UserId>{user}</UserId>\n    </LogonTrigger>\n");
    vec![
        file("ClaudeCodeTokenRefresh", Job::Refresh, &every_three_hours(), subject),
        file("ClaudeCodeAutoStart", Job::Autostart, &at_logon, subject),
    ]
}

/// A machine has one list of tasks for all its users: the user's id tells them apart.
fn file(name: &str, job: Job, trigger: &str, subject: Subject<'_>) -> UnitFile {
    let path = PathBuf::from(FOLDER).join(format!("{name}.xml"));
    let text = task(job, trigger, subject);
    UnitFile { path, text, name: Some(format!("{name}-{}", subject.user)), encoding: Encoding::Utf16 }
}

/// From some moment that is past, on and on.
fn every_three_hours() -> String {
    let (hours, minutes) = (REFRESH_SECONDS / 3600, SPREAD_SECONDS / 60);
    format!(
        "    <TimeTrigger>\n      <StartBoundary>2025-01-01T00:00:00</StartBoundary>\n      <Repetition>\n        \
         <Interval>PT{hours}H</Interval>\n        <StopAtDurationEnd>false</StopAtDurationEnd>\n      \
         </Repetition>\n      <RandomDelay>PT{minutes}M</RandomDelay>\n    </TimeTrigger>\n"
    )
}

fn task(job: Job, trigger: &str, subject: Subject<'_>) -> String {
    let (description, limit) = (job.description(), LIMIT_SECONDS / 60);
    let (user, agent) = (xml(subject.user), xml(&format!("\"{}\"", subject.agent.to_string_lossy())));
    let arguments = xml(&job.arguments().join(" "));
    format!(
        r#"<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>{description}</Description>
  </RegistrationInfo>
  <Triggers>
{trigger}  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>{user}</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
{SETTINGS}    <ExecutionTimeLimit>PT{limit}M</ExecutionTimeLimit>
    <Priority>7</Priority>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{agent}</Command>
      <Arguments>{arguments}</Arguments>
    </Exec>
  </Actions>
</Task>
"#
    )
}

use super::*;

fn shown(os: Os, agent: &str) -> String {
    let subject = Subject { agent: Path::new(agent), user: "S-1-5-21-1-2-3-1001" };
    let files = files(os, subject);
    let parts = files.iter().map(|file| {
        let path = file.path.to_string_lossy().replace('\\', "/");
        format!("--- {path} ({:?}, {:?})\n{}", file.name, file.encoding, file.text)
    });
    parts.collect()
}

#[test]
fn units_are_as_they_should_be_on_every_system() {
    insta::assert_snapshot!("systemd", shown(Os::Linux, "/home/ada/.claude/bin/claude-agent"));
    insta::assert_snapshot!("launchd", shown(Os::Macos, "/Users/ada/.claude/bin/claude-agent"));
    insta::assert_snapshot!("task", shown(Os::Windows, r"C:\Users\ada\.claude\bin\claude-agent.exe"));
}

#[test]
fn a_path_means_itself() {
    let unit = shown(Os::Linux, "/home/a b/100% & $HOME/agent");
    let command = r#"ExecStart="/home/a b/100%% & $HOME/agent" refresh-loop --once"#;
    assert!(unit.lines().any(|line| line == command), "{unit}");
    let unit = shown(Os::Linux, "/home/a \"b\"/100%\\n & $HOME/agent");
    let command = r#"ExecStart=/bin/sh -c "exec \"$$0\" \"$$@\"" "/home/a \"b\"/100%%\\n & $$HOME/agent" refresh-loop --once"#;
    assert!(unit.lines().any(|line| line == command), "{unit}");
    let plist = shown(Os::Macos, "/Users/a \"b\" & <c>/agent");
    assert!(plist.contains("<string>/Users/a &quot;b&quot; &amp; &lt;c&gt;/agent</string>"), "{plist}");
    let task = shown(Os::Windows, r"C:\R&D %TEMP%\it's\agent.exe");
    let command = r"<Command>&quot;C:\R&amp;D %TEMP%\it&apos;s\agent.exe&quot;</Command>";
    assert!(task.contains(command), "{task}");
}

#[test]
fn two_users_of_a_machine_have_tasks_of_their_own() {
    let names = |user| {
        let files = files(Os::Windows, Subject { agent: Path::new("agent"), user });
        files.into_iter().map(|file| file.name.unwrap()).collect::<Vec<_>>()
    };
    let (ada, grace) = (names("S-1-5-21-1-2-3-1001"), names("S-1-5-21-1-2-3-1002"));
    assert_eq!(ada[0], "ClaudeCodeTokenRefresh-S-1-5-21-1-2-3-1001");
    assert!(ada.iter().all(|name| !grace.contains(name)), "{ada:?}, {grace:?}");
}

#[test]
fn a_task_is_written_as_windows_reads_it() {
    let subject = Subject { agent: Path::new("ä"), user: "u" };
    let files = files(Os::Windows, subject);
    let bytes = files[0].bytes();
    assert_eq!(&bytes[..4], &[0xff, 0xfe, b'<', 0]);
    let units: Vec<_> = bytes[2..].chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    assert_eq!(String::from_utf16(&units).unwrap(), files[0].text);
}

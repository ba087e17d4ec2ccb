//! Following what `sallyportd sandbox` tells a person to do.

use std::{env, os::unix::fs::symlink, process::Stdio, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use crate::client_test;

const PATIENCE: Duration = Duration::from_mins(2);
/// The last thing that it says.
const END: &str = "Press Ctrl-C to stop.";
/// Lets Claude Code answer one prompt and tell every piece of the answer as it comes.
const PROMPT: &str =
    "-p 'say hi to the sandbox' --output-format stream-json --include-partial-messages --verbose";

async fn works() {
    let mut sandbox = Command::new(env!("CARGO_BIN_EXE_sallyportd"))
        .arg("sandbox")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(sandbox.stdout.take().unwrap()).lines();
    let mut commands = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap().filter(|line| line != END) {
        if line.contains("claude --settings") {
            commands.push(line.split('#').next().unwrap().trim().to_owned());
        }
    }
    assert_eq!(commands.len(), 2, "one line for each mode");
    for command in commands {
        assert_answer_streams(&format!("{command} {PROMPT}")).await;
    }
    let id = sandbox.id().unwrap().to_string();
    assert!(Command::new("kill").arg(id).status().await.unwrap().success());
    assert!(tokio::time::timeout(PATIENCE, sandbox.wait()).await.expect("it ends").unwrap().success());
}

async fn assert_answer_streams(command: &str) {
    let folder = tempfile::tempdir().unwrap();
    let claude = env::var_os("SALLYPORT_TEST_CLAUDE").expect("SALLYPORT_TEST_CLAUDE names `claude`");
    symlink(claude, folder.path().join("claude")).unwrap();
    let run = Command::new("/bin/sh")
        .args(["-c", command])
        .env_clear()
        .env("HOME", folder.path().join("home"))
        .env("PATH", format!("{}:/usr/bin:/bin", folder.path().display()))
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, run).await.expect("Claude Code ends").unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let events: Vec<Value> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let pieces = events.iter().filter_map(|event| event["event"]["delta"]["text"].as_str());
    assert!(pieces.count() > 3, "{said}{}", String::from_utf8_lossy(&output.stderr));
    let result = events.iter().find(|event| event["type"] == "result").unwrap();
    assert_eq!(result["result"], "You said: say hi to the sandbox");
    assert!(!folder.path().join("home").exists(), "the user's home is left alone");
}

client_test!("needs the real Claude Code client", the_lines_that_the_sandbox_prints_work, works);

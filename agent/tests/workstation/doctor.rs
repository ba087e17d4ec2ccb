//! `doctor` on a workstation that is well, and on one that is not.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    time::{Duration, SystemTime},
};

use claude_agent::clock;
use serde_json::Value;

use crate::{
    server::{Answer, Server},
    world::{Said, World},
};

async fn doctor(world: &World, arguments: &[&str]) -> (Said, Value) {
    // As a shell after a log-on: no variable says where the servers are.
    let mut command = world.command(&world.home(".claude/bin/claude-agent"));
    command.arg("doctor").args(arguments).arg("--json");
    command.env("PATH", format!("{}:/usr/bin:/bin", world.home(".local/bin").display()));
    let said = world.run(command).await;
    let found = serde_json::from_str(&said.out).unwrap();
    (said, found)
}

/// What is not well: the checks and their states.
fn ill(found: &Value) -> Vec<(&str, &str)> {
    let findings = found["findings"].as_array().unwrap().iter();
    let states = findings.map(|one| (one["check"].as_str().unwrap(), one["state"].as_str().unwrap()));
    states.filter(|(_, state)| *state != "ok").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_broken_is_found_and_mended() {
    let world = World::new().await;
    world.install().await.assert_done();
    let (said, found) = doctor(&world, &[]).await;
    assert_eq!(ill(&found), [], "{found:#}");
    said.assert_done();

    fs::set_permissions(world.home(".claude/token.json"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::remove_file(world.home(".local/bin/claude")).unwrap();
    let settings = fs::read_to_string(world.home(".claude/settings.json")).unwrap();
    fs::write(world.home(".claude/settings.json"), format!("\u{feff}{settings}")).unwrap();
    let (said, found) = doctor(&world, &[]).await;
    let broken =
        [("settings", "problem"), ("claude", "problem"), ("path", "problem"), ("permissions", "problem")];
    assert_eq!(ill(&found), broken, "{found:#}");
    said.assert_fails(1, "4 problems were found").assert_fails(1, "hint: `claude-agent doctor --fix` mends");

    let (said, found) = doctor(&world, &["--fix"]).await;
    assert_eq!(ill(&found), broken.map(|(check, _)| (check, "fixed")), "{found:#}");
    said.assert_done();
    assert_eq!(ill(&doctor(&world, &[]).await.1), []);
    assert_eq!(fs::read_to_string(world.home(".claude/settings.json")).unwrap(), settings);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_a_day_off_is_told() {
    let world = World::new().await;
    world.install().await.assert_done();
    // And some minutes, so that it still is a day when it is looked at.
    let (day, server) = (Duration::from_mins(24 * 60 + 10), Server::start().await);
    let now = SystemTime::UNIX_EPOCH + Duration::from_millis(clock::now().0);
    for (date, words) in
        [(now + day, "is 24 h behind the servers'"), (now - day, "is 24 h ahead of the servers'")]
    {
        server.put("/health", Answer::Dated(date));
        let mut command = world.agent(&["doctor"]);
        let path = format!("{}:/usr/bin:/bin", world.home(".local/bin").display());
        command.env("AUTH_SERVER_URL", &server.url).env("PATH", path);
        let said = world.run(command).await.assert_fails(1, "1 problem was found");
        assert!(said.out.contains(words) && said.out.contains("hint: set it right"), "{}", said.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_are_gone_and_a_stranger_are_told() {
    let world = World::new().await;
    let mut command = world.agent(&["doctor"]);
    command.env("AUTH_SERVER_URL", "http://127.0.0.1:1");
    let said = world.run(command).await.assert_fails(1, "problems were found");
    for words in [
        "the auth server can't be reached at `http://127.0.0.1:1`",
        "nobody is signed in",
        "there is no agent at",
    ] {
        assert!(said.out.contains(words), "{words}: {}", said.out);
    }
    let mut command = world.agent(&["doctor"]);
    command.env("AUTH_SERVER_URL", "ftp://nowhere");
    let said = world.run(command).await.assert_fails(1, "1 problem was found");
    assert!(said.out.contains("`ftp://nowhere` is no URL"), "{}", said.out);
}

//! Servers whose certificates only the company vouches for.

use std::fs;

use serde_json::Value;

use crate::{
    certificate::files,
    mirror::program,
    world::{VERSION, World},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_is_named_once_is_known_from_then_on() {
    let files = files("127.0.0.1");
    let world = World::with_tls(VERSION, &program(VERSION), Some(files.paths())).await;
    let said = world.install().await.assert_fails(3, "can't be reached at `https://127.0.0.1");
    assert!(said.err.contains("`NODE_EXTRA_CA_CERTS` names one"), "{}", said.err);

    let mut command = world.agent(&["install", "--method", "device-code"]);
    command.env("NODE_EXTRA_CA_CERTS", files.paths().certificate);
    world.run(command).await.assert_done();
    let settings = fs::read(world.home(".claude/settings.json")).unwrap();
    let settings: Value = serde_json::from_slice(&settings).unwrap();
    let certificate = files.paths().certificate.display().to_string();
    assert_eq!(settings["env"]["NODE_EXTRA_CA_CERTS"], certificate);

    // As a timer runs it, with no variable that names the file.
    let mut command = world.command(&world.home(".claude/bin/claude-agent"));
    command.args(["refresh-loop", "--once"]);
    world.run(command).await.assert_done();
}

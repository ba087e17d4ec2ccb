//! The line that people paste.

use std::fs;

use serde_json::Value;

use crate::{
    disk::snapshot,
    world::{VERSION, World},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_line_of_the_install_server_ends_in_a_working_claude() {
    let world = World::new().await;
    let before = snapshot(&world.home(""));
    let text =
        world.sandbox.client().get(format!("{}/install.sh", world.sandbox.install())).send().await.unwrap();
    let script = world.beside("install.sh");
    let text = text.text().await.unwrap();
    assert!(text.contains("BEDROCK_REGION='us-east-1'"), "the gateway's region is handed on");
    // There is nobody at a terminal who could choose.
    fs::write(&script, text.replace("claude-agent\" install", "claude-agent\" install --method device-code"))
        .unwrap();
    let mut line = world.command("/bin/sh".as_ref());
    line.arg(&script).env("INSTALL_SERVER_KEY", world.mirror.path("signer.key"));
    world.run(line).await.assert_done();

    let claude = world.run(world.command(&world.home(".local/bin/claude"))).await.assert_done();
    assert_eq!(claude.out, format!("{VERSION} (Claude Code)\n"));
    let settings: Value =
        serde_json::from_slice(&fs::read(world.home(".claude/settings.json")).unwrap()).unwrap();
    let helper = format!("{} get-token", world.home(".claude/bin/claude-agent").display());
    assert_eq!(settings["apiKeyHelper"], helper);

    let agent = world.home(".claude/bin/claude-agent");
    let mut uninstall = world.command(&agent);
    uninstall.arg("uninstall");
    world.run(uninstall).await.assert_done();
    assert_eq!(snapshot(&world.home("")), before);
}

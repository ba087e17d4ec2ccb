//! `install`, again and again, and `uninstall`.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
};

use serde_json::{Value, json};

use crate::{
    disk::snapshot,
    mirror::program,
    world::{VERSION, World},
};

const STEPS: [&str; 6] = ["agent", "configuration", "sign-in", "Claude Code", "settings", "script"];

#[tokio::test(flavor = "multi_thread")]
async fn one_command_sets_everything_up_and_another_one_takes_it_away() {
    let world = World::new().await;
    let before = snapshot(&world.home(""));
    let said = world.install().await.assert_done();
    assert_eq!(STEPS.map(|step| said.step(step)), ["done"; 6]);

    let claude = world.run(world.command(&world.home(".local/bin/claude"))).await.assert_done();
    assert_eq!(claude.out, format!("{VERSION} (Claude Code)\n"));
    let settings: Value =
        serde_json::from_slice(&fs::read(world.home(".claude/settings.json")).unwrap()).unwrap();
    assert_eq!(settings["env"]["ANTHROPIC_BEDROCK_BASE_URL"], world.sandbox.gateway());

    let agent = world.home(".local/bin/claude-agent");
    assert_eq!(fs::read_link(&agent).unwrap(), world.home(".claude/bin/claude-agent"));
    let mut status = world.command(&agent);
    status.arg("status");
    world.run(status).await.assert_done();

    // As Claude Code runs it: in a shell that knows none of the variables.
    let mut helper = world.command("/bin/sh".as_ref());
    helper.args(["-c", settings["apiKeyHelper"].as_str().unwrap()]);
    let token = world.run(helper).await.assert_done().out;
    let script = world.run(world.command(&world.home(".claude/get-token.sh"))).await.assert_done();
    assert_eq!(script.out, token);
    let kept: Value = serde_json::from_slice(&fs::read(world.home(".claude/token.json")).unwrap()).unwrap();

    let again = world.install().await.assert_done();
    assert_eq!(STEPS.map(|step| again.step(step)), ["unchanged"; 6]);

    world.uninstall().await.assert_done();
    assert_eq!(snapshot(&world.home("")), before);
    let refresh = world.sandbox.client().post(format!("{}/auth/refresh", world.sandbox.auth()));
    let answer = refresh.json(&json!({ "refresh_token": kept["refresh_token"] })).send().await.unwrap();
    assert_eq!(answer.status(), 401, "the session has ended");
    world.uninstall().await.assert_fails(1, "nothing is installed");
}

/// A home that somebody has lived in: a Claude Code of the official installer, settings, and what stands in our way.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_there_before_comes_back() {
    let world = World::new().await;
    for folder in [".claude/bin", ".local/bin", ".local/share/claude/versions", ".config/systemd/user"] {
        fs::create_dir_all(world.home(folder)).unwrap();
    }
    let settings = "\u{feff}{\r\n\t\"model\": \"opus\",\r\n\t\"env\": {\"AWS_REGION\": \"eu-west-1\"} }";
    fs::write(world.home(".claude/settings.json"), settings).unwrap();
    fs::write(world.home(".claude/get-token.sh"), "mine").unwrap();
    fs::write(world.home(".claude/bin/claude-agent"), "an older one").unwrap();
    let official = world.home(".local/share/claude/versions/2.1.1");
    fs::write(&official, program("2.1.1")).unwrap();
    symlink(&official, world.home(".local/bin/claude")).unwrap();
    let before = snapshot(&world.home(""));

    world.install().await.assert_done();
    assert!(official.exists(), "the version before stays");
    assert_ne!(fs::read_link(world.home(".local/bin/claude")).unwrap(), official);
    world.uninstall().await.assert_done();
    assert_eq!(snapshot(&world.home("")), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_someone_edited_keep_what_is_theirs() {
    let world = World::new().await;
    fs::create_dir(world.home(".claude")).unwrap();
    fs::write(world.home(".claude/settings.json"), "{\n  \"model\": \"opus\"\n}\n").unwrap();
    world.install().await.assert_done();
    let path = world.home(".claude/settings.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"opus\"", "\"haiku\"").replace("us-east-1", "eu-west-1")).unwrap();
    let said = world.uninstall().await.assert_done();
    assert!(said.err.contains("but for `env.AWS_REGION`, changed by someone else since"), "{}", said.err);
    let left: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(left, json!({ "model": "haiku", "env": { "AWS_REGION": "eu-west-1" } }));
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_be_read_are_left_alone_and_told_with_their_place() {
    let world = World::new().await;
    fs::create_dir(world.home(".claude")).unwrap();
    fs::write(world.home(".claude/settings.json"), "{\n  // mine\n}\n").unwrap();
    let said = world.install().await.assert_fails(1, "can't be read: line 2, column 3: key must be a string");
    assert!(said.err.contains("not done: settings, script, background"), "{}", said.err);
    assert_eq!(fs::read_to_string(world.home(".claude/settings.json")).unwrap(), "{\n  // mine\n}\n");
    fs::write(world.home(".claude/settings.json"), "{}").unwrap();
    let said = world.install().await.assert_done();
    assert_eq!(
        (said.step("sign-in"), said.step("Claude Code"), said.step("settings")),
        ("unchanged", "unchanged", "done")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_takes_the_place_of_the_old_one_which_stays() {
    let world = World::new().await;
    let before = snapshot(&world.home(""));
    world.install().await.assert_done();
    for version in ["2.1.301", "2.1.302"] {
        world.mirror.release(version, &program(version));
        world.until_served(version).await;
        world.install().await.assert_done();
        let claude = world.run(world.command(&world.home(".local/bin/claude"))).await.assert_done();
        assert_eq!(claude.out, format!("{version} (Claude Code)\n"));
    }
    let versions = snapshot(&world.home(".local/share/claude/versions"));
    assert_eq!(versions.keys().collect::<Vec<_>>(), ["2.1.301", "2.1.302"]);
    world.uninstall().await.assert_done();
    assert_eq!(snapshot(&world.home("")), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_does_not_work_never_takes_the_place_of_one_that_does() {
    let world = World::new().await;
    world.install().await.assert_done();
    let lame: [(&str, &[u8], &str); 3] = [
        ("2.1.301", b"#!/bin/sh\necho no >&2\nexit 3\n", "`--version` ended with exit status: 3: no"),
        ("2.1.302", b"#!/bin/sh\necho 2.1.1\n", "it says that its version is `2.1.1`"),
        ("2.1.303", b"\x7fELF", "it can't be started"),
    ];
    for (version, bytes, why) in lame {
        world.mirror.release(version, bytes);
        world.until_served(version).await;
        world.install().await.assert_fails(1, why);
        let claude = world.run(world.command(&world.home(".local/bin/claude"))).await.assert_done();
        assert_eq!(claude.out, format!("{VERSION} (Claude Code)\n"));
    }
    let kept = snapshot(&world.home(".local/share/claude"));
    assert_eq!(kept.keys().collect::<Vec<_>>(), ["downloads", "versions", &format!("versions/{VERSION}")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_of_someone_else_is_refused() {
    let world = World::new().await;
    let mut command = world.agent(&["install", "--method", "device-code"]);
    command.env_remove("INSTALL_SERVER_KEY");
    let said = world.run(command).await.assert_fails(1, "the signature of Claude Code 2.1.300 is refused");
    assert!(said.err.contains("not done: Claude Code, settings"), "{}", said.err);
    assert!(!world.home(".local/bin/claude").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_manager_that_hangs_keeps_nobody_from_it() {
    let world = World::new().await;
    fs::create_dir(world.beside("bin")).unwrap();
    fs::write(world.beside("bin/systemctl"), "#!/bin/sh\nexec sleep 600\n").unwrap();
    fs::set_permissions(world.beside("bin/systemctl"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", world.beside("bin").display());
    let before = snapshot(&world.home(""));
    let mut command = world.agent(&["install", "--method", "device-code"]);
    command.env("PATH", &path);
    let said = world.run(command).await.assert_done();
    for words in
        ["did not end within 15 s, and was stopped", "hint: once something would, run the same again"]
    {
        assert!(said.err.contains(words), "{words}: {}", said.err);
    }
    let mut command = world.agent(&["uninstall"]);
    command.env("PATH", &path);
    world.run(command).await.assert_done();
    assert_eq!(snapshot(&world.home("")), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_company_has_otherwise_reaches_claude_code() {
    let world = World::new().await;
    let mut command = world.agent(&["install", "--no-login", "--bedrock-region", "eu-central-1"]);
    command.env("ANTHROPIC_DEFAULT_OPUS_MODEL", "eu.anthropic.claude-opus-4-8");
    command.env("NO_PROXY", "intranet");
    world.run(command).await.assert_done();
    let settings: Value =
        serde_json::from_slice(&fs::read(world.home(".claude/settings.json")).unwrap()).unwrap();
    for (name, value) in [
        ("AWS_REGION", "eu-central-1"),
        ("ANTHROPIC_DEFAULT_OPUS_MODEL", "eu.anthropic.claude-opus-4-8"),
        ("ANTHROPIC_DEFAULT_SONNET_MODEL", "us.anthropic.claude-sonnet-4-6"),
        // All servers are at one address here.
        ("NO_PROXY", "intranet,127.0.0.1"),
    ] {
        assert_eq!(settings["env"][name], value, "{name}");
    }
}

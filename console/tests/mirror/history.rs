//! Who changed a folder, when and why: written by the real program, and shown by it.

use std::{fs, process::Output};

use sallyport::mirror::{Progress, asked, export, run};
use serde_json::Value;
use shared::time::Timestamp;
use tokio::process::Command;

use crate::world::{NOW, World};

/// Runs `sallyport mirror` as Ada.
async fn mirror(world: &World, arguments: &[&str]) -> Output {
    let (folder, key) = (world.output(), world.output().with_file_name("signer.key"));
    fs::write(&key, world.signer.public_key()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sallyport"));
    command.arg("mirror").args(arguments).env("CLAUDE_CODE_INSTALL_ARTIFACTS_DIR", folder);
    command.env_remove("SUDO_USER").env("USER", "ada");
    if !matches!(arguments, ["history", ..]) {
        command.arg("--key").arg(key);
    }
    command.output().await.unwrap()
}

async fn done(world: &World, arguments: &[&str]) -> String {
    let output = mirror(world, arguments).await;
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Action, version, what was served before, and why; newest first.
async fn history(world: &World) -> Vec<[Option<String>; 4]> {
    let page: Value = serde_json::from_str(&done(world, &["history", "--json"]).await).unwrap();
    let entries = page["items"].as_array().unwrap().iter();
    let mut told = Vec::new();
    for entry in entries {
        assert_eq!((entry["user"].as_str(), entry["uid"].is_u64()), (Some("ada"), true), "{entry}");
        assert!(entry["at"].as_u64().unwrap() > 0);
        told.push(
            ["action", "version", "before", "reason"].map(|name| entry[name].as_str().map(str::to_owned)),
        );
    }
    told
}

fn entry<'a>(action: &'a str, version: &'a str, before: &'a str, reason: &'a str) -> [Option<String>; 4] {
    [action, version, before, reason].map(|text| Some(text.to_owned()).filter(|text| !text.is_empty()))
}

#[tokio::test]
async fn every_change_is_kept_with_who_and_why() {
    let world = World::with_release("2.1.300").await;
    let source = format!("http://{}", world.server.address);
    assert!(history(&world).await.is_empty());
    done(&world, &["--source", &source]).await;
    let file = world.output().with_file_name("release.tar");
    export(&world.order(), None, &file, (NOW, &Progress::default())).unwrap();
    world.release("2.1.301");
    world.channel("latest", "2.1.301");
    done(&world, &["--source", &source, "--reason", "the fix for macOS"]).await;
    done(&world, &["rollback", "--reason", "it hangs"]).await;
    done(&world, &["import", file.to_str().unwrap(), "--reason", "no Internet"]).await;
    world.release("2.1.302");
    world.channel("latest", "2.1.302");
    done(&world, &["--source", &source, "--keep", "2", "--reason", "hangs no more"]).await;
    let expected = [
        entry("remove", "2.1.300", "2.1.302", "hangs no more"),
        entry("mirror", "2.1.302", "2.1.300", "hangs no more"),
        entry("import", "2.1.300", "2.1.300", "no Internet"),
        entry("rollback", "2.1.300", "2.1.301", "it hangs"),
        entry("mirror", "2.1.301", "2.1.300", "the fix for macOS"),
        entry("mirror", "2.1.300", "", ""),
    ];
    assert_eq!(history(&world).await, expected);
    let table = done(&world, &["history", "--limit", "5"]).await;
    let lines: Vec<&str> = table.lines().collect();
    assert!(
        lines.len() == 6 && lines[5].contains("(ada)") && lines[5].ends_with("the fix for macOS"),
        "{table}"
    );
}

#[tokio::test]
async fn a_run_that_finds_everything_in_its_place_is_no_change() {
    let world = World::with_release("2.1.300").await;
    let mirrored = async |seconds: u64| {
        let at = Timestamp(NOW.0 + seconds * 1000);
        let outcome = run(&world.order(), &Progress::default(), at).await.unwrap();
        assert_eq!(asked(&world.output()).unwrap(), Some(at));
        outcome.changed
    };
    let lines = || world.text(".mirror/history.jsonl").lines().count();
    assert!(mirrored(0).await && !mirrored(1).await);
    assert_eq!(lines(), 1);
    let whole = world.files();
    let damages: [(&str, &[u8]); 4] = [
        ("VERSION", b"2.1.299\n"),
        ("claude-code-releases/latest", b"2.1.299\n"),
        ("claude-code-releases/2.1.300/linux-x64/claude", b"rot"),
        ("linux/claude-code-setup.run", b"another one"),
    ];
    for (nth, (name, content)) in damages.into_iter().enumerate() {
        let path = world.output().join(name);
        fs::remove_file(&path).unwrap();
        fs::write(&path, content).unwrap();
        assert!(mirrored(2).await && !mirrored(3).await, "{name}");
        assert_eq!((lines(), world.files()), (2 + nth, whole.clone()), "{name}");
    }
    fs::remove_file(world.output().join(".mirror/history.jsonl")).unwrap();
    assert!(mirrored(4).await, "nothing tells of it");
    let told = String::from_utf8(mirror(&world, &["history"]).await.stderr).unwrap();
    assert!(told.contains("the source was asked last at 20"), "{told}");
}

#[tokio::test]
async fn going_back_needs_a_reason() {
    let world = World::with_release("2.1.300").await;
    for (arguments, sentence) in [
        (vec!["rollback"], "--reason <TEXT>"),
        (vec!["rollback", "--reason", " "], "say why"),
        (vec!["--reason", "two\nlines"], "write one line"),
    ] {
        let refused = mirror(&world, &arguments).await;
        let told = String::from_utf8(refused.stderr).unwrap();
        assert!(refused.status.code() == Some(2) && told.contains(sentence), "{told}");
    }
    assert!(!world.output().exists(), "nothing was touched");
}

#[tokio::test]
async fn a_history_that_cannot_be_written_stops_the_change() {
    let world = World::with_release("2.1.300").await;
    fs::create_dir_all(world.output().join(".mirror/history.jsonl")).unwrap();
    let error = world.refused().await;
    assert!(error.contains("history.jsonl"), "{error}");
    assert!(world.files().is_empty(), "{:?}", world.files().keys());
}

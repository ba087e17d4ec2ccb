//! The mirror, end to end, against a release server of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod disk;
mod history;
mod keep;
mod kill;
mod refusal;
mod resume;
mod server;
mod world;

use std::{fs, os::unix::fs::MetadataExt};

use shared::platform::Platform;

use self::{
    server::Answer,
    world::{World, content, file_name, manifest},
};
use sallyport::mirror::Wanted;

#[tokio::test]
async fn a_release_is_mirrored_in_both_layouts_with_one_set_of_bytes() {
    let world = World::with_release("2.1.300").await;
    let outcome = world.mirror(&world.order()).await.unwrap();
    assert_eq!((outcome.version.to_string().as_str(), outcome.platforms.len()), ("2.1.300", 8));
    assert_eq!(
        (world.text("VERSION").as_str(), world.text("claude-code-releases/latest").as_str()),
        ("2.1.300\n", "2.1.300\n")
    );
    assert_eq!(world.text("claude-code-releases/2.1.300/manifest.json"), manifest("2.1.300"));
    for platform in Platform::ALL {
        let official = format!("claude-code-releases/2.1.300/{platform}/{}", file_name(platform));
        assert_eq!(world.read(&official).unwrap(), content("2.1.300", platform));
        let os = platform.os();
        let prototype = format!("{}/{platform}/{}", os.folder(), os.installer());
        let inode = |path: &str| fs::metadata(world.output().join(path)).unwrap().ino();
        assert_eq!(inode(&official), inode(&prototype), "{platform}");
    }
    let default = |path: &str| world.read(path).unwrap();
    assert_eq!(default("windows/claude-code-setup.exe"), content("2.1.300", Platform::Win32X64));
    assert_eq!(default("macos/claude-code-setup.pkg"), content("2.1.300", Platform::DarwinArm64));
    assert_eq!(default("linux/claude-code-setup.run"), content("2.1.300", Platform::LinuxX64));
    assert!(!world.files().keys().any(|name| name.contains(".new")), "{:?}", world.files().keys());
}

#[tokio::test]
async fn an_armored_signature_is_as_good() {
    let world = World::with_release("2.1.300").await;
    let armored = world.signer.sign_armored(manifest("2.1.300").as_bytes());
    world.server.put("2.1.300/manifest.json.sig", Answer::Bytes(armored.clone().into()));
    world.mirror(&world.order()).await.unwrap();
    assert_eq!(world.read("claude-code-releases/2.1.300/manifest.json.sig").unwrap(), armored);
}

#[tokio::test]
async fn what_is_there_already_is_not_fetched_again() {
    let world = World::with_release("2.1.300").await;
    world.mirror(&world.order()).await.unwrap();
    world.server.take_log();
    let outcome = world.mirror(&world.order()).await.unwrap();
    assert_eq!((outcome.fetched_bytes, outcome.present.len()), (0, 8));
    assert_eq!(world.server.take_log(), ["latest", "2.1.300/manifest.json", "2.1.300/manifest.json.sig"]);
}

#[tokio::test]
async fn a_binary_that_rotted_is_fetched_again() {
    let world = World::with_release("2.1.300").await;
    world.mirror(&world.order()).await.unwrap();
    let path = world.output().join("claude-code-releases/2.1.300/linux-x64/claude");
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    let outcome = world.mirror(&world.order()).await.unwrap();
    assert_eq!(outcome.present.len(), 7);
    assert_eq!(fs::read(&path).unwrap(), content("2.1.300", Platform::LinuxX64));
}

#[tokio::test]
async fn only_the_platforms_that_are_wanted_are_mirrored() {
    let world = World::with_release("2.1.300").await;
    let mut order = world.order();
    order.platforms = [Platform::DarwinX64, Platform::LinuxArm64Musl].into();
    world.mirror(&order).await.unwrap();
    assert_eq!(world.read("macos/claude-code-setup.pkg").unwrap(), content("2.1.300", Platform::DarwinX64));
    assert_eq!(
        world.read("linux/claude-code-setup.run").unwrap(),
        content("2.1.300", Platform::LinuxArm64Musl)
    );
    assert!(world.read("windows/claude-code-setup.exe").is_none());
}

#[tokio::test]
async fn installers_that_the_new_version_lacks_go_when_it_is_served() {
    let world = World::with_release("2.1.300").await;
    world.mirror(&world.order()).await.unwrap();
    world.release("2.1.301");
    world.channel("latest", "2.1.301");
    let mut order = world.order();
    order.platforms = [Platform::LinuxX64].into();
    world.mirror(&order).await.unwrap();
    assert!(world.read("windows/claude-code-setup.exe").is_none());
    assert!(world.read("macos/darwin-x64/claude-code-setup.pkg").is_none());
    assert_eq!(world.read("linux/claude-code-setup.run").unwrap(), content("2.1.301", Platform::LinuxX64));
}

#[tokio::test]
async fn old_versions_go_and_those_that_a_pointer_names_stay() {
    let world = World::with_release("2.1.300").await;
    let mut order = world.order();
    order.keep = Some(2);
    world.mirror(&order).await.unwrap();
    for version in ["2.1.301", "2.1.302", "2.1.303"] {
        world.release(version);
        order.wanted = Wanted::Version(version.parse().unwrap());
        world.mirror(&order).await.unwrap();
    }
    // 2.1.300 is what `latest` names here.
    let kept = ["2.1.300", "2.1.301", "2.1.302", "2.1.303"]
        .map(|version| world.read(&format!("claude-code-releases/{version}/manifest.json")).is_some());
    assert_eq!(kept, [true, false, true, true]);
}

#[tokio::test]
async fn a_dry_run_says_what_it_would_do_and_touches_nothing() {
    let world = World::with_release("2.1.300").await;
    let mut order = world.order();
    order.dry_run = true;
    let outcome = world.mirror(&order).await.unwrap();
    let all: usize = Platform::ALL.map(|platform| content("2.1.300", platform).len()).iter().sum();
    assert_eq!((outcome.fetched_bytes, outcome.dry_run), (all as u64, true));
    assert!(!world.output().exists());
}

#[tokio::test]
async fn the_history_says_who_signed_what_was_published() {
    let world = World::with_release("2.1.300").await;
    let outcome = world.mirror(&world.order()).await.unwrap();
    let history = world.text(".mirror/history.jsonl");
    let entry: serde_json::Value = serde_json::from_str(history.trim()).unwrap();
    assert_eq!(
        (entry["version"].as_str(), entry["signer"].as_str()),
        (Some("2.1.300"), outcome.signer.as_deref())
    );
    assert!(entry["at"] == world::NOW.0 && history.ends_with('\n'));
}

//! What is refused, each with its own sentence. Nothing is published then, and what was served is still served.

use std::fs;

use bytes::Bytes;
use rustix::fs::{FlockOperation, flock};
use shared::{
    platform::Platform,
    release::{Digest, Version},
};

use crate::{
    server::Answer,
    world::{Signer, World, content, manifest},
};
use sallyport::mirror::{Trust, Wanted};

const LINUX: &str = "2.1.300/linux-x64/claude";

/// A world that serves an older release and has a newer one to mirror.
async fn upgrading() -> World {
    let world = World::with_release("2.1.299").await;
    world.mirror(&world.order()).await.unwrap();
    world.release("2.1.300");
    world.channel("latest", "2.1.300");
    world
}

/// Mirrors, and expects a refusal that changes nothing.
async fn assert_refused(world: &World, sentence: &str) {
    let before = world.files();
    let error = world.refused().await;
    assert!(error.contains(sentence), "{error}");
    assert_eq!(world.text("VERSION"), "2.1.299\n");
    assert!(world.files() == before, "something was published");
}

#[tokio::test]
async fn a_bad_signature_is_refused() {
    let world = upgrading().await;
    let signature = world.signer.sign(b"something else");
    world.server.put("2.1.300/manifest.json.sig", Answer::Bytes(signature.into()));
    assert_refused(&world, "the signature of 2.1.300's manifest is refused: it does not fit").await;
}

#[tokio::test]
async fn a_signature_by_another_key_is_refused() {
    let world = upgrading().await;
    let signature = Signer::new().sign(manifest("2.1.300").as_bytes());
    world.server.put("2.1.300/manifest.json.sig", Answer::Bytes(signature.into()));
    assert_refused(&world, "it was made by the key ").await;
}

#[tokio::test]
async fn a_missing_signature_is_refused_unless_nobody_asks_for_it() {
    let world = upgrading().await;
    world.server.put("2.1.300/manifest.json.sig", Answer::Status(404));
    assert_refused(&world, "the manifest of 2.1.300 has no signature").await;
    let mut order = world.order();
    order.trust = Trust::Unsigned;
    assert_eq!(world.mirror(&order).await.unwrap().signer, None);
    assert!(world.text(".mirror/history.jsonl").ends_with("\"signer\":null}\n"));
}

#[tokio::test]
async fn a_page_for_a_signature_is_refused() {
    let world = upgrading().await;
    world.server.put("2.1.300/manifest.json.sig", Answer::Page("<html>log in first</html>"));
    assert_refused(&world, "this is not an OpenPGP signature").await;
}

#[tokio::test]
async fn the_manifest_of_another_version_is_refused() {
    let world = upgrading().await;
    world.sign("2.1.300", &manifest("2.1.298"));
    assert_refused(&world, "the manifest is that of version 2.1.298, not of 2.1.300").await;
}

#[tokio::test]
async fn an_unknown_platform_and_a_path_are_refused() {
    let world = upgrading().await;
    world.sign("2.1.300", &manifest("2.1.300").replace("linux-x64-musl", "beos-x64"));
    assert_refused(&world, "the platform `beos-x64`").await;
    world.sign("2.1.300", &manifest("2.1.300").replacen("\"claude\"", "\"../../VERSION\"", 1));
    assert_refused(&world, "not a bare file name").await;
}

#[tokio::test]
async fn a_binary_that_differs_in_its_last_byte_is_refused_and_removed() {
    let world = upgrading().await;
    let mut bytes = content("2.1.300", Platform::LinuxX64).to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    world.server.put(LINUX, Answer::Bytes(bytes.into()));
    assert_refused(
        &world,
        "the binary for linux-x64 is refused: its SHA-256 digest is not that of the manifest",
    )
    .await;
    let refused = format!("2.1.300-linux-x64-{}", Digest::of(&content("2.1.300", Platform::LinuxX64)));
    assert!(world.read(&format!(".mirror/partial/{refused}")).is_none());
}

#[tokio::test]
async fn a_binary_that_is_too_long_or_too_short_is_refused() {
    let world = upgrading().await;
    let bytes = content("2.1.300", Platform::LinuxX64);
    let longer: Bytes = [bytes.clone(), Bytes::from_static(b"!")].concat().into();
    world.server.put(LINUX, Answer::Bytes(longer));
    assert_refused(&world, &format!("it is longer than the {} bytes", bytes.len())).await;
    world.server.put(LINUX, Answer::Bytes(bytes.slice(1..)));
    assert_refused(&world, &format!("it ended after {} of {} bytes", bytes.len() - 1, bytes.len())).await;
}

#[tokio::test]
async fn a_page_in_place_of_a_binary_is_refused() {
    let world = upgrading().await;
    world.server.put(LINUX, Answer::Page("<html>log in first</html>"));
    assert_refused(&world, "it is a page of HTML or XML").await;
}

#[tokio::test]
async fn a_redirect_to_plain_http_is_refused() {
    let world = upgrading().await;
    world.server.put(LINUX, Answer::Redirect("http://localhost:1/claude".to_owned()));
    assert_refused(&world, "it redirects to `http://localhost:1/claude`, which is plain HTTP").await;
}

#[tokio::test]
async fn a_channel_that_names_no_version_is_refused() {
    let world = upgrading().await;
    for (text, sentence) in [("../../etc", "`../../etc` is not a version"), ("", "`` is not a version")] {
        world.server.put("latest", Answer::Bytes(text.into()));
        assert_refused(&world, sentence).await;
    }
    world.server.put("latest", Answer::Bytes("2".repeat(65).into()));
    assert_refused(&world, "answered more than 64 bytes").await;
}

#[tokio::test]
async fn a_downgrade_is_refused_unless_it_is_allowed() {
    let world = upgrading().await;
    world.release("2.1.298");
    world.channel("latest", "2.1.298");
    assert_refused(&world, "2.1.298 is older than 2.1.299, which is served").await;
    let mut order = world.order();
    order.wanted = Wanted::Version("2.1.298".parse::<Version>().unwrap());
    assert!(world.mirror(&order).await.is_err());
    order.allow_downgrade = true;
    world.mirror(&order).await.unwrap();
    assert_eq!(world.text("VERSION"), "2.1.298\n");
}

#[tokio::test]
async fn two_mirrors_at_once_are_refused() {
    let world = upgrading().await;
    let alone = fs::File::open(world.output().join(".mirror/lock")).unwrap();
    flock(&alone, FlockOperation::LockExclusive).unwrap();
    assert_refused(&world, "another mirror is at work in").await;
    drop(alone);
    world.mirror(&world.order()).await.unwrap();
}

#[tokio::test]
async fn a_platform_that_the_release_lacks_is_refused() {
    let world = upgrading().await;
    let mut manifest: serde_json::Value = serde_json::from_str(&manifest("2.1.300")).unwrap();
    manifest["platforms"].as_object_mut().unwrap().remove("win32-arm64");
    world.sign("2.1.300", &manifest.to_string());
    let mut order = world.order();
    order.platforms = [Platform::Win32Arm64].into();
    let error = world.mirror(&order).await.unwrap_err().to_string();
    assert_eq!(error, "version 2.1.300 has no binary for win32-arm64");
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_not_there_and_a_server_that_is_not_are_told() {
    let world = World::new().await;
    assert!(world.refused().await.ends_with("/latest` answered 404"));
    let mut order = world.order();
    order.source = "http://127.0.0.1:1".to_owned();
    let error = world.mirror(&order).await.unwrap_err().to_string();
    assert!(error.starts_with("`http://127.0.0.1:1/latest` can't be fetched: "), "{error}");
    order.source = "ftp://example.com".to_owned();
    assert!(world.mirror(&order).await.unwrap_err().to_string().contains("not an address of releases"));
}

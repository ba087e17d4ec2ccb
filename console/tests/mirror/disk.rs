//! A disk that is full and one that can't be written: a sentence, and what was served stays.

use std::{fs, path::Path, process::Output};

use shared::platform::Platform;
use tokio::process::Command;

use crate::world::{World, content};

/// Mirrors in a mount namespace of its own, in which `mount` has put something in place of the folder.
async fn mirror_on(world: &World, mount: &str) -> Output {
    let key = world.output().with_file_name("signer.key");
    fs::write(&key, world.signer.public_key()).unwrap();
    let mirror = format!(
        "{mount} && {program} mirror --output {output} --key {key} --source http://{source}",
        program = env!("CARGO_BIN_EXE_sallyport"),
        output = world.output().display(),
        key = key.display(),
        source = world.server.address,
    );
    Command::new("unshare").args(["--mount", "sh", "-c", &mirror]).output().await.unwrap()
}

fn told(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn quoted(path: &Path) -> String {
    path.display().to_string()
}

#[tokio::test]
#[ignore = "needs root, to mount a small disk"]
async fn a_full_disk_is_told_before_anything_is_fetched() {
    let world = World::with_release("2.1.300").await;
    fs::create_dir_all(world.output()).unwrap();
    let mount = format!("mount -t tmpfs -o size=64k tmpfs {}", quoted(&world.output()));
    let told = told(&mirror_on(&world, &mount).await);
    assert!(told.contains("bytes left, and ") && told.contains("hint: make room"), "{told}");
    assert!(!world.server.take_log().iter().any(|line| line.contains("claude")), "{told}");
}

#[tokio::test]
#[ignore = "needs root, to mount a small disk"]
async fn a_disk_that_fills_on_the_way_is_told_and_nothing_is_published() {
    let world = World::with_release("2.1.300").await;
    fs::create_dir_all(world.output()).unwrap();
    let folder = quoted(&world.output());
    // All bytes would fit, but a file takes whole pages.
    let bytes: usize = Platform::ALL.map(|platform| content("2.1.300", platform).len()).iter().sum();
    let mount = format!("mount -t tmpfs -o size={bytes} tmpfs {folder}");
    let show = format!("trap 'ls {folder}' EXIT");
    let output = mirror_on(&world, &format!("{mount} && {show}")).await;
    let told = told(&output);
    assert!(told.contains("the disk is full") && told.contains("hint: make room"), "{told}");
    assert!(output.stdout.is_empty(), "{output:?}");
}

#[tokio::test]
#[ignore = "needs root, to mount a disk that can't be written"]
async fn a_read_only_disk_is_told_and_serves_what_it_served() {
    let world = World::with_release("2.1.299").await;
    world.mirror(&world.order()).await.unwrap();
    world.release("2.1.300");
    world.channel("latest", "2.1.300");
    let before = world.files();
    let folder = quoted(&world.output());
    let mount = format!("mount --bind {folder} {folder} && mount -o remount,bind,ro {folder}");
    let told = told(&mirror_on(&world, &mount).await);
    assert!(
        told.contains("the file system is read-only") && told.contains("hint: run this as the user"),
        "{told}"
    );
    assert!(world.files() == before);
}

//! A mirror that is killed at any instant: what is served is whole at every moment, and the next run goes on.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use bytes::Bytes;
use rand::{Rng, thread_rng};
use sallyport::mirror::{self, Progress};
use shared::{
    platform::Platform,
    release::{Hasher, Version},
};
use tokio::{process::Command, time::timeout};

use crate::{
    server::Answer,
    world::{NOW, World, file_name, manifest_of},
};

const KILLS: usize = 10;
const OLD: &str = "2.1.300";
const WHY: &str = "an upgrade";
const NEW: &str = "2.1.301";

/// Releases for every platform: a program that all share, and a tail that is each one's own.
fn publish(world: &World, version: &str, program: &Bytes) {
    let mut shared = Hasher::default();
    shared.update(program);
    let tail = |platform: Platform| Bytes::from(format!("{version} {platform}"));
    for platform in Platform::ALL {
        let path = format!("{version}/{platform}/{}", file_name(platform));
        world.server.put(&path, Answer::Joined(program.clone(), tail(platform)));
    }
    let manifest = manifest_of(version, |platform| {
        let mut hasher = shared.clone();
        hasher.update(&tail(platform));
        (hasher.clone().digest(), usize::try_from(hasher.seen()).unwrap())
    });
    world.sign(version, &manifest);
    world.channel("latest", version);
}

fn command(world: &World, key: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sallyport"));
    command.arg("mirror").arg("--output").arg(world.output()).arg("--key").arg(key);
    command.args(["--source", &format!("http://{}", world.server.address), "--reason", WHY]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command
}

/// Whatever `VERSION` names is there, signed and whole.
fn assert_served_whole(world: &World) -> Version {
    let verified =
        mirror::verify(&world.output(), None, (&world.signer.trust(), NOW), &Progress::default()).unwrap();
    let served = verified.served.clone().unwrap();
    let found = verified.versions.iter().find(|version| version.version == served).unwrap();
    assert!(found.problems.is_empty() && found.platforms.len() == Platform::ALL.len(), "{found:?}");
    // It can't have come to be served without a trace.
    let history = mirror::history(&world.output()).unwrap();
    let entry = history.iter().find(|entry| entry.version == served).unwrap();
    assert!(served.to_string() == OLD || entry.reason.as_deref() == Some(WHY), "{history:?}");
    served
}

/// Upgrades a mirror and kills it ten times on the way, at moments of which `longest` is the latest.
async fn survives_kills(program: Bytes, longest: Duration) {
    let world = World::new().await;
    publish(&world, OLD, &program);
    mirror::run(&world.order(), &Progress::default(), NOW).await.unwrap();
    publish(&world, NEW, &program);
    let key = world.output().with_file_name("signer.key");
    fs::write(&key, world.signer.public_key()).unwrap();
    for _ in 0..KILLS {
        let moment = longest.mul_f64(thread_rng().r#gen());
        let mut child = command(&world, &key).spawn().unwrap();
        if timeout(moment, child.wait()).await.is_err() {
            child.kill().await.unwrap();
        }
        assert_served_whole(&world);
    }
    assert!(command(&world, &key).status().await.unwrap().success());
    assert_eq!(assert_served_whole(&world).to_string(), NEW);
    assert_same_as_never_killed(&world).await;
}

async fn assert_same_as_never_killed(world: &World) {
    let elsewhere = tempfile::tempdir().unwrap();
    let mut order = world.order();
    order.output = elsewhere.path().join("artifacts");
    mirror::run(&order, &Progress::default(), NOW).await.unwrap();
    let files = |root: &Path| {
        let mut files = Vec::new();
        list(root, root, &mut files);
        files.sort();
        files
    };
    let mut killed = files(&world.output());
    killed.retain(|path| !path.starts_with(format!("claude-code-releases/{OLD}")));
    assert_eq!(killed, files(&order.output));
    for path in killed {
        let same =
            fs::read(world.output().join(&path)).unwrap() == fs::read(order.output.join(&path)).unwrap();
        assert!(same, "{} differs", path.display());
    }
    assert!(fs::read_dir(world.output().join(".mirror/partial")).unwrap().next().is_none());
}

fn list(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with(".mirror") {
            continue;
        }
        if path.is_dir() {
            list(root, &path, files);
        } else {
            files.push(path.strip_prefix(root).unwrap().to_owned());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mirror_that_is_killed_serves_what_it_served_and_goes_on() {
    let program: Vec<u8> =
        (0..500_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    survives_kills(program.into(), Duration::from_millis(600)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the real client in SALLYPORT_TEST_CLAUDE, and 8 GB of disk"]
async fn a_mirror_of_the_real_size_survives_kills() {
    let claude =
        std::env::var_os("SALLYPORT_TEST_CLAUDE").expect("SALLYPORT_TEST_CLAUDE names the real client");
    survives_kills(fs::read(claude).unwrap().into(), Duration::from_secs(8)).await;
}

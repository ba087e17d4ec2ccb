//! What is served follows the folder, and never to a worse place.

use reqwest::{Method, StatusCode, header::RANGE};
use shared::{api::admin::HealthState, platform::Platform};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    RUN,
    mirror::{Mirror, binary},
    mirrored,
    world::World,
};

const LATEST: &str = "/claude-code-releases/latest";

#[tokio::test]
async fn a_version_is_served_soon_after_its_pointer_has_moved() {
    let world = World::of(mirrored()).await;
    world.health(HealthState::Ok, &world.mirror.fingerprint()).await;
    world.mirror.release("2.1.210", &[(Platform::LinuxX64, b"newer")]);
    world.mirror.serve("2.1.210");
    world.until(LATEST, |answer| answer.text() == "2.1.210\n").await;
    assert_eq!(world.get(RUN).await.text(), "newer");
    // The old one is kept under its own path.
    let old = world.get(&format!("/{}", binary("2.1.209", Platform::LinuxX64))).await;
    assert_eq!(old.text(), "0123456789");
}

#[tokio::test]
async fn a_reload_looks_at_the_folder_too() {
    let world = World::of(mirrored()).await;
    world.mirror.agent(Platform::LinuxX64, b"agent");
    world.sandbox.reload().await.unwrap();
    world.until("/agent/linux-x64/claude-agent", |answer| answer.status == StatusCode::OK).await;
}

/// A way to spoil version 2.1.210, and what is said of it.
type Fault = (fn(&Mirror), &'static str);

const FAULTS: [Fault; 9] = [
    (
        |mirror| mirror.remove("claude-code-releases/2.1.210/manifest.json"),
        "there is no manifest of version 2.1.210",
    ),
    (
        |mirror| mirror.remove("claude-code-releases/2.1.210/manifest.json.sig"),
        "version 2.1.210 has no signature",
    ),
    (
        |mirror| mirror.write("claude-code-releases/2.1.210/manifest.json.sig", b"x"),
        "not an OpenPGP signature",
    ),
    (
        |mirror| {
            let other = Mirror::new().sign(b"{}");
            mirror.write("claude-code-releases/2.1.210/manifest.json.sig", &other);
        },
        "it was made by the key",
    ),
    (
        |mirror| mirror.write("claude-code-releases/2.1.210/linux-x64/claude", b"newe"),
        "has 4 bytes, 5 were signed",
    ),
    (
        |mirror| mirror.write("claude-code-releases/2.1.210/linux-x64/claude", b"newes"),
        "is not the one that was signed",
    ),
    (|mirror| mirror.remove("claude-code-releases/2.1.210/linux-x64/claude"), "no binary was mirrored"),
    (|mirror| mirror.link("claude-code-releases/2.1.210/linux-x64/claude", "/etc/hostname"), "2.1.210"),
    (|mirror| mirror.write("VERSION", b"<!DOCTYPE html>"), "`<!DOCTYPE html>` is not a version"),
];

#[tokio::test]
async fn a_version_that_is_not_whole_is_refused_and_the_old_one_stays() {
    for (spoil, reason) in FAULTS {
        let world = World::of(mirrored()).await;
        world.mirror.release("2.1.210", &[(Platform::LinuxX64, b"newer")]);
        spoil(&world.mirror);
        let is_pointed_to = !reason.contains("is not a version");
        if is_pointed_to {
            world.mirror.serve("2.1.210");
        }
        let told = world.health(HealthState::Degraded, reason).await;
        assert!(told.starts_with("version 2.1.209 is served"), "{reason}: {told}");
        assert_eq!(world.get(LATEST).await.text(), "2.1.209\n", "{reason}");
        assert_eq!(world.get(RUN).await.text(), "0123456789", "{reason}");
        let new = world.get(&format!("/{}", binary("2.1.210", Platform::LinuxX64))).await;
        assert_eq!(new.status == StatusCode::OK, !is_pointed_to, "{reason}");
    }
}

#[tokio::test]
async fn nothing_is_served_of_a_folder_in_which_nothing_is_whole() {
    let mirror = mirrored();
    mirror.write(&binary("2.1.209", Platform::LinuxX64), b"012345678X");
    let world = World::of(mirror).await;
    world.health(HealthState::Down, "nothing is served: version 2.1.209").await;
    for path in [RUN, LATEST, "/install.sh", "/claude-code-releases/2.1.209/manifest.json"] {
        assert_eq!(world.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn what_nobody_has_signed_is_served_only_if_the_configuration_says_so() {
    let mirror = mirrored();
    mirror.remove("claude-code-releases/2.1.209/manifest.json.sig");
    let world = World::with(mirror, |config| config.install.allow_unsigned = true).await;
    assert_eq!(world.get(RUN).await.text(), "0123456789");
    assert!(world.get("/").await.text().contains("signed by nobody"));
}

#[tokio::test]
async fn a_download_goes_on_with_the_bytes_it_began_with() {
    let old: Vec<u8> = (0..40_000_000_u32).map(|at| (at % 251) as u8).collect();
    let mirror = Mirror::new();
    mirror.release("2.1.209", &[(Platform::LinuxX64, &old)]);
    mirror.serve("2.1.209");
    let world = World::of(mirror).await;
    let mut socket = tokio::net::TcpStream::connect(world.url().trim_start_matches("http://")).await.unwrap();
    socket
        .write_all(format!("GET {RUN} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let mut bytes = vec![0; 1000];
    socket.read_exact(&mut bytes).await.unwrap();
    world.mirror.release("2.1.209", &[(Platform::LinuxX64, b"replaced")]);
    world.until(RUN, |answer| answer.text_or_empty() == "replaced").await;
    socket.read_to_end(&mut bytes).await.unwrap();
    assert!(bytes.ends_with(&old), "{} bytes", bytes.len());
}

#[tokio::test]
async fn a_binary_that_was_written_to_in_place_is_not_served() {
    let world = World::of(mirrored()).await;
    let path = world.mirror.path(&binary("2.1.209", Platform::LinuxX64));
    let file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
    std::io::Write::write_all(&mut &file, b"!").unwrap();
    let answer = world.ask(Method::GET, RUN, &[(RANGE, "bytes=0-3")]).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.text().contains("has changed on the server's disk"), "{}", answer.text());
}

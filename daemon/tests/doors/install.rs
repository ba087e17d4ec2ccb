//! The install server: it serves what was signed, whole or in part, and nothing else.

mod hostile;
pub(crate) mod mirror;
mod moving;
mod people;
mod script;
mod tool;
pub(crate) mod world;

use reqwest::{
    Method, StatusCode,
    header::{IF_NONE_MATCH, IF_RANGE, RANGE},
};
use shared::{platform::Platform, release::Digest};

use mirror::{Mirror, binary};
use world::World;

const CLAUDE: &[u8] = b"0123456789";
const RUN: &str = "/claude-code/install/linux/claude-code-setup.run";

/// A mirror of one version, for one Linux and one Windows.
fn mirrored() -> Mirror {
    let mirror = Mirror::new();
    mirror.release("2.1.209", &[(Platform::LinuxX64, CLAUDE), (Platform::Win32Arm64, b"MZ")]);
    mirror.serve("2.1.209");
    mirror
}

#[tokio::test]
async fn both_layouts_serve_the_same_signed_bytes() {
    let world = World::of(mirrored()).await;
    let official = format!("/{}", binary("2.1.209", Platform::LinuxX64));
    for path in [RUN, "/claude-code/install/linux/linux-x64/claude-code-setup.run", &official] {
        let answer = world.get(path).await;
        assert_eq!((answer.status, answer.body.as_ref()), (StatusCode::OK, CLAUDE), "{path}");
        assert_eq!(answer.header("etag"), format!("\"{}\"", Digest::of(CLAUDE)));
        assert_eq!(answer.header("content-length"), "10");
        assert_eq!(answer.header("content-type"), "application/octet-stream");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("accept-ranges"), "bytes");
    }
    assert_eq!(world.get(RUN).await.header("cache-control"), "no-cache");
    let immutable = world.get(&official).await;
    assert_eq!(immutable.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(immutable.header("content-disposition"), "attachment; filename=\"claude\"");
    // The default of an operating system is its first platform that was mirrored.
    let windows = world.get("/claude-code/install/windows/claude-code-setup.exe").await;
    assert_eq!(windows.body.as_ref(), b"MZ");
    assert_eq!(windows.header("content-disposition"), "attachment; filename=\"claude-code-setup.exe\"");
    for path in [
        "/claude-code/install/macos/claude-code-setup.pkg",
        "/claude-code/install/windows/win32-x64/claude-code-setup.exe",
        "/claude-code/install/linux/win32-arm64/claude-code-setup.run",
    ] {
        assert_eq!(world.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_manifest_and_its_signature_are_served_byte_for_byte() {
    let world = World::of(mirrored()).await;
    for (name, content_type) in
        [("manifest.json", "application/json"), ("manifest.json.sig", "application/pgp-signature")]
    {
        let path = format!("claude-code-releases/2.1.209/{name}");
        let answer = world.get(&format!("/{path}")).await;
        assert_eq!(answer.body.as_ref(), std::fs::read(world.mirror.path(&path)).unwrap());
        assert_eq!(answer.header("content-type"), content_type);
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
    }
}

#[tokio::test]
async fn a_channel_that_was_not_mirrored_is_the_version_that_is_served() {
    let mirror = mirrored();
    mirror.release("2.1.208", &[(Platform::LinuxX64, b"older")]);
    mirror.write("claude-code-releases/stable", b"2.1.208");
    let world = World::of(mirror).await;
    let latest = world.get("/claude-code-releases/latest").await;
    assert_eq!((latest.text(), latest.header("cache-control")), ("2.1.209\n", "no-cache"));
    assert_eq!(latest.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(world.get("/claude-code-releases/stable").await.text(), "2.1.208\n");
    assert_eq!(world.get("/VERSION").await.text(), "2.1.209\n");
    assert_eq!(world.get(&format!("/{}", binary("2.1.208", Platform::LinuxX64))).await.text(), "older");
}

#[tokio::test]
async fn a_part_of_a_binary_can_be_had() {
    let world = World::of(mirrored()).await;
    for (range, content_range, part) in [
        ("bytes=0-0", "bytes 0-0/10", &b"0"[..]),
        ("bytes=4-", "bytes 4-9/10", b"456789"),
        ("bytes=-3", "bytes 7-9/10", b"789"),
        ("bytes=8-99", "bytes 8-9/10", b"89"),
    ] {
        let answer = world.ask(Method::GET, RUN, &[(RANGE, range)]).await;
        assert_eq!((answer.status, answer.body.as_ref()), (StatusCode::PARTIAL_CONTENT, part), "{range}");
        assert_eq!(answer.header("content-range"), content_range);
        assert_eq!(answer.header("content-length"), part.len().to_string());
    }
    let beyond = world.ask(Method::GET, RUN, &[(RANGE, "bytes=10-")]).await;
    assert_eq!(
        (beyond.status, beyond.header("content-range")),
        (StatusCode::RANGE_NOT_SATISFIABLE, "bytes */10")
    );
    for several in ["bytes=0-1,3-4", "lines=1-2", "bytes=5-4"] {
        let answer = world.ask(Method::GET, RUN, &[(RANGE, several)]).await;
        assert_eq!((answer.status, answer.body.as_ref()), (StatusCode::OK, CLAUDE), "{several}");
    }
}

#[tokio::test]
async fn a_part_of_other_bytes_is_the_whole() {
    let world = World::of(mirrored()).await;
    let tag = world.get(RUN).await.header("etag").to_owned();
    let ask = |tag: String| {
        let world = &world;
        async move { world.ask(Method::GET, RUN, &[(RANGE, "bytes=4-"), (IF_RANGE, &tag)]).await }
    };
    assert_eq!(ask(tag.clone()).await.status, StatusCode::PARTIAL_CONTENT);
    for other in [format!("W/{tag}"), "\"other\"".to_owned(), "Tue, 14 Jul 2026 03:58:29 GMT".to_owned()] {
        assert_eq!(ask(other).await.body.as_ref(), CLAUDE);
    }
}

#[tokio::test]
async fn what_a_client_has_already_is_not_sent_again() {
    let world = World::of(mirrored()).await;
    for path in [RUN, "/claude-code-releases/latest", "/claude-code-releases/2.1.209/manifest.json"] {
        let tag = world.get(path).await.header("etag").to_owned();
        for known in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
            let answer = world.ask(Method::GET, path, &[(IF_NONE_MATCH, &known)]).await;
            assert_eq!((answer.status, answer.body.len()), (StatusCode::NOT_MODIFIED, 0), "{path} {known}");
            assert_eq!(answer.header("etag"), tag);
        }
        let other = world.ask(Method::GET, path, &[(IF_NONE_MATCH, "\"other\"")]).await;
        assert_eq!(other.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_head_is_the_answer_without_its_body() {
    let world = World::of(mirrored()).await;
    for path in [RUN, "/claude-code-releases/latest"] {
        let (whole, head) = (world.get(path).await, world.ask(Method::HEAD, path, &[]).await);
        assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
        for name in ["content-length", "content-type", "etag", "cache-control", "content-disposition"] {
            assert_eq!(head.header(name), whole.header(name), "{name} of {path}");
        }
        let ranged = world.ask(Method::HEAD, path, &[(RANGE, "bytes=0-1")]).await;
        assert_eq!(ranged.status, StatusCode::OK);
    }
    let posted = world.ask(Method::POST, RUN, &[]).await;
    assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED);
}

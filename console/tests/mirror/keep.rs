//! What is kept: verified, rolled back, carried to a host without Internet.

use std::fs;

use shared::platform::Platform;

use crate::world::{NOW, Signer, World, content, manifest};
use sallyport::mirror::{self, MirrorError, Order, Progress, Verified, Wanted, export, import, rollback};

const WHY: &str = "it hangs on macOS";

/// A world that served 2.1.300 before 2.1.301.
async fn upgraded() -> World {
    let world = World::with_release("2.1.300").await;
    world.mirror(&world.order()).await.unwrap();
    world.release("2.1.301");
    world.channel("latest", "2.1.301");
    world.mirror(&world.order()).await.unwrap();
    world
}

fn verify(world: &World) -> Verified {
    mirror::verify(&world.output(), None, (&world.signer.trust(), NOW), &Progress::default()).unwrap()
}

fn damage(world: &World, path: &str) {
    let path = world.output().join(path);
    let mut bytes = fs::read(&path).unwrap();
    bytes[0] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn a_whole_mirror_is_found_whole() {
    let world = upgraded().await;
    let verified = verify(&world);
    assert!(verified.is_whole(), "{verified:?}");
    assert_eq!(verified.served.unwrap().to_string(), "2.1.301");
    assert_eq!(verified.versions.iter().map(|version| version.platforms.len()).collect::<Vec<_>>(), [8, 8]);
}

#[tokio::test]
async fn whatever_rotted_is_named() {
    let world = upgraded().await;
    damage(&world, "claude-code-releases/2.1.300/darwin-x64/claude");
    damage(&world, "claude-code-releases/2.1.301/manifest.json");
    fs::write(world.output().join("claude-code-releases/stable"), "2.1.1").unwrap();
    fs::remove_file(world.output().join("linux/linux-x64/claude-code-setup.run")).unwrap();
    let verified = verify(&world);
    let problems = |at: usize| verified.versions[at].problems.join("; ");
    assert_eq!(problems(0), "the binary for darwin-x64: its SHA-256 digest is not that of the manifest");
    assert!(problems(1).starts_with("the signature of 2.1.301's manifest is refused"), "{}", problems(1));
    assert_eq!(verified.problems, ["`stable` names 2.1.1, which is not there"]);
    assert!(!verified.is_whole());
}

#[tokio::test]
async fn one_version_is_verified_alone_and_its_broken_files_are_named() {
    let world = upgraded().await;
    damage(&world, "claude-code-releases/2.1.300/darwin-x64/claude");
    damage(&world, "claude-code-releases/2.1.301/win32-x64/claude.exe");
    let verify = |version: &str| {
        let (only, trust) = (version.parse().unwrap(), world.signer.trust());
        mirror::verify(&world.output(), Some(&only), (&trust, NOW), &Progress::default())
    };
    let verified = verify("2.1.300").unwrap();
    let versions: Vec<_> = verified.versions.iter().map(|it| (it.version.to_string(), &it.broken)).collect();
    assert_eq!(versions, [("2.1.300".to_owned(), &vec![Platform::DarwinX64])]);
    assert!(matches!(verify("2.1.9"), Err(MirrorError::NotKept(_))));
}

#[tokio::test]
async fn work_that_is_stopped_ends_at_the_next_piece() {
    let world = upgraded().await;
    let progress = Progress::default();
    progress.stop();
    let trust = world.signer.trust();
    let verified = mirror::verify(&world.output(), None, (&trust, NOW), &progress);
    assert!(matches!(verified, Err(MirrorError::Stopped)), "{verified:?}");
    let back = rollback(&world.output(), None, (&trust, NOW), WHY, &progress);
    assert!(matches!(back, Err(MirrorError::Stopped)) && world.text("VERSION") == "2.1.301\n");
}

#[tokio::test]
async fn an_installer_of_another_version_is_named() {
    let world = upgraded().await;
    let installer = world.output().join("linux/claude-code-setup.run");
    fs::remove_file(&installer).unwrap();
    fs::write(&installer, content("2.1.300", Platform::LinuxX64)).unwrap();
    let problems = verify(&world).problems;
    assert!(
        problems.len() == 1 && problems[0].ends_with("claude-code-setup.run` is not of version 2.1.301"),
        "{problems:?}"
    );
}

#[tokio::test]
async fn a_rollback_serves_what_was_served_before_and_never_forward_again() {
    let world = upgraded().await;
    let trust = world.signer.trust();
    let back = rollback(&world.output(), None, (&trust, NOW), WHY, &Progress::default()).unwrap();
    assert_eq!((back.from.to_string(), back.to.to_string()), ("2.1.301".to_owned(), "2.1.300".to_owned()));
    assert_eq!(
        (world.text("VERSION"), world.text("claude-code-releases/latest")),
        ("2.1.300\n".to_owned(), "2.1.300\n".to_owned())
    );
    assert_eq!(world.read("linux/claude-code-setup.run").unwrap(), content("2.1.300", Platform::LinuxX64));
    assert!(verify(&world).is_whole());
    let again = rollback(&world.output(), None, (&trust, NOW), WHY, &Progress::default()).unwrap_err();
    assert_eq!(again.to_string(), "no version was served before 2.1.300");
}

#[tokio::test]
async fn a_rollback_to_what_is_not_whole_changes_nothing() {
    let world = upgraded().await;
    damage(&world, "claude-code-releases/2.1.300/win32-x64/claude.exe");
    let before = world.files();
    let error =
        rollback(&world.output(), None, (&world.signer.trust(), NOW), WHY, &Progress::default()).unwrap_err();
    assert!(
        error.to_string().starts_with("version 2.1.300 is not whole: the binary for win32-x64"),
        "{error}"
    );
    let missing = rollback(
        &world.output(),
        Some(&"2.1.9".parse().unwrap()),
        (&world.signer.trust(), NOW),
        WHY,
        &Progress::default(),
    );
    assert!(matches!(missing, Err(MirrorError::NotKept(_))));
    assert!(world.files() == before);
}

struct Carried {
    world: World,
    order: Order,
    file: std::path::PathBuf,
    _dir: tempfile::TempDir,
}

/// A release in a file, and the order to import it into another folder.
async fn carried() -> Carried {
    let world = World::with_release("2.1.300").await;
    world.mirror(&world.order()).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("release.tar");
    let exported = export(&world.order(), None, &file, (NOW, &Progress::default())).unwrap();
    assert_eq!((exported.platforms.len(), exported.bytes), (8, fs::metadata(&file).unwrap().len()));
    let order = Order { output: dir.path().join("elsewhere"), ..world.order() };
    Carried { world, order, file, _dir: dir }
}

#[tokio::test]
async fn a_release_that_was_carried_in_a_file_is_the_same() {
    let Carried { world, mut order, file, _dir } = carried().await;
    let outcome = import(&order, &file, NOW, &Progress::default()).unwrap();
    assert_eq!((outcome.version.to_string().as_str(), outcome.platforms.len()), ("2.1.300", 8));
    let verified = mirror::verify(&order.output, None, (&order.trust, NOW), &Progress::default()).unwrap();
    assert!(verified.is_whole() && verified.versions[0].signer.is_some(), "{verified:?}");
    let kept = |root: &std::path::Path| {
        fs::read(root.join("claude-code-releases/2.1.300/manifest.json.sig")).unwrap()
    };
    assert_eq!(kept(&order.output), kept(&world.output()));
    order.wanted = Wanted::Version("2.1.300".parse().unwrap());
    assert_eq!(world.mirror(&order).await.unwrap().present.len(), 8);
}

#[tokio::test]
async fn a_file_that_somebody_changed_is_refused() {
    let Carried { order, file, _dir, .. } = carried().await;
    let whole = fs::read(&file).unwrap();
    let text = manifest("2.1.300");
    let manifest_at = whole.windows(text.len()).position(|window| window == text.as_bytes()).unwrap();
    let binary_at = whole.windows(12).rposition(|window| window == b"\x7fELF 2.1.300").unwrap();
    for (at, sentence) in [
        (manifest_at + 3, "the signature of 2.1.300's manifest is refused"),
        (binary_at, "digest is not that"),
    ] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&file, changed).unwrap();
        let error = import(&order, &file, NOW, &Progress::default()).unwrap_err().to_string();
        assert!(error.contains(sentence), "{error}");
        assert!(!order.output.join("VERSION").exists());
    }
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    assert!(import(&order, &file, NOW, &Progress::default()).is_err());
    fs::write(&file, "no archive").unwrap();
    assert!(
        import(&order, &file, NOW, &Progress::default())
            .unwrap_err()
            .to_string()
            .contains("can't be imported")
    );
}

#[tokio::test]
async fn a_path_in_a_file_is_never_followed() {
    let Carried { world, order, file, _dir } = carried().await;
    let mut archive = tar::Builder::new(fs::File::create(&file).unwrap());
    let mut add = |path: &str, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_cksum();
        archive.append(&header, content).unwrap();
    };
    let manifest = manifest("2.1.300");
    add("claude-code-releases/2.1.300/manifest.json", manifest.as_bytes());
    add("claude-code-releases/2.1.300/manifest.json.sig", &world.signer.sign(manifest.as_bytes()));
    add("../../evil", b"x");
    archive.finish().unwrap();
    let error = import(&order, &file, NOW, &Progress::default()).unwrap_err().to_string();
    assert!(error.contains("(at `../../evil`)"), "{error}");
    assert!(!order.output.parent().unwrap().join("evil").exists() && !order.output.join("VERSION").exists());
}

#[tokio::test]
async fn a_file_by_another_signer_is_refused() {
    let Carried { mut order, file, _dir, .. } = carried().await;
    order.trust = Signer::new().trust();
    assert!(
        import(&order, &file, NOW, &Progress::default())
            .unwrap_err()
            .to_string()
            .contains("it was made by the key")
    );
}

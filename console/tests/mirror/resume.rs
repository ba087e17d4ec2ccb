//! Downloads that are broken off, and those that an earlier run left.

use std::{fs, time::Duration};

use sallyport::mirror::{self, MirrorError, Progress, survey};
use shared::{platform::Platform, release::Digest};

use crate::{
    server::Answer,
    world::{NOW, World, content},
};

const LINUX: &str = "2.1.300/linux-x64/claude";

fn only_linux(world: &World) -> sallyport::mirror::Order {
    let mut order = world.order();
    order.platforms = [Platform::LinuxX64].into();
    order
}

/// What a run that was ended left of the binary for Linux.
fn leave(world: &World, bytes: &[u8]) {
    let whole = content("2.1.300", Platform::LinuxX64);
    let folder = world.output().join(".mirror/partial");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("2.1.300-linux-x64-{}", Digest::of(&whole))), bytes).unwrap();
}

fn fetches(world: &World) -> Vec<String> {
    world.server.take_log().into_iter().filter(|line| line.starts_with(LINUX)).collect()
}

#[tokio::test]
async fn a_download_goes_on_where_an_earlier_run_ended() {
    let world = World::with_release("2.1.300").await;
    let whole = content("2.1.300", Platform::LinuxX64);
    leave(&world, &whole[..5000]);
    let outcome = world.mirror(&only_linux(&world)).await.unwrap();
    assert_eq!(fetches(&world), [format!("{LINUX} from 5000")]);
    assert_eq!(outcome.fetched_bytes, whole.len() as u64 - 5000);
    assert_eq!(world.read(&format!("claude-code-releases/{LINUX}")).unwrap(), whole);
}

#[tokio::test]
async fn what_was_whole_before_the_end_is_verified_and_not_fetched() {
    let world = World::with_release("2.1.300").await;
    leave(&world, &content("2.1.300", Platform::LinuxX64));
    world.mirror(&only_linux(&world)).await.unwrap();
    assert!(fetches(&world).is_empty());
}

#[tokio::test]
async fn what_an_earlier_run_left_is_hashed_too() {
    let world = World::with_release("2.1.300").await;
    leave(&world, &[b'x'; 5000]);
    world.mirror(&only_linux(&world)).await.unwrap();
    assert_eq!(fetches(&world), [format!("{LINUX} from 5000"), LINUX.to_owned()]);
    assert_eq!(
        world.read(&format!("claude-code-releases/{LINUX}")).unwrap(),
        content("2.1.300", Platform::LinuxX64)
    );
}

#[tokio::test]
async fn what_is_longer_than_it_should_be_is_begun_again() {
    let world = World::with_release("2.1.300").await;
    leave(&world, &vec![b'x'; 1 << 20]);
    world.mirror(&only_linux(&world)).await.unwrap();
    assert_eq!(fetches(&world), [LINUX]);
}

#[tokio::test]
async fn a_source_without_ranges_is_read_from_the_start() {
    let world = World::with_release("2.1.300").await;
    let whole = content("2.1.300", Platform::LinuxX64);
    world.server.put(LINUX, Answer::Whole(whole.clone()));
    leave(&world, &whole[..5000]);
    world.mirror(&only_linux(&world)).await.unwrap();
    assert_eq!(world.read(&format!("claude-code-releases/{LINUX}")).unwrap(), whole);
}

#[tokio::test]
async fn a_mirror_that_is_stopped_goes_on_there_the_next_time() {
    let world = World::with_release("2.1.300").await;
    let whole = content("2.1.300", Platform::LinuxX64);
    world.server.put(LINUX, Answer::Held(whole.clone(), 20_000));
    let (order, progress) = (only_linux(&world), Progress::default());
    let until_held = async {
        while progress.show().iter().all(|shown| shown.done < 20_000) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        progress.stop();
    };
    let (stopped, ()) = tokio::join!(mirror::run(&order, &progress, NOW), until_held);
    assert!(matches!(stopped, Err(MirrorError::Stopped)), "{stopped:?}");
    assert!(world.read("VERSION").is_none());
    assert_eq!(survey(&world.output()).unwrap().unfinished, 20_000);
    world.server.take_log();
    world.server.put(LINUX, Answer::Bytes(whole));
    world.mirror(&order).await.unwrap();
    assert_eq!(fetches(&world), [format!("{LINUX} from 20000")]);
}

#[tokio::test]
async fn what_is_left_of_another_version_goes_once_a_version_is_served() {
    let world = World::with_release("2.1.300").await;
    leave(&world, &content("2.1.300", Platform::LinuxX64)[..5000]);
    let mut order = only_linux(&world);
    order.platforms = [Platform::LinuxArm64].into();
    world.mirror(&order).await.unwrap();
    assert_eq!(survey(&world.output()).unwrap().unfinished, 5000, "it is of the same version");
    world.release("2.1.301");
    world.channel("latest", "2.1.301");
    world.mirror(&order).await.unwrap();
    assert_eq!(survey(&world.output()).unwrap().unfinished, 0);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_is_taken_up_as_long_as_something_comes() {
    let world = World::with_release("2.1.300").await;
    let whole = content("2.1.300", Platform::LinuxX64);
    world.server.put(LINUX, Answer::Cut(whole.clone(), 20_000));
    world.mirror(&only_linux(&world)).await.unwrap();
    let fetches = fetches(&world);
    assert!(fetches.len() > 4 && fetches[1] == format!("{LINUX} from 20000"), "{fetches:?}");
    assert_eq!(world.read(&format!("claude-code-releases/{LINUX}")).unwrap(), whole);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_brings_nothing_is_given_up_and_what_came_stays() {
    let world = World::with_release("2.1.300").await;
    let whole = content("2.1.300", Platform::LinuxX64);
    leave(&world, &whole[..5000]);
    world.server.put(LINUX, Answer::Status(503));
    let error = world.mirror(&only_linux(&world)).await.unwrap_err().to_string();
    assert!(error.ends_with("linux-x64/claude` answered 503"), "{error}");
    assert_eq!(fetches(&world).len(), 5);
    world.server.put(LINUX, Answer::Bytes(whole));
    world.mirror(&only_linux(&world)).await.unwrap();
    assert_eq!(fetches(&world), [format!("{LINUX} from 5000")]);
}

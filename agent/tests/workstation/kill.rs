//! An installation that is killed at any instant: the next one goes on, and what was there before comes back.

use std::{fs, time::Duration};

use rand::{Rng, thread_rng};
use tokio::time::timeout;

use crate::{disk::snapshot, world::World};

const KILLS: usize = 10;
/// Some of them come to their end.
const LONGEST: Duration = Duration::from_millis(400);

#[tokio::test(flavor = "multi_thread")]
async fn whatever_was_done_until_then_is_undone() {
    let world = World::new().await;
    for folder in [".local/bin", ".config"] {
        fs::create_dir_all(world.home(folder)).unwrap();
    }
    fs::write(world.home(".local/bin/claude"), "mine").unwrap();
    let before = snapshot(&world.home(""));
    let install = || world.agent(&["install", "--no-login"]);
    for round in 0..KILLS {
        let moment = LONGEST.mul_f64(thread_rng().r#gen());
        let mut child = install().spawn().unwrap();
        let ended = timeout(moment, child.wait()).await;
        if ended.is_err() {
            child.kill().await.unwrap();
        }
        // Every other time it is tried once more before it is given up.
        if round % 2 == 0 {
            world.run(install()).await.assert_done();
        }
        let said = world.uninstall().await;
        let nothing_to_do = said.err.contains("nothing is installed");
        assert!(said.code == Some(0) || nothing_to_do, "after {moment:?}: {}", said.err);
        assert_eq!(snapshot(&world.home("")), before, "after {moment:?}");
    }
}

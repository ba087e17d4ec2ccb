//! An installation that is killed at any instant: the next one goes on, and what was there before comes back.

use std::{collections::BTreeMap, fs, path::PathBuf, time::Duration};

use rand::{Rng, thread_rng};
use tokio::time::timeout;

use crate::{
    disk::snapshot,
    world::{World, program_under_test},
};

const KILLS: usize = 10;
/// Some of them come to their end.
const LONGEST: Duration = Duration::from_millis(400);
/// Everything by which a program changes what is on a disk.
const CALLS: [&str; 9] =
    ["mkdir", "rename", "unlink", "rmdir", "symlink", "linkat", "ftruncate", "chmod", "write"];
const JOURNAL: &str = ".claude/claude-agent-journal";

/// Somebody has lived in the home, and what is his stands in our way.
fn move_in(world: &World) {
    for folder in [".local/bin", ".config", ".claude"] {
        fs::create_dir_all(world.home(folder)).unwrap();
    }
    for (mine, content) in [
        (".local/bin/claude", "mine"),
        (".claude/get-token.sh", "mine"),
        (".claude/claude-agent.json", "{}"),
        (".claude/settings.json", "{ \"model\": \"opus\" }"),
    ] {
        fs::write(world.home(mine), content).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_was_done_until_then_is_undone() {
    let world = World::new().await;
    move_in(&world);
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

/// What is at each place before an installation and after it.
struct Places {
    before: BTreeMap<String, String>,
    after: BTreeMap<String, String>,
}

impl Places {
    async fn of(world: &World) -> Self {
        let before = snapshot(&world.home(""));
        let mut install = world.agent(&INSTALL);
        install.env("CLAUDE_AGENT_PATH", place_agent(world));
        world.run(install).await.assert_done();
        let after = snapshot(&world.home(""));
        world.uninstall().await.assert_done();
        Self { before, after }
    }

    /// Everything that was there is there, or what takes its place; and nothing of ours is half done.
    fn assert_whole(&self, world: &World, moment: &str) {
        let now = snapshot(&world.home(""));
        for (path, old) in &self.before {
            let found = now.get(path);
            assert!(found == Some(old) || found == self.after.get(path), "{path} {moment}: {found:?}");
        }
        for (path, new) in self.after.iter().filter(|(path, _)| !path.starts_with(JOURNAL)) {
            let found = now.get(path).filter(|_| !self.before.contains_key(path));
            assert!(found.is_none_or(|found| found == new), "{path} {moment}: {found:?}");
        }
    }
}

/// Where it stays, so that it need not be copied again and again. `uninstall` takes it away.
fn place_agent(world: &World) -> PathBuf {
    let path = world.beside("tools/claude-agent");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::copy(program_under_test(), &path).unwrap();
    path
}

const INSTALL: [&str; 3] = ["install", "--no-login", "--no-background"];

/// Before every system call that changes something on the disk, one after the other.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs strace"]
async fn at_whatever_call_every_file_is_the_old_one_or_the_new_one() {
    let world = World::new().await;
    move_in(&world);
    let places = Places::of(&world).await;
    let mut killed = 0;
    for call in CALLS {
        let mut nth = 1;
        while !is_through(&world, &places, (call, nth)).await {
            (nth, killed) = (nth + 1, killed + 1);
            assert!(nth < 500, "an installation never gets through");
        }
    }
    assert!(killed > 80, "only {killed} calls were there to be killed at");
}

/// Whether an installation that is killed at this moment never comes to it.
async fn is_through(world: &World, places: &Places, (call, nth): (&str, u32)) -> bool {
    let moment = &format!("before the {nth}th {call}");
    let (trace, inject) = (format!("trace={call}"), format!("inject={call}:signal=KILL:when={nth}"));
    let mut strace = world.command("/usr/bin/strace".as_ref());
    strace.args(["-f", "-o", "/dev/null", "-e", &trace, "-e", &inject]);
    let agent = place_agent(world);
    strace.arg(&agent).args(INSTALL).envs(world.variables()).env("CLAUDE_AGENT_PATH", &agent);
    let said = world.run(strace).await;
    places.assert_whole(world, moment);
    let undone = world.uninstall().await;
    assert!(
        undone.code == Some(0) || undone.err.contains("nothing is installed"),
        "{moment}: {}",
        undone.err
    );
    assert_eq!(snapshot(&world.home("")), places.before, "{moment}");
    said.code == Some(0)
}

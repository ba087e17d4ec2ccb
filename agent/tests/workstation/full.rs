//! A home whose disk is full at some moment of an installation, or read-only: that is told, nothing is half done, and once
//! there is room, the same command goes on.

use std::{collections::BTreeSet, process::Command};

use shared::release::Digest;

use crate::{
    disk::snapshot,
    isolated_test,
    mirror::program,
    world::{Said, VERSION, World, program_under_test},
};

const ROOM: &str = "size=1g,nr_inodes=10000";
/// What the agent writes, and the call that finds no room.
const WRITTEN: [(&str, &str); 9] = [
    ("openat", ".claude/claude-agent-journal.lock"),
    ("write", ".claude/claude-agent-journal.json.new"),
    ("write", ".claude/bin/claude-agent.new"),
    ("write", ".claude/claude-agent.json.new"),
    ("write", ".local/share/claude/downloads/2.1.300-"),
    ("symlink", ".local/bin/claude.new"),
    ("write", ".claude/settings.json.new"),
    ("write", ".claude/get-token.sh.new"),
    ("write", ".config/systemd/user/claudecode-refresh.timer.new"),
];

/// The home is a disk of its own from now on.
fn mount(world: &World, options: &str) {
    let home = world.home("");
    mounts("mount", &["-t", "tmpfs", "-o", options, "tmpfs", home.to_str().unwrap()]);
}

fn remount(world: &World, options: &str) {
    let options = format!("remount,{options}");
    mounts("mount", &["-o", &options, world.home("").to_str().unwrap()]);
}

fn unmount(world: &World) {
    mounts("umount", &[world.home("").to_str().unwrap()]);
}

fn mounts(program: &str, arguments: &[&str]) {
    assert!(Command::new(program).args(arguments).status().unwrap().success(), "{program} {arguments:?}");
}

/// The agent itself is large, and stays elsewhere.
async fn install(world: &World) -> Said {
    let mut command = world.agent(&["install", "--no-login"]);
    command.env("CLAUDE_AGENT_PATH", world.beside("tools/claude-agent"));
    world.run(command).await
}

/// What could not be written, as the first line says.
fn refused(world: &World, said: &Said) -> String {
    let line = said.err.lines().find(|line| line.starts_with("error: ")).unwrap();
    let path = line.split('`').nth(1).unwrap();
    path.strip_prefix(world.home("").to_str().unwrap()).unwrap().to_owned()
}

async fn has_less_room_than_is_needed() {
    let world = World::new().await;
    let mut found = BTreeSet::new();
    for unit in ["nr_inodes=", "nr_inodes=10000,nr_blocks="] {
        for room in 1.. {
            mount(&world, &format!("{unit}{room}"));
            let said = install(&world).await;
            let is_enough = said.code == Some(0);
            if !is_enough {
                let said =
                    said.assert_fails(1, "the disk is full").assert_fails(1, "hint: make room on the disk");
                found.insert(refused(&world, &said));
                remount(&world, ROOM);
                install(&world).await.assert_done();
            }
            world.uninstall().await.assert_done();
            assert_eq!(snapshot(&world.home("")).len(), 0, "{unit}{room}");
            unmount(&world);
            if is_enough {
                break;
            }
        }
    }
    assert!(found.len() > 3, "in several places: {found:?}");
}

/// The disk may fill up between any two files, by what others write.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs strace"]
async fn every_file_that_finds_no_room_is_named_and_nothing_is_half_done() {
    let world = World::new().await;
    for (call, path) in WRITTEN {
        let path = if path.ends_with('-') {
            format!("{path}{}", Digest::of(&program(VERSION)))
        } else {
            path.to_owned()
        };
        let mut strace = world.command("/usr/bin/strace".as_ref());
        strace.args(["-f", "-o", "/dev/null", "-P"]).arg(world.home(&path));
        strace.args(["-e", &format!("trace={call}"), "-e", &format!("inject={call}:error=ENOSPC")]);
        strace.arg(program_under_test()).args(["install", "--no-login"]).envs(world.variables());
        let said =
            world.run(strace).await.assert_fails(1, "the disk is full").assert_fails(1, "hint: make room");
        assert_eq!(refused(&world, &said), path.trim_end_matches(".new"));
        world.run(world.agent(&["install", "--no-login"])).await.assert_done();
        world.uninstall().await.assert_done();
        assert_eq!(snapshot(&world.home("")).len(), 0, "{path}");
    }
}

async fn has_no_room_for_the_agent() {
    let world = World::new().await;
    mount(&world, "size=1m");
    let said = world.run(world.agent(&["install", "--no-login"])).await;
    let said = said.assert_fails(1, "the disk is full");
    assert_eq!(refused(&world, &said), ".claude/bin/claude-agent");
    remount(&world, ROOM);
    world.run(world.agent(&["install", "--no-login"])).await.assert_done();
    unmount(&world);
}

async fn is_read_only() {
    let world = World::new().await;
    mount(&world, ROOM);
    remount(&world, "ro");
    for arguments in [&["install", "--method", "device-code"][..], &["login", "--method", "device-code"]] {
        let said = world.run(world.agent(arguments)).await.assert_fails(1, "the file system is read-only");
        assert!(said.err.contains("hint: make the folder yours and writable"), "{}", said.err);
        assert!(!said.err.contains("enter the code"), "nobody signs in for nothing: {}", said.err);
    }
    remount(&world, "rw");
    world.install().await.assert_done();
    remount(&world, "ro");
    world.uninstall().await.assert_fails(1, "the file system is read-only");
    remount(&world, "rw");
    world.uninstall().await.assert_done();
    assert_eq!(snapshot(&world.home("")).len(), 0);
    unmount(&world);
}

isolated_test!(
    "needs a mount namespace",
    a_disk_that_is_full_at_any_moment_of_an_installation_is_told,
    has_less_room_than_is_needed
);
isolated_test!(
    "needs a mount namespace",
    a_disk_that_has_no_room_for_the_agent_is_told,
    has_no_room_for_the_agent
);
isolated_test!("needs a mount namespace", a_home_that_is_read_only_is_told, is_read_only);

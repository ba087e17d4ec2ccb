//! Killed at any instant: the old file or the new one, never half a one, and the next caller gets a token.

use std::{path::Path, process::Stdio, time::Duration};

use serde_json::Value;

use crate::workstation::{Workstation, program};

/// What the file may hold after a refresh was killed.
fn assert_whole(here: &Workstation, old: &Value) {
    let now = here.read();
    let is_new = now["expires_at"].as_i64().unwrap() > crate::workstation::now();
    assert!(now == *old || is_new, "neither the old nor a new one: {now}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_is_killed_at_some_moment_leaves_a_whole_file() {
    let here = Workstation::signed_in(-1).await;
    for moment in 0..40 {
        let old = here.read();
        let mut child = here.command(&["get-token"]).stdout(Stdio::null()).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(moment)).await;
        child.kill().await.unwrap();
        assert_whole(&here, &old);
        here.run(&["get-token"]).await.token();
        here.expire();
    }
}

/// Before every system call of the program that has to do with a file or the network, one after the other.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs strace"]
async fn a_refresh_that_is_killed_at_any_call_leaves_a_whole_file() {
    let here = Workstation::signed_in(-1).await;
    let mut killed = 0;
    for call in
        ["openat", "flock", "write", "fsync", "ftruncate", "rename", "unlink", "close", "sendto", "recvfrom"]
    {
        let mut nth = 1;
        while !run_until(&here, call, nth).await {
            nth += 1;
            killed += 1;
        }
    }
    assert!(killed > 20, "only {killed} calls were there to be killed at");
}

/// Whether the program got through because it makes that call less often.
async fn run_until(here: &Workstation, call: &str, nth: u32) -> bool {
    let old = here.read();
    let (trace, inject) = (format!("trace={call}"), format!("inject={call}:signal=KILL:when={nth}"));
    let arguments = ["-f", "-o", "/dev/null", "-e", &trace, "-e", &inject, &program(), "get-token"];
    let done = here.around(Path::new("/usr/bin/strace"), &arguments).output().await.unwrap();
    assert_whole(here, &old);
    here.run(&["get-token"]).await.token();
    here.expire();
    done.status.success()
}

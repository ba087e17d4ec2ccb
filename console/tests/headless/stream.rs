//! What goes on: events, the audit trail, the requests that run.

use std::os::unix::process::ExitStatusExt;

use rustix::process::{Pid, Signal, kill_process};
use sallyportd::sandbox::entra::User;
use shared::api::admin::{AuditEntry, Event, Page, Request};

use super::world::{LONG, Watch, World, interruptible, watch};

/// Signs users in, one after the other, until a watch that has just been started tells of one.
async fn told_of_a_sign_in(world: &World, watch: &mut Watch) -> String {
    tokio::select! {
        line = watch.line_with("sign_in") => line,
        () = async {
            loop {
                world.sign_in(User::GRACE).await;
                world.sign_in(User::ADA).await;
            }
        } => unreachable!("it never ends"),
    }
}

#[tokio::test]
async fn events_are_told_as_they_happen_until_the_daemon_stops() {
    let world = World::new().await;
    world.sign_in(User::ADA).await;
    let mut watch = world.watch(&["events", "--json"]);
    let told: Event = serde_json::from_str(&told_of_a_sign_in(&world, &mut watch).await).unwrap();
    assert_eq!(told.event, "sign_in");
    world.run(&["users", "revoke", User::ADA.email, "--reason", "left"]).await.done();
    let told: Event = serde_json::from_str(&watch.line_with("revocation").await).unwrap();
    assert_eq!(told.reason.as_deref(), Some("left"));
    world.sandbox.stop().await;
    let ended = watch.end().await;
    assert_eq!((ended.code, ended.err.as_str()), (Some(3), "error: the daemon is stopping\n"));
}

#[tokio::test]
async fn events_are_filtered_and_people_are_called_by_name() {
    let world = World::new().await;
    world.sign_in(User::ADA).await;
    let mut watch = world.watch(&["events", "--user", User::ADA.email, "--event", "sign_in"]);
    let line = told_of_a_sign_in(&world, &mut watch).await;
    assert!(line.contains(User::ADA.email) && line.contains("Z  sign_in "), "{line}");
}

#[tokio::test]
async fn the_audit_trail_is_followed_from_its_last_records() {
    let world = World::new().await;
    for user in [User::ADA, User::GRACE] {
        world.sign_in(user).await;
    }
    let mut watch = world.watch(&["audit", "tail", "-n", "1", "--json"]);
    let last: AuditEntry = serde_json::from_str(&watch.line_with("sequence").await).unwrap();
    assert_eq!((last.sequence, last.event.as_str()), (2, "sign_in"));
    world.run(&["users", "revoke", User::ADA.email, "--reason", "left"]).await.done();
    let next: AuditEntry = serde_json::from_str(&watch.line_with("sequence").await).unwrap();
    assert_eq!((next.sequence, next.event.as_str()), (3, "revocation"));
}

#[tokio::test]
async fn running_requests_are_watched() {
    let world = World::new().await;
    let token = world.sign_in(User::ADA).await;
    let mut watch = world.watch(&["requests", "watch", "--every", "20ms", "--json"]);
    let none: Page<Request> = serde_json::from_str(&watch.line_with("items").await).unwrap();
    assert!(none.items.is_empty());
    let _stream = world.ask(&token, "sandbox.stall").await;
    let one: Page<Request> = serde_json::from_str(&watch.line_with("sandbox.stall").await).unwrap();
    assert_eq!(one.items[0].email.as_deref(), Some(User::ADA.email));
}

#[tokio::test]
async fn a_watch_ends_quietly_when_nobody_reads_it_any_more() {
    let world = World::new().await;
    for arguments in [&["events"] as &[&str], &["audit", "tail"], &["requests", "watch", "--json"]] {
        let Watch { child, lines } = world.watch(arguments);
        drop(lines);
        let ended = tokio::time::timeout(LONG, child.wait_with_output()).await.expect("it ends").unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!((ended.status.code(), said.as_ref()), (Some(0), ""), "{arguments:?}");
    }
}

#[tokio::test]
async fn an_interrupt_ends_a_watch_as_it_ends_any_program() {
    let world = World::new().await;
    let mut watch = watch(interruptible(&world.socket(), &["requests", "watch", "--json"]));
    watch.line_with("items").await;
    let id = Pid::from_raw(watch.child.id().unwrap().try_into().unwrap()).unwrap();
    kill_process(id, Signal::INT).unwrap();
    let status = tokio::time::timeout(LONG, watch.child.wait()).await.expect("it ends").unwrap();
    assert_eq!(status.signal(), Some(Signal::INT.as_raw()));
}

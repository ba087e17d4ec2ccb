//! Another user of the machine at the socket: the kernel says who it is.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, chown},
    process::Output,
};

use sallyportd::sandbox::entra::User;
use serde_json::Value;
use shared::api::admin::{AuditEntry, Page};
use tokio::process::Command;

use super::world::{World, user};

/// `nobody`, with no group but its own.
const STRANGER: u32 = 65_534;

/// What `curl` tells a stranger, who runs it.
async fn curl(world: &World, path: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new("curl");
    command.args(["-sS", "--max-time", "60", "--unix-socket"]).arg(world.sandbox.admin_socket());
    command.args(arguments).arg(format!("http://localhost{path}")).current_dir("/");
    command.uid(STRANGER).gid(STRANGER).output().await.unwrap()
}

async fn told(world: &World, path: &str, arguments: &[&str]) -> Value {
    let output = curl(world, path, arguments).await;
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

#[tokio::test]
#[ignore = "needs root, to become another user, and curl"]
async fn a_stranger_cannot_connect_and_a_member_of_the_group_looks_and_cannot_act() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let socket = folder.path().join("admin.sock");
    let world = World::with(|config| config.admin.socket = socket.clone()).await;
    let token = world.sign_in(User::ADA, 1).await.remove(0);
    let refused = curl(&world, "/status", &[]).await;
    assert!(!refused.status.success() && refused.stdout.is_empty(), "{refused:?}");

    chown(&socket, None, Some(STRANGER)).unwrap();
    assert_eq!(told(&world, "/status", &[]).await["role"], "reader");
    assert_eq!(told(&world, "/users", &[]).await["items"][0]["id"], User::ADA.oid);
    let revoke = ["-H", "content-type: application/json", "-d", "{\"reason\":\"mischief\"}"];
    assert_eq!(told(&world, &user(User::ADA, "revoke"), &revoke).await["error"], "forbidden");
    assert_eq!(world.ask(&token, "sandbox.echo").await.status(), 200);
    let trail = world.operator().get("/audit?event=refusal").await;
    let trail: Page<AuditEntry> = serde_json::from_value(trail).unwrap();
    assert_eq!((trail.items.len(), trail.items[0].operator), (1, Some(STRANGER)));
}

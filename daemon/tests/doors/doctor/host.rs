//! The host itself: ports, disks, files, users.

use std::{
    fs,
    net::TcpListener,
    os::unix::{fs::PermissionsExt, net::UnixListener},
};

use rustix::process::Signal;

use super::world::Ward;

#[tokio::test]
async fn a_port_that_a_stranger_has_is_told_with_its_owner() {
    let mut ward = Ward::new().await;
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    ward.set("GATEWAY_PORT", &port.to_string());
    let report = ward.doctor(&[]).await;
    report.has(&format!("problem  port           gateway: port {port} is in use by `"));
    report.has(&format!(
        "`, process {}\n                        hint: stop that, or set `GATEWAY_PORT`",
        std::process::id()
    ));
    assert_eq!(report.code, Some(1));
}

#[tokio::test]
async fn a_port_of_another_sallyportd_is_told_as_such() {
    let mut ward = Ward::new().await;
    let other = ward.start().await;
    let url = other.url("auth");
    let port = url.rsplit(':').next().unwrap();
    ward.set("AUTH_PORT", port);
    ward.set("SALLYPORT_RUNTIME_DIR", &ward.path("elsewhere").to_string_lossy());
    let report = ward.doctor(&[]).await;
    let id = other.id();
    report.has(&format!(
        "problem  port           auth: port {port} is in use by another sallyportd, process {id}"
    ));
}

#[tokio::test]
async fn what_a_dead_daemon_left_is_told() {
    let ward = Ward::new().await;
    let daemon = ward.start().await;
    daemon.signal(Signal::KILL);
    daemon.end().await;
    let before = ward.files();
    let report = ward.doctor(&[]).await;
    report.has("warning  daemon         none runs: `");
    report.has("warning  store          the last daemon on `");
    report.has("` was killed: the next one puts its work in order");
    assert_eq!((report.code, ward.files()), (Some(0), before));
}

#[tokio::test]
async fn a_socket_behind_which_nobody_answers_is_a_problem() {
    let ward = Ward::new().await;
    fs::create_dir(ward.path("run")).unwrap();
    let _silent = UnixListener::bind(ward.path("run/admin.sock")).unwrap();
    let report = ward.doctor(&[]).await;
    report.has("problem  daemon         nobody answers at `");
    report.has("` within 5 s\n                        hint: the daemon hangs or can't start: see its log");
}

#[tokio::test]
async fn a_damaged_database_is_a_problem() {
    let ward = Ward::new().await;
    let daemon = ward.start().await;
    daemon.signal(Signal::TERM);
    daemon.end().await;
    let path = ward.path("state/sallyport.db");
    let mut bytes = fs::read(&path).unwrap();
    bytes[4096..].fill(0xA5);
    fs::write(&path, bytes).unwrap();
    let report = ward.doctor(&[]).await;
    report.has("problem  store          the database");
    report.has("is damaged");
    assert_eq!(report.code, Some(1));
}

#[tokio::test]
async fn secrets_and_state_that_others_may_read_are_told() {
    let mut ward = Ward::new().await;
    let secret = ward.variables["INTERNAL_JWT_SECRET"].clone();
    ward.write(".env", &format!("INTERNAL_JWT_SECRET={secret}\n"));
    fs::create_dir(ward.path("state")).unwrap();
    for (name, mode) in [(".env", 0o644), ("state", 0o755)] {
        fs::set_permissions(ward.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    ward.set("INTERNAL_JWT_SECRET", &secret);
    let report = ward.doctor(&[]).await;
    report.has(
        "problem  permission     everybody on this machine may read `.env`, which holds a secret (mode 644)",
    );
    report.has("hint: `chmod o= .env`, and replace the secret if others use this machine");
    report.has("warning  permission     others than `");
    assert!(!report.text.contains(&secret));
}

#[tokio::test]
#[ignore = "needs root and Debian's util-linux, to mount a small disk"]
async fn a_full_disk_and_a_read_only_one_are_problems() {
    let ward = Ward::new().await;
    fs::create_dir(ward.path("state")).unwrap();
    let report = ward.doctor_within("mount -t tmpfs -o size=1m tmpfs state").await;
    report.has("problem  store          the disk of `");
    report.has("` is full: 1 MiB are left\n                        hint: make room");
    let report = ward.doctor_within("mount -t tmpfs -o ro tmpfs state").await;
    report.has("` is on a disk that is mounted read-only");
    assert_eq!(report.code, Some(1));
}

#[tokio::test]
#[ignore = "needs root and Debian's util-linux, to be another user"]
async fn another_user_is_told_what_it_cannot_see() {
    let ward = Ward::new().await;
    let daemon = ward.start().await;
    ward.write(".env", "");
    fs::set_permissions(ward.path("."), fs::Permissions::from_mode(0o755)).unwrap();
    let report = ward.doctor_as("nobody").await;
    report.has("warning  daemon         it can't be asked at `");
    report.has("permission denied\n                        hint: run doctor as root, or as a member of the socket's group");
    report.has("warning  store          `");
    report.has("` can't be looked into: Permission denied");
    report.has("ok       entra");
    drop(daemon);
}

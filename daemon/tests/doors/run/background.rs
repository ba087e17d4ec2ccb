//! The daemon in the background: what its caller hears, what its log holds, and how it ends.

use std::{fs, os::unix::fs::MetadataExt, path::PathBuf};

use rustix::process::{Pid, Signal};
use tokio::time::timeout;

use super::{
    client_of,
    daemon::{NEVER, World, client},
    detached::{Detached, PAUSE, arguments, pid_of, words},
    prompt,
};

/// One line of `/proc/…/status`.
fn status(pid: Pid, name: &str) -> Vec<String> {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_start_matches(':').split_whitespace().map(str::to_owned).collect()
}

fn link(pid: Pid, name: &str) -> PathBuf {
    fs::read_link(format!("/proc/{}/{name}", pid.as_raw_nonzero())).unwrap()
}

#[tokio::test]
async fn the_caller_returns_when_requests_are_served() {
    let world = World::new().await;
    let daemon = Detached::start(&world, &[]).await;
    let tokens = daemon.sign_in(&client(&[])).await;
    let url = format!("{}/model/anthropic.claude-opus-4-8/invoke", daemon.url("gateway"));
    let request = client(&[]).post(url).bearer_auth(tokens.access_token.expose()).json(&prompt("say: hi"));
    assert_eq!(request.send().await.unwrap().status(), 200);
    daemon.stop().await;
    assert!(!world.path("run/admin.sock").exists());
    assert!(fs::read_to_string(world.path("sallyportd.log")).unwrap().contains("stopped"));
}

#[tokio::test]
async fn it_belongs_to_no_terminal_and_no_folder() {
    let world = World::new().await;
    let daemon = Detached::start(&world, &[]).await;
    let pid = daemon.pid;
    assert_eq!(link(pid, "cwd"), PathBuf::from("/"));
    assert_eq!([link(pid, "fd/0"), link(pid, "fd/1")], ["/dev/null", "/dev/null"].map(PathBuf::from));
    assert_eq!(link(pid, "fd/2"), world.path("sallyportd.log").canonicalize().unwrap());
    assert_eq!(status(pid, "Umask"), ["0027"]);
    // Not by getsid(2): a leader outside of this PID namespace is 0, which rustix takes for a fault.
    let [session, ours] = [pid, rustix::process::getpid()].map(|pid| status(pid, "NSsid"));
    assert!(session != [pid.to_string()] && session != ours, "{session:?}");
    let log = fs::metadata(world.path("sallyportd.log")).unwrap();
    assert_eq!(log.mode() & 0o777, 0o640);
    daemon.stop().await;
}

#[tokio::test]
async fn relative_paths_begin_where_it_was_started_and_a_reload_finds_them() {
    let mut world = World::new().await;
    world.variables.insert("SALLYPORT_STATE_DIR", "here/state".to_owned());
    world.write("sallyport.toml", "[gateway]\naliases = { fast = 'sandbox.tool' }\n");
    let daemon = Detached::start(&world, &[]).await;
    assert!(world.path("here/state/sallyport.db").exists());
    world.write("sallyport.toml", "[gateway]\naliases = { fast = 'sandbox.thinking' }\n");
    daemon.signal(Signal::HUP);
    daemon.until("configuration reloaded applied=1 needs_restart=0").await;
    daemon.stop().await;
}

#[tokio::test]
async fn what_is_wrong_reaches_the_caller_and_leaves_nothing_behind() {
    let mut world = World::new().await;
    let refused = async |world: &World, more: &[&str], code: i32, wrong: &[&str]| {
        let output = world.output(&arguments(more)).await;
        assert_eq!(output.status.code(), Some(code), "{}", words(&output));
        for wrong in wrong {
            assert!(words(&output).contains(wrong), "{wrong}\n---\n{}", words(&output));
        }
        assert!(!world.path("sallyportd.pid").exists());
    };
    let usage = async |arguments: &[&str]| world.output(arguments).await.status.code();
    assert_eq!(usage(&["run", "--daemonize"]).await, Some(2));
    assert_eq!(usage(&["run", "--daemonize", "--pid-file", "x"]).await, Some(2));
    assert_eq!(usage(&["run", "--pid-file", "x"]).await, Some(2));
    assert_eq!(usage(&arguments(&["--hand-over"])).await, Some(2));
    refused(&world, &["--user", "no-such-user"], 1, &["there is no user `no-such-user`", "\n  hint: "]).await;

    world.variables.insert("NOTIFY_SOCKET", "@nobody".to_owned());
    refused(&world, &[], 1, &["systemd waits", "\n  hint: leave `--daemonize` away"]).await;
    world.variables.remove("NOTIFY_SOCKET");

    let secret = world.variables.insert("INTERNAL_JWT_SECRET", "short".to_owned()).unwrap();
    refused(&world, &[], 1, &["`INTERNAL_JWT_SECRET`: it is 5 bytes long"]).await;
    world.variables.insert("INTERNAL_JWT_SECRET", secret);

    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    world.variables.insert("GATEWAY_PORT", port.clone());
    refused(&world, &[], 1, &[&format!("error: gateway: port {port} of 127.0.0.1 is in use\n  hint: ")])
        .await;
    fs::create_dir(world.path("folder")).unwrap();
    let no_file = ["run", "--daemonize", "--pid-file", "sallyportd.pid", "--log-file", "folder"];
    let output = world.output(&no_file).await;
    assert!(words(&output).contains("folder` can't be written: "), "{}", words(&output));
}

#[tokio::test]
async fn a_second_daemon_is_refused_and_told_about_the_first() {
    let world = World::new().await;
    let daemon = Detached::start(&world, &[]).await;
    let second = world.output(&arguments(&[])).await;
    let pid = daemon.pid.as_raw_nonzero();
    assert_eq!(second.status.code(), Some(1));
    let told = format!("error: another daemon runs already, as process {pid}, and holds `");
    assert!(
        words(&second).starts_with(&told) && words(&second).contains("\n  hint: stop it"),
        "{}",
        words(&second)
    );
    assert_eq!(pid_of(&world), daemon.pid);
    daemon.stop().await;
}

#[tokio::test]
async fn a_killed_daemon_is_no_obstacle_to_the_next() {
    let world = World::new().await;
    let killed = Detached::start(&world, &[]).await;
    killed.signal(Signal::KILL);
    killed.ended().await;
    assert_eq!(pid_of(&world), killed.pid);
    let next = Detached::start(&world, &[]).await;
    assert_ne!(next.pid, killed.pid);
    next.stop().await;
}

#[tokio::test]
async fn a_log_that_was_moved_away_is_made_again_and_loses_no_line() {
    let world = World::new().await;
    let daemon = Detached::start(&world, &[]).await;
    let before = daemon.log();
    daemon.signal(Signal::HUP);
    daemon.until("configuration reloaded").await;
    fs::rename(world.path("sallyportd.log"), world.path("sallyportd.log.1")).unwrap();
    daemon.signal(Signal::USR1);
    timeout(NEVER, async {
        while !world.path("sallyportd.log").exists() {
            tokio::time::sleep(PAUSE).await;
        }
    })
    .await
    .expect("the log is not made again");
    daemon.until("log opened again").await;
    let pid = daemon.pid;
    assert_eq!(link(pid, "fd/2"), world.path("sallyportd.log").canonicalize().unwrap());
    let old = fs::read_to_string(world.path("sallyportd.log.1")).unwrap();
    assert!(old.starts_with(&before) && old.ends_with('\n'));
    daemon.stop().await;
    let new = fs::read_to_string(world.path("sallyportd.log")).unwrap();
    assert!(new.ends_with("stopped\n") && !new.contains("listening"), "{new}");
}

#[tokio::test]
async fn a_stream_outlives_the_signal_to_stop_in_the_background_too() {
    let world = World::new().await;
    let daemon = Detached::start(&world, &[]).await;
    let tokens = daemon.sign_in(&client(&[])).await;
    let stream = super::drain::held(&world, &daemon.url("gateway"), tokens.access_token.expose()).await;
    daemon.signal(Signal::TERM);
    daemon.until("stopped accepting listener=gateway").await;
    let unready = client_of(&world).get("http://admin/readyz").send().await.unwrap();
    assert_eq!(unready.status(), 503);
    assert!(world.path("sallyportd.pid").exists());
    world.bedrock.resume();
    let whole = super::drain::rest(stream.0, stream.1).await;
    assert!(whole.contains("seven") && whole.contains("event: message_stop"), "{whole}");
    daemon.ended().await;
    assert!(!world.path("sallyportd.pid").exists());
}

/// What `nobody` is called by, on every Debian.
const NOBODY: u32 = 65534;

#[tokio::test]
#[ignore = "needs root: it gives its privileges away"]
async fn root_gives_its_privileges_away_and_keeps_a_low_port() {
    let mut world = World::new().await;
    world.open_to_everybody();
    for (name, folder) in [("SALLYPORT_STATE_DIR", "own/state"), ("SALLYPORT_RUNTIME_DIR", "own/run")] {
        world.variables.insert(name, world.path(folder).to_string_lossy().into_owned());
    }
    let port = low_port();
    world.variables.insert("GATEWAY_PORT", port.to_string());
    let daemon = Detached::start(&world, &["--user", "nobody", "--group", "nogroup"]).await;
    let [uid, gid] = ["Uid", "Gid"].map(|name| status(daemon.pid, name));
    assert_eq!([uid, gid], [vec![NOBODY.to_string(); 4], vec![NOBODY.to_string(); 4]]);
    assert_eq!(status(daemon.pid, "Groups"), [NOBODY.to_string()]);
    assert_eq!(status(daemon.pid, "CapEff"), ["0000000000000000"]);
    assert!(daemon.url("gateway").ends_with(&format!(":{port}")));
    for (path, mode) in
        [("sallyportd.log", 0o640), ("own/state", 0o700), ("own/run", 0o750), ("own/run/admin.sock", 0o660)]
    {
        let found = fs::metadata(world.path(path)).unwrap();
        assert_eq!((found.uid(), found.gid(), found.mode() & 0o777), (NOBODY, NOBODY, mode), "{path}");
    }
    let pid_file = fs::metadata(world.path("sallyportd.pid")).unwrap();
    assert_eq!((pid_file.uid(), pid_file.mode() & 0o777), (0, 0o644));
    daemon.signal(Signal::HUP);
    daemon.until("configuration reloaded applied=0 needs_restart=0").await;
    daemon.signal(Signal::TERM);
    daemon.ended().await;
    // Only root may remove it there.
    assert_eq!(fs::read_to_string(world.path("sallyportd.pid")).unwrap(), "");
    Detached::start(&world, &["--user", "nobody", "--group", "nogroup"]).await.signal(Signal::TERM);
}

/// One below 1024 that is free.
fn low_port() -> u16 {
    let is_free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    (500..1024).rev().find(is_free).unwrap()
}

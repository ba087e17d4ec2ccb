//! The `OpenAPI` document against the running daemon.

use std::{path::PathBuf, process::Stdio};

use sallyportd::{
    domain::policy::{Caps, Policy, SpendCaps},
    sandbox::entra::User,
    task::Tasks,
};
use shared::usage::Money;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, UnixStream},
    process::Command,
};

use super::world::World;

/// Gives the socket a port on loopback, for programs that know no unix sockets. Returns its URL.
async fn bridge(tasks: &Tasks, socket: PathBuf) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = tasks.stopping();
    let connections = tasks.clone();
    tasks.spawn("bridge", async move {
        while let Some(Ok((mut near, _))) = stop.run_until_cancelled(listener.accept()).await {
            let socket = socket.clone();
            connections.spawn("bridged connection", async move {
                let Ok(mut far) = UnixStream::connect(socket).await else { return };
                let _ = copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    format!("http://{address}")
}

/// `SCHEMATHESIS` names the program, if it is not on the path.
#[tokio::test]
#[ignore = "needs schemathesis from PyPI"]
async fn the_daemon_keeps_its_contract() {
    let world = World::with(|config| {
        let caps = Caps {
            requests_per_minute: Some(1_000),
            tokens_per_minute: Some(1_000_000),
            concurrent_streams: Some(1_000),
            spend: SpendCaps { day: Some(Money::from_dollars(1_000)), ..SpendCaps::default() },
        };
        config.policies = vec![Policy { caps, ..Policy::unlimited("all") }];
    });
    let world = world.await;
    let tokens = world.sign_in(User::ADA, 3).await;
    let _stream = world.ask(&tokens[0], "sandbox.stall").await;
    let tasks = Tasks::default();
    let url = bridge(&tasks, world.sandbox.admin_socket().to_owned()).await;
    let program = std::env::var("SCHEMATHESIS").unwrap_or_else(|_| "schemathesis".to_owned());
    let output = Command::new(program)
        .args(["run", &format!("{url}/openapi.json"), "--url", &url])
        .args(["--exclude-path", "/events", "--max-examples", "40", "--seed", "1"])
        .args(["--checks", "all", "--exclude-checks", "ignored_auth,unsupported_method"])
        .current_dir(world.sandbox.folder())
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let told =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
}

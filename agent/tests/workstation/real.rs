//! The real Claude Code, mirrored, installed and at work where loopback is all the network there is.

use std::{
    collections::BTreeMap,
    env, fs,
    os::unix::fs::{PermissionsExt, chown},
    path::Path,
};

use sallyportd::sandbox::entra::User;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::{
    disk::snapshot,
    isolated_test,
    world::{Said, World},
};

/// Somebody who is not root.
const USER: u32 = 4711;
/// What Claude Code itself keeps in a home, from its first run on.
const CLAUDE_CODES_OWN: [&str; 4] = [".claude", ".claude.json", ".cache", ".local/state"];

/// A real machine: Claude Code as its makers built it, and a user without rights.
pub(crate) async fn machine() -> World {
    let claude = env::var_os("SALLYPORT_TEST_CLAUDE").expect("SALLYPORT_TEST_CLAUDE names `claude`");
    let said = Command::new(&claude).arg("--version").output().await.unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let version = said.split_whitespace().next().unwrap();
    let world = World::with(version, &fs::read(&claude).unwrap()).await;
    for folder in [world.beside(""), world.mirror.path("")] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
    chown(world.home(""), Some(USER), Some(USER)).unwrap();
    // Where a user without rights finds it.
    fs::copy(env!("CARGO_BIN_EXE_claude-agent"), world.beside("claude-agent")).unwrap();
    world
}

/// A program, run by that user.
pub(crate) fn by_user(world: &World, program: &Path, arguments: &[&str]) -> Command {
    let mut command = world.command("/usr/bin/setpriv".as_ref());
    let id = USER.to_string();
    command.args(["--reuid", &id, "--regid", &id, "--clear-groups", "--"]).arg(program).args(arguments);
    command.current_dir(world.home(""));
    command
}

pub(crate) async fn told(world: &World, arguments: &[&str]) -> Said {
    let mut command = by_user(world, &world.beside("claude-agent"), arguments);
    command.envs(world.variables());
    world.run(command).await
}

/// Lets Claude Code answer, with no other configuration than what is installed.
pub(crate) async fn ask(world: &World, claude: &Path) -> Said {
    world.run(by_user(world, claude, &["-p", "say hi"])).await
}

fn without_claude_codes_own(mut found: BTreeMap<String, String>) -> BTreeMap<String, String> {
    found.remove(".local");
    found.retain(|path, _| !CLAUDE_CODES_OWN.iter().any(|own| Path::new(path).starts_with(own)));
    found
}

async fn install_as_user() {
    let world = machine().await;
    let before = snapshot(&world.home(""));
    told(&world, &["install", "--method", "device-code"]).await.assert_done();
    told(&world, &["uninstall"]).await.assert_done();
    assert_eq!(snapshot(&world.home("")), before);

    told(&world, &["install", "--method", "device-code"]).await.assert_done();
    let said = ask(&world, &world.home(".local/bin/claude")).await.assert_done();
    assert_eq!(said.out.trim(), "You said: say hi");

    revoke(&world).await;
    expire(&world);
    let said = told(&world, &["get-token"]).await.assert_fails(4, "session");
    assert_eq!((said.out.as_str(), said.err.lines().count()), ("", 1), "{said:?}");

    told(&world, &["uninstall"]).await.assert_done();
    assert_eq!(without_claude_codes_own(snapshot(&world.home(""))), without_claude_codes_own(before));
    for ours in [
        "settings.json",
        "token.json",
        "claude-agent.json",
        "get-token.sh",
        "bin",
        "claude-agent-journal.json",
    ] {
        assert!(!world.home(".claude").join(ours).exists(), "{ours}");
    }
}

async fn install_for_all() {
    let world = machine().await;
    let (etc, local) = (snapshot("/etc".as_ref()), snapshot("/usr/local".as_ref()));
    let agent = Path::new("/usr/local/bin/claude-agent");
    told(&world, &["system", "install"]).await.assert_fails(4, "only administrators");
    let mut command = world.agent(&["system", "install"]);
    command.env_remove("INSTALL_SERVER_KEY");
    world.run(command).await.assert_done();

    // What all must be able to read, and none but root to change.
    for path in ["/etc/claude-code/managed-settings.json", "/etc/claude-code/claude-agent.json"] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o644, "{path}");
    }
    // With no variables and nothing in the home but the session.
    world.run(by_user(&world, agent, &["login", "--method", "device-code"])).await.assert_done();
    let claude = world.mirror.path("claude-code-releases");
    let claude = claude.join(fs::read_to_string(world.mirror.path("VERSION")).unwrap().trim());
    let claude = claude.join(claude_agent::os::this().platform().unwrap().as_str()).join("claude");
    fs::set_permissions(&claude, fs::Permissions::from_mode(0o755)).unwrap();
    let said = ask(&world, &claude).await.assert_done();
    assert_eq!(said.out.trim(), "You said: say hi");

    let mut command = world.command(agent);
    command.args(["system", "uninstall"]);
    world.run(command).await.assert_done();
    assert_eq!(snapshot("/etc".as_ref()), etc);
    assert_eq!(snapshot("/usr/local".as_ref()), local);
}

pub(crate) async fn revoke(world: &World) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let operator =
        reqwest::Client::builder().unix_socket(world.sandbox.admin_socket().to_owned()).build().unwrap();
    let url = format!("http://sallyport/users/{}/revoke", User::ADA.oid);
    let answer = operator.post(url).json(&json!({ "reason": "laptop stolen" })).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
}

/// Makes the token in hand one that has to be refreshed.
fn expire(world: &World) {
    let path = world.home(".claude/token.json");
    let mut kept: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    kept["expires_at"] = json!(1);
    fs::write(&path, kept.to_string()).unwrap();
}

isolated_test!(
    "needs the real Claude Code client, and root",
    claude_code_answers_after_one_command_of_its_user,
    install_as_user
);
isolated_test!(
    "needs the real Claude Code client, and root",
    claude_code_answers_after_one_command_of_an_administrator,
    install_for_all
);

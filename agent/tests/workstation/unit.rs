//! The units under a real systemd: enabled, fired by their timer, removed. The test boots one and runs itself in it.

use std::{
    env, fs,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{process::Command, time::timeout};

use crate::{
    disk::snapshot,
    world::{COPIED, Said, World, program_under_test},
};

const USER: &str = "tester";
const ID: u32 = 4711;
/// Nothing here takes so long, unless it would take for ever.
const NEVER: Duration = Duration::from_mins(1);
const ASK_EVERY: Duration = Duration::from_millis(50);
/// Lets the timer fire at once.
const SOON: &str = "[Timer]\nOnActiveSec=100ms\nRandomizedDelaySec=0\nAccuracySec=1ms\n";

/// Somebody who has just logged on for the first time.
struct User(World);

impl User {
    async fn new() -> Self {
        let world = World::new().await;
        let home = world.home("");
        for folder in [world.beside(""), world.mirror.path("")] {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        }
        chown(&home, Some(ID), Some(ID)).unwrap();
        fs::copy(program_under_test(), world.beside("claude-agent")).unwrap();
        let id = ID.to_string();
        let home = home.to_str().unwrap().trim_end_matches('/');
        run("useradd", &["--uid", &id, "--home-dir", home, "--no-create-home", USER]).await;
        run("loginctl", &["enable-linger", USER]).await;
        let user = Self(world);
        user.until(|| PathBuf::from(format!("/run/user/{ID}/bus")).exists()).await;
        user
    }

    /// A program as this user runs it.
    async fn run(&self, program: &str, arguments: &[&str]) -> Said {
        let mut command = self.0.command("/usr/sbin/runuser".as_ref());
        command.args(["-u", USER, "--", program]).args(arguments).envs(self.0.variables());
        command.env("XDG_RUNTIME_DIR", format!("/run/user/{ID}")).env("CLAUDE_AGENT_PATH", self.agent());
        self.0.run(command).await
    }

    /// A path of the kind that is easily misunderstood.
    fn agent(&self) -> PathBuf {
        self.0.home("of $HOME tools/100%n \"q\" it's/claude-agent")
    }

    async fn agent_does(&self, arguments: &[&str]) -> Said {
        self.run(self.0.beside("claude-agent").to_str().unwrap(), arguments).await
    }

    async fn systemctl(&self, arguments: &[&str]) -> Said {
        let arguments: Vec<_> = ["--user"].iter().chain(arguments).copied().collect();
        self.run("/usr/bin/systemctl", &arguments).await
    }

    async fn until(&self, is_so: impl Fn() -> bool) {
        let waiting = async {
            while !is_so() {
                tokio::time::sleep(ASK_EVERY).await;
            }
        };
        timeout(NEVER, waiting).await.expect("it never comes to that");
    }
}

async fn run(program: &str, arguments: &[&str]) {
    let done = Command::new(program).args(arguments).output().await.unwrap();
    assert!(done.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

const NAME: &str = "unit::a_timer_refreshes_the_token_until_it_is_removed";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "boots a systemd of its own: needs root, mmdebstrap and systemd-container"]
async fn a_timer_refreshes_the_token_until_it_is_removed() {
    if Path::new("/boot-test").exists() {
        refreshes_until_it_is_removed().await;
    } else {
        boot().await;
    }
}

/// Runs the same test where systemd is process 1.
async fn boot() {
    let agent = program_under_test();
    let agent = agent.display();
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.ci/boot"));
    for package in ["ca-certificates", "dbus-user-session", "libpam-systemd"] {
        command.args(["--package", package]);
    }
    command.args(["--copy", &format!("{agent}:{COPIED}")]).arg(env::current_exe().unwrap());
    let done = command.args([NAME, "--exact", "--ignored", "--nocapture"]).output().await.unwrap();
    let said = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && said.contains("1 passed"), "{said}");
}

async fn refreshes_until_it_is_removed() {
    let user = User::new().await;
    let before = snapshot(&user.0.home(""));
    let said = user.agent_does(&["install", "--method", "device-code"]).await.assert_done();
    assert_eq!(said.step("background"), "done", "{}", said.err);
    for unit in ["claudecode-refresh.timer", "claudecode-autostart.service"] {
        assert_eq!(user.systemctl(&["is-enabled", unit]).await.out, "enabled\n", "{unit}");
    }
    assert_eq!(user.systemctl(&["is-active", "claudecode-refresh.timer"]).await.out, "active\n");
    let again = user.agent_does(&["install", "--method", "device-code"]).await.assert_done();
    assert_eq!(again.step("background"), "unchanged", "{}", again.err);
    user.systemctl(&["start", "claudecode-autostart.service"]).await.assert_done();

    let token = user.0.home(".claude/token.json");
    let kept = fs::read(&token).unwrap();
    let folder = user.0.home(".config/systemd/user/claudecode-refresh.timer.d");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("soon.conf"), SOON).unwrap();
    user.systemctl(&["daemon-reload"]).await.assert_done();
    user.systemctl(&["restart", "claudecode-refresh.timer"]).await.assert_done();
    user.until(|| fs::read(&token).is_ok_and(|now| now != kept)).await;
    fs::remove_dir_all(folder).unwrap();

    user.agent_does(&["uninstall"]).await.assert_done();
    assert_eq!(snapshot(&user.0.home("")), before);
    user.systemctl(&["daemon-reload"]).await.assert_done();
    for unit in ["claudecode-refresh.timer", "claudecode-refresh.service", "claudecode-autostart.service"] {
        let told = user.systemctl(&["show", "--property=LoadState,ActiveState", "--value", unit]).await;
        assert_eq!(told.out, "not-found\ninactive\n", "{unit}");
    }
}

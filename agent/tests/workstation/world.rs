//! A workstation with a home of its own, and the services that it reaches.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use claude_agent::os;
use sallyportd::{
    config::TlsFiles,
    sandbox::{Options, Sandbox},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
    time::timeout,
};

use crate::mirror::{Mirror, program};

/// Nothing here takes so long, unless it would take for ever; Claude Code tries for three minutes.
const NEVER: Duration = Duration::from_mins(5);
const ASK_EVERY: Duration = Duration::from_millis(20);
pub(crate) const VERSION: &str = "2.1.300";
/// Where the agent is in a system that was booted for a test: its folder here may be hidden there, as `/tmp` is.
pub(crate) const COPIED: &str = "/boot-test/claude-agent";

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) mirror: Mirror,
    folder: TempDir,
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn assert_done(self) -> Self {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        self
    }

    pub(crate) fn assert_fails(self, code: i32, words: &str) -> Self {
        assert!(
            self.code == Some(code) && self.err.contains(words),
            "{:?}: {}{}",
            self.code,
            self.out,
            self.err
        );
        self
    }

    /// How a step ended, as its line says.
    pub(crate) fn step(&self, name: &str) -> &str {
        let line = self
            .err
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_else(|| panic!("{}", self.err));
        line.trim_start().split("  ").next().unwrap()
    }
}

/// The agent that was built here, or the one that `SALLYPORT_TEST_AGENT` names; in a booted system, what was copied there.
pub(crate) fn program_under_test() -> PathBuf {
    let copied = PathBuf::from(COPIED);
    if copied.exists() {
        return copied;
    }
    env::var_os("SALLYPORT_TEST_AGENT")
        .map_or_else(|| env!("CARGO_BIN_EXE_claude-agent").into(), PathBuf::from)
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(VERSION, &program(VERSION)).await
    }

    /// A world whose install server has this Claude Code.
    pub(crate) async fn with(version: &str, program: &[u8]) -> Self {
        Self::with_tls(version, program, None).await
    }

    /// The same, behind TLS by a certificate that nobody knows.
    pub(crate) async fn with_tls(version: &str, program: &[u8], tls: Option<TlsFiles>) -> Self {
        let mirror = Mirror::new(os::this().platform().unwrap());
        mirror.agent(&fs::read(program_under_test()).unwrap());
        Self::of(mirror, version, program, tls).await
    }

    /// A world that is mirrored like this.
    pub(crate) async fn of(mirror: Mirror, version: &str, program: &[u8], tls: Option<TlsFiles>) -> Self {
        mirror.release(version, program);
        let sandbox = Sandbox::start_with(Options::default(), |config| {
            config.install.artifacts_dir = mirror.path("");
            config.install.key = Some(mirror.path("signer.key"));
            config.listen.tls = tls;
        });
        let world = Self { sandbox: sandbox.await.unwrap(), mirror, folder: tempfile::tempdir().unwrap() };
        fs::create_dir(world.home("")).unwrap();
        world.until_served(version).await;
        world
    }

    pub(crate) fn home(&self, path: &str) -> PathBuf {
        self.folder.path().join("home").join(path)
    }

    pub(crate) fn beside(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Waits until the install server has verified a version.
    pub(crate) async fn until_served(&self, version: &str) {
        let url = format!("{}/VERSION", self.sandbox.install());
        let asking = async {
            loop {
                let answer = self.sandbox.client().get(&url).send().await.unwrap();
                if answer.text().await.unwrap().trim() == version {
                    return;
                }
                tokio::time::sleep(ASK_EVERY).await;
            }
        };
        timeout(NEVER, asking).await.expect("it is never served");
    }

    /// The agent with these arguments, told of everything by variables.
    pub(crate) fn agent(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(&program_under_test());
        command.args(arguments);
        for (name, value) in self.variables() {
            command.env(name, value);
        }
        command
    }

    /// A program in this home, and told of nothing else.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", self.home(""))
            .env("PATH", "/usr/bin:/bin")
            .current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AUTH_SERVER_URL", self.sandbox.auth()),
            ("INSTALL_SERVER_URL", self.sandbox.install()),
            ("LLM_GATEWAY_URL", self.sandbox.gateway()),
            ("ENTRA_TENANT_ID", self.sandbox.entra.tenant_id().to_owned()),
            ("ENTRA_CLIENT_ID", self.sandbox.entra.client_id().to_owned()),
            ("ENTRA_AUTHORITY", self.sandbox.entra.authority()),
            ("INSTALL_SERVER_KEY", self.mirror.path("signer.key").display().to_string()),
        ]
    }

    /// Runs a program to its end. Whoever is asked to sign in does so.
    pub(crate) async fn run(&self, mut command: Command) -> Said {
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let telling = async {
            let mut err = String::new();
            while let Some(line) = lines.next_line().await.unwrap() {
                if let Some((_, code)) = line.rsplit_once("enter the code ") {
                    self.approve(code.trim()).await;
                }
                err.push_str(&line);
                err.push('\n');
            }
            err
        };
        let ended = async { tokio::join!(telling, child.wait_with_output()) };
        let (err, output) = timeout(NEVER, ended).await.expect("it ends");
        let output = output.unwrap();
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        Said { code: output.status.code(), out, err }
    }

    /// Signs Ada in on a device that shows this code.
    async fn approve(&self, code: &str) {
        let authority = self.sandbox.entra.authority();
        let (origin, _) = authority.rsplit_once('/').unwrap();
        let url = format!("{origin}/devicelogin?user_code={code}&login_hint=ada");
        let answer = self.sandbox.client().get(url).send().await.unwrap();
        assert!(answer.text().await.unwrap().contains("Signed in"));
    }

    pub(crate) async fn install(&self) -> Said {
        self.run(self.agent(&["install", "--method", "device-code"])).await
    }

    pub(crate) async fn uninstall(&self) -> Said {
        self.run(self.agent(&["uninstall"])).await
    }
}

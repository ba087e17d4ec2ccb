//! The sandbox, and the program as a process beside it.

use std::{
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use sallyportd::{
    config::Config,
    domain::policy::{Caps, Policy, SpendCaps},
    sandbox::{Options, Sandbox, entra::User},
};
use serde::de::DeserializeOwned;
use serde_json::json;
use shared::{
    api::{
        admin::{Page, Session},
        auth::TokenAnswer,
    },
    usage::Money,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

/// Longer than any test.
pub const LONG: Duration = Duration::from_mins(2);

pub struct World {
    pub sandbox: Sandbox,
}

/// How the program ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// The program while it goes on.
pub struct Watch {
    pub child: Child,
    pub lines: Lines<BufReader<ChildStdout>>,
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_sallyport");

/// The program with nothing of the environment that could change what it does.
pub fn program(socket: &Path, arguments: &[&str]) -> Command {
    set_up(Command::new(PROGRAM), socket, arguments)
}

/// The program as a shell starts it. What a shell has put into the background ignores interrupts, and so do its
/// children: these tests perhaps, too.
pub fn interruptible(socket: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("/usr/bin/env");
    command.args(["--default-signal=INT", PROGRAM]);
    set_up(command, socket, arguments)
}

fn set_up(mut command: Command, socket: &Path, arguments: &[&str]) -> Command {
    command.args(arguments).env_clear().env("SALLYPORT_SOCKET", socket).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

pub async fn run(socket: &Path, arguments: &[&str]) -> Ran {
    ended(program(socket, arguments)).await
}

pub async fn ended(mut command: Command) -> Ran {
    // `output` would put pipes in place of what a test has chosen.
    let child = command.spawn().unwrap();
    let output = tokio::time::timeout(LONG, child.wait_with_output()).await.expect("it ends").unwrap();
    Ran::from(output)
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Ran {
    /// What was printed, if all went well and nothing else was said.
    pub fn done(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{}", self.out);
        self.out
    }

    pub fn json<T: DeserializeOwned>(self) -> T {
        let printed = self.done();
        serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
    }

    /// How it failed: nothing on stdout, `error:` and at most one `hint:` on stderr.
    pub fn failed(self, code: i32) -> String {
        assert_eq!((self.code, self.out.as_str()), (Some(code), ""), "{}", self.err);
        assert!(self.err.starts_with("error: "), "{}", self.err);
        assert!(self.err.lines().filter(|line| line.starts_with("hint: ")).count() <= 1, "{}", self.err);
        self.err
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// With caps for everyone, so that there is something to raise.
    pub async fn capped() -> Self {
        let spend = SpendCaps { day: Some(Money::from_dollars(5)), ..SpendCaps::default() };
        let caps = Caps {
            requests_per_minute: Some(1000),
            tokens_per_minute: Some(1_000_000),
            concurrent_streams: Some(10),
            spend,
        };
        Self::with(|config| config.policies = vec![Policy { caps, ..Policy::unlimited("everyone") }]).await
    }

    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self { sandbox: Sandbox::start_with(Options::default(), change).await.unwrap() }
    }

    pub fn socket(&self) -> PathBuf {
        self.sandbox.admin_socket().to_owned()
    }

    pub async fn run(&self, arguments: &[&str]) -> Ran {
        run(&self.socket(), arguments).await
    }

    /// Starts the program and lets it go on.
    pub fn watch(&self, arguments: &[&str]) -> Watch {
        watch(program(&self.socket(), arguments))
    }

    pub async fn sign_in(&self, user: &User) -> TokenAnswer {
        self.sandbox.sign_in(user).await.unwrap()
    }

    /// A request of the gateway, as Claude Code sends it.
    pub async fn ask(&self, token: &TokenAnswer, model: &str) -> reqwest::Response {
        let url = format!("{}/model/{model}/invoke-with-response-stream", self.sandbox.gateway());
        let body = json!({
            "anthropic_version": "bedrock-2023-05-31", "max_tokens": 99,
            "messages": [{ "role": "user", "content": "hello there" }],
        });
        let request = self.sandbox.client().post(url).bearer_auth(token.access_token.expose()).json(&body);
        let request = request.header("user-agent", "claude-cli/2.1.330 (external, cli)");
        request.header("x-claude-code-session-id", "a-session").send().await.unwrap()
    }

    pub async fn sessions(&self) -> Vec<Session> {
        self.run(&["sessions", "list", "--json", "--all"]).await.json::<Page<Session>>().items
    }
}

pub fn watch(mut command: Command) -> Watch {
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    Watch { child, lines }
}

impl Watch {
    /// The next line that holds a text.
    pub async fn line_with(&mut self, text: &str) -> String {
        let found = async {
            loop {
                let line = self.lines.next_line().await.unwrap().expect("it goes on");
                if line.contains(text) {
                    return line;
                }
            }
        };
        tokio::time::timeout(LONG, found).await.expect("it is told")
    }

    /// Waits until it ends by itself.
    pub async fn end(self) -> Ran {
        let Self { child, lines } = self;
        let ended = async {
            let mut out = String::new();
            let mut lines = lines;
            while let Some(line) = lines.next_line().await.unwrap() {
                out.push_str(&line);
                out.push('\n');
            }
            Ran { out, ..Ran::from(child.wait_with_output().await.unwrap()) }
        };
        tokio::time::timeout(LONG, ended).await.expect("it ends")
    }
}

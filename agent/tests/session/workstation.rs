//! A workstation of a user of the sandbox: a home, the program, and what it says.

use std::{
    env,
    fs::{self, File},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::{Duration, SystemTime},
};

use sallyportd::sandbox::{
    Options, Sandbox,
    entra::{CLIENT_ID, User},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStderr, Command},
};

/// The agent that was built here, or the one that `SALLYPORT_TEST_AGENT` names: of another system, or a released one.
pub fn program() -> String {
    env::var("SALLYPORT_TEST_AGENT").unwrap_or_else(|_| env!("CARGO_BIN_EXE_claude-agent").to_owned())
}

pub struct Workstation {
    pub sandbox: Sandbox,
    pub home: TempDir,
    /// In place of the sandbox's.
    pub auth: Option<String>,
}

/// How the program ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// The program while it runs: what it says to people, line by line.
pub struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStderr>>,
}

impl Workstation {
    pub async fn new() -> Self {
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join(".claude")).unwrap();
        Self { sandbox, home, auth: None }
    }

    /// With a session whose access token ends in so many seconds, as the file says.
    pub async fn signed_in(seconds: i64) -> Self {
        let workstation = Self::new().await;
        let tokens = workstation.sandbox.sign_in(User::ADA).await.unwrap();
        workstation.write(&json!({
            "access_token": tokens.access_token,
            "refresh_token": tokens.refresh_token,
            "expires_at": now() + seconds,
        }));
        workstation
    }

    pub fn token_file(&self) -> PathBuf {
        self.home.path().join(".claude/token.json")
    }

    pub fn write(&self, token: &Value) {
        fs::write(self.token_file(), token.to_string()).unwrap();
        fs::set_permissions(self.token_file(), fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub fn read(&self) -> Value {
        serde_json::from_slice(&fs::read(self.token_file()).unwrap()).unwrap()
    }

    /// The token that lies in the file.
    pub fn token(&self) -> String {
        self.read()["access_token"].as_str().unwrap().to_owned()
    }

    /// As if the token in the file had ended.
    pub fn expire(&self) {
        let mut token = self.read();
        token["expires_at"] = json!(now() - 1);
        self.write(&token);
    }

    /// As if the file had been written then.
    pub fn date(&self, at: SystemTime) {
        File::options().append(true).open(self.token_file()).unwrap().set_modified(at).unwrap();
    }

    /// The program with nothing around it but what a user of the sandbox has configured.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.around(Path::new(&program()), arguments)
    }

    /// Another program in the same surroundings.
    pub fn around(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().kill_on_drop(true).stdin(Stdio::null());
        command.env("HOME", self.home.path()).env("PATH", self.home.path().join("bin"));
        command.env("AUTH_SERVER_URL", self.auth.clone().unwrap_or_else(|| self.sandbox.auth()));
        command.env("ENTRA_AUTHORITY", self.sandbox.entra.authority());
        command.env("ENTRA_TENANT_ID", self.sandbox.entra.tenant_id()).env("ENTRA_CLIENT_ID", CLIENT_ID);
        command
    }

    pub async fn run(&self, arguments: &[&str]) -> Ended {
        self.command(arguments).output().await.unwrap().into()
    }

    pub fn start(&self, arguments: &[&str]) -> Running {
        let mut command = self.command(arguments);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        Running { child, lines }
    }

    /// Puts a program into the user's `PATH`.
    pub fn provide(&self, name: &str, script: &str) {
        let folder = self.home.path().join("bin");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// An operator ends every session of the user.
    pub async fn revoke(&self, user: &User) {
        let client = reqwest::Client::builder()
            .unix_socket(self.sandbox.admin_socket())
            .tls_backend_preconfigured(tls())
            .build()
            .unwrap();
        let url = format!("http://sallyport/users/{}/revoke", user.oid);
        let answer = client.post(url).json(&json!({ "reason": "laptop stolen" })).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// How many refresh tokens were presented, with this result.
    pub async fn refreshes(&self, result: &str) -> u64 {
        let url = self.sandbox.metrics().unwrap();
        let text = self.sandbox.client().get(url).send().await.unwrap().text().await.unwrap();
        let name = format!("sallyport_auth_refreshes_total{{result=\"{result}\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&name)).unwrap().parse().unwrap()
    }
}

impl Ended {
    /// A failure of `get-token`: nothing on stdout, and one sentence that has these words.
    pub fn assert_refused(&self, code: i32, words: &[&str]) {
        assert_eq!(self.stdout, "");
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        assert!(self.stderr.starts_with("error: "), "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "`{word}` is missing in: {}", self.stderr);
        }
        assert_eq!(self.code, Some(code), "{}", self.stderr);
    }

    /// The one token that was printed, on one line.
    pub fn token(&self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""));
        let token = self.stdout.strip_suffix('\n').unwrap();
        assert_eq!(token.split('.').count(), 3, "{token}");
        assert!(token.bytes().all(|byte| byte.is_ascii_graphic()));
        token.to_owned()
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Running {
    /// The next line that has a word.
    pub async fn line(&mut self, word: &str) -> String {
        let mut seen = String::new();
        while let Some(line) = self.lines.next_line().await.unwrap() {
            if line.contains(word) {
                return line;
            }
            seen = format!("{seen}{line}\n");
        }
        panic!("`{word}` was not said: {seen}");
    }

    /// The end, and what else was said.
    pub async fn end(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        while let Some(line) = self.lines.next_line().await.unwrap() {
            rest = format!("{rest}{line}\n");
        }
        (self.child.wait().await.unwrap().code(), rest)
    }
}

#[allow(clippy::disallowed_methods, reason = "what the program does, too")]
pub fn now() -> i64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since_epoch.as_secs()).unwrap()
}

/// All is plain HTTP; a client wants to know all the same.
pub fn tls() -> rustls::ClientConfig {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth()
}

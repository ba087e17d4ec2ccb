//! A developer's machine with Claude Code and managed settings on it, and nothing else: no home to speak of, no
//! credentials, no Internet.

use std::{env, fs, os::unix::fs::PermissionsExt, path::PathBuf, process::Stdio, time::Duration};

use reqwest::Client;
use sallyportd::{
    config::Config,
    sandbox::{Options, Sandbox, entra::User},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::tap::Tap;

/// Longer than Claude Code needs for anything that is asked of it here.
const PATIENCE: Duration = Duration::from_mins(2);
pub const SETTINGS: &str = "/etc/claude-code/managed-settings.json";
const OPUS: &str = "us.anthropic.claude-opus-4-8";

/// How Claude Code talks to the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Bedrock,
    Anthropic,
}

/// The machine, and the sandbox that it is connected to.
pub struct Machine {
    pub sandbox: Sandbox,
    /// Counts what goes from the machine to the gateway.
    pub tap: Tap,
    /// The gateway, behind the tap, which counts nothing that is encrypted.
    pub gateway: String,
    folder: TempDir,
}

/// How a run of Claude Code ended.
#[derive(Debug)]
pub struct Said {
    pub text: String,
    pub errors: String,
    pub is_success: bool,
}

impl Said {
    /// It ended well, and this was said at the end.
    pub fn assert_says(&self, expected: &str) {
        let Self { text, errors, is_success } = self;
        assert!(*is_success && text.ends_with(expected), "expected `{expected}`, said `{text}`: {errors}");
    }

    /// It failed, and this was said.
    pub fn assert_fails_with(&self, expected: &str) {
        let Self { text, errors, is_success } = self;
        assert!(!*is_success && text.contains(expected), "expected `{expected}`, said `{text}`: {errors}");
    }
}

impl Machine {
    pub async fn new(mode: Mode) -> Self {
        Self::with(mode, |_| {}).await
    }

    /// A machine whose daemon is configured like this.
    pub async fn with(mode: Mode, change: impl FnOnce(&mut Config)) -> Self {
        let sandbox = Sandbox::start_with(Options::default(), change).await.unwrap();
        let gateway = sandbox.gateway();
        let machine = Self::before(mode, sandbox, &gateway).await;
        machine.set_helper(&machine.token_command());
        machine
    }

    /// A machine that is connected to this gateway, and has no helper yet.
    pub async fn before(mode: Mode, sandbox: Sandbox, gateway: &str) -> Self {
        let (scheme, address) = gateway.split_once("://").unwrap();
        let tap = Tap::start(address.parse().unwrap()).await;
        let gateway = tap.url().replace("http", scheme);
        let machine = Self { sandbox, tap, gateway, folder: tempfile::tempdir().unwrap() };
        for folder in ["home", "project"] {
            fs::create_dir(machine.folder.path().join(folder)).unwrap();
        }
        machine.deploy(mode, &[]);
        machine
    }

    /// The command that signs a user in and prints a token.
    pub fn token_command(&self) -> String {
        self.token_command_of(&self.sandbox.auth())
    }

    /// The same at another auth server.
    pub fn token_command_of(&self, auth: &str) -> String {
        let entra = self.sandbox.entra.authority();
        let program = env!("CARGO_BIN_EXE_sallyportd");
        format!("{program} sandbox-token --entra {entra} --auth {auth} --user ada")
    }

    /// Lets the helper do this. Each of its runs is counted.
    pub fn set_helper(&self, commands: &str) {
        let (helper, runs) = (self.helper(), self.runs());
        fs::write(&helper, format!("#!/bin/sh\necho run >> {}\n{commands}\n", runs.display())).unwrap();
        fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub fn helper_runs(&self) -> usize {
        fs::read_to_string(self.runs()).unwrap_or_default().lines().count()
    }

    /// A path in the folder that Claude Code works in.
    pub fn project(&self, name: &str) -> PathBuf {
        self.folder.path().join("project").join(name)
    }

    /// A path beside it.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs Claude Code with a prompt.
    pub async fn ask(&self, prompt: &str) -> Said {
        self.ask_model(prompt, OPUS).await
    }

    /// Runs Claude Code with a prompt and a model.
    pub async fn ask_model(&self, prompt: &str, model: &str) -> Said {
        let claude = env::var_os("SALLYPORT_TEST_CLAUDE").expect("SALLYPORT_TEST_CLAUDE names `claude`");
        let run = Command::new(claude)
            .args(["-p", prompt, "--model", model, "--allowedTools", "Bash"])
            .env_clear()
            .env("HOME", self.beside("home"))
            .env("PATH", "/usr/bin:/bin")
            .current_dir(self.beside("project"))
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(PATIENCE, run).await.expect("Claude Code ends").unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        Said { text: text(&output.stdout), errors: text(&output.stderr), is_success: output.status.success() }
    }

    /// An operator's order about the user whom the helper signs in.
    pub async fn order(&self, action: &str, body: Value) {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let operator = Client::builder().unix_socket(self.sandbox.admin_socket()).no_proxy().build().unwrap();
        let order = operator.post(format!("http://localhost/users/{}/{action}", User::ADA.oid));
        assert!(order.json(&body).send().await.unwrap().status().is_success());
    }

    /// Writes the managed settings, with these variables besides.
    pub fn deploy(&self, mode: Mode, variables: &[(&str, &str)]) {
        let mut settings = self.settings(mode);
        for (name, value) in variables {
            settings["env"][name] = json!(value);
        }
        fs::create_dir_all("/etc/claude-code").unwrap();
        fs::write(SETTINGS, settings.to_string()).unwrap();
    }

    fn settings(&self, mode: Mode) -> Value {
        let mut settings = json!({
            "apiKeyHelper": self.helper(),
            "skipWebFetchPreflight": true,
            "env": {
                "AWS_REGION": "us-east-1",
                "CLAUDE_CODE_API_KEY_HELPER_TTL_MS": "900000",
                "ANTHROPIC_AUTH_TOKEN": "",
                "AWS_BEARER_TOKEN_BEDROCK": "",
                "ANTHROPIC_DEFAULT_OPUS_MODEL": OPUS,
                "ANTHROPIC_DEFAULT_SONNET_MODEL": "us.anthropic.claude-sonnet-4-6",
                "ANTHROPIC_DEFAULT_HAIKU_MODEL": "us.anthropic.claude-haiku-4-5-20251001-v1:0",
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
                "CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL": "1",
                "DISABLE_UPDATES": "1",
            },
        });
        let variables = &mut settings["env"];
        match mode {
            Mode::Bedrock => {
                variables["CLAUDE_CODE_USE_BEDROCK"] = json!("1");
                variables["CLAUDE_CODE_SKIP_BEDROCK_AUTH"] = json!("1");
                variables["ANTHROPIC_BEDROCK_BASE_URL"] = json!(self.gateway);
            }
            Mode::Anthropic => variables["ANTHROPIC_BASE_URL"] = json!(self.gateway),
        }
        settings
    }

    fn helper(&self) -> PathBuf {
        self.beside("get-token")
    }

    fn runs(&self) -> PathBuf {
        self.beside("helper-runs")
    }
}

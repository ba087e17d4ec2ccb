//! What a person reads who has started a sandbox: what runs where, and lines to copy.

use std::{
    env,
    fmt::Write,
    io,
    path::{Path, PathBuf},
};

use serde::Serialize;
use serde_json::{Value, json};

use super::{Sandbox, configuration::FILES, entra::User};

/// What `--json` prints, on one line.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    auth: String,
    gateway: String,
    install: String,
    admin_socket: PathBuf,
    metrics: Option<String>,
    entra: String,
    bedrock: String,
    /// A command that signs in a user and prints an access token.
    token_helper: String,
}

/// The two ways in which Claude Code can talk to the gateway.
#[derive(Debug, Clone, Copy)]
enum Mode {
    Bedrock,
    Anthropic,
}

impl Summary {
    pub(super) fn of(sandbox: &Sandbox, user: &User) -> io::Result<Self> {
        let (entra, auth) = (sandbox.entra.authority(), sandbox.auth());
        let program = env::current_exe()?;
        let token_helper = format!(
            "{} sandbox-token --entra {entra} --auth {auth} --user {}",
            quoted(&program.display().to_string()),
            user.name
        );
        Ok(Self {
            auth,
            gateway: sandbox.gateway(),
            install: sandbox.install(),
            admin_socket: sandbox.admin_socket().to_owned(),
            metrics: sandbox.metrics(),
            entra,
            bedrock: sandbox.bedrock.endpoint(),
            token_helper,
        })
    }

    /// The text for people. Writes the settings that it speaks of into the sandbox's folder.
    pub(super) fn guide(&self, sandbox: &Sandbox) -> io::Result<String> {
        let claude = ClaudeCode::prepare(self, sandbox)?;
        let mut text =
            String::from("The sandbox is ready. All of it is on loopback and ends with this command.\n\n");
        text.push_str(&self.services());
        let in_use: Vec<String> = sandbox.ports_in_use().iter().map(u16::to_string).collect();
        if !in_use.is_empty() {
            let _ = writeln!(text, "  (in use, so others were taken: {})", in_use.join(", "));
        }
        let _ = write!(text, "\nRun Claude Code against it, from another terminal:\n\n{claude}");
        let _ = write!(text, "\nOr call it by hand:\n\n{}", self.examples());
        let _ = write!(text, "\nOr ask how it is:\n\n  {}\n", doctor(sandbox)?);
        let artifacts = quoted(&sandbox.artifacts.display().to_string());
        let _ = write!(text, "\nOr fill the install server:\n\n  sallyport mirror --output {artifacts}\n");
        text.push_str("\nPress Ctrl-C to stop.\n");
        Ok(text)
    }

    fn services(&self) -> String {
        let users: Vec<&str> = User::ALL.iter().map(|user| user.name).collect();
        format!(
            "  auth server        {}\n  LLM gateway        {}\n  install server     {}\n  admin socket       {}\n  \
             metrics            {}\n  \
             simulated Entra    {}  (users: {})\n  simulated Bedrock  {}\n",
            self.auth,
            self.gateway,
            self.install,
            self.admin_socket.display(),
            self.metrics.as_deref().unwrap_or("not shown"),
            self.entra,
            users.join(", "),
            self.bedrock,
        )
    }

    fn examples(&self) -> String {
        let Self { gateway, token_helper, .. } = self;
        let header = r#"-H "authorization: Bearer $TOKEN" -H "content-type: application/json""#;
        let message = r#"{"role":"user","content":"hello"}"#;
        let bedrock =
            format!(r#"{{"anthropic_version":"bedrock-2023-05-31","max_tokens":99,"messages":[{message}]}}"#);
        let messages =
            format!(r#"{{"model":"{MODEL}","max_tokens":99,"stream":true,"messages":[{message}]}}"#);
        let chat = format!(r#"{{"model":"{MODEL}","stream":true,"messages":[{message}]}}"#);
        format!(
            "  TOKEN=$({token_helper})\n  \
             curl -N {gateway}/v1/messages {header} -d '{messages}'\n  \
             curl -N {gateway}/v1/chat/completions {header} -d '{chat}'\n  \
             curl {gateway}/model/{MODEL}/invoke {header} -d '{bedrock}'\n  \
             curl {gateway}/v1/models {header}\n",
        )
    }

    fn settings(&self, mode: Mode) -> Value {
        let mut variables = json!({
            "AWS_REGION": "us-east-1",
            "AWS_BEARER_TOKEN_BEDROCK": "",
            "ANTHROPIC_AUTH_TOKEN": "",
            "CLAUDE_CODE_API_KEY_HELPER_TTL_MS": "900000",
            "ANTHROPIC_DEFAULT_OPUS_MODEL": "us.anthropic.claude-opus-4-8",
            "ANTHROPIC_DEFAULT_SONNET_MODEL": "us.anthropic.claude-sonnet-4-6",
            "ANTHROPIC_DEFAULT_HAIKU_MODEL": MODEL,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL": "1",
            "DISABLE_UPDATES": "1",
            "NO_PROXY": "127.0.0.1",
        });
        let specific = match mode {
            Mode::Bedrock => json!({
                "CLAUDE_CODE_USE_BEDROCK": "1",
                "CLAUDE_CODE_SKIP_BEDROCK_AUTH": "1",
                "ANTHROPIC_BEDROCK_BASE_URL": self.gateway,
            }),
            Mode::Anthropic => json!({ "ANTHROPIC_BASE_URL": self.gateway }),
        };
        if let (Value::Object(variables), Value::Object(specific)) = (&mut variables, specific) {
            variables.extend(specific);
        }
        json!({ "apiKeyHelper": self.token_helper, "skipWebFetchPreflight": true, "env": variables })
    }
}

/// A command that looks at the sandbox's daemon, with its configuration.
fn doctor(sandbox: &Sandbox) -> io::Result<String> {
    let program = quoted(&env::current_exe()?.display().to_string());
    let [config, env_file] = FILES.map(|name| quoted(&sandbox.folder().join(name).display().to_string()));
    Ok(format!("{program} doctor --live --config {config} --env-file {env_file}"))
}

const MODEL: &str = "us.anthropic.claude-haiku-4-5-20251001-v1:0";

/// What Claude Code is run with: a folder for its own state, so that the user's is not touched, and settings.
struct ClaudeCode {
    home: PathBuf,
    bedrock: PathBuf,
    anthropic: PathBuf,
    is_there: bool,
}

impl ClaudeCode {
    fn prepare(summary: &Summary, sandbox: &Sandbox) -> io::Result<Self> {
        let home = sandbox.folder().join("claude");
        std::fs::create_dir_all(&home)?;
        // Without these Claude Code asks a newcomer for a theme and an account.
        sandbox.keep("claude/.claude.json", r#"{"hasCompletedOnboarding":true,"theme":"dark"}"#)?;
        let settings = |mode| format!("{:#}\n", summary.settings(mode));
        Ok(Self {
            home,
            bedrock: sandbox.keep("claude-bedrock.json", &settings(Mode::Bedrock))?,
            anthropic: sandbox.keep("claude-anthropic.json", &settings(Mode::Anthropic))?,
            is_there: is_on_path("claude"),
        })
    }
}

impl std::fmt::Display for ClaudeCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let line = |settings: &Path| {
            let (home, settings) = (self.home.display().to_string(), settings.display().to_string());
            format!("  CLAUDE_CONFIG_DIR={} claude --settings {}", quoted(&home), quoted(&settings))
        };
        writeln!(f, "{}    # as with Bedrock", line(&self.bedrock))?;
        writeln!(f, "{}  # as with Anthropic's API", line(&self.anthropic))?;
        if !self.is_there {
            writeln!(
                f,
                "  hint: `claude` is not on your PATH; `npm install -g @anthropic-ai/claude-code` brings it"
            )?;
        }
        writeln!(
            f,
            "\n  Say `run: date`, or `delegate: run: date` for a subagent: the simulated model does as it is told.\n  \
             `sallyportd sandbox --help` lists the models that fail, fall silent or think on request."
        )
    }
}

fn is_on_path(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// A word of a shell's command line.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-:=".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_are_safe_to_paste() {
        assert_eq!(quoted("/tmp/sallyport-sandbox-a.b"), "/tmp/sallyport-sandbox-a.b");
        assert_eq!(quoted("/home/a b/it's"), r"'/home/a b/it'\''s'");
    }
}

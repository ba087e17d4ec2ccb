//! What Claude Code's settings must say so that it needs nothing but the gateway.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::edit;

/// How long Claude Code keeps what the helper printed. A token outlives it many times over.
const HELPER_TTL_MS: &str = "900000";
/// What holds unless the company says otherwise.
const REGION: &str = "us-east-1";
const OPUS: &str = "us.anthropic.claude-opus-4-8";
const SONNET: &str = "us.anthropic.claude-sonnet-4-6";
const HAIKU: &str = "us.anthropic.claude-haiku-4-5-20251001-v1:0";

/// What differs from one company, and one machine, to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surroundings {
    pub gateway: String,
    /// The command that prints a token.
    pub helper: String,
    /// Hosts that no proxy must be asked for.
    pub no_proxy: String,
    /// A file of private certificate authorities.
    pub authorities: Option<String>,
    pub region: Option<String>,
    /// Opus, Sonnet, Haiku.
    pub models: [Option<String>; 3],
}

/// One member of the settings and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub path: edit::Path,
    pub value: Value,
}

impl Surroundings {
    /// All that the settings must say, in the order in which it is written.
    pub fn wanted(&self) -> Vec<Wanted> {
        let top = |name: &str, value: Value| Wanted { path: vec![name.to_owned()], value };
        let variable = |(name, value): (String, Value)| Wanted { path: vec!["env".to_owned(), name], value };
        let mut wanted =
            vec![top("apiKeyHelper", json!(self.helper)), top("skipWebFetchPreflight", json!(true))];
        wanted.extend(self.variables().into_iter().map(variable));
        wanted
    }

    fn variables(&self) -> Map<String, Value> {
        let [opus, sonnet, haiku] = &self.models;
        let all = [
            ("CLAUDE_CODE_USE_BEDROCK", "1"),
            ("CLAUDE_CODE_SKIP_BEDROCK_AUTH", "1"),
            ("ANTHROPIC_BEDROCK_BASE_URL", self.gateway.trim_end_matches('/')),
            ("AWS_REGION", self.region.as_deref().unwrap_or(REGION)),
            ("CLAUDE_CODE_API_KEY_HELPER_TTL_MS", HELPER_TTL_MS),
            // In a developer's shell they would win over the helper.
            ("ANTHROPIC_AUTH_TOKEN", ""),
            ("AWS_BEARER_TOKEN_BEDROCK", ""),
            ("ANTHROPIC_DEFAULT_OPUS_MODEL", opus.as_deref().unwrap_or(OPUS)),
            ("ANTHROPIC_DEFAULT_SONNET_MODEL", sonnet.as_deref().unwrap_or(SONNET)),
            ("ANTHROPIC_DEFAULT_HAIKU_MODEL", haiku.as_deref().unwrap_or(HAIKU)),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
            ("CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL", "1"),
            ("DISABLE_UPDATES", "1"),
            // A proxy of the shell that Claude Code is started from, now or in a year, knows none of these hosts.
            ("NO_PROXY", &self.no_proxy),
        ];
        let authorities = self.authorities.iter().map(|path| ("NODE_EXTRA_CA_CERTS", path.as_str()));
        all.into_iter().chain(authorities).map(|(name, value)| (name.to_owned(), json!(value))).collect()
    }
}

/// Hosts that the proxy is not asked for, these among them.
pub fn no_proxy<'a>(present: &str, hosts: impl IntoIterator<Item = &'a str>) -> String {
    hosts.into_iter().fold(present.trim_matches([',', ' ']).to_owned(), |all, host| {
        let is_in = all.split(',').any(|one| one.trim() == host || one.trim() == "*");
        match is_in {
            true => all,
            false if all.is_empty() => host.to_owned(),
            false => format!("{all},{host}"),
        }
    })
}

/// Whether the proxy is not asked for a host, as most programs read `NO_PROXY`.
pub fn is_exempt(no_proxy: &str, host: &str) -> bool {
    no_proxy.split(',').map(str::trim).filter(|one| !one.is_empty()).any(|one| {
        let domain = one.trim_start_matches(['*', '.']);
        one == "*" || host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
    })
}

/// The command for `/bin/sh -c` that runs a program with an argument.
pub fn shell_command(program: &Path, argument: &str) -> String {
    let program = program.to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@,".contains(c);
    if !program.is_empty() && program.chars().all(is_plain) {
        return format!("{program} {argument}");
    }
    format!("'{}' {argument}", program.replace('\'', r"'\''"))
}

/// The same for Windows, where either `cmd` or Git's `bash` runs it: both take slashes and double quotes.
pub fn windows_command(program: &Path, argument: &str) -> String {
    format!("\"{}\" {argument}", program.to_string_lossy().replace('\\', "/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateway_is_added_to_what_the_proxy_is_not_asked_for() {
        for (present, with) in [
            ("", "gw.corp,auth.corp"),
            ("localhost,.corp", "localhost,.corp,gw.corp,auth.corp"),
            ("a, gw.corp", "a, gw.corp,auth.corp"),
            ("*", "*"),
        ] {
            assert_eq!(no_proxy(present, ["gw.corp", "auth.corp", "gw.corp"]), with);
        }
    }

    #[test]
    fn a_path_reaches_the_program_through_a_shell() {
        for (path, command) in [
            ("/home/ada/.claude/bin/claude-agent", "/home/ada/.claude/bin/claude-agent get-token"),
            ("/home/Ada L/agent", "'/home/Ada L/agent' get-token"),
            ("/home/o'hara/$(id)", r"'/home/o'\''hara/$(id)' get-token"),
        ] {
            assert_eq!(shell_command(Path::new(path), "get-token"), command);
        }
        let windows = Path::new(r"C:\Users\Ada Lovelace\.claude\bin\claude-agent.exe");
        let command = r#""C:/Users/Ada Lovelace/.claude/bin/claude-agent.exe" get-token"#;
        assert_eq!(windows_command(windows, "get-token"), command);
    }
}

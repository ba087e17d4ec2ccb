//! What Claude Code's settings must say so that it needs nothing but the gateway.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::edit;

/// How long Claude Code keeps what the helper printed. A token outlives it many times over.
const HELPER_TTL_MS: &str = "900000";
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
    /// Hosts that the proxy must not be asked for, if there is a proxy.
    pub no_proxy: Option<String>,
    /// A file of private certificate authorities.
    pub authorities: Option<String>,
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
        let fixed = [
            ("CLAUDE_CODE_USE_BEDROCK", "1"),
            ("CLAUDE_CODE_SKIP_BEDROCK_AUTH", "1"),
            ("ANTHROPIC_BEDROCK_BASE_URL", self.gateway.trim_end_matches('/')),
            ("AWS_REGION", REGION),
            ("CLAUDE_CODE_API_KEY_HELPER_TTL_MS", HELPER_TTL_MS),
            // In a developer's shell they would win over the helper.
            ("ANTHROPIC_AUTH_TOKEN", ""),
            ("AWS_BEARER_TOKEN_BEDROCK", ""),
            ("ANTHROPIC_DEFAULT_OPUS_MODEL", OPUS),
            ("ANTHROPIC_DEFAULT_SONNET_MODEL", SONNET),
            ("ANTHROPIC_DEFAULT_HAIKU_MODEL", HAIKU),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
            ("CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL", "1"),
            ("DISABLE_UPDATES", "1"),
        ];
        let own = [("NO_PROXY", &self.no_proxy), ("NODE_EXTRA_CA_CERTS", &self.authorities)];
        let own = own.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
        fixed.into_iter().chain(own).map(|(name, value)| (name.to_owned(), json!(value))).collect()
    }
}

/// Hosts that the proxy is not asked for, the gateway's among them.
pub fn no_proxy(present: Option<&str>, host: &str) -> String {
    let present = present.unwrap_or_default().trim_matches(',');
    if present.is_empty() {
        return host.to_owned();
    }
    let is_in = present.split(',').any(|one| one.trim() == host || one.trim() == "*");
    if is_in { present.to_owned() } else { format!("{present},{host}") }
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
            (None, "gw.corp"),
            (Some(""), "gw.corp"),
            (Some("localhost,.corp"), "localhost,.corp,gw.corp"),
            (Some("a, gw.corp"), "a, gw.corp"),
            (Some("*"), "*"),
        ] {
            assert_eq!(no_proxy(present, "gw.corp"), with);
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

//! Where the servers are and whom to sign in to. The command line speaks first, then the environment, then the user's
//! file, then the machine's: the later ones serve the commands that run with neither.

mod argument;
mod error;
mod layer;
mod value;

use std::{collections::BTreeMap, env, fmt, path::PathBuf};

use reqwest::Url;

use self::layer::Layer;
pub use self::{
    argument::ConfigArgs,
    error::{ConfigError, Problem},
    layer::{FILE, Origin, machine_file, text, user_file},
};
use crate::os::Os;

/// Something that can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    AuthServer,
    InstallServer,
    Gateway,
    AgentPath,
    Tenant,
    ClientId,
    Authority,
    Scopes,
    InstallKey,
    Authorities,
    Region,
    Opus,
    Sonnet,
    Haiku,
}

/// The values of some settings, as texts.
pub type Values = BTreeMap<Setting, String>;

/// What is set, checked. What a command needs is asked for by `auth()`, `entra()` and the like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    pub auth: Option<Url>,
    pub install: Option<Url>,
    pub gateway: Option<Url>,
    /// Where the agent itself shall be kept.
    pub agent_path: Option<PathBuf>,
    pub tenant: Option<String>,
    pub client_id: Option<String>,
    pub authority: Option<Url>,
    pub scopes: Option<String>,
    /// Whose signatures of Claude Code count, in place of Anthropic's.
    pub install_key: Option<PathBuf>,
    /// A file of certificate authorities beside the system's.
    pub authorities: Option<PathBuf>,
    /// What Claude Code takes for the region of Bedrock, and the models that it asks for by itself.
    pub region: Option<String>,
    pub opus: Option<String>,
    pub sonnet: Option<String>,
    pub haiku: Option<String>,
    /// Everything as it was written, and where.
    pub given: BTreeMap<Setting, (String, Origin)>,
}

/// What a sign-in needs to know of Entra.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entra {
    pub authority: Url,
    pub tenant: String,
    pub client_id: String,
    /// In place of those that each way of signing in asks for by itself.
    pub scopes: Option<String>,
}

impl Setting {
    pub const ALL: [Self; 14] = [
        Self::AuthServer,
        Self::InstallServer,
        Self::Gateway,
        Self::AgentPath,
        Self::Tenant,
        Self::ClientId,
        Self::Authority,
        Self::Scopes,
        Self::InstallKey,
        Self::Authorities,
        Self::Region,
        Self::Opus,
        Self::Sonnet,
        Self::Haiku,
    ];

    /// Its environment variable.
    pub fn variable(self) -> &'static str {
        match self {
            Self::AuthServer => "AUTH_SERVER_URL",
            Self::InstallServer => "INSTALL_SERVER_URL",
            Self::Gateway => "LLM_GATEWAY_URL",
            Self::AgentPath => "CLAUDE_AGENT_PATH",
            Self::Tenant => "ENTRA_TENANT_ID",
            Self::ClientId => "ENTRA_CLIENT_ID",
            Self::Authority => "ENTRA_AUTHORITY",
            Self::Scopes => "ENTRA_SCOPES",
            Self::InstallKey => "INSTALL_SERVER_KEY",
            // As Claude Code itself calls it.
            Self::Authorities => "NODE_EXTRA_CA_CERTS",
            // As the daemon calls it: `AWS_REGION` in a developer's shell is about other things.
            Self::Region => "BEDROCK_REGION",
            Self::Opus => "ANTHROPIC_DEFAULT_OPUS_MODEL",
            Self::Sonnet => "ANTHROPIC_DEFAULT_SONNET_MODEL",
            Self::Haiku => "ANTHROPIC_DEFAULT_HAIKU_MODEL",
        }
    }

    /// Its key in a file: the variable's name in lower case.
    pub fn key(self) -> String {
        self.variable().to_ascii_lowercase()
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.variable())
    }
}

impl Config {
    /// Reads all sources of this machine.
    pub fn load(os: &dyn Os, arguments: &ConfigArgs) -> Result<Self, ConfigError> {
        let environment = |setting: Setting| env::var(setting.variable()).ok();
        Self::read(os, arguments.values(), environment)
    }

    /// The same, with an environment of the caller's.
    pub fn read(
        os: &dyn Os,
        arguments: Values,
        environment: impl Fn(Setting) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let mut problems = Vec::new();
        let set = |setting| Some((setting, environment(setting)?));
        let environment: Values = Setting::ALL.into_iter().filter_map(set).collect();
        let mut layers = vec![
            Layer { origin: Origin::CommandLine, values: arguments },
            Layer { origin: Origin::Environment, values: environment },
        ];
        for path in [user_file(os), Some(machine_file(os))].into_iter().flatten() {
            layers.extend(layer::read(&path, &mut problems));
        }
        let config = value::check(layer::merge(layers), &mut problems);
        if problems.is_empty() { Ok(config) } else { Err(ConfigError::Problems(problems)) }
    }

    /// Base URL of the auth server.
    pub fn auth(&self) -> Result<&Url, ConfigError> {
        self.need(&[Setting::AuthServer])?;
        self.auth.as_ref().ok_or(ConfigError::Missing(vec![Setting::AuthServer]))
    }

    /// What a sign-in takes. Everything that is missing is named at once, the auth server included.
    pub fn entra(&self) -> Result<Entra, ConfigError> {
        self.need(&[Setting::AuthServer, Setting::Tenant, Setting::ClientId])?;
        match (&self.authority, &self.tenant, &self.client_id) {
            (Some(authority), Some(tenant), Some(client_id)) => Ok(Entra {
                authority: authority.clone(),
                tenant: tenant.clone(),
                client_id: client_id.clone(),
                scopes: self.scopes.clone(),
            }),
            _ => Err(ConfigError::Missing(vec![Setting::Authority])),
        }
    }

    /// Says which of them are not set.
    pub fn need(&self, settings: &[Setting]) -> Result<(), ConfigError> {
        let missing: Vec<Setting> =
            settings.iter().copied().filter(|setting| !self.given.contains_key(setting)).collect();
        if missing.is_empty() { Ok(()) } else { Err(ConfigError::Missing(missing)) }
    }
}

#[cfg(test)]
mod tests;

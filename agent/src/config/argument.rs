//! The settings on the command line.

use clap::Args;

use super::{Setting, Values};

/// Where things are. Each has a variable of the same name, `AUTH_SERVER_URL` for `--auth-server-url`.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Settings (each may also be an environment variable, or stand in a file)")]
pub struct ConfigArgs {
    /// Base URL of the auth server
    #[arg(long, global = true, value_name = "URL")]
    auth_server_url: Option<String>,
    /// Base URL of the install server
    #[arg(long, global = true, value_name = "URL")]
    install_server_url: Option<String>,
    /// Base URL of the gateway
    #[arg(long, global = true, value_name = "URL")]
    llm_gateway_url: Option<String>,
    /// Where the agent is kept
    #[arg(long, global = true, value_name = "PATH")]
    claude_agent_path: Option<String>,
    /// Tenant that users sign in to
    #[arg(long, global = true, value_name = "ID")]
    entra_tenant_id: Option<String>,
    /// Application that users sign in to
    #[arg(long, global = true, value_name = "ID")]
    entra_client_id: Option<String>,
    /// Authority of Entra, if it is not the public cloud's
    #[arg(long, global = true, value_name = "URL")]
    entra_authority: Option<String>,
    /// Scopes to ask for in place of the usual ones
    #[arg(long, global = true, value_name = "SCOPES")]
    entra_scopes: Option<String>,
    /// File of the OpenPGP key that Claude Code is signed with, if it is not Anthropic's
    #[arg(long, global = true, value_name = "PATH")]
    install_server_key: Option<String>,
    /// File of certificate authorities beside the system's
    #[arg(long, global = true, value_name = "PATH")]
    node_extra_ca_certs: Option<String>,
    /// Region of Bedrock, if it is not `us-east-1`
    #[arg(long, global = true, value_name = "REGION")]
    bedrock_region: Option<String>,
    /// Model that Claude Code takes for Opus
    #[arg(long, global = true, value_name = "ID")]
    anthropic_default_opus_model: Option<String>,
    /// Model that Claude Code takes for Sonnet
    #[arg(long, global = true, value_name = "ID")]
    anthropic_default_sonnet_model: Option<String>,
    /// Model that Claude Code takes for Haiku
    #[arg(long, global = true, value_name = "ID")]
    anthropic_default_haiku_model: Option<String>,
}

impl ConfigArgs {
    pub fn values(&self) -> Values {
        let pairs = [
            (Setting::AuthServer, &self.auth_server_url),
            (Setting::InstallServer, &self.install_server_url),
            (Setting::Gateway, &self.llm_gateway_url),
            (Setting::AgentPath, &self.claude_agent_path),
            (Setting::Tenant, &self.entra_tenant_id),
            (Setting::ClientId, &self.entra_client_id),
            (Setting::Authority, &self.entra_authority),
            (Setting::Scopes, &self.entra_scopes),
            (Setting::InstallKey, &self.install_server_key),
            (Setting::Authorities, &self.node_extra_ca_certs),
            (Setting::Region, &self.bedrock_region),
            (Setting::Opus, &self.anthropic_default_opus_model),
            (Setting::Sonnet, &self.anthropic_default_sonnet_model),
            (Setting::Haiku, &self.anthropic_default_haiku_model),
        ];
        pairs.into_iter().filter_map(|(setting, value)| Some((setting, value.clone()?))).collect()
    }
}

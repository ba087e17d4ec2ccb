//! Where everything of an installation goes: into a user's home, or for all users of the machine.

use std::path::PathBuf;

use shared::platform::Os as System;

use crate::{
    config::{self, Config},
    os::Os,
};

const SETTINGS: &str = "settings.json";
const MANAGED_SETTINGS: &str = "managed-settings.json";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub system: System,
    /// Where the journal is kept.
    pub folder: PathBuf,
    pub agent: PathBuf,
    /// What leads to it from a folder of the user's PATH; nothing where the system's has it.
    pub command: Option<PathBuf>,
    pub configuration: PathBuf,
    pub settings: PathBuf,
}

impl Place {
    /// In the home of whoever runs this. Nothing if there is none, or this is no machine for Claude Code.
    pub fn of_user(os: &dyn Os, config: &Config) -> Option<Self> {
        let home = os.home()?;
        let folder = home.join(".claude");
        let system = os.platform()?.os();
        let name = if system == System::Windows { "claude-agent.exe" } else { "claude-agent" };
        // What a package keeps up to date is not copied.
        let packaged = Some(os.system_agent()).filter(|path| os.is_packaged(path));
        let agent = config.agent_path.clone().or(packaged);
        let is_on_path = agent.as_ref().is_some_and(|agent| os.is_packaged(agent));
        // Beside Claude Code, so that whoever is told to run it can.
        let command = (!is_on_path).then(|| home.join(".local").join("bin").join(name));
        Some(Self {
            system,
            command,
            agent: agent.unwrap_or_else(|| folder.join("bin").join(name)),
            configuration: folder.join(config::FILE),
            settings: folder.join(SETTINGS),
            folder,
        })
    }

    /// For all users.
    pub fn of_machine(os: &dyn Os, config: &Config) -> Option<Self> {
        let folder = os.managed_dir();
        Some(Self {
            system: os.platform()?.os(),
            command: None,
            agent: config.agent_path.clone().unwrap_or_else(|| os.system_agent()),
            configuration: folder.join(config::FILE),
            settings: folder.join(MANAGED_SETTINGS),
            folder,
        })
    }
}

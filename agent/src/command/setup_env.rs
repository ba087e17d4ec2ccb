//! `claude-agent setup-env`: the environment of Claude Code, for a shell that shall have it without any settings file.

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::{CommandError, Workstation};
use crate::{
    config::{Config, Setting},
    install::{self, Place},
    output,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Sh,
    Fish,
    Powershell,
}

#[derive(Debug, Args)]
pub struct SetupEnvArgs {
    /// For which shell; without it, for the one that `SHELL` names
    #[arg(long, value_name = "SHELL", value_enum)]
    pub shell: Option<Shell>,
}

impl SetupEnvArgs {
    pub fn run(&self, here: Workstation<'_>) -> Result<(), CommandError> {
        let config = Config::load(here.os, here.settings)?;
        config.need(&[Setting::Gateway])?;
        let place = Place::of_user(here.os, &config).ok_or(CommandError::NoMachine)?;
        let around = install::surroundings(&config, &place).ok_or(CommandError::NoMachine)?;
        let shell = self.shell.unwrap_or_else(|| Shell::of_session(place.system));
        for (setting, (value, _)) in &config.given {
            output::data(&shell.export(setting.variable(), value))?;
        }
        for wanted in around.wanted() {
            if let ([_, name], Value::String(value)) = (wanted.path.as_slice(), &wanted.value) {
                output::data(&shell.export(name, value))?;
            }
        }
        Ok(())
    }
}

impl Shell {
    fn of_session(system: shared::platform::Os) -> Self {
        let named = std::env::var("SHELL").unwrap_or_default();
        match system {
            _ if named.ends_with("fish") => Self::Fish,
            shared::platform::Os::Windows if named.is_empty() => Self::Powershell,
            _ => Self::Sh,
        }
    }

    /// A line that sets a variable, or takes it away.
    fn export(self, name: &str, value: &str) -> String {
        match (self, value.is_empty()) {
            (Self::Sh, true) => format!("unset {name}"),
            (Self::Sh, false) => format!("export {name}='{}'", value.replace('\'', r"'\''")),
            (Self::Fish, true) => format!("set -e {name}"),
            (Self::Fish, false) => {
                format!("set -gx {name} '{}'", value.replace('\\', r"\\").replace('\'', r"\'"))
            }
            (Self::Powershell, true) => format!("Remove-Item Env:{name} -ErrorAction SilentlyContinue"),
            (Self::Powershell, false) => format!("$env:{name} = '{}'", value.replace('\'', "''")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_means_itself_in_every_shell() {
        for (shell, line) in [
            (Shell::Sh, r"export A='it'\''s $HOME \n'"),
            (Shell::Fish, r"set -gx A 'it\'s $HOME \\n'"),
            (Shell::Powershell, r"$env:A = 'it''s $HOME \n'"),
        ] {
            assert_eq!(shell.export("A", r"it's $HOME \n"), line);
        }
        assert_eq!(Shell::Sh.export("A", ""), "unset A");
    }
}

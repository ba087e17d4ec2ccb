//! The command line: what every command takes, and which command it is. Without a command, the screens open.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{Args, CommandFactory, Parser};
use shared::exit::Exit;

use crate::{
    client::{Client, PATIENCE},
    command::{Command, CommandError, Console, SettingsArgs},
    output::{ColorChoice, Format, Output, Style},
    tui::{self, ThemeName},
    value,
};

const SOCKET: &str = "admin.sock";
const MIRROR: &str = "mirror-claude-code";
const EXAMPLES: &str = "\
Examples:
  sallyport                                         open the screens
  sallyport sessions list --state active            who is signed in
  sallyport users revoke ada@example.com --reason \"laptop stolen\"
  sallyport events --json | jq 'select(.event == \"reuse\")'

Exit codes: 0 done, 1 failed, 2 usage, 3 daemon unreachable, 4 refused";

/// Watch and steer a Sallyport daemon
#[derive(Debug, Parser)]
#[command(name = "sallyport", version, after_help = EXAMPLES, infer_subcommands = false)]
pub struct Cli {
    #[command(flatten)]
    pub global: GlobalArgs,
    #[command(flatten, next_help_heading = "For the screens: how to mirror")]
    pub mirror: SettingsArgs,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct GlobalArgs {
    /// The daemon's admin socket, in place of `SALLYPORT_SOCKET` and of where the daemon puts it
    #[arg(long, global = true, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Print JSON, for machines: one document, or one object a line for what goes on
    #[arg(long, global = true)]
    pub json: bool,
    /// Refuse whatever changes something
    #[arg(long, global = true)]
    pub read_only: bool,
    /// When to use colours: `auto`, `always` or `never`
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        hide_possible_values = true
    )]
    pub color: ColorChoice,
    /// Colours of the screens: `dark`, `light`, `16` (the terminal's own) or `none`
    #[arg(long, global = true, value_name = "THEME")]
    pub theme: Option<ThemeName>,
    /// Draw the screens with ASCII only
    #[arg(long, global = true)]
    pub ascii: bool,
    /// How long an answer may take
    #[arg(long, global = true, value_name = "DURATION", value_parser = value::duration)]
    pub timeout: Option<Duration>,
}

/// Runs what the process was started for.
pub fn main() -> ExitCode {
    let cli = Cli::parse_from(by_name(env::args_os()));
    cli.refuse_misplaced().unwrap_or_else(|error| error.exit());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(run(cli)),
        Err(error) => Err(CommandError::Runtime(error)),
    };
    match ended {
        Ok(()) => Exit::Done.into(),
        Err(error) => error.report().into(),
    }
}

/// A link of the name of the prototype's mirror behaves as it did.
fn by_name(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    let is_mirror = arguments.first().is_some_and(|name| Path::new(name).ends_with(MIRROR));
    if is_mirror {
        arguments.insert(1, "mirror".into());
    }
    arguments
}

async fn run(Cli { global, mirror, command }: Cli) -> Result<(), CommandError> {
    match command {
        Some(command) => command.run(&mut global.console()).await,
        None => Ok(tui::run(global.screens(mirror)).await?),
    }
}

impl Cli {
    /// A key that nobody looks at would be worse than none.
    fn refuse_misplaced(&self) -> Result<(), clap::Error> {
        if self.command.is_none() || self.mirror == SettingsArgs::default() {
            return Ok(());
        }
        let why = "what says how to mirror stands before a command\n\n  hint: `sallyport mirror --key FILE`, not `sallyport --key FILE mirror`";
        Err(Self::command().error(clap::error::ErrorKind::ArgumentConflict, why))
    }
}

impl GlobalArgs {
    fn console(self) -> Console {
        let format = if self.json { Format::Json } else { Format::People };
        let output = Output::new(format, Style::of_stdout(self.color));
        Console { client: self.client(), output, read_only: self.read_only }
    }

    fn screens(self, mirror: SettingsArgs) -> tui::Options {
        let theme = match self.color {
            ColorChoice::Never => Some(ThemeName::None),
            ColorChoice::Auto | ColorChoice::Always => self.theme,
        };
        tui::Options {
            client: self.client(),
            mirror: mirror.settings(),
            is_read_only: self.read_only,
            theme,
            is_ascii: self.ascii,
        }
    }

    fn client(&self) -> Client {
        let given = self.socket.clone().or_else(|| env::var_os("SALLYPORT_SOCKET").map(PathBuf::from));
        let named = given.filter(|path| !path.as_os_str().is_empty());
        let variable = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let socket = named.unwrap_or_else(|| default_socket(variable, Path::exists));
        Client::new(socket).with_patience(self.timeout.unwrap_or(PATIENCE))
    }
}

/// Where a daemon puts its socket: where it was told to, the system's place, or the user's own. The first that is there.
fn default_socket(variable: impl Fn(&str) -> Option<PathBuf>, exists: impl Fn(&Path) -> bool) -> PathBuf {
    if let Some(told) = variable("SALLYPORT_RUNTIME_DIR") {
        return told.join(SOCKET);
    }
    let system = Path::new("/run/sallyport").join(SOCKET);
    let state = variable("XDG_STATE_HOME").or_else(|| Some(variable("HOME")?.join(".local/state")));
    let own = [
        variable("XDG_RUNTIME_DIR").map(|folder| folder.join("sallyport")),
        state.map(|folder| folder.join("sallyport/run")),
    ];
    let mut places = own.into_iter().flatten().map(|folder| folder.join(SOCKET));
    if exists(&system) { system } else { places.find(|place| exists(place)).unwrap_or(system) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(known: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<PathBuf> {
        move |asked| known.iter().find(|(name, _)| *name == asked).map(|(_, value)| PathBuf::from(value))
    }

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_link_of_the_prototypes_name_mirrors() {
        let parsed = |arguments: &[&str]| Cli::try_parse_from(by_name(arguments.iter().map(OsString::from)));
        let mirror = parsed(&["/usr/bin/mirror-claude-code", "--output", "dir", "--platform", "linux-x64"]);
        assert!(matches!(mirror.unwrap().command, Some(Command::Mirror(_))));
        assert!(parsed(&["sallyport"]).unwrap().command.is_none());
    }

    #[test]
    fn what_is_for_the_screens_is_not_silently_dropped_before_a_command() {
        let parsed = |arguments: &[&str]| Cli::try_parse_from(arguments).unwrap().refuse_misplaced();
        assert!(parsed(&["sallyport", "--key", "own.asc", "--source", "https://mirror.example"]).is_ok());
        assert!(parsed(&["sallyport", "mirror", "--key", "own.asc"]).is_ok());
        let refused = parsed(&["sallyport", "--key", "own.asc", "mirror"]).unwrap_err();
        assert_eq!(refused.exit_code(), 2);
    }

    #[test]
    fn the_socket_is_looked_for_where_the_daemon_puts_it() {
        const USER: &[(&str, &str)] = &[("XDG_RUNTIME_DIR", "/run/user/7"), ("HOME", "/home/ada")];
        const SYSTEM: &str = "/run/sallyport/admin.sock";
        const OWN: &str = "/run/user/7/sallyport/admin.sock";
        const STATE: &str = "/home/ada/.local/state/sallyport/run/admin.sock";
        let at = |known: &'static [(&str, &str)], there: &[&str]| {
            let found = default_socket(variables(known), |path| there.iter().any(|it| path == Path::new(it)));
            found.display().to_string()
        };
        assert_eq!(at(&[("SALLYPORT_RUNTIME_DIR", "/srv/run")], &[SYSTEM]), "/srv/run/admin.sock");
        assert_eq!(at(USER, &[]), SYSTEM);
        assert_eq!(at(USER, &[OWN, STATE]), OWN);
        assert_eq!(at(USER, &[OWN, SYSTEM]), SYSTEM);
        assert_eq!(at(USER, &[STATE]), STATE);
    }
}

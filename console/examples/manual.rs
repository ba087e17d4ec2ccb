//! Writes the manual pages and the shells' completions of all programs, from their command trees:
//! `cargo run --example manual -- DIR`.

use std::{env, fs, io, path::Path};

use clap::{Command, CommandFactory, ValueEnum};
use clap_complete::Shell;

fn main() -> io::Result<()> {
    let folder = env::args_os().nth(1).ok_or_else(|| io::Error::other("which folder?"))?;
    let folder = Path::new(&folder);
    let commands =
        [sallyportd::cli::Cli::command(), sallyport::cli::Cli::command(), claude_agent::cli::Cli::command()];
    for command in commands {
        write(command, folder)?;
    }
    Ok(())
}

fn write(command: Command, folder: &Path) -> io::Result<()> {
    let (manual, completions) = (folder.join("man1"), folder.join("completions"));
    fs::create_dir_all(&manual)?;
    fs::create_dir_all(&completions)?;
    let name = command.get_name().to_owned();
    for shell in Shell::value_variants() {
        clap_complete::generate_to(*shell, &mut command.clone(), &name, &completions)?;
    }
    clap_mangen::generate_to(command.disable_help_subcommand(true), manual)
}

//! The console's screens on a terminal. Messages come in, a pure `update` changes the model and says what is to be done,
//! a pure `view` draws it.

pub mod action;
pub mod effect;
pub mod graph;
pub mod input;
pub mod keys;
pub mod model;
pub mod msg;
pub mod popup;
pub mod prompt;
mod runner;
pub mod screen;
pub mod table;
mod terminal;
#[cfg(test)]
mod testing;
pub mod theme;
pub mod update;
pub mod view;
pub mod work;

use std::{env, io, io::IsTerminal};

use ratatui::layout::Size;

pub use self::theme::{NotATheme, ThemeName};
use self::{model::Model, terminal::Screen, theme::Theme};
pub use crate::format;
use crate::{client::Client, clock, mirror::Settings};

/// How the console is opened.
#[derive(Debug)]
pub struct Options {
    pub client: Client,
    /// What jobs on the mirror's folder go by.
    pub mirror: Settings,
    /// Nothing can be changed.
    pub is_read_only: bool,
    /// Without one, what fits the environment.
    pub theme: Option<ThemeName>,
    /// Nothing but ASCII is drawn, even if the terminal can do more.
    pub is_ascii: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    #[error("the screens need a terminal; hint: `sallyport --help` lists the commands")]
    NoTerminal,
    #[error("the terminal does not work: {0}")]
    Terminal(#[from] io::Error),
}

/// Shows the screens until somebody quits.
pub async fn run(options: Options) -> Result<(), TuiError> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(TuiError::NoTerminal);
    }
    let variable = |name: &str| env::var(name).ok();
    let name = options.theme.unwrap_or_else(|| ThemeName::of_environment(variable));
    let theme = Theme::new(name, options.is_ascii || !theme::is_utf8(variable));
    let mut screen = Screen::open()?;
    let size: Size = screen.terminal.size()?;
    let model = Model::new(theme, options.is_read_only, size, clock::now());
    runner::run(model, (options.client, options.mirror), &mut screen).await?;
    Ok(())
}

//! How things look: a tone says what a text means, a theme says how that is shown on this terminal. A tone is never the
//! only sign of a meaning.

use std::str::FromStr;

use ratatui::{
    style::{Color, Modifier, Style},
    symbols::border,
};
use shared::{api::admin::Status, time::Timestamp};

use super::work::Work;

/// What a text means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Plain,
    Dim,
    Strong,
    Accent,
    Good,
    Warn,
    Bad,
    Border,
    /// A line that moves, without a judgement.
    Graph,
    /// What is under that line.
    Filling,
    /// The row or button that the next key acts on.
    Selected,
    Marked,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThemeName {
    Dark,
    Light,
    /// The terminal's own 16 colours.
    Sixteen,
    /// No colour, only bold, dim and reverse.
    None,
}

/// Why a text is no theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a theme is `dark`, `light`, `16` or `none`")]
pub struct NotATheme;

impl FromStr for ThemeName {
    type Err = NotATheme;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "dark" => Ok(Self::Dark),
            "light" => Ok(Self::Light),
            "16" => Ok(Self::Sixteen),
            "none" => Ok(Self::None),
            _ => Err(NotATheme),
        }
    }
}

impl ThemeName {
    /// What fits the environment, asked by `variable`.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let is = |name: &str| variable(name).filter(|value| !value.is_empty());
        if is("NO_COLOR").is_some() || is("TERM").is_none_or(|term| term == "dumb") {
            return Self::None;
        }
        if !is("COLORTERM").is_some_and(|depth| depth == "truecolor" || depth == "24bit") {
            return Self::Sixteen;
        }
        // `foreground;background` in the 16 colours: 7 and 15 are the light ones.
        let background = is("COLORFGBG").and_then(|both| both.rsplit(';').next().map(str::to_owned));
        if matches!(background.as_deref(), Some("7" | "15")) { Self::Light } else { Self::Dark }
    }
}

/// Whether the terminal's locale has more than ASCII (POSIX: the first of these that is set counts).
pub fn is_utf8(variable: impl Fn(&str) -> Option<String>) -> bool {
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| variable(name).filter(|it| !it.is_empty()));
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// What is drawn with: lines, marks and graphs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symbols {
    pub border: border::Set<'static>,
    pub ellipsis: &'static str,
    pub mark: &'static str,
    pub dot: &'static str,
    pub ascending: &'static str,
    pub descending: &'static str,
    /// A child with others after it, the last child, and the line beside the children of a child.
    pub branch: [&'static str; 3],
    /// Eight heights, the lowest first.
    pub bars: [&'static str; 8],
    /// What is full of a bar, and what is not.
    pub bar: [&'static str; 2],
    /// Graphs have eight dots a cell, else eight heights.
    pub has_braille: bool,
    pub separator: &'static str,
}

const UNICODE: Symbols = Symbols {
    border: border::ROUNDED,
    ellipsis: "…",
    mark: "●",
    dot: "●",
    ascending: "↑",
    descending: "↓",
    branch: ["├─ ", "└─ ", "│  "],
    bars: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    bar: ["█", "░"],
    has_braille: true,
    separator: "·",
};

const ASCII: Symbols = Symbols {
    border: border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    },
    ellipsis: "~",
    mark: "*",
    dot: "*",
    ascending: "^",
    descending: "v",
    branch: ["|- ", "`- ", "|  "],
    bars: ["_", ".", ".", ":", ":", "|", "|", "#"],
    bar: ["#", "."],
    has_braille: false,
    separator: "-",
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    pub name: ThemeName,
    pub symbols: Symbols,
}

impl Theme {
    pub const fn new(name: ThemeName, is_ascii: bool) -> Self {
        Self { name, symbols: if is_ascii { ASCII } else { UNICODE } }
    }

    pub fn style(&self, tone: Tone) -> Style {
        match self.name {
            ThemeName::Dark => colourful(&DARK, tone),
            ThemeName::Light => colourful(&LIGHT, tone),
            ThemeName::Sixteen => colourful(&SIXTEEN, tone),
            ThemeName::None => colourless(tone),
        }
    }
}

struct Palette {
    dim: Color,
    accent: Color,
    good: Color,
    warn: Color,
    bad: Color,
    border: Color,
    filling: Color,
    selected: Style,
}

const DARK: Palette = Palette {
    dim: Color::Rgb(0x8b, 0x94, 0x9e),
    accent: Color::Rgb(0x79, 0xc0, 0xff),
    good: Color::Rgb(0x56, 0xd3, 0x64),
    warn: Color::Rgb(0xe3, 0xb3, 0x41),
    bad: Color::Rgb(0xff, 0x7b, 0x72),
    border: Color::Rgb(0x48, 0x4f, 0x58),
    filling: Color::Rgb(0x2a, 0x55, 0x83),
    selected: Style::new().bg(Color::Rgb(0x1f, 0x3a, 0x5f)).fg(Color::Rgb(0xff, 0xff, 0xff)),
};

const LIGHT: Palette = Palette {
    dim: Color::Rgb(0x5f, 0x68, 0x72),
    accent: Color::Rgb(0x05, 0x50, 0xae),
    good: Color::Rgb(0x11, 0x63, 0x29),
    warn: Color::Rgb(0x8a, 0x4b, 0x00),
    bad: Color::Rgb(0xb3, 0x1d, 0x28),
    border: Color::Rgb(0xaf, 0xb8, 0xc1),
    filling: Color::Rgb(0xa5, 0xc8, 0xee),
    selected: Style::new().bg(Color::Rgb(0xcf, 0xe4, 0xff)).fg(Color::Rgb(0x0b, 0x1f, 0x3a)),
};

const SIXTEEN: Palette = Palette {
    dim: Color::DarkGray,
    accent: Color::Cyan,
    good: Color::Green,
    warn: Color::Yellow,
    bad: Color::Red,
    border: Color::DarkGray,
    filling: Color::Blue,
    selected: Style::new().bg(Color::Blue).fg(Color::White),
};

fn colourful(palette: &Palette, tone: Tone) -> Style {
    match tone {
        Tone::Plain => Style::new(),
        Tone::Dim => Style::new().fg(palette.dim),
        Tone::Strong => Style::new().add_modifier(Modifier::BOLD),
        Tone::Accent => Style::new().fg(palette.accent).add_modifier(Modifier::BOLD),
        Tone::Good => Style::new().fg(palette.good),
        Tone::Warn => Style::new().fg(palette.warn),
        Tone::Bad => Style::new().fg(palette.bad).add_modifier(Modifier::BOLD),
        Tone::Border => Style::new().fg(palette.border),
        Tone::Graph => Style::new().fg(palette.accent),
        Tone::Filling => Style::new().fg(palette.filling),
        Tone::Selected => palette.selected,
        Tone::Marked => Style::new().fg(palette.warn).add_modifier(Modifier::BOLD),
    }
}

fn colourless(tone: Tone) -> Style {
    match tone {
        Tone::Plain | Tone::Good | Tone::Border | Tone::Graph => Style::new(),
        Tone::Dim | Tone::Filling => Style::new().add_modifier(Modifier::DIM),
        Tone::Strong | Tone::Accent | Tone::Marked => Style::new().add_modifier(Modifier::BOLD),
        Tone::Warn => Style::new().add_modifier(Modifier::UNDERLINED),
        Tone::Bad => Style::new().add_modifier(Modifier::BOLD.union(Modifier::UNDERLINED)),
        Tone::Selected => Style::new().add_modifier(Modifier::REVERSED),
    }
}

/// Everything that a drawing may depend on besides what is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    pub theme: &'a Theme,
    pub now: Timestamp,
    /// What the daemon last said of itself.
    pub status: Option<&'a Status>,
    /// The console's own job.
    pub work: Option<&'a Work>,
}

impl Look<'_> {
    pub fn style(&self, tone: Tone) -> Style {
        self.theme.style(tone)
    }
}

//! How much is logged, by the word that names a module: `info`, or `info,gateway=debug,http=warn`.

use std::{fmt, str::FromStr};

use tracing::level_filters::LevelFilter;

/// A level for everything, and levels for single modules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Levels {
    pub general: LevelFilter,
    pub modules: Vec<(String, LevelFilter)>,
}

impl Default for Levels {
    fn default() -> Self {
        Self { general: LevelFilter::INFO, modules: Vec::new() }
    }
}

impl FromStr for Levels {
    /// The part that is not understood.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut levels = Self::default();
        for part in text.split(',').map(str::trim) {
            match part.split_once('=') {
                Some((module, level)) if is_word(module) => {
                    levels.modules.push((module.to_owned(), named(level).ok_or(part)?));
                }
                Some(_) => return Err(part.to_owned()),
                None => levels.general = named(part).ok_or(part)?,
            }
        }
        Ok(levels)
    }
}

impl fmt::Display for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.general)?;
        self.modules.iter().try_for_each(|(module, level)| write!(f, ",{module}={level}"))
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn named(level: &str) -> Option<LevelFilter> {
    Some(match level.to_ascii_lowercase().as_str() {
        "off" => LevelFilter::OFF,
        "error" => LevelFilter::ERROR,
        "warn" => LevelFilter::WARN,
        "info" => LevelFilter::INFO,
        "debug" => LevelFilter::DEBUG,
        "trace" => LevelFilter::TRACE,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_by_module() {
        let levels: Levels = "warn, gateway=debug,http=OFF".parse().unwrap();
        assert_eq!(levels.to_string(), "warn,gateway=debug,http=off");
        assert_eq!("loud".parse::<Levels>(), Err("loud".to_owned()));
        assert_eq!("info,gateway=loud".parse::<Levels>(), Err("gateway=loud".to_owned()));
        assert_eq!("info,=debug".parse::<Levels>(), Err("=debug".to_owned()));
    }
}

//! The kinds of values: how each is shown, and what stands for it while problems are collected.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use shared::{id::ModelId, secret::Secret, time::span, usage::Money};

use super::{
    LogFormat,
    level::Levels,
    listen::OFF,
    value::{SIZES, Size},
};

/// What a key can hold.
pub(super) trait Kind {
    /// How it is written into a file so that it would be read back as the same; secrets are masked.
    fn shown(&self) -> toml::Value;

    /// Stands for a value that is missing or bad, until that is reported.
    fn placeholder() -> Self;
}

/// Kinds that are written as text: how, and what stands for them.
macro_rules! text_kinds {
    ($($kind:ty: $show:expr, $placeholder:expr;)*) => {
        $(impl Kind for $kind {
            fn shown(&self) -> toml::Value {
                let show: fn(&$kind) -> String = $show;
                toml::Value::String(show(self))
            }

            fn placeholder() -> Self {
                $placeholder
            }
        })*
    };
}

text_kinds! {
    String: String::clone, Self::new();
    PathBuf: |path| path.display().to_string(), Self::new();
    Money: ToString::to_string, Self::ZERO;
    ModelId: ToString::to_string, Self::new("");
    Secret<String>: ToString::to_string, Self::default();
    Option<SocketAddr>: |listen| listen.map_or(OFF.to_owned(), |address| address.to_string()), None;
    IpAddr: ToString::to_string, Ipv4Addr::LOCALHOST.into();
    Duration: |it| span::write(*it), Self::ZERO;
    Size: |size| sized(*size), Self(0);
    Levels: ToString::to_string, Self::default();
    u32: ToString::to_string, u32::MAX;
    LogFormat: |format| format.as_str().to_owned(), Self::Text;
}

fn sized(Size(bytes): Size) -> String {
    let whole = SIZES.iter().find(|(_, unit)| (bytes as u64).is_multiple_of(*unit));
    whole.map_or(bytes.to_string(), |(name, unit)| format!("{} {name}", bytes as u64 / unit))
}

impl Kind for bool {
    fn shown(&self) -> toml::Value {
        toml::Value::Boolean(*self)
    }

    fn placeholder() -> Self {
        false
    }
}

impl Kind for u16 {
    fn shown(&self) -> toml::Value {
        toml::Value::Integer(i64::from(*self))
    }

    fn placeholder() -> Self {
        0
    }
}

impl Kind for usize {
    fn shown(&self) -> toml::Value {
        toml::Value::Integer(i64::try_from(*self).unwrap_or(i64::MAX))
    }

    fn placeholder() -> Self {
        0
    }
}

impl<T: Kind> Kind for Vec<T> {
    fn shown(&self) -> toml::Value {
        toml::Value::Array(self.iter().map(Kind::shown).collect())
    }

    fn placeholder() -> Self {
        Self::new()
    }
}

impl<T: Kind> Kind for BTreeMap<String, T> {
    fn shown(&self) -> toml::Value {
        toml::Value::Table(self.iter().map(|(name, value)| (name.clone(), value.shown())).collect())
    }

    fn placeholder() -> Self {
        Self::new()
    }
}

//! The platforms that Claude Code is released for, and their names.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// One platform of an official release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Platform {
    LinuxX64,
    LinuxArm64,
    LinuxX64Musl,
    LinuxArm64Musl,
    DarwinX64,
    DarwinArm64,
    Win32X64,
    Win32Arm64,
}

/// An operating system, by the name of its folder in a mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Os {
    Linux,
    Macos,
    Windows,
}

/// Text that names no platform.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a platform; hint: there are {known}", known = Platform::names())]
pub struct UnknownPlatform(pub String);

impl Platform {
    pub const ALL: [Self; 8] = [
        Self::LinuxX64,
        Self::LinuxArm64,
        Self::LinuxX64Musl,
        Self::LinuxArm64Musl,
        Self::DarwinX64,
        Self::DarwinArm64,
        Self::Win32X64,
        Self::Win32Arm64,
    ];

    /// Its name in a manifest and in the official layout.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LinuxX64 => "linux-x64",
            Self::LinuxArm64 => "linux-arm64",
            Self::LinuxX64Musl => "linux-x64-musl",
            Self::LinuxArm64Musl => "linux-arm64-musl",
            Self::DarwinX64 => "darwin-x64",
            Self::DarwinArm64 => "darwin-arm64",
            Self::Win32X64 => "win32-x64",
            Self::Win32Arm64 => "win32-arm64",
        }
    }

    pub fn os(self) -> Os {
        match self {
            Self::LinuxX64 | Self::LinuxArm64 | Self::LinuxX64Musl | Self::LinuxArm64Musl => Os::Linux,
            Self::DarwinX64 | Self::DarwinArm64 => Os::Macos,
            Self::Win32X64 | Self::Win32Arm64 => Os::Windows,
        }
    }

    /// The platform of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|platform| platform.as_str() == name)
    }

    fn names() -> String {
        Self::ALL.map(|platform| format!("`{platform}`")).join(", ")
    }
}

impl Os {
    pub const ALL: [Self; 3] = [Self::Windows, Self::Macos, Self::Linux];

    /// The folder of its installers, as the prototype named it.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Linux => "linux",
            Self::Macos => "macos",
            Self::Windows => "windows",
        }
    }

    /// The name of an installer: the prototype's, although the file is the native binary itself.
    pub fn installer(self) -> &'static str {
        match self {
            Self::Linux => "claude-code-setup.run",
            Self::Macos => "claude-code-setup.pkg",
            Self::Windows => "claude-code-setup.exe",
        }
    }

    /// Its platforms; the first one that is mirrored is the default of the operating system.
    pub fn platforms(self) -> &'static [Platform] {
        match self {
            Self::Linux => {
                &[Platform::LinuxX64, Platform::LinuxX64Musl, Platform::LinuxArm64, Platform::LinuxArm64Musl]
            }
            Self::Macos => &[Platform::DarwinArm64, Platform::DarwinX64],
            Self::Windows => &[Platform::Win32X64, Platform::Win32Arm64],
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Platform {
    type Err = UnknownPlatform;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::parse(name).ok_or_else(|| UnknownPlatform(name.to_owned()))
    }
}

impl TryFrom<String> for Platform {
    type Error = UnknownPlatform;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

impl From<Platform> for &'static str {
    fn from(platform: Platform) -> Self {
        platform.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_platform_is_found_by_its_name_and_belongs_to_its_system() {
        for platform in Platform::ALL {
            assert_eq!(platform.as_str().parse(), Ok(platform));
            assert!(platform.os().platforms().contains(&platform), "{platform}");
        }
        assert_eq!(Os::ALL.map(|os| os.platforms().len()).iter().sum::<usize>(), Platform::ALL.len());
    }

    #[test]
    fn an_unknown_name_is_refused_with_those_that_are_known() {
        let error = "linux-riscv64".parse::<Platform>().unwrap_err().to_string();
        assert!(
            error.starts_with("`linux-riscv64` is not a platform") && error.contains("`win32-arm64`"),
            "{error}"
        );
    }
}

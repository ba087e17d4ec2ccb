//! What operators see: reports of problems, the effective configuration, and the documented examples.

mod change;
mod effect;
mod example;
mod report;
mod rules;

use std::fs;

use super::{Given, Reading};

const SECRET: &str = "q8Zr0m1xV5pLw7TnB3cYd9HsKfJgUaEi";
const TENANT: &str = "6c4e3f2a-0000-4000-8000-000000000001";
const CLIENT: &str = "6c4e3f2a-0000-4000-8000-000000000002";

/// A folder with the two files, and an environment.
struct House {
    folder: tempfile::TempDir,
    given: Given,
}

impl House {
    fn new(toml: &str, env_file: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("sallyport.toml"), toml).unwrap();
        fs::write(folder.path().join(".env"), env_file).unwrap();
        let given = Given { directory: folder.path().to_owned(), ..Given::default() };
        Self { folder, given }.with("HOME", "/home/someone")
    }

    /// With what `run` needs at least.
    fn complete(toml: &str) -> Self {
        Self::new(toml, "")
            .with("INTERNAL_JWT_SECRET", SECRET)
            .with("ENTRA_TENANT_ID", TENANT)
            .with("ENTRA_CLIENT_ID", CLIENT)
            .with("SALLYPORT_STATE_DIR", "/var/lib/sallyport")
            .with("SALLYPORT_RUNTIME_DIR", "/run/sallyport")
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.given.environment.insert(name.into(), value.into());
        self
    }

    fn read(&self) -> Reading {
        Reading::of(&self.given)
    }

    /// A text with the folder's changing name removed.
    fn plain(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.folder.path().display()), "")
    }

    fn problems(&self) -> String {
        self.plain(&self.read().config.unwrap_err().to_string())
    }

    fn warnings(&self) -> String {
        let warnings: Vec<_> = self.read().warnings.iter().map(ToString::to_string).collect();
        self.plain(&warnings.join("\n"))
    }
}

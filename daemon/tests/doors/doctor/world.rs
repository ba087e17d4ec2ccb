//! A host for the doctor to look at: the command is run as a process, between simulations that it does not know.

use std::{
    collections::BTreeMap, fs, os::unix::fs::MetadataExt, path::Path, process::Output, time::Duration,
};

use sallyportd::{
    clock::Clock,
    sandbox::{Options, Sandbox, entra::SimulatedEntra},
    task::Tasks,
};
use tokio::process::Command;

use crate::run::daemon::World;

const PROGRAM: &str = env!("CARGO_BIN_EXE_sallyportd");

pub(super) struct Ward {
    world: World,
    tasks: Tasks,
}

impl std::ops::Deref for Ward {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

/// What the doctor printed, and how it ended.
pub(super) struct Report {
    pub(super) text: String,
    pub(super) code: Option<i32>,
}

impl Ward {
    pub(super) async fn new() -> Self {
        Self { world: World::new().await, tasks: Tasks::default() }
    }

    pub(super) fn set(&mut self, name: &'static str, value: &str) {
        self.world.variables.insert(name, value.to_owned());
    }

    pub(super) async fn doctor(&self, arguments: &[&str]) -> Report {
        self.world.output(&[&["doctor"], arguments].concat()).await.into()
    }

    /// The same in a world of mounts of its own, after a command of the shell.
    pub(super) async fn doctor_within(&self, command: &str) -> Report {
        let script = format!("{command} && exec {PROGRAM} doctor");
        self.run("unshare", &["--mount", "sh", "-c", &script]).await
    }

    /// The same as another user.
    pub(super) async fn doctor_as(&self, user: &str) -> Report {
        let (user, group) = (format!("--reuid={user}"), "--regid=nogroup");
        let copy = self.path("sallyportd");
        fs::copy(PROGRAM, &copy).unwrap();
        self.run("setpriv", &[&user, group, "--clear-groups", &copy.to_string_lossy(), "doctor"]).await
    }

    /// A sandbox, looked at with the files that it names.
    pub(super) async fn doctor_of_a_sandbox(&self) -> Report {
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        let file = |name: &str| sandbox.folder().join(name).to_string_lossy().into_owned();
        let (config, env_file) = (file("sallyport.toml"), file("env"));
        let mut command = Command::new(PROGRAM);
        command.args(["doctor", "--live", "--config", &config, "--env-file", &env_file]);
        let report = command.env_clear().output().await.unwrap().into();
        sandbox.stop().await;
        report
    }

    async fn run(&self, program: &str, arguments: &[&str]) -> Report {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(&self.world.variables)
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.current_dir(self.path(".")).output().await.unwrap().into()
    }

    /// Lets Entra's clock go an hour before ours.
    pub(super) async fn live_an_hour_behind(&mut self) {
        let clock = Clock::manual(Clock::System.now() + Duration::from_hours(1));
        let entra = SimulatedEntra::start(&self.tasks, clock).await.unwrap();
        self.set("ENTRA_AUTHORITY", &entra.authority());
    }

    /// Every file of the daemon, with its size. What it writes by itself meanwhile is not ours.
    pub(super) fn files(&self) -> BTreeMap<String, u64> {
        let mut files = BTreeMap::new();
        for folder in ["state", "run"] {
            collect(&self.path(folder), &mut files);
        }
        files
    }
}

fn collect(folder: &Path, files: &mut BTreeMap<String, u64>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        files.insert(path.display().to_string(), fs::symlink_metadata(&path).unwrap().size());
    }
}

impl From<Output> for Report {
    fn from(output: Output) -> Self {
        Self { text: String::from_utf8(output.stdout).unwrap(), code: output.status.code() }
    }
}

impl Report {
    pub(super) fn has(&self, words: &str) {
        assert!(self.text.contains(words), "{words}\n---\n{}", self.text);
    }
}

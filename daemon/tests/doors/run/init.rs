//! The init script for hosts without systemd, with the exit codes of the Linux Standard Base.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Output};

use tokio::{process::Command, time::timeout};

use super::{
    client_of,
    daemon::{NEVER, World},
};

const SCRIPT: &str = include_str!("../../../../packaging/init/sallyportd");

/// The script, told where everything is by a file of its own.
struct Init {
    world: World,
}

impl Init {
    async fn new() -> Self {
        let mut world = World::new().await;
        world.open_to_everybody();
        for (name, folder) in [("SALLYPORT_STATE_DIR", "state"), ("SALLYPORT_RUNTIME_DIR", "run")] {
            world.variables.insert(name, world.path(folder).to_string_lossy().into_owned());
        }
        world.variables.insert("PATH", std::env::var("PATH").unwrap());
        let program = Path::new(env!("CARGO_BIN_EXE_sallyportd"));
        let console = program.with_file_name("sallyport");
        assert!(console.exists(), "the console is not built: `cargo build -p sallyport`");
        let folder = world.path("");
        let folder = folder.display();
        let defaults = format!(
            "DAEMON={}\nCONSOLE={}\nRUN_AS=nobody\nDIRECTORY={folder}\nPID_FILE={folder}run/sallyportd.pid\n\
             LOG_FILE={folder}log/sallyportd.log\nSOCKET={folder}run/admin.sock\n",
            program.display(),
            console.display()
        );
        world.write("defaults", &defaults);
        let script = SCRIPT.replace("\"/etc/default/$NAME\"", &world.path("defaults").display().to_string());
        world.write("sallyportd.init", &script);
        Self { world }
    }

    async fn run(&self, action: &str) -> Output {
        let mut command = Command::new("dash");
        command.arg(self.world.path("sallyportd.init")).arg(action);
        command.env_clear().envs(&self.world.variables);
        timeout(NEVER, command.output()).await.expect("the script does not end").unwrap()
    }

    /// Does something and expects this exit code.
    async fn does(&self, action: &str, code: i32) -> String {
        let output = self.run(action).await;
        let told =
            [&output.stdout, &output.stderr].map(|told| String::from_utf8_lossy(told).into_owned()).concat();
        assert_eq!(output.status.code(), Some(code), "{action}: {told}");
        told
    }
}

impl Drop for Init {
    fn drop(&mut self) {
        let pid = fs::read_to_string(self.world.path("run/sallyportd.pid")).ok();
        let pid = pid.and_then(|pid| rustix::process::Pid::from_raw(pid.trim().parse().ok()?));
        if let Some(pid) = pid {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

#[tokio::test]
#[ignore = "needs root and start-stop-daemon"]
async fn the_script_starts_reloads_and_stops_with_the_right_exit_codes() {
    let init = Init::new().await;
    init.does("status", 3).await;
    init.does("stop", 0).await;
    init.does("reload", 7).await;
    init.does("try-restart", 0).await;
    init.does("walk", 2).await;
    init.does("start", 0).await;
    init.does("start", 0).await;
    init.does("status", 0).await;
    let ready = client_of(&init.world).get("http://admin/readyz").send().await.unwrap();
    assert_eq!(ready.status(), 200);
    init.does("reload", 0).await;
    init.world.write("sallyport.toml", "[http]\nspeed = 9\n");
    fs::set_permissions(init.world.path("sallyport.toml"), fs::Permissions::from_mode(0o644)).unwrap();
    let refused = init.run("reload").await;
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("there is no key `http.speed`"), "{refused:?}");
    init.does("status", 0).await;
    let failed = init.does("restart", 1).await;
    assert!(failed.contains("there is no key `http.speed`"), "{failed}");
    init.does("status", 3).await;
    init.world.write("sallyport.toml", "");
    init.does("restart", 0).await;
    init.does("stop", 0).await;
    init.does("status", 3).await;
}

#[tokio::test]
#[ignore = "needs shellcheck and dash"]
async fn the_scripts_are_sound() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/init");
    for script in ["sallyportd", "sallyportd.openrc"] {
        for program in [&["shellcheck"][..], &["dash", "-n"]] {
            let checked = Command::new(program[0]).args(&program[1..]).arg(folder.join(script)).output();
            let checked = checked.await.unwrap();
            assert!(
                checked.status.success(),
                "{program:?} {script}: {}",
                String::from_utf8_lossy(&checked.stdout)
            );
        }
    }
}

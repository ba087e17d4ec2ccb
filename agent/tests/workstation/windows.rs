//! The agent for Windows, as a program in Wine, against the same daemon: from the first command to the last one. Only the
//! scheduled tasks are left out, since Wine's scheduler takes none in its first minute.

use std::{env, fs, path::PathBuf};

use serde_json::Value;
use shared::platform::Platform;
use tokio::process::Command;

use crate::{
    mirror::Mirror,
    world::{VERSION, World},
};

const RUNNER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../.ci/wine");

/// A machine with Windows, and the agent on it.
struct Windows {
    world: World,
    agent: PathBuf,
}

impl Windows {
    async fn new() -> Self {
        let agent =
            env::var_os("SALLYPORT_TEST_AGENT_EXE").expect("SALLYPORT_TEST_AGENT_EXE names the agent");
        let mirror = Mirror::new(Platform::Win32X64);
        mirror.agent(&fs::read(&agent).unwrap());
        let world = World::of(mirror, VERSION, &claude().await, None).await;
        let windows = Self { world, agent: agent.into() };
        windows.world.run(windows.command(&["cmd", "/c", "exit 0"])).await.assert_done();
        windows
    }

    fn home(&self, path: &str) -> PathBuf {
        self.world.beside("wine/drive_c/users/root").join(path)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.world.command(RUNNER.as_ref());
        command.env("WINEPREFIX", self.world.beside("wine")).env("USER", "root").args(arguments);
        command
    }

    /// The agent, told of everything by variables.
    fn agent(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(&[self.agent.to_str().unwrap()]);
        command.args(arguments).envs(self.world.variables());
        // Wine shows our disk as `Z:`.
        let key = self.world.mirror.path("signer.key");
        command.env("INSTALL_SERVER_KEY", format!("Z:{}", key.display()));
        command
    }
}

/// A program for Windows that says that it is Claude Code.
async fn claude() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (source, program) = (folder.path().join("claude.c"), folder.path().join("claude.exe"));
    let text =
        format!("#include <stdio.h>\nint main(void) {{ puts(\"{VERSION} (Claude Code)\"); return 0; }}\n");
    fs::write(&source, text).unwrap();
    let mut compiler = Command::new("x86_64-w64-mingw32-gcc");
    assert!(compiler.arg(&source).arg("-o").arg(&program).status().await.unwrap().success());
    fs::read(program).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Wine, mingw and SALLYPORT_TEST_AGENT_EXE; `.ci/cross` has them"]
async fn a_life_on_windows_from_install_to_uninstall() {
    let windows = Windows::new().await;
    let world = &windows.world;
    fs::create_dir(windows.home(".claude")).unwrap();
    let settings = "{\r\n\t\"model\": \"opus\" }";
    fs::write(windows.home(".claude/settings.json"), settings).unwrap();

    let install = windows.agent(&["install", "--method", "device-code", "--no-background"]);
    let told = world.run(install).await.assert_done();
    assert!(!told.err.contains(".local/") && told.err.contains(".local\\bin"), "{}", told.err);
    let said = world.run(windows.command(&["C:\\users\\root\\.local\\bin\\claude.exe"])).await.assert_done();
    assert_eq!(said.out.trim_end(), format!("{VERSION} (Claude Code)"));
    let found: Value =
        serde_json::from_slice(&fs::read(windows.home(".claude/settings.json")).unwrap()).unwrap();
    assert_eq!(found["env"]["ANTHROPIC_BEDROCK_BASE_URL"], world.sandbox.gateway());

    // In a shell that knows none of the variables, as Claude Code runs its helper.
    let agent = "C:\\users\\root\\.claude\\bin\\claude-agent.exe";
    let token = world.run(windows.command(&[agent, "get-token"])).await.assert_done().out;
    assert_eq!(token.trim_end().split('.').count(), 3, "{token}");
    let script = windows.command(&["cmd", "/c", "C:\\users\\root\\.claude\\get-token.cmd"]);
    assert_eq!(world.run(script).await.assert_done().out.trim_end(), token.trim_end());
    world.run(windows.command(&[agent, "status"])).await.assert_done();

    world.run(windows.command(&[agent, "uninstall"])).await.assert_done();
    assert_eq!(fs::read_to_string(windows.home(".claude/settings.json")).unwrap(), settings);
    assert_eq!(fs::read_dir(windows.home(".claude")).unwrap().count(), 1);
    assert!(!windows.home(".local").exists());
    set_up_for_all_users(&windows).await;
}

async fn set_up_for_all_users(windows: &Windows) {
    windows.world.run(windows.agent(&["system", "install"])).await.assert_done();
    let folder = windows.world.beside("wine/drive_c/Program Files/ClaudeCode");
    let settings = fs::read(folder.join("managed-settings.json")).unwrap();
    let settings: Value = serde_json::from_slice(&settings).unwrap();
    let helper = settings["apiKeyHelper"].as_str().unwrap();
    assert!(helper.contains("claude-agent.exe") && helper.ends_with("get-token"), "{helper}");
    assert!(folder.join("claude-agent.exe").exists());
    windows.world.run(windows.agent(&["system", "uninstall"])).await.assert_done();
    assert!(!folder.exists());
}

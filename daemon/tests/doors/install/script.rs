//! The scripts, run as a workstation runs them: in every shell, with and without an agent, and cut short.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::Stdio,
};

use shared::{platform::Platform, release::Digest};
use tempfile::TempDir;
use tokio::{io::AsyncWriteExt, process::Command};

use super::{mirror::Mirror, world::World};

const SHELLS: [&[&str]; 3] = [&["dash"], &["bash", "--posix"], &["busybox", "sh"]];
const CLAUDE: &[u8] = b"#!/bin/sh\necho 'this is Claude Code'\n";
const AGENT: &[u8] =
    b"#!/bin/sh\necho \"$* $AUTH_SERVER_URL $LLM_GATEWAY_URL $ENTRA_CLIENT_ID\" > \"$HOME/agent.log\"\n";
const VERSIONS: &str = ".local/share/claude/versions";
const LINK: &str = ".local/bin/claude";

/// A workstation: a home, and the programs on its path.
struct Workstation {
    home: TempDir,
    path: String,
}

/// How a script ended.
struct Ended {
    is_success: bool,
    said: String,
}

impl Workstation {
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap(), path: std::env::var("PATH").unwrap() }
    }

    /// One that has nothing but busybox.
    fn bare() -> Self {
        let mut workstation = Self::new();
        let programs = workstation.home.path().join("programs");
        fs::create_dir(&programs).unwrap();
        for name in [
            "busybox",
            "sh",
            "uname",
            "grep",
            "cut",
            "wc",
            "tr",
            "wget",
            "sha256sum",
            "chmod",
            "mv",
            "rm",
            "mkdir",
            "ln",
            "sleep",
            "cat",
            "id",
            "ls",
        ] {
            symlink("/bin/busybox", programs.join(name)).unwrap();
        }
        workstation.path = programs.display().to_string();
        workstation
    }

    async fn run(&self, shell: &[&str], script: &[u8], variables: &[(&str, &str)]) -> Ended {
        let mut command = Command::new(shell[0]);
        command.args(&shell[1..]).arg("-s").env_clear().env("PATH", &self.path).env("HOME", self.home.path());
        command.envs(variables.iter().copied()).current_dir(self.home.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A shell that has had enough reads no further.
        let _ = stdin.write_all(script).await;
        drop(stdin);
        let output = child.wait_with_output().await.unwrap();
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Ended { is_success: output.status.success(), said: said.concat() }
    }

    fn file(&self, path: &str) -> Vec<u8> {
        fs::read(self.home.path().join(path)).unwrap_or_default()
    }

    fn has(&self, path: &str) -> bool {
        fs::symlink_metadata(self.home.path().join(path)).is_ok()
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.home.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// What a Linux on this machine's processor is served.
fn linux() -> Mirror {
    let mirror = Mirror::new();
    mirror.release("2.1.209", &[(Platform::LinuxX64, CLAUDE), (Platform::LinuxArm64, CLAUDE)]);
    mirror.serve("2.1.209");
    mirror
}

async fn script(world: &World) -> Vec<u8> {
    world.get("/install.sh").await.body.to_vec()
}

#[tokio::test]
#[ignore = "needs dash, bash, busybox and curl"]
async fn without_an_agent_the_program_is_installed_in_its_own_layout() {
    let world = World::of(linux()).await;
    for shell in SHELLS {
        let workstation = Workstation::new();
        let ended = workstation.run(shell, &script(&world).await, &[]).await;
        assert!(ended.is_success, "{shell:?}: {}", ended.said);
        assert!(ended.said.contains("there is no agent for linux-"), "{}", ended.said);
        let link = workstation.home.path().join(LINK);
        assert_eq!(fs::read_link(&link).unwrap(), workstation.home.path().join(VERSIONS).join("2.1.209"));
        let told = Command::new(link).output().await.unwrap();
        assert_eq!(told.stdout, b"this is Claude Code\n");
        // Again changes nothing, and leaves nothing lying about.
        assert!(workstation.run(shell, &script(&world).await, &[]).await.is_success);
        assert_eq!(fs::read_dir(workstation.home.path().join(VERSIONS)).unwrap().count(), 1);
    }
}

#[tokio::test]
#[ignore = "needs dash, bash, busybox and curl"]
async fn the_agent_is_installed_and_told_where_everything_is() {
    let mirror = linux();
    mirror.agent(Platform::LinuxX64, AGENT);
    mirror.agent(Platform::LinuxArm64, AGENT);
    let world = World::of(mirror).await;
    for shell in SHELLS {
        let workstation = Workstation::new();
        let ended = workstation.run(shell, &script(&world).await, &[]).await;
        assert!(ended.is_success, "{shell:?}: {}", ended.said);
        let log = String::from_utf8(workstation.file("agent.log")).unwrap();
        let (auth, gateway) = (world.sandbox.auth(), world.sandbox.gateway());
        assert_eq!(log, format!("install {auth} {gateway} {}\n", sallyportd::sandbox::entra::CLIENT_ID));
        let agent = workstation.home.path().join(".claude/bin/claude-agent");
        assert_eq!(fs::metadata(agent).unwrap().permissions().mode() & 0o777, 0o755);
    }
}

#[tokio::test]
#[ignore = "needs busybox"]
async fn nothing_but_busybox_is_enough() {
    let world = World::of(linux()).await;
    let workstation = Workstation::bare();
    let ended = workstation.run(&["/bin/busybox", "sh"], &script(&world).await, &[]).await;
    assert!(ended.is_success, "{}", ended.said);
    assert_eq!(workstation.file(LINK), CLAUDE);
}

#[tokio::test]
#[ignore = "needs dash, bash, busybox and curl"]
async fn what_is_not_the_right_file_is_thrown_away() {
    let world = World::of(linux()).await;
    let part = format!("{VERSIONS}/2.1.209.{}.part", Digest::of(CLAUDE));
    for shell in SHELLS {
        let workstation = Workstation::new();
        // Half of it, and wrong: it is continued, and then seen.
        workstation.write(&part, &[b'x'; CLAUDE.len() / 2]);
        let ended = workstation.run(shell, &script(&world).await, &[]).await;
        assert!(
            !ended.is_success && ended.said.contains("is not what it should be"),
            "{shell:?}: {}",
            ended.said
        );
        assert!(!workstation.has(&part) && !workstation.has(LINK));
        // Half of it, and right: only the rest is fetched.
        workstation.write(&part, &CLAUDE[..CLAUDE.len() / 2]);
        assert!(workstation.run(shell, &script(&world).await, &[]).await.is_success);
        assert_eq!(workstation.file(LINK), CLAUDE);
    }
}

#[tokio::test]
#[ignore = "needs dash, bash and busybox"]
async fn a_script_that_was_cut_short_does_nothing() {
    let world = World::of(linux()).await;
    let whole = script(&world).await;
    let end = whole.len() - b"main \"$@\"\n".len();
    for shell in SHELLS {
        let workstation = Workstation::new();
        for cut in (0..end).step_by(whole.len() / 40).chain([end, end + 3]) {
            workstation.run(shell, &whole[..cut], &[]).await;
            assert_eq!(fs::read_dir(workstation.home.path()).unwrap().count(), 0, "{shell:?} at {cut}");
        }
    }
}

#[tokio::test]
#[ignore = "needs dash"]
async fn a_script_that_can_not_go_on_says_why() {
    let world = World::of(linux()).await;
    let workstation = Workstation::new();
    let as_root = workstation.run(SHELLS[0], &script(&world).await, &[("SUDO_USER", "ada")]).await;
    assert!(!as_root.is_success && as_root.said.contains("hint: run it without sudo"), "{}", as_root.said);
    let elsewhere = Mirror::new();
    elsewhere.release("2.1.209", &[(Platform::Win32X64, CLAUDE)]);
    elsewhere.serve("2.1.209");
    let world = World::of(elsewhere).await;
    let ended = workstation.run(SHELLS[0], &script(&world).await, &[]).await;
    assert!(!ended.is_success && ended.said.contains("there is no Claude Code for linux-"), "{}", ended.said);
    assert_eq!(fs::read_dir(workstation.home.path()).unwrap().count(), 0);
}

#[tokio::test]
#[ignore = "needs shellcheck"]
async fn shellcheck_has_nothing_to_say() {
    let world = World::of(linux()).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("install.sh");
    fs::write(&file, script(&world).await).unwrap();
    let output = Command::new("shellcheck")
        .args(["--shell=sh", "--enable=all", "--exclude=SC2250,SC2310,SC2312,SC2311"])
        .arg(file)
        .output()
        .await;
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// Where the parts of a syntax tree are wrong.
const PARSE: &str = r"
import sys, tree_sitter, tree_sitter_powershell
language = tree_sitter.Language(tree_sitter_powershell.language())
source = open(sys.argv[1], 'rb').read()
def wrong(node):
    found = [node] if node.is_error or node.is_missing else []
    for child in node.children: found += wrong(child)
    return found
faults = wrong(tree_sitter.Parser(language).parse(source).root_node)
for fault in faults: print(fault.start_point, fault.type, fault.text[:80])
sys.exit(bool(faults))
";

#[tokio::test]
#[ignore = "needs SALLYPORT_TEST_PYTHON: a Python with tree-sitter and tree-sitter-powershell"]
async fn the_script_for_powershell_can_be_parsed() {
    let python = std::env::var("SALLYPORT_TEST_PYTHON").expect("SALLYPORT_TEST_PYTHON");
    let world = World::of(linux()).await;
    let folder = tempfile::tempdir().unwrap();
    let parse = async |text: &[u8]| {
        let file = folder.path().join("install.ps1");
        fs::write(&file, text).unwrap();
        Command::new(Path::new(&python)).args(["-c", PARSE]).arg(file).output().await.unwrap()
    };
    let text = world.get("/install.ps1").await.body;
    let output = parse(&text).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let broken = String::from_utf8(text.to_vec()).unwrap().replacen("param(", "param", 1);
    assert!(!parse(broken.as_bytes()).await.status.success(), "a fault would not be found");
}

//! Whatever can be wrong with the daemon, the socket or stdout: a sentence, a hint, and how the program ends.

use std::{
    fs::{self, File, Permissions},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::Stdio,
};

use rustix::process::geteuid;
use sallyportd::sandbox::entra::User;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    task::JoinSet,
};

use super::world::{World, ended, program, run, watch};

/// A uid that owns nothing here.
const NOBODY: u32 = 65_534;
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Something at a socket that is no daemon as it should be.
struct Impostor {
    folder: TempDir,
    _tasks: JoinSet<()>,
}

impl Impostor {
    /// Does something with every connection, once it has been asked.
    fn new<F, Fut>(then: F) -> Self
    where
        F: Fn(UnixStream, String) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("admin.sock")).unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut asked = vec![0; 8192];
                let read = stream.read(&mut asked).await.unwrap_or_default();
                let asked = String::from_utf8_lossy(&asked[..read]).into_owned();
                connections.spawn(then(stream, asked));
            }
        });
        Self { folder, _tasks: tasks }
    }

    /// Says the same to everybody and leaves.
    fn saying(words: &'static str) -> Self {
        Self::new(move |mut stream, _| async move {
            let _ = stream.write_all(words.as_bytes()).await;
        })
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("admin.sock")
    }
}

#[tokio::test]
async fn without_a_socket_it_says_where_it_looked() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("admin.sock");
    let told = run(&socket, &["status"]).await.failed(3);
    assert!(told.starts_with(&format!(
        "error: there is no socket at `{}`\nhint: start the daemon",
        socket.display()
    )));
}

#[tokio::test]
async fn where_nobody_listens_it_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("admin.sock");
    drop(UnixListener::bind(&socket).unwrap());
    let told = run(&socket, &["sessions", "list", "--json"]).await.failed(3);
    assert!(
        told.starts_with("error: nobody listens at `") && told.contains("hint: the daemon has stopped"),
        "{told}"
    );
}

#[tokio::test]
async fn a_socket_without_permission_is_refused_not_unreachable() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("admin.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    fs::set_permissions(&socket, Permissions::from_mode(0o000)).unwrap();
    let mut command = program(&socket, &["status"]);
    if geteuid().is_root() {
        // Nothing is forbidden to root: somebody else tries, with a copy of the program that they can reach.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let copy = folder.path().join("sallyport");
        fs::copy(env!("CARGO_BIN_EXE_sallyport"), &copy).unwrap();
        command = tokio::process::Command::new(copy);
        command.args(["status", "--socket"]).arg(&socket).env_clear().uid(NOBODY).gid(NOBODY);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    }
    let told = ended(command).await.failed(4);
    assert!(
        told.starts_with("error: you may not open `") && told.contains("hint: run this as root"),
        "{told}"
    );
}

#[tokio::test]
async fn a_silent_daemon_is_left_after_the_deadline() {
    let silent = Impostor::new(|stream, _| async move {
        std::future::pending::<()>().await;
        drop(stream);
    });
    let told = run(&silent.socket(), &["status", "--timeout", "50ms"]).await.failed(3);
    assert!(told.starts_with("error: the daemon did not answer within 0.05 s\nhint: "), "{told}");
    let told = run(&silent.socket(), &["reload", "--reason", "x", "--timeout", "50ms"]).await.failed(3);
    assert!(told.contains("hint: it may have been done all the same"), "{told}");
}

#[tokio::test]
async fn a_daemon_that_is_killed_in_its_answer_is_missed() {
    for said in ["", "HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"version\":"] {
        let told = run(&Impostor::saying(said).socket(), &["status"]).await.failed(3);
        assert!(told.starts_with("error: the daemon closed the connection"), "{told}");
    }
}

#[tokio::test]
async fn a_daemon_that_is_killed_under_a_watch_is_missed() {
    let dying = Impostor::new(|mut stream, asked| async move {
        let told = "event: sign_in\ndata: {\"event\":\"sign_in\",\"at\":1}\n\n";
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        assert!(asked.starts_with("GET /events "));
        let _ = stream.write_all(format!("{head}{:x}\r\n{told}\r\n", told.len()).as_bytes()).await;
    });
    let ended = watch(program(&dying.socket(), &["events", "--json"])).end().await;
    assert_eq!((ended.code, ended.out.as_str()), (Some(3), "{\"event\":\"sign_in\",\"at\":1}\n"));
    assert!(ended.err.starts_with("error: the daemon closed the connection"), "{}", ended.err);
}

#[tokio::test]
async fn an_older_daemon_is_told_by_both_versions() {
    let older = Impostor::new(|mut stream, asked| async move {
        let (status, body) = match asked.split(' ').nth(1) {
            Some("/status") => ("200 OK", r#"{"version":"0.0.9","uptime_seconds":1}"#),
            _ => ("404 Not Found", r#"{"message":"there is nothing at this path","request_id":"req_1"}"#),
        };
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len());
        let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
    });
    let versions = format!("the daemon is version 0.0.9, this console is {VERSION}\nhint: update the older");
    let told = run(&older.socket(), &["traffic"]).await.failed(1);
    assert!(
        told.starts_with("error: the daemon does not know `/traffic`: ") && told.contains(&versions),
        "{told}"
    );
    let told = run(&older.socket(), &["status"]).await.failed(1);
    assert!(told.contains("can't be understood (missing field") && told.contains(&versions), "{told}");
}

#[tokio::test]
async fn something_else_at_the_socket_is_not_taken_for_a_daemon() {
    let told = run(&Impostor::saying("SSH-2.0-OpenSSH_9.2\r\n").socket(), &["status"]).await.failed(1);
    assert!(told.contains("does not speak HTTP"), "{told}");
}

#[tokio::test]
async fn a_full_disk_is_told() {
    let world = World::new().await;
    for arguments in [&["status"] as &[&str], &["status", "--json"], &["completions", "bash"]] {
        let mut command = program(&world.socket(), arguments);
        command.stdout(File::options().write(true).open("/dev/full").unwrap());
        let told = ended(command).await.failed(1);
        assert!(told.starts_with("error: stdout can't be written: No space left on device"), "{told}");
    }
}

#[tokio::test]
async fn a_reader_who_left_is_no_failure() {
    let world = World::new().await;
    let mut child = program(&world.socket(), &["status"]).spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().await.unwrap();
    assert_eq!((ended.status.code(), ended.stderr.as_slice()), (Some(0), &b""[..]));
}

#[tokio::test]
async fn whoever_may_only_look_is_refused() {
    let world = World::with(|config| config.admin.operators = Some(vec![4_000_000])).await;
    world.sign_in(User::ADA).await;
    let lock = ["users", "lock", User::ADA.email, "--for", "1h", "--reason", "mischief"];
    let told = world.run(&lock).await.failed(4);
    assert_eq!(
        told,
        "error: this takes an operator\nhint: ask one, or have your uid added to `admin.operators`\n"
    );
    assert!(world.run(&["status"]).await.done().contains("your role  reader"));
    assert!(world.run(&["sessions", "list"]).await.done().contains("active"));
}

#[tokio::test]
async fn whoever_may_not_even_look_is_refused() {
    let world = World::with(|config| {
        config.admin.operators = Some(vec![4_000_000]);
        config.admin.readers = Some(vec![4_000_001]);
    });
    let world = world.await;
    for arguments in [&["status"] as &[&str], &["events"]] {
        assert!(world.run(arguments).await.failed(4).starts_with("error: you may not look here\nhint: "));
    }
}

#[tokio::test]
async fn the_screens_need_a_terminal() {
    let told = run("/nowhere".as_ref(), &[]).await.failed(2);
    assert!(told.starts_with("error: the screens need a terminal\nhint: "), "{told}");
}

//! Nothing that the admin socket offers is out of a command's reach: the table of the contract's routes against the tree
//! of commands.

use std::{collections::BTreeSet, path::PathBuf};

use clap::CommandFactory;
use sallyport::cli::Cli;
use sallyportd::sandbox::entra::User;
use serde_json::Value;
use shared::api::admin::Grant;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{UnixListener, UnixStream},
    sync::watch,
    task::JoinSet,
};

use super::world::{LONG, World, program, run};

const CONTRACT: &str = include_str!("../../../daemon/openapi/admin.json");
/// Probes and documents: for load balancers, scrapers and whoever writes a client.
const NOT_FOR_OPERATORS: [&str; 5] =
    ["GET /health", "GET /healthz", "GET /readyz", "GET /openapi.json", "GET /metrics"];

/// What is asked of each command. `SESSION`, `DEVICE` and `GRANT` stand for one that is there.
const COMMANDS: [&[&str]; 30] = [
    &["status"],
    &["sessions", "list"],
    &["sessions", "show", "SESSION"],
    &["sessions", "lock", "SESSION", "--for", "1h", "--reason", "x"],
    &["sessions", "unlock", "SESSION", "--reason", "x"],
    &["sessions", "revoke", "SESSION", "--reason", "x"],
    &["users", "list"],
    &["users", "show", User::ADA.email],
    &["users", "lock", User::ADA.email, "--for", "1h", "--reason", "x"],
    &["users", "unlock", User::ADA.email, "--reason", "x"],
    &["users", "revoke", User::ADA.email, "--reason", "x"],
    &["devices", "list"],
    &["devices", "show", "DEVICE"],
    &["devices", "lock", "DEVICE", "--for", "1h", "--reason", "x"],
    &["devices", "unlock", "DEVICE", "--reason", "x"],
    &["devices", "revoke", "DEVICE", "--reason", "x"],
    &["locks"],
    &["grants", "add", User::ADA.email, "--spend", "$1", "--for", "1h", "--reason", "x"],
    &["grants", "list"],
    &["grants", "end", "GRANT", "--reason", "x"],
    &["requests", "list"],
    &["requests", "watch"],
    &["traffic"],
    &["usage"],
    &["audit", "list"],
    &["audit", "tail"],
    &["audit", "verify"],
    &["events"],
    &["reload", "--reason", "x"],
    &["completions", "bash"],
];

/// Stands before the daemon's socket and notes which routes are asked for.
struct Recorder {
    folder: TempDir,
    asked: watch::Receiver<BTreeSet<String>>,
    _tasks: JoinSet<()>,
}

impl Recorder {
    fn before(daemon: PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("admin.sock")).unwrap();
        let (notes, asked) = watch::channel(BTreeSet::new());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (near, _) = listener.accept().await.unwrap();
                connections.spawn(pass(near, daemon.clone(), notes.clone()));
            }
        });
        Self { folder, asked, _tasks: tasks }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("admin.sock")
    }

    async fn note(&mut self, route: &str) {
        let noted = self.asked.wait_for(|asked| asked.contains(route));
        tokio::time::timeout(LONG, noted).await.expect("it is asked").unwrap();
    }
}

async fn pass(mut near: UnixStream, daemon: PathBuf, notes: watch::Sender<BTreeSet<String>>) {
    let mut head = Vec::new();
    while !head.contains(&b'\n') {
        if near.read_buf(&mut head).await.unwrap_or_default() == 0 {
            return;
        }
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let mut words = text.split([' ', '?']);
    let route = format!("{} {}", words.next().unwrap(), words.next().unwrap());
    notes.send_modify(|asked| asked.extend([route]));
    let mut far = UnixStream::connect(daemon).await.unwrap();
    far.write_all(&head).await.unwrap();
    let _ = copy_bidirectional(&mut near, &mut far).await;
}

/// The commands that speak to a daemon and have no commands below them, by their full names.
fn leaves(command: &clap::Command, name: &str) -> Vec<String> {
    let speaks = |below: &&clap::Command| !["help", "mirror"].contains(&below.get_name());
    let below: Vec<_> = command.get_subcommands().filter(speaks).collect();
    if below.is_empty() {
        return vec![name.trim().to_owned()];
    }
    below.iter().flat_map(|below| leaves(below, &format!("{name} {}", below.get_name()))).collect()
}

fn contract() -> Vec<String> {
    let contract: Value = serde_json::from_str(CONTRACT).unwrap();
    let paths = contract["paths"].as_object().unwrap();
    let methods =
        |path: &Value| path.as_object().unwrap().keys().map(|it| it.to_uppercase()).collect::<Vec<_>>();
    let routes = paths.iter().flat_map(|(path, item)| {
        methods(item).into_iter().map(|method| format!("{method} {path}")).collect::<Vec<_>>()
    });
    routes.filter(|route| !NOT_FOR_OPERATORS.contains(&route.as_str())).collect()
}

fn fits(template: &str, asked: &str) -> bool {
    let (template, asked): (Vec<&str>, Vec<&str>) =
        (template.split('/').collect(), asked.split('/').collect());
    let fit = |(wanted, asked): (&&str, &&str)| wanted.starts_with('{') || wanted == asked;
    template.len() == asked.len() && template.iter().zip(&asked).all(fit)
}

#[test]
fn every_command_stands_in_the_table() {
    let listed: BTreeSet<String> = COMMANDS
        .iter()
        .map(|words| words.iter().take_while(|word| word.bytes().all(|b| b.is_ascii_lowercase())).copied())
        .map(|words| words.collect::<Vec<_>>().join(" ").replace("completions bash", "completions"))
        .collect();
    let there: BTreeSet<String> = leaves(&Cli::command(), "").into_iter().collect();
    assert_eq!(listed, there);
}

/// Runs commands before the daemon, each with what it needs to be there.
struct Operator {
    recorder: Recorder,
    session: String,
    device: String,
    grant: String,
}

impl Operator {
    async fn run(&mut self, command: &[&'static str]) {
        let words: Vec<String> = command.iter().map(|word| self.known(word)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).chain(["--json"]).collect();
        let endless = match command {
            ["audit", "tail"] => "GET /audit",
            ["requests", "watch"] => "GET /requests",
            ["events"] => "GET /events",
            _ => {
                let printed = run(&self.recorder.socket(), &words).await.done();
                if command.starts_with(&["grants", "add"]) {
                    self.grant = serde_json::from_str::<Grant>(&printed).unwrap().id.to_string();
                }
                return;
            }
        };
        let _child = program(&self.recorder.socket(), &words).spawn().unwrap();
        self.recorder.note(endless).await;
    }

    fn known(&self, word: &str) -> String {
        match word {
            "SESSION" => self.session.clone(),
            "DEVICE" => self.device.clone(),
            "GRANT" => self.grant.clone(),
            other => other.to_owned(),
        }
    }
}

#[tokio::test]
async fn every_route_of_the_contract_is_reached_by_a_command() {
    let world = World::capped().await;
    world.sign_in(User::ADA).await;
    let session = world.sessions().await.remove(0);
    let mut operator = Operator {
        recorder: Recorder::before(world.socket()),
        session: session.id.to_string(),
        device: session.device_id.unwrap().to_string(),
        grant: String::new(),
    };
    for command in COMMANDS {
        operator.run(command).await;
    }
    let asked = operator.recorder.asked.borrow().clone();
    let missed: Vec<String> =
        contract().into_iter().filter(|route| !asked.iter().any(|asked| fits(route, asked))).collect();
    assert!(missed.is_empty(), "{missed:?}");
}

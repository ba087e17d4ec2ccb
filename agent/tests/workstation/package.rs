//! Claude Code from an install server that fails, lies, or sends people elsewhere.

use std::fs;

use claude_agent::os;

use crate::{
    disk::snapshot,
    mirror::program,
    server::{Answer, Server},
    world::{Said, VERSION, World},
};

const RELEASES: &str = "/claude-code-releases";

/// Puts a release on the server as the mirror has it.
fn publish(world: &World, server: &Server) {
    let path = format!("claude-code-releases/{VERSION}");
    for name in ["VERSION".to_owned(), format!("{path}/manifest.json"), format!("{path}/manifest.json.sig")] {
        server.put(&format!("/{name}"), Answer::Bytes(fs::read(world.mirror.path(&name)).unwrap()));
    }
    server.put(&binary(), Answer::Bytes(program(VERSION)));
}

fn binary() -> String {
    format!("{RELEASES}/{VERSION}/{}/claude", os::this().platform().unwrap())
}

async fn install(world: &World, server: &Server) -> Said {
    let mut command = world.agent(&["install", "--no-login", "--no-background"]);
    command.env("INSTALL_SERVER_URL", &server.url);
    world.run(command).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_breaks_goes_on_where_it_ended() {
    let (world, server) = (World::new().await, Server::start().await);
    publish(&world, &server);
    server.put(&binary(), Answer::Cut(program(VERSION), 15));
    let whole = program(VERSION).len();
    assert!((31..=45).contains(&whole), "three parts of it");
    install(&world, &server).await.assert_done();
    let asked: Vec<_> = server.log().into_iter().filter(|path| path.starts_with(&binary())).collect();
    assert_eq!(asked, [binary(), format!("{} from 15", binary()), format!("{} from 30", binary())]);
    assert_eq!(fs::read(world.home(".local/bin/claude")).unwrap(), program(VERSION));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_run_left_is_gone_on_with_and_what_is_not_of_it_is_fetched_anew() {
    let (world, server) = (World::new().await, Server::start().await);
    publish(&world, &server);
    server.put(&binary(), Answer::Cut(program(VERSION), 0));
    let said = install(&world, &server).await.assert_fails(3, "the download broke off");
    assert!(said.err.contains("hint: run the same again"), "{}", said.err);
    let downloads = world.home(".local/share/claude/downloads");
    let partial = fs::read_dir(&downloads).unwrap().next().unwrap().unwrap().path();
    fs::write(&partial, "something else").unwrap();
    publish(&world, &server);
    install(&world, &server).await.assert_done();
    assert_eq!(fs::read(world.home(".local/bin/claude")).unwrap(), program(VERSION));
    assert!(snapshot(&downloads).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_what_was_signed_is_refused_and_removed() {
    let (world, server) = (World::new().await, Server::start().await);
    let mut other = program(VERSION);
    *other.last_mut().unwrap() = b' ';
    let longer = [program(VERSION), b"\n".to_vec()].concat();
    let manifest = format!("{RELEASES}/{VERSION}/manifest.json");
    let forged = Answer::Bytes(format!("{{\"version\":\"{VERSION}\",\"platforms\":{{}}}}").into_bytes());
    for (path, answer, words) in [
        (binary(), Answer::Bytes(other), "its SHA-256 digest is not that of the manifest"),
        (binary(), Answer::Bytes(longer), "it is longer than the"),
        (binary(), Answer::Bytes(b"short".to_vec()), "it ended after 5 of"),
        (binary(), Answer::Page, "it is a page of HTML or XML and no program"),
        (manifest.clone(), forged, "the signature of Claude Code 2.1.300 is refused"),
        (
            format!("{manifest}.sig"),
            Answer::Bytes(b"none".to_vec()),
            "the signature of Claude Code 2.1.300 is refused",
        ),
        ("/VERSION".to_owned(), Answer::Bytes(b"../../etc".to_vec()), "`../../etc` is not a version"),
    ] {
        publish(&world, &server);
        server.put(&path, answer);
        install(&world, &server).await.assert_fails(1, words);
        assert!(!world.home(".local/bin/claude").exists(), "{words}");
        let left = snapshot(&world.home(".local/share"));
        assert!(!left.keys().any(|path| path.contains(VERSION)), "{words}: {left:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_fetched_from_elsewhere() {
    let (world, server, elsewhere) = (World::new().await, Server::start().await, Server::start().await);
    publish(&world, &elsewhere);
    for path in ["/VERSION".to_owned(), format!("{RELEASES}/{VERSION}/manifest.json"), binary()] {
        publish(&world, &server);
        server.put(&path, Answer::Redirect(format!("{}{path}", elsewhere.url)));
        install(&world, &server).await.assert_fails(1, "nothing is fetched from elsewhere");
    }
    assert_eq!(elsewhere.log(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_told() {
    let world = World::new().await;
    let mut command = world.agent(&["install", "--no-login"]);
    command.env("INSTALL_SERVER_URL", "http://127.0.0.1:1");
    let said = world.run(command).await.assert_fails(3, "the install server can't be reached");
    assert!(said.err.contains("not done: Claude Code, settings, script, background"), "{}", said.err);
}

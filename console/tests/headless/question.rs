//! Whoever sits at a terminal is asked before something ends.

use std::{
    fs::File,
    io::{Read, Write},
    os::fd::OwnedFd,
    process::Stdio,
};

use rustix::{
    fs::{Mode, OFlags, open},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
};
use sallyportd::sandbox::entra::User;

use super::world::{LONG, Ran, World, program};

/// Both ends of a terminal: the person's and the program's.
fn terminal() -> (File, File) {
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&person).unwrap();
    unlockpt(&person).unwrap();
    let name = ptsname(&person, Vec::new()).unwrap();
    let program: OwnedFd = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    (File::from(person), File::from(program))
}

/// What is asked, and how it ends after an answer.
async fn asked(world: &World, arguments: &[&str], answer: &'static str) -> (String, Ran) {
    let (mut person, terminal) = terminal();
    let mut command = program(&world.socket(), arguments);
    command.stdin(Stdio::from(terminal.try_clone().unwrap())).stderr(Stdio::from(terminal));
    let child = command.spawn().unwrap();
    drop(command);
    let talk = tokio::task::spawn_blocking(move || {
        let mut told = Vec::new();
        while !told.ends_with(b"[y/N] ") {
            let mut byte = [0];
            person.read_exact(&mut byte).unwrap();
            told.extend(byte);
        }
        person.write_all(answer.as_bytes()).unwrap();
        (String::from_utf8(told).unwrap(), person)
    });
    let (question, _person) = tokio::time::timeout(LONG, talk).await.expect("it asks").unwrap();
    let output = tokio::time::timeout(LONG, child.wait_with_output()).await.expect("it ends").unwrap();
    (question, Ran::from(output))
}

#[tokio::test]
async fn a_question_names_the_object_and_its_reach_and_no_is_the_default() {
    let world = World::new().await;
    let token = world.sign_in(User::ADA).await;
    world.sign_in(User::ADA).await;
    let _stream = world.ask(&token, "sandbox.stall").await;
    let ada = User::ADA.email;
    let (question, ran) = asked(&world, &["users", "revoke", ada, "--reason", "x"], "\n").await;
    assert_eq!(
        question,
        format!("revoke user {ada}? (2 active sessions on 1 device, 1 request running) [y/N] ")
    );
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
    assert!(world.sessions().await.iter().all(|session| session.ended.is_none()));

    let id = world.sessions().await[0].id.to_string();
    let lock = ["sessions", "lock", &id, "--for", "90m", "--reason", "x"];
    let (question, ran) = asked(&world, &lock, "y\n").await;
    assert!(question.starts_with(&format!("lock session {id} for 90m? (of {ada} on ")), "{question}");
    assert!(ran.code == Some(0) && ran.out.starts_with("locked session "), "{ran:?}");
}

//! What is looked at: lists and single things, for people and for machines.

use sallyportd::sandbox::entra::User;
use shared::api::admin::{DeviceSummary, Page, Request, Session, Status, Traffic, Usage, User as Person};

use super::world::{LONG, World};

#[tokio::test]
async fn what_machines_read_is_what_the_daemon_says() {
    let world = World::new().await;
    let token = world.sign_in(User::ADA).await;
    world.ask(&token, "sandbox.echo").await.bytes().await.unwrap();
    let stream = world.ask(&token, "sandbox.stall").await;
    world.sandbox.usage_of(1).await.unwrap();

    let status: Status = world.run(&["status", "--json"]).await.json();
    assert_eq!((status.requests_in_flight, status.role.as_deref()), (1, Some("operator")));
    let requests: Page<Request> = world.run(&["requests", "list", "--json"]).await.json();
    assert_eq!(requests.items[0].client_session.as_deref(), Some("a-session"));
    let users: Page<Person> = world.run(&["users", "list", "--json"]).await.json();
    assert_eq!(users.items[0].email.as_deref(), Some(User::ADA.email));
    let person: Person = world.run(&["users", "show", User::ADA.email, "--json"]).await.json();
    assert!(person.budget.is_some());
    let devices: Page<DeviceSummary> = world.run(&["devices", "list", "--json"]).await.json();
    assert_eq!(devices.items[0].user.as_str(), User::ADA.oid);
    let id = world.sessions().await[0].id.to_string();
    let session: Session = world.run(&["sessions", "show", &id, "--json"]).await.json();
    assert_eq!(session.id.to_string(), id);
    let traffic: Traffic = world.run(&["traffic", "--json"]).await.json();
    assert!(traffic.samples.len() <= 60);
    for by in ["user", "model", "session", "day"] {
        let usage: Page<Usage> = world.run(&["usage", "--by", by, "--from", "1d", "--json"]).await.json();
        assert_eq!(usage.items[0].requests, 1, "{by}");
    }
    drop(stream);
}

#[tokio::test]
async fn what_people_read_is_a_table_with_names() {
    let world = World::new().await;
    let token = world.sign_in(User::ADA).await;
    world.sign_in(User::GRACE).await;
    world.ask(&token, "sandbox.echo").await.bytes().await.unwrap();
    world.sandbox.usage_of(1).await.unwrap();
    for (arguments, title, word) in [
        (&["sessions", "list"] as &[&str], "SESSION", "active"),
        (&["users", "list"], "USER", "Grace Hopper"),
        (&["devices", "list"], "DEVICE", User::ADA.email),
        (&["usage"], "USER", User::ADA.email),
        (&["audit", "list"], "#", "sign_in"),
    ] {
        let printed = world.run(arguments).await.done();
        assert!(printed.starts_with(title) && printed.contains(word), "{arguments:?}: {printed}");
        assert!(printed.lines().all(|line| line == line.trim_end()) && !printed.contains('\x1b'));
    }
    let status = world.run(&["status"]).await.done();
    assert!(
        status.starts_with("daemon     sallyportd ") && status.contains("\nstore        ok "),
        "{status}"
    );
    let shown = world.run(&["users", "show", User::ADA.oid]).await.done();
    assert!(shown.contains(User::ADA.email) && shown.contains("1 active of 1"), "{shown}");
}

#[tokio::test]
async fn traffic_is_told_in_sentences_once_there_was_some() {
    let world = World::new().await;
    let token = world.sign_in(User::ADA).await;
    world.ask(&token, "sandbox.echo").await.bytes().await.unwrap();
    let told = async {
        loop {
            let told = world.run(&["traffic"]).await.done();
            if told.contains("1 completed") {
                return told;
            }
            assert!(
                told.starts_with("nothing is known of this time yet") || told.starts_with("window "),
                "{told}"
            );
        }
    };
    let told = tokio::time::timeout(LONG, told).await.expect("it is counted");
    assert!(told.contains("(p50)") && told.contains("% of the prompts"), "{told}");
}

#[tokio::test]
async fn lists_are_filtered_cut_and_walked() {
    let world = World::new().await;
    for user in [User::ADA, User::GRACE, User::ADA] {
        world.sign_in(user).await;
    }
    let listed = |ran: Page<Session>| ran.items.len();
    let two = world.run(&["sessions", "list", "--limit", "2"]).await;
    assert_eq!((two.code, two.out.lines().count()), (Some(0), 3));
    assert_eq!(two.err, "note: there may be more: `--limit` and `--all` show them\n");
    for (filter, expected) in [
        (&["--all"] as &[&str], 3),
        (&["--user", User::GRACE.email], 1),
        (&["--search", "ada"], 2),
        (&["--state", "ended"], 0),
        (&["--sort", "user"], 3),
        (&["--changed-since", "1h"], 3),
        (&["--changed-since", "2020-01-01"], 3),
    ] {
        let arguments = [&["sessions", "list", "--json"], filter].concat();
        assert_eq!(listed(world.run(&arguments).await.json()), expected, "{filter:?}");
    }
    let none = world.run(&["sessions", "list", "--state", "ended"]).await;
    assert_eq!((none.code, none.out.as_str(), none.err.as_str()), (Some(0), "", "note: no such sessions\n"));
}

#[tokio::test]
async fn colours_come_only_when_asked() {
    let world = World::new().await;
    world.sign_in(User::ADA).await;
    let coloured = world.run(&["sessions", "list", "--color", "always"]).await.done();
    assert!(coloured.contains("\x1b[32mactive\x1b[0m"), "{coloured}");
    let plain = world.run(&["sessions", "list", "--color", "never"]).await.done();
    assert!(plain.contains("active") && !plain.contains('\x1b'));
}

//! What people call things, and what happens to names that fit nothing or too much.

use sallyportd::sandbox::entra::User;

use super::world::World;

#[tokio::test]
async fn a_name_that_is_nearly_right_is_told_what_is_like_it() {
    let world = World::new().await;
    world.sign_in(User::ADA).await;
    let told = world.run(&["users", "revoke", "ada", "--reason", "x"]).await.failed(1);
    assert!(told.starts_with("error: there is no user `ada`\n") && told.contains(User::ADA.email), "{told}");
    let told = world.run(&["users", "show", "nobody@example.com"]).await.failed(1);
    assert!(told.contains("hint: whoever never signed in is not known"), "{told}");
    assert_eq!(world.run(&["sessions", "list", "--state", "active"]).await.done().lines().count(), 2);
}

#[tokio::test]
async fn a_beginning_that_fits_several_sessions_lists_them_and_does_nothing() {
    let world = World::new().await;
    world.sign_in(User::ADA).await;
    world.sign_in(User::GRACE).await;
    // All ids of this century begin with a zero.
    let told = world.run(&["sessions", "revoke", "0", "--reason", "x"]).await.failed(1);
    assert!(told.starts_with("error: `0` is not the only session of this name: there are 2\n"), "{told}");
    assert!(told.contains(User::ADA.email) && told.contains(User::GRACE.email));
    let sessions = world.sessions().await;
    assert!(sessions.iter().all(|session| session.ended.is_none()) && sessions.len() == 2);
}

#[tokio::test]
async fn an_e_mail_is_read_without_regard_to_case() {
    let world = World::new().await;
    world.sign_in(User::ADA).await;
    let shown = world.run(&["users", "show", &User::ADA.email.to_uppercase()]).await.done();
    assert!(shown.contains(User::ADA.oid));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_before_anything_is_asked() {
    let senseless: [&[&str]; 10] = [
        &["frobnicate"],
        &["users"],
        &["users", "revoke", "ada"],
        &["users", "revoke", "ada", "--reason", " "],
        &["users", "lock", "ada", "--reason", "x"],
        &["users", "lock", "ada", "--reason", "x", "--for", "3"],
        &["grants", "add", "ada", "--reason", "x", "--for", "1h"],
        &[
            "grants",
            "add",
            "ada",
            "--reason",
            "x",
            "--for",
            "1h",
            "--spend",
            "$1",
            "--concurrent-streams",
            "1",
        ],
        &["grants", "add", "ada", "--reason", "x", "--for", "1h", "--spend", "many"],
        &["usage", "--from", "yesterday"],
    ];
    for arguments in senseless {
        let ran = super::world::run("/nowhere".as_ref(), arguments).await;
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains("Usage: ") || ran.err.starts_with("error: "), "{arguments:?}: {}", ran.err);
    }
}

#[tokio::test]
async fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let script = super::world::run("/nowhere".as_ref(), &["completions", shell]).await.done();
        assert!(
            script.contains("revoke") && script.contains("--reason") || script.contains("-l reason"),
            "{shell}"
        );
    }
}

//! What operators do, and what they are told then.

use sallyportd::sandbox::entra::User;
use shared::api::admin::{AuditEntry, Effect, Grant, Lock, Page, Raise, SessionState, Verification};

use super::world::World;

const ADA: &str = User::ADA.email;

#[tokio::test]
async fn a_user_is_revoked_by_e_mail_and_the_streams_end() {
    let world = World::new().await;
    let token = world.sign_in(User::ADA).await;
    world.sign_in(User::ADA).await;
    world.sign_in(User::GRACE).await;
    let stream = world.ask(&token, "sandbox.stall").await;

    let told = world.run(&["users", "revoke", ADA, "--reason", "laptop stolen"]).await.done();
    assert!(told.starts_with(&format!("revoked user {ADA}: 2 sessions ended, 1 request cut, in ")), "{told}");
    assert!(String::from_utf8_lossy(&stream.bytes().await.unwrap()).contains("validationException"));

    let ended = world.run(&["sessions", "list", "--state", "ended", "--user", ADA, "--json"]).await;
    let ended: Page<shared::api::admin::Session> = ended.json();
    assert!(ended.items.iter().all(|session| session.state == SessionState::Ended) && ended.items.len() == 2);
    let trail = world.run(&["audit", "list", "--event", "revocation", "--json"]).await;
    let trail: Page<AuditEntry> = trail.json();
    assert_eq!(trail.items[0].reason.as_deref(), Some("laptop stolen"));
    assert_eq!(trail.items[0].operator, Some(rustix::process::geteuid().as_raw()));
}

#[tokio::test]
async fn a_session_is_locked_with_a_message_and_unlocked() {
    let world = World::new().await;
    let token = world.sign_in(User::ADA).await;
    let id = world.sessions().await[0].id.to_string();
    let beginning = &id[..13];

    let lock = ["sessions", "lock", beginning, "--for", "1h", "--reason", "odd", "--message", "call us"];
    let told = world.run(&lock).await.done();
    assert!(told.starts_with(&format!("locked session {id} for 1h: ")), "{told}");
    let refused = world.ask(&token, "sandbox.echo").await;
    assert!(refused.text().await.unwrap().contains("call us"));
    let locks = world.run(&["locks"]).await.done();
    assert!(locks.contains(&id) && locks.contains("odd") && locks.contains("call us"), "{locks}");
    let locks: Page<Lock> = world.run(&["locks", "--json"]).await.json();
    assert_eq!((locks.items[0].kind.as_str(), locks.items[0].id.as_str()), ("session", id.as_str()));
    let listed = world.run(&["sessions", "list", "--state", "locked"]).await.done();
    assert!(listed.contains(&id) && listed.contains("locked"), "{listed}");

    let told = world.run(&["sessions", "unlock", &id, "--reason", "fine"]).await.done();
    assert_eq!(told, format!("unlocked session {id}\n"));
    assert!(world.ask(&token, "sandbox.echo").await.status().is_success());
    let again = world.run(&["sessions", "unlock", &id, "--reason", "fine"]).await.failed(1);
    assert_eq!(again, format!("error: session {id} is not locked\n"));
}

#[tokio::test]
async fn a_device_is_locked_and_revoked() {
    let world = World::new().await;
    world.sign_in(User::ADA).await;
    world.sign_in(User::GRACE).await;
    let device = world.sessions().await[0].device_id.clone().unwrap();
    let lock = ["devices", "lock", device.as_str(), "--for", "90s", "--reason", "x", "--json"];
    let effect: Effect = world.run(&lock).await.json();
    assert_eq!(effect.lingering, 0);
    assert!(world.run(&["devices", "show", device.as_str()]).await.done().contains("locked by uid"));
    world.run(&["devices", "unlock", device.as_str(), "--reason", "x"]).await.done();
    let revoke = ["devices", "revoke", device.as_str(), "--reason", "lost", "--json"];
    assert_eq!(world.run(&revoke).await.json::<Effect>().sessions, 2);
}

#[tokio::test]
async fn a_grant_is_added_listed_and_ended() {
    let world = World::capped().await;
    world.sign_in(User::ADA).await;
    let add = ["grants", "add", ADA, "--spend", "$20", "--for", "2d", "--reason", "release week", "--json"];
    let grant: Grant = world.run(&add).await.json();
    assert_eq!(grant.raise, Raise::Spend("20".parse().unwrap()));
    assert_eq!(grant.until.since(grant.from).as_secs(), 2 * 86_400);
    let listed = world.run(&["grants", "list", "--user", ADA]).await.done();
    assert!(
        listed.contains(ADA) && listed.contains("+$20.00") && listed.contains("release week"),
        "{listed}"
    );
    assert!(world.run(&["users", "show", ADA]).await.done().contains("+$20.00"));
    let id = grant.id.to_string();
    let told = world.run(&["grants", "end", &id[..18], "--reason", "over"]).await.done();
    assert_eq!(told, format!("ended the grant of {ADA}: +$20.00\n"));
    assert!(world.run(&["grants", "list", "--json"]).await.json::<Page<Grant>>().items.is_empty());
    for (option, value, shown) in [
        ("--requests-per-minute", "5", "+5 requests/min"),
        ("--tokens-per-minute", "1000", "+1000 tokens/min"),
        ("--concurrent-streams", "2", "+2 streams"),
    ] {
        let told =
            world.run(&["grants", "add", ADA, option, value, "--for", "1h", "--reason", "x"]).await.done();
        assert!(told.starts_with(&format!("granted {ADA} {shown} for 1h: ")), "{told}");
    }
}

#[tokio::test]
async fn the_audit_trail_is_verified_with_a_head_that_was_noted() {
    let world = World::new().await;
    world.sign_in(User::ADA).await;
    let told = world.run(&["audit", "verify"]).await.done();
    let head = told.lines().find_map(|line| line.strip_prefix("head ")).unwrap();
    assert!(told.starts_with("whole: 1 records looked at\n") && head.starts_with("1:"), "{told}");
    let verified: Verification = world.run(&["audit", "verify", "--json"]).await.json();
    assert_eq!((verified.whole, verified.records, verified.head.as_str()), (true, 1, head));

    world.sign_in(User::GRACE).await;
    let verified: Verification = world.run(&["audit", "verify", "--head", head, "--json"]).await.json();
    assert_eq!((verified.whole, verified.records), (true, 2));
    for other in ["1:", "9:"] {
        let noted = format!("{other}{}", "0".repeat(64));
        let broken = world.run(&["audit", "verify", "--head", &noted]).await;
        assert!(broken.code == Some(1) && broken.err.starts_with("error: "), "{other} {broken:?}");
    }
}

#[tokio::test]
async fn read_only_refuses_every_change_before_anything_is_asked() {
    let changes: [&[&str]; 6] = [
        &["sessions", "revoke", "x", "--reason", "x"],
        &["users", "lock", "x", "--for", "1h", "--reason", "x"],
        &["devices", "unlock", "x", "--reason", "x"],
        &["grants", "add", "x", "--spend", "1", "--for", "1h", "--reason", "x"],
        &["grants", "end", "x", "--reason", "x"],
        &["reload", "--reason", "x"],
    ];
    for change in changes {
        let arguments = [change, &["--read-only"]].concat();
        let nowhere = super::world::run("/nowhere".as_ref(), &arguments).await;
        assert!(nowhere.failed(4).starts_with("error: this console is read-only\nhint: "), "{change:?}");
    }
}

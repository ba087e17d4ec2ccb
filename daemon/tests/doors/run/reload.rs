//! SIGHUP: the configuration is read again.

use rustix::process::Signal;

use super::super::admin::world::Operator;
use super::{
    ask,
    daemon::{World, client},
};

#[tokio::test]
async fn a_hang_up_changes_how_much_is_logged_and_says_so() {
    let world = World::new().await;
    let daemon = world.start().await;
    world
        .write("sallyport.toml", "[http]\nidle_timeout = '80s'\n[telemetry]\nlog_level = 'warn,auth=info'\n");
    daemon.signal(Signal::HUP);
    daemon.until("restart the daemon to use it key=http.idle_timeout").await;
    let tokens = daemon.sign_in(&client(&[]), &world).await;
    daemon.until("auth: signed in").await;

    world.write("sallyport.toml", "[telemetry]\nlog_level = 'debug'\n");
    daemon.signal(Signal::HUP);
    daemon.until("configuration changed key=telemetry.log_level").await;
    assert_eq!(ask(&daemon, tokens.access_token.expose(), "say: on").await, "on");

    world.write("sallyport.toml", "[telemetry]\nlog_level = 'loud'\nlog_colour = 'red'\n");
    daemon.signal(Signal::HUP);
    daemon.until("configuration not reloaded, the old one stays in use problems=2").await;
    daemon.signal(Signal::TERM);
    let (code, written) = daemon.end().await;
    assert_eq!(code, Some(0), "{written}");
    assert!(
        written.contains("`loud` is not a level") && written.contains("`telemetry.log_colour`"),
        "{written}"
    );
    world.stop().await;
}

#[tokio::test]
async fn a_hang_up_is_audited() {
    let world = World::new().await;
    let daemon = world.start().await;
    world.write("sallyport.toml", "[telemetry]\nlog_level = 'debug'\n");
    daemon.signal(Signal::HUP);
    daemon.until("configuration reloaded").await;
    let trail = Operator::at(&world.path("run/admin.sock")).get("/audit?event=reload").await;
    assert_eq!(trail["items"][0]["detail"], "by SIGHUP, changed: telemetry.log_level");
    assert_eq!(trail["items"][0]["operator"], serde_json::Value::Null);
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.end().await.0, Some(0));
    world.stop().await;
}

//! TLS on every service, and certificates that change.

use rustix::process::Signal;
use serde_json::{Value, json};

use super::{
    super::certificate,
    daemon::{Daemon, World, client},
};

async fn health(daemon: &Daemon, service: &str, trusted: &str) -> Option<Value> {
    let url = format!("{}/health", daemon.url(service));
    client(&[trusted]).get(url).send().await.ok()?.json().await.ok()
}

#[tokio::test]
async fn certificates_are_read_again_when_they_change() {
    let mut world = World::new().await;
    let files = certificate::files("127.0.0.1");
    let (paths, first) = (files.paths(), files.certificate());
    world.variables.insert("SALLYPORT_TLS_CERTIFICATE", paths.certificate.to_string_lossy().into_owned());
    world.variables.insert("SALLYPORT_TLS_KEY", paths.key.to_string_lossy().into_owned());
    let daemon = world.start().await;
    let ok = Some(json!({ "status": "ok" }));
    for service in ["auth", "gateway", "install"] {
        assert!(daemon.url(service).starts_with("https://"));
        assert_eq!(health(&daemon, service, &first).await, ok);
    }

    let second = files.replace("127.0.0.1");
    daemon.signal(Signal::HUP);
    daemon.until("key=\"http.tls.certificate (SHA-256)\"").await;
    assert_eq!(health(&daemon, "gateway", &second).await, ok);
    assert_eq!(health(&daemon, "gateway", &first).await, None);

    std::fs::write(&paths.certificate, "no certificate").unwrap();
    daemon.signal(Signal::HUP);
    daemon.until("configuration not reloaded").await;
    assert_eq!(health(&daemon, "gateway", &second).await, ok);
}

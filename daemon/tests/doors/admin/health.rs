//! What the daemon relies on, as its status tells.

use std::collections::BTreeMap;

use sallyportd::sandbox::entra::User;
use shared::api::admin::{HealthState, PartHealth, Status};

use super::world::World;
use crate::certificate;

async fn health(world: &World) -> BTreeMap<String, PartHealth> {
    let status: Status = serde_json::from_value(world.operator().get("/status").await).unwrap();
    status.health.into_iter().map(|part| (part.part.clone(), part)).collect()
}

#[tokio::test]
async fn every_part_tells_how_it_is() {
    let world = World::new().await;
    let token = world.sign_in(User::ADA, 1).await.remove(0);
    assert_eq!(health(&world).await["bedrock"].state, HealthState::Unknown, "nobody asked it yet");
    world.ask(&token, "sandbox.echo").await.bytes().await.unwrap();
    let mut told = health(&world).await;
    assert_eq!(
        told.keys().collect::<Vec<_>>(),
        ["bedrock", "certificate", "entra", "install", "ledger", "store"]
    );
    for (name, why) in [("install", "nothing has been mirrored"), ("certificate", "plain HTTP")] {
        let unused = told.remove(name).unwrap();
        assert_eq!(unused.state, HealthState::Unknown, "{name}");
        assert!(unused.detail.contains(why), "{unused:?}");
    }
    for (name, part) in &told {
        assert_eq!(part.state, HealthState::Ok, "{name}: {}", part.detail);
    }
    assert!(told["bedrock"].detail.contains("SigV4, credentials"), "{:?}", told["bedrock"]);
    assert!(told["entra"].since.is_some() && told["bedrock"].since.is_some());
}

#[tokio::test]
async fn the_end_of_the_certificate_is_told() {
    let files = certificate::files("localhost");
    let world = World::with(|config| config.listen.tls = Some(files.paths())).await;
    let told = health(&world).await;
    assert_eq!(told["certificate"].state, HealthState::Ok);
    assert!(told["certificate"].detail.starts_with("valid until 4096"), "{:?}", told["certificate"]);
}

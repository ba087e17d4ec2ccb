//! What the audit trail says of those who are kept out.

use sallyportd::sandbox::entra::User;
use serde_json::json;
use shared::api::admin::AuditEntry;

use super::{
    page,
    world::{World, user},
};

async fn refusals(world: &World) -> Vec<AuditEntry> {
    page(world.operator().get("/audit?event=refusal").await)
}

#[tokio::test]
async fn who_is_locked_out_is_audited_at_every_door_and_not_for_every_try() {
    let world = World::new().await;
    let token = world.sign_in(User::ADA, 1).await.remove(0);
    let lock = json!({ "reason": "runaway agent", "duration_seconds": 600 });
    world.operator().act(&user(User::ADA, "lock"), &lock).await;
    for _ in 0..20 {
        assert_eq!(world.refused(&token).await.0, 400);
    }
    while refusals(&world).await.is_empty() {
        tokio::task::yield_now().await;
    }
    let trail = refusals(&world).await;
    assert_eq!((trail.len(), trail[0].code.as_deref()), (1, Some("locked")));
    assert!(trail[0].session.is_some() && trail[0].address.as_deref() == Some("127.0.0.1"), "{trail:?}");
    assert!(trail[0].detail.as_ref().unwrap().starts_with("this user is locked until"), "{trail:?}");
    for _ in 0..20 {
        assert!(world.sandbox.sign_in(User::ADA).await.is_err());
    }
    let trail = refusals(&world).await;
    assert_eq!((trail.len(), trail[0].session), (2, None));
    assert_eq!(trail[0].user.as_ref().unwrap().as_str(), User::ADA.oid);
}

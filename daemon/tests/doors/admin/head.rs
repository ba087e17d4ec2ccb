//! A head of the audit trail that was noted down.

use reqwest::StatusCode;
use sallyportd::sandbox::entra::User;
use shared::api::admin::Verification;

use super::world::World;

async fn verified(world: &World, head: &str) -> Verification {
    serde_json::from_value(world.operator().get(&format!("/audit/verify?head={head}")).await).unwrap()
}

#[tokio::test]
async fn a_head_that_was_noted_down_is_still_there_or_says_what_happened_to_it() {
    let world = World::new().await;
    world.sign_in(User::ADA, 2).await;
    let noted: Verification = serde_json::from_value(world.operator().get("/audit/verify").await).unwrap();
    world.sign_in(User::ADA, 1).await;
    let later = verified(&world, &noted.head).await;
    assert!(later.whole && later.head != noted.head && later.records == 3, "{later:?}");

    let (sequence, hash) = noted.head.split_once(':').unwrap();
    let forged = verified(&world, &format!("1:{hash}")).await;
    let sentence = Some("record 1 is not the one that was written down");
    assert_eq!((forged.whole, forged.broken.as_deref()), (false, sentence));
    let cut = verified(&world, &format!("9:{hash}")).await;
    assert_eq!(cut.broken.as_deref(), Some("records 4 to 9 are missing"));
    let forgotten = verified(&world, &format!("0:{hash}")).await;
    assert!(forgotten.broken.unwrap().contains("not kept any more"));
    for nonsense in [
        "",
        "5",
        &format!("%2B{}", noted.head),
        &format!("{sequence}:abc"),
        &format!("{sequence}:{}", "z".repeat(64)),
    ] {
        let answer = world.operator().open(&format!("/audit/verify?head={nonsense}")).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{nonsense}");
    }
}

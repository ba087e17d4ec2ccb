//! Who is refused by a rule is found in the audit trail, and does not fill it.

use sallyportd::domain::policy::{Caps, Policy};

use super::world::{OPUS, World};

#[tokio::test]
async fn a_client_that_retries_in_a_loop_leaves_two_records() {
    let world = World::with(|config| {
        let caps = Caps { requests_per_minute: Some(1), ..Caps::default() };
        config.policies = vec![Policy { caps, ..Policy::unlimited("all") }];
    });
    let world = world.await;
    assert_eq!(world.invoke(OPUS).await.status(), 200);
    for _ in 0..50 {
        assert_eq!(world.invoke(OPUS).await.status(), 429);
    }
    let refusals = world.refusals().await;
    assert_eq!(refusals.len(), 2, "{refusals:?}");
    for refusal in &refusals {
        assert_eq!((refusal.user.as_deref(), refusal.code.as_str()), (Some("ada"), "requests_per_minute"));
        assert!(refusal.is_of_session);
    }
    assert!(refusals[0].detail.contains("1 of 1 requests in a minute, policy `all`"), "{refusals:?}");
    assert!(refusals[1].detail.starts_with("49 more since 2027-01-15"), "{refusals:?}");
}

#[tokio::test]
async fn each_rule_that_refuses_is_named_and_who_passes_or_errs_is_not_written_down() {
    let world = World::with(|config| {
        let denied = Policy { max_tokens: Some(9), ..Policy::unlimited("little") };
        config.policies = vec![denied];
        config.gateway.models = vec!["us.anthropic.*".to_owned()];
    });
    let world = world.await;
    assert_eq!(world.invoke(OPUS).await.status(), 400);
    assert_eq!(world.invoke("mistral.large").await.status(), 400);
    assert_eq!(world.anonymous(&format!("/model/{OPUS}/invoke")).send().await.unwrap().status(), 401);
    let body = world.post(&format!("/model/{OPUS}/invoke")).body("no json");
    body.send().await.unwrap();
    let mut codes: Vec<_> = world.refusals().await.into_iter().map(|refusal| refusal.code).collect();
    codes.sort();
    assert_eq!(codes, ["max_tokens_exceeded", "model_not_offered"]);
}

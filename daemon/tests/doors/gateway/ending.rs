//! How streams end when something happens to them.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::world::{OPUS, Streamed, World, hello};

const BRIEF: Duration = Duration::from_millis(50);

#[tokio::test]
async fn the_upstreams_own_exception_reaches_the_client_untouched() {
    for (model, kind) in [
        ("sandbox.exception-throttling", "throttlingException"),
        ("sandbox.exception-model-stream-error", "modelStreamErrorException"),
        ("sandbox.exception-internal", "internalServerException"),
        ("sandbox.exception-validation", "validationException"),
        ("sandbox.exception-model-timeout", "modelTimeoutException"),
        ("sandbox.exception-unavailable", "serviceUnavailableException"),
    ] {
        let world = World::new().await;
        let streamed = world.stream(model).await;
        assert_eq!((streamed.events.len(), streamed.end.as_deref()), (3, Some(kind)));
        let bill = world.bill().await;
        assert_eq!((bill.outcome.as_str(), bill.estimated), ("upstream_error", true));
        assert!(bill.tokens.input > 0);
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_between_frames_ends_with_an_exception() {
    for model in ["sandbox.cut-after.4", "sandbox.ends-early.4"] {
        let world = World::new().await;
        let streamed = world.stream(model).await;
        assert_eq!((streamed.events.len(), streamed.end.as_deref()), (4, Some("internalServerException")));
        assert!(streamed.last_words.contains("req_"), "{}", streamed.last_words);
        let bill = world.bill().await;
        assert_eq!((bill.outcome.as_str(), bill.estimated), ("upstream_cut", true));
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_within_a_frame_is_cut_for_the_client_too() {
    let world = World::new().await;
    let streamed = world.stream("sandbox.cut-mid-frame.4").await;
    assert_eq!((streamed.events.len(), streamed.end.as_deref()), (4, Some("cut")));
    assert_eq!(world.bill().await.outcome, "upstream_cut");
}

#[tokio::test]
async fn what_happens_after_the_last_word_harms_no_answer() {
    let world = World::new().await;
    let all = world.stream(OPUS).await.events.len();
    let cut = world.stream(&format!("sandbox.cut-after.{all}")).await;
    assert_eq!((cut.events.len(), cut.end), (all, None));
    let outcomes: Vec<_> =
        world.bills().await.into_iter().map(|bill| (bill.outcome, bill.estimated)).collect();
    assert_eq!(outcomes, [("completed".to_owned(), false), ("completed".to_owned(), false)]);
}

#[tokio::test]
async fn the_same_body_sent_again_without_a_stream_is_billed_by_itself() {
    let world = World::new().await;
    world.stream("sandbox.once.exception-internal").await;
    assert_eq!(world.invoke("sandbox.once.exception-internal").await.status(), 200);
    let outcomes: Vec<_> = world.bills().await.into_iter().map(|bill| bill.outcome).collect();
    assert_eq!(outcomes, ["upstream_error", "completed"]);
}

#[tokio::test]
async fn silence_is_filled_with_pings_between_frames() {
    let world = World::with(|config| config.gateway.ping_interval = BRIEF).await;
    let streamed = world.stream("sandbox.stall.1").await;
    assert_eq!((streamed.text().as_str(), &streamed.end), ("You said: hello there", &None));
    let kinds = streamed.kinds();
    let pings: Vec<_> = kinds.iter().skip(3).take_while(|kind| **kind == "ping").collect();
    assert!(pings.len() > 2, "{kinds:?}");
    assert_eq!(world.bill().await.outcome, "completed");
}

#[tokio::test]
async fn an_upstream_that_falls_silent_for_good_is_given_up() {
    let world = World::with(|config| config.bedrock.idle_timeout = BRIEF).await;
    let streamed = world.stream("sandbox.stall").await;
    assert_eq!((streamed.events.len(), streamed.end.as_deref()), (3, Some("modelTimeoutException")));
    world.upstream_is_idle().await;
    assert_eq!(world.bill().await.outcome, "upstream_cut");
}

#[tokio::test]
async fn a_revoked_session_loses_its_stream_now_and_its_next_request() {
    let world = World::new().await;
    let mut answer = world.open_stream("sandbox.stall").await;
    answer.chunk().await.unwrap().unwrap();
    world.revoke();
    let streamed = Streamed::read(answer).await;
    assert_eq!(streamed.end.as_deref(), Some("validationException"));
    assert!(streamed.last_words.contains("sign in again"), "{}", streamed.last_words);
    world.upstream_is_idle().await;
    let refused = world.invoke(OPUS).await;
    assert_eq!(refused.status(), 401);
    assert!(refused.text().await.unwrap().contains("revoked"));
    let bill = world.bill().await;
    assert_eq!((bill.outcome.as_str(), bill.estimated), ("revoked", true));
}

#[tokio::test]
async fn a_session_that_is_revoked_before_the_answer_gets_none() {
    let world = World::new().await;
    let (answer, ()) = tokio::join!(world.invoke("sandbox.silent"), async {
        world.bedrock.wait_for(|counts| counts.in_flight == 1).await;
        world.revoke();
    });
    assert_eq!(answer.status(), 401);
    world.upstream_is_idle().await;
    assert_eq!(world.bill().await.outcome, "revoked");
}

#[tokio::test]
async fn a_client_that_leaves_takes_the_upstream_with_it() {
    for model in ["sandbox.stall", "sandbox.slow.1"] {
        let world = World::new().await;
        let mut answer = world.open_stream(model).await;
        answer.chunk().await.unwrap().unwrap();
        drop(answer);
        world.upstream_is_idle().await;
        let bill = world.bill().await;
        assert_eq!((bill.outcome.as_str(), bill.estimated), ("client_gone", true));
        assert!(bill.tokens.input > 0);
    }
}

#[tokio::test]
async fn a_client_that_leaves_before_the_first_byte_takes_the_upstream_with_it() {
    let world = World::new().await;
    let asking = world.open_stream("sandbox.silent");
    tokio::select! {
        _ = asking => panic!("there is no answer"),
        _ = world.bedrock.wait_for(|counts| counts.in_flight == 1) => {}
    }
    world.upstream_is_idle().await;
    assert_eq!(world.bill().await.outcome, "client_gone");
}

#[tokio::test]
async fn a_client_that_stops_reading_is_given_up() {
    let world = World::with(|config| config.http.write_timeout = BRIEF).await;
    let mut client = TcpStream::connect(world.address).await.unwrap();
    let body = hello().to_string();
    let request = format!(
        "POST /model/sandbox.huge.512/invoke-with-response-stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n{body}",
        world.token,
        body.len()
    );
    client.write_all(request.as_bytes()).await.unwrap();
    client.read_u8().await.unwrap();
    world.upstream_is_idle().await;
    drop(client);
    assert_eq!(world.bill().await.outcome, "client_gone");
}

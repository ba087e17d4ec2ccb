//! Clients that mean harm, or know no better: each is refused or cut, and nobody else notices.

mod siege;
mod world;

use futures_util::future::join_all;
use tokio::io::AsyncWriteExt;
use world::{CONNECTIONS, LIMIT, Peer, World};

#[tokio::test]
async fn half_a_head_and_silence_is_cut() {
    let world = World::new().await;
    let mut peer = world.connect().await;
    peer.say("POST /take HTTP/1.1\r\nhost: x\r\ncontent-le").await;
    world.assert_serves().await;
    assert_eq!(peer.hear_all().await, "");
}

#[tokio::test]
async fn a_head_of_one_byte_at_a_time_is_cut() {
    let world = World::new().await;
    let mut peer = world.connect().await;
    let answer = peer.dribble("GET /hello HTTP/1.1\r\nx-slow: ", "z").await;
    assert_eq!(answer, "");
    world.assert_serves().await;
}

#[tokio::test]
async fn a_second_head_of_one_byte_at_a_time_is_cut() {
    let world = World::new().await;
    let mut peer = world.connect().await;
    peer.say("GET /hello HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(peer.hear_answer().await, (200, "hello".to_owned()));
    assert_eq!(peer.dribble("GET /hello HTTP/1.1\r\nx-slow: ", "z").await, "");
}

#[tokio::test]
async fn a_body_of_one_byte_at_a_time_is_refused() {
    let world = World::new().await;
    let mut peer = world.connect().await;
    let answer = peer.dribble("POST /take HTTP/1.1\r\nhost: x\r\ncontent-length: 99999\r\n\r\n", "z").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    world.assert_serves().await;
}

#[tokio::test]
async fn a_body_that_never_comes_holds_no_route_that_ignores_it() {
    let world = World::new().await;
    let mut peer = world.connect().await;
    peer.say("POST /nowhere HTTP/1.1\r\nhost: x\r\ncontent-length: 99999\r\n\r\n").await;
    let answer = peer.hear_all().await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
}

#[tokio::test]
async fn a_body_larger_than_the_limit_is_refused_before_and_after_it_came() {
    let world = World::new().await;
    let huge = LIMIT + (1 << 20);
    let mut announced = world.connect().await;
    announced.say(&format!("POST /take HTTP/1.1\r\nhost: x\r\ncontent-length: {huge}\r\n\r\n")).await;
    announced.pour(huge).await;
    assert_eq!(announced.hear_answer().await.0, 413);
    let mut chunked = world.connect().await;
    chunked.say("POST /take HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n").await;
    chunked.say(&format!("{huge:x}\r\n")).await;
    chunked.pour(huge).await;
    chunked.say("\r\n0\r\n\r\n").await;
    assert_eq!(chunked.hear_answer().await.0, 413);
    world.assert_serves().await;
}

#[tokio::test]
async fn a_body_without_end_is_cut() {
    let world = World::new().await;
    let mut peer = world.connect().await;
    let head = format!("POST /take HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", u64::MAX);
    let answer = peer.flood(&head).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    world.assert_serves().await;
}

#[tokio::test]
async fn ten_thousand_headers_are_refused() {
    let world = World::new().await;
    let headers = (0..10_000).map(|n| format!("x-{n}: y\r\n")).collect::<Vec<_>>().concat();
    let answer = world.ask(&format!("GET /hello HTTP/1.1\r\nhost: x\r\n{headers}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let answer =
        world.ask(&format!("GET /hello HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(1 << 20))).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    world.assert_serves().await;
}

#[tokio::test]
async fn a_length_that_can_be_read_in_two_ways_is_refused() {
    let world = World::new().await;
    for lengths in [
        "content-length: 3\r\ncontent-length: 4",
        "content-length: 3\r\ncontent-length: 3",
        "content-length: 3, 3",
        "content-length: +3",
        "content-length: 3\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity",
        "transfer-encoding: identity, chunked, identity",
    ] {
        let answer = world.ask(&format!("POST /take HTTP/1.1\r\nhost: x\r\n{lengths}\r\n\r\nabc")).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{lengths}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{lengths}: {answer}");
    }
    world.assert_serves().await;
}

#[tokio::test]
async fn what_is_not_http_is_cut() {
    let world = World::new().await;
    for noise in [
        "\0\0\0\0\r\n\r\n",
        "\u{16}\u{3}\u{1}hello",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET /hello HTTP/9.9\r\n\r\n",
    ] {
        let answer = world.ask(noise).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{noise:?}: {answer}");
    }
    world.assert_serves().await;
}

#[tokio::test]
async fn a_thousand_silent_connections_hold_nobody_up() {
    let world = World::new().await;
    let mut silent = join_all((0..1000).map(|_| world.connect())).await;
    world.assert_serves().await;
    let answer = join_all(silent.iter_mut().map(Peer::hear_all)).await;
    assert!(answer.iter().all(String::is_empty));
}

#[tokio::test]
async fn when_every_slot_is_taken_by_silence_the_next_client_only_waits() {
    let world = World::new().await;
    let _silent = join_all((0..CONNECTIONS).map(|_| world.connect())).await;
    world.assert_serves().await;
}

#[tokio::test]
async fn a_client_that_stops_reading_a_stream_is_cut() {
    let world = World::new().await;
    let mut peer = world.connect().await;
    peer.say("GET /endless HTTP/1.1\r\nhost: x\r\n\r\n").await;
    world.assert_serves().await;
    world.stream_dropped().await;
}

#[tokio::test]
async fn a_client_that_leaves_a_stream_ends_it() {
    let world = World::new().await;
    let mut peer = world.connect().await;
    peer.say("GET /endless HTTP/1.1\r\nhost: x\r\n\r\n").await;
    peer.hear_some().await;
    drop(peer);
    world.stream_dropped().await;
}

#[tokio::test]
async fn a_drain_waits_for_no_one_who_says_nothing() {
    let world = World::new().await;
    let silent = world.connect().await;
    let mut half = world.connect().await;
    half.say("GET /hello HTTP/1.1\r\nx: ").await;
    world.assert_serves().await;
    assert!(world.stop().await, "the listener did not end");
    drop((silent, half));
}

#[tokio::test]
async fn a_stream_without_end_is_cut_at_the_end_of_the_drain() {
    let world = World::new().await;
    let mut peer = world.connect().await;
    peer.say("GET /endless HTTP/1.1\r\nhost: x\r\n\r\n").await;
    peer.hear_some().await;
    let reading = peer.hear_all();
    let (stopped, _) = tokio::join!(world.stop(), reading);
    assert!(stopped, "the listener did not end");
}

#[tokio::test]
async fn a_handshake_of_silence_or_noise_is_cut() {
    let world = World::with_tls().await;
    let mut silent = world.connect().await;
    let mut noisy = world.connect().await;
    noisy.socket.write_all(&[0; 64]).await.unwrap();
    noisy.hear_all().await;
    assert_eq!(silent.hear_all().await, "");
}

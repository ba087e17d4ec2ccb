//! A response stream as a list of steps: frames, pauses, and everything that can go wrong between them.

use std::{collections::VecDeque, io, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, stream};
use serde_json::Value;
use tokio::sync::watch;

use super::{behaviour::Behaviour, record::InFlight};
use crate::gateway::wire;

/// What the padding of a chunk is cut from.
const PADDING: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
/// Events before a stream stalls.
const BEFORE_STALL: usize = 3;

/// How fast ordinary answers come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Before the first event.
    pub first: Duration,
    /// Between events.
    pub between: Duration,
}

impl Pace {
    /// About the pace of a real model.
    pub const NATURAL: Self = Self { first: Duration::from_millis(150), between: Duration::from_millis(15) };
    /// Without any pause.
    pub const NONE: Self = Self { first: Duration::ZERO, between: Duration::ZERO };
}

/// One step of a stream.
#[derive(Debug)]
pub(super) enum Step {
    Send(Bytes),
    Pause(Duration),
    /// Lets everything leave that was sent so far.
    Flush,
    /// Nothing more, for ever.
    Silence,
    /// The connection ends here.
    Cut,
}

/// The steps of a stream of these events.
pub(super) fn steps(events: &[Value], behaviour: &Behaviour, pace: Pace) -> VecDeque<Step> {
    let frames = events.iter().enumerate().map(|(index, event)| frame(event, index));
    let mut frames: VecDeque<Bytes> = frames.collect();
    let end = match behaviour {
        Behaviour::Except { exception, after } => {
            frames.truncate(*after);
            vec![Step::Send(wire::exception(exception.kind, exception.message))]
        }
        Behaviour::CutAfter { after } => {
            frames.truncate(*after);
            vec![Step::Flush, Step::Cut]
        }
        Behaviour::CutMidFrame { after } => {
            let torn = frames.get(*after).map(|frame| frame.slice(..frame.len() / 2));
            frames.truncate(*after);
            let torn = torn.map(Step::Send);
            torn.into_iter().chain([Step::Flush, Step::Cut]).collect()
        }
        Behaviour::EndEarly { after } => {
            frames.truncate(*after);
            Vec::new()
        }
        _ => Vec::new(),
    };
    let mut steps = paced(frames, behaviour, pace);
    steps.extend(end);
    steps
}

fn paced(frames: VecDeque<Bytes>, behaviour: &Behaviour, pace: Pace) -> VecDeque<Step> {
    let between = match behaviour {
        Behaviour::Slow { pause } | Behaviour::Paced { pause } => *pause,
        Behaviour::Huge { .. } | Behaviour::Fast { .. } => Duration::ZERO,
        _ => pace.between,
    };
    let mut steps = VecDeque::from_iter((!pace.first.is_zero()).then_some(Step::Pause(pace.first)));
    for (index, frame) in frames.into_iter().enumerate() {
        if index > 0 && !between.is_zero() {
            steps.push_back(Step::Pause(between));
        }
        if let (Behaviour::Stall { span }, BEFORE_STALL) = (behaviour, index) {
            steps.push_back(span.map_or(Step::Silence, Step::Pause));
        }
        steps.push_back(Step::Send(frame));
    }
    steps
}

/// A chunk as Bedrock writes it: padded, so that its length does not tell what it says.
pub(super) fn frame(event: &Value, index: usize) -> Bytes {
    let event = base64_simd::STANDARD.encode_to_string(type_first(event));
    let padding = PADDING.get(..index * 7 % PADDING.len() + 1).unwrap_or_default();
    let payload = format!(r#"{{"bytes":"{event}","p":"{padding}"}}"#);
    let headers =
        [(":event-type", "chunk"), (":content-type", "application/json"), (":message-type", "event")];
    wire::encode(&headers, payload.as_bytes())
}

/// An event with its type in front, where Bedrock writes it; the order of a `Value` is the alphabet's.
fn type_first(event: &Value) -> String {
    let members = event.as_object().into_iter().flatten().filter(|(key, _)| *key != "type");
    let rest = members.map(|(key, value)| format!("{}:{value}", Value::from(key.as_str())));
    let kind = format!("\"type\":{}", event.get("type").unwrap_or(&Value::Null));
    format!("{{{}}}", std::iter::once(kind).chain(rest).collect::<Vec<_>>().join(","))
}

/// Everything that a stream needs while it runs.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) steps: VecDeque<Step>,
    /// Nothing is sent while this is true.
    pub(super) paused: watch::Receiver<bool>,
    pub(super) in_flight: Option<InFlight>,
}

/// Takes the steps one after the other.
pub(super) fn run(run: Run) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static {
    stream::unfold(run, |mut run| async move {
        loop {
            let Some(step) = run.steps.pop_front() else {
                drop(run.in_flight);
                return None;
            };
            match step {
                Step::Pause(span) => tokio::time::sleep(span).await,
                Step::Flush => tokio::task::yield_now().await,
                Step::Silence => std::future::pending().await,
                Step::Cut => return Some((Err(io::ErrorKind::ConnectionReset.into()), run)),
                Step::Send(frame) => {
                    let _ = run.paused.wait_for(|paused| !paused).await;
                    return Some((Ok(frame), run));
                }
            }
        }
    })
}

//! Runs the golden files of `daemon/tests/golden/<surface>/<case>/`. Adding a case is adding a folder:
//!
//! | file | what it is |
//! |---|---|
//! | `request.json` | what a client sends, with its `anthropic-beta` lists in `betas.txt` |
//! | `model.txt` | the model as Bedrock knows it, for chat |
//! | `sent.json` | what Bedrock is sent for it; or `refused.txt`, the sentence that refuses it |
//! | `upstream.json`, `upstream.events` | what Bedrock answers: a body, or one event a line, `! kind sentence` for an exception |
//! | `answer.json`, `answer.sse` | what the client gets for it |
//!
//! `SALLYPORT_GOLDEN=write cargo test -p sallyportd golden` writes what is expected from what comes out.

use std::{
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use serde_json::Value;

use shared::{id::RequestId, time::Timestamp};

use super::{
    chat::{self, Asked, Chunks},
    messages::{self, Outside},
    sse::Sse,
    stream::{Stream, WriteEvent},
};
use crate::{
    gateway::{Dialect, Refusal, wire},
    http::Body,
};

/// One case: a folder of files, any of which may be missing.
struct Case(PathBuf);

impl Case {
    fn all(surface: &str) -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(surface);
        let mut cases: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| Self(entry.unwrap().path())).collect();
        cases.sort_by(|a, b| a.0.cmp(&b.0));
        assert!(!cases.is_empty());
        cases
    }

    fn read(&self, file: &str) -> Option<String> {
        fs::read_to_string(self.0.join(file)).ok()
    }

    /// The frames of `upstream.events`.
    fn frames(&self) -> Option<Vec<Bytes>> {
        let events = self.read("upstream.events")?;
        let frame = |line: &str| match line.strip_prefix("! ") {
            Some(thrown) => {
                let (kind, sentence) = thrown.split_once(' ').unwrap();
                wire::exception(kind, sentence)
            }
            None => wire::chunk(line.as_bytes()),
        };
        Some(events.lines().map(frame).collect())
    }

    fn headers(&self) -> HeaderMap {
        let betas = self.read("betas.txt").unwrap_or_default();
        betas
            .lines()
            .map(|line| ("anthropic-beta".parse().unwrap(), HeaderValue::from_str(line).unwrap()))
            .collect()
    }

    /// Compares with a file that must exist, byte for byte but for the newline at its end.
    fn expect(&self, file: &str, actual: &str) {
        let path = self.0.join(file);
        if std::env::var("SALLYPORT_GOLDEN").is_ok_and(|mode| mode == "write") {
            fs::write(&path, format!("{}\n", actual.trim_end())).unwrap();
        }
        let expected = self.read(file).unwrap_or_else(|| panic!("there is no {}", path.display()));
        assert_eq!(actual.trim_end(), expected.trim_end(), "{}", path.display());
    }

    /// Compares the way JSON is compared.
    fn expect_json(&self, file: &str, actual: &[u8]) {
        let actual: Value = serde_json::from_slice(actual).unwrap();
        match self.read(file).map(|text| serde_json::from_str::<Value>(&text).unwrap()) {
            Some(expected) if expected == actual => {}
            _ => self.expect(file, &serde_json::to_string_pretty(&actual).unwrap()),
        }
    }
}

/// What comes out of a stream, with the error that ends it.
fn streamed(writer: impl WriteEvent, frames: Vec<Bytes>, dialect: Dialect) -> String {
    let mut stream = Stream::new(writer);
    let mut out = Vec::new();
    let end = frames
        .into_iter()
        .try_for_each(|frame| stream.push(frame, &mut out))
        .and_then(|()| stream.check_end());
    if let Err(fault) = end {
        out.extend(Refusal::from(fault).in_stream(dialect, &RequestId::new("req_1")));
    }
    String::from_utf8(out).unwrap()
}

fn text(body: Body) -> String {
    String::from_utf8(body.into_bytes().to_vec()).unwrap()
}

#[test]
fn messages() {
    for case in Case::all("messages") {
        if let Some(request) = case.read("request.json") {
            let headers = case.headers();
            let outside = Outside { headers: &headers, version: "bedrock-2023-05-31" };
            match messages::request(&request.into(), outside) {
                Ok(messages) => case.expect("sent.json", &text(messages.body)),
                Err(fault) => case.expect("refused.txt", &fault.to_string()),
            }
        }
        if let Some(frames) = case.frames() {
            case.expect("answer.sse", &streamed(Sse, frames, Dialect::Messages));
        }
    }
}

#[test]
fn count() {
    for case in Case::all("count") {
        let headers = case.headers();
        let outside = Outside { headers: &headers, version: "bedrock-2023-05-31" };
        let request = case.read("request.json").unwrap();
        let messages = messages::counting(&request.into(), outside).unwrap();
        case.expect("sent.json", &text(messages.body));
    }
}

#[test]
fn chat() {
    for case in Case::all("chat") {
        let request = case.read("request.json").unwrap();
        let model = case.read("model.txt").unwrap_or("us.anthropic.claude-sonnet-4-5-20250929-v1:0".into());
        let request = chat::Request::parse(request.as_bytes());
        let translated = request.and_then(|request| {
            let translated = request.translate(model.trim(), "bedrock-2023-05-31")?;
            Ok((request, translated))
        });
        let (request, translated) = match translated {
            Ok(translated) => translated,
            Err(fault) => {
                case.expect("refused.txt", &fault.to_string());
                continue;
            }
        };
        case.expect_json("sent.json", &translated.body.into_bytes());
        let asked = Asked {
            model: request.model.unwrap_or("the-default".into()),
            created: Timestamp::from_seconds(1_700_000_000),
            include_usage: request.include_usage,
            answer_tool: translated.answer_tool,
        };
        if let Some(message) = case.read("upstream.json") {
            case.expect_json("answer.json", &chat::answer(message.as_bytes(), &asked).unwrap());
        }
        if let Some(frames) = case.frames() {
            case.expect("answer.sse", &streamed(Chunks::new(asked), frames, Dialect::Chat));
        }
    }
}

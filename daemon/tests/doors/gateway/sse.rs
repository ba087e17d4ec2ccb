//! Server-sent events as a client reads them.

use reqwest::Response;
use serde_json::Value;

/// A stream that was read to its end.
#[derive(Debug)]
pub(super) struct Events {
    /// Types and data; OpenAI's events have no type, comments have no data.
    pub(super) all: Vec<(String, Value)>,
    pub(super) text: String,
}

impl Events {
    pub(super) async fn read(answer: Response) -> Self {
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        let text = answer.text().await.unwrap();
        assert!(text.ends_with("\n\n"), "the last event is whole: {text}");
        let all = text.split_terminator("\n\n").filter_map(event).collect();
        Self { all, text }
    }

    pub(super) fn kinds(&self) -> Vec<&str> {
        self.all.iter().map(|(kind, _)| kind.as_str()).collect()
    }

    pub(super) fn data(&self) -> impl Iterator<Item = &Value> {
        self.all.iter().map(|(_, data)| data)
    }

    pub(super) fn last(&self) -> &Value {
        &self.all.last().unwrap().1
    }
}

fn event(text: &str) -> Option<(String, Value)> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    let data = field("data: ")?;
    let kind = field("event: ").unwrap_or_default();
    Some((kind.to_owned(), serde_json::from_str(data).unwrap_or_else(|_| Value::from(data))))
}

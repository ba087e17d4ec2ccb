//! Content of messages: text, images and documents.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::super::{BadRequest, object::Text};

/// A block of Anthropic's content.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Block<'a> {
    Text {
        text: Cow<'a, str>,
    },
    Image {
        source: Source<'a>,
    },
    Document {
        source: Source<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<Text<'a>>,
    },
    ToolUse {
        id: Text<'a>,
        name: Text<'a>,
        input: Box<RawValue>,
    },
    ToolResult {
        tool_use_id: Text<'a>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        content: Vec<Block<'a>>,
    },
}

/// Bytes of an image or a document.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "base64")]
pub(super) struct Source<'a> {
    media_type: &'static str,
    data: Cow<'a, str>,
}

/// One part of a message's content as OpenAI has it.
#[derive(Debug, Deserialize)]
struct Part<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    refusal: Option<Text<'a>>,
    #[serde(borrow)]
    image_url: Option<ImageUrl<'a>>,
    #[serde(borrow)]
    file: Option<File<'a>>,
}

#[derive(Debug, Deserialize)]
struct ImageUrl<'a> {
    #[serde(borrow)]
    url: Text<'a>,
}

#[derive(Debug, Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    file_data: Option<Text<'a>>,
    #[serde(borrow)]
    filename: Option<Text<'a>>,
}

/// Reads a message's `content`. Text without any ink is left out: Anthropic accepts none.
pub(super) fn blocks(content: Option<&RawValue>) -> Result<Vec<Block<'_>>, BadRequest> {
    const EXPECTED: &str = "a string or a list of content parts";
    let Some(content) = content else { return Ok(Vec::new()) };
    let wrong = |_| BadRequest::wrong("content", EXPECTED);
    if content.get().starts_with('"') {
        let text: Text<'_> = serde_json::from_str(content.get()).map_err(wrong)?;
        return Ok(text_block(text).into_iter().collect());
    }
    let parts: Vec<&RawValue> = serde_json::from_str(content.get()).map_err(wrong)?;
    let mut blocks = Vec::with_capacity(parts.len());
    for (index, part) in parts.into_iter().enumerate() {
        blocks.extend(block(part).map_err(|fault| fault.within(&format!("content[{index}]")))?);
    }
    Ok(blocks)
}

/// Reads a `content` that may only be text.
pub(super) fn text(content: Option<&RawValue>) -> Result<Vec<Cow<'_, str>>, BadRequest> {
    let only_text = |block| match block {
        Block::Text { text } => Ok(text),
        _ => Err(BadRequest::wrong("content", "text")),
    };
    blocks(content)?.into_iter().map(only_text).collect()
}

pub(super) fn text_block(text: Text<'_>) -> Option<Block<'_>> {
    (!text.trim().is_empty()).then_some(Block::Text { text: text.0 })
}

fn block(part: &RawValue) -> Result<Option<Block<'_>>, BadRequest> {
    let part: Part<'_> =
        serde_json::from_str(part.get()).map_err(|_| BadRequest::wrong("", "a content part"))?;
    match &*part.kind {
        "text" => Ok(text_block(part.text.ok_or_else(|| BadRequest::missing("text"))?)),
        "refusal" => Ok(text_block(part.refusal.ok_or_else(|| BadRequest::missing("refusal"))?)),
        "image_url" => {
            let url = part.image_url.ok_or_else(|| BadRequest::missing("image_url"))?.url;
            image(url).map(Some).map_err(|fault| fault.within("image_url.url"))
        }
        "file" => {
            let file = part.file.ok_or_else(|| BadRequest::missing("file"))?;
            document(file).map(Some).map_err(|fault| fault.within("file"))
        }
        "input_audio" => Err(BadRequest::unsupported("input_audio", "the models do not hear")),
        _ => Err(BadRequest::wrong("type", "`text`, `image_url` or `file`")),
    }
}

fn image(url: Text<'_>) -> Result<Block<'_>, BadRequest> {
    if ["http:", "https:"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(BadRequest::unsupported("", "Bedrock fetches no images; send it as a `data:` URL"));
    }
    let (media_type, data) = base64_of(url)?;
    let media_type = match media_type.to_ascii_lowercase().as_str() {
        "image/jpeg" | "image/jpg" => "image/jpeg",
        "image/png" => "image/png",
        "image/gif" => "image/gif",
        "image/webp" => "image/webp",
        _ => return Err(BadRequest::wrong("", "an image of type JPEG, PNG, GIF or WebP")),
    };
    Ok(Block::Image { source: Source { media_type, data } })
}

fn document(file: File<'_>) -> Result<Block<'_>, BadRequest> {
    let Some(data) = file.file_data else {
        return Err(BadRequest::unsupported("file_id", "there is no file store; send `file_data`"));
    };
    let (media_type, data) = base64_of(data).map_err(|fault| fault.within("file_data"))?;
    if !media_type.eq_ignore_ascii_case("application/pdf") {
        return Err(BadRequest::wrong("file_data", "a PDF document"));
    }
    let source = Source { media_type: "application/pdf", data };
    Ok(Block::Document { source, title: file.filename })
}

/// The media type and the base64 text of a `data:` URL (RFC 2397).
fn base64_of(url: Text<'_>) -> Result<(String, Cow<'_, str>), BadRequest> {
    let wrong = || BadRequest::wrong("", "a `data:` URL in base64");
    let (head, data) = url.split_once(',').ok_or_else(wrong)?;
    let head = head.strip_prefix("data:").and_then(|head| head.strip_suffix(";base64")).ok_or_else(wrong)?;
    let media_type = head.split(';').next().unwrap_or_default().to_owned();
    let start = url.len() - data.len();
    let data = match url.0 {
        Cow::Borrowed(url) => Cow::Borrowed(url.get(start..).unwrap_or_default()),
        Cow::Owned(mut url) => Cow::Owned(url.split_off(start)),
    };
    Ok((media_type, data))
}

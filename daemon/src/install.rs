//! The install door: Claude Code as it was signed, the agent, and how to get both.
//!
//! Invariant: a path that is asked for is looked up among those that exist, and only what a verified manifest names, or
//! the operator vouches for, stands there.

mod answer;
mod artifact;
mod folder;
mod health;
mod index;
mod pointer;
mod range;
mod release;
mod shelf;
mod stock;

use std::{fs, sync::Arc};

use anyhow::Context;
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::json;
use shared::release::Key;

use self::{
    folder::Folder,
    index::{Content, Entry},
    release::Trust,
    shelf::{Shelf, Shown},
};
use crate::{
    clock::Clock,
    config::{self, Config, Problems},
    http::{Call, Response, Route, reply, route},
    reload::{Prepared, Reload},
    task::Tasks,
};

/// When to ask again while nothing has been verified yet.
const SOON: &str = "2";

/// What the door needs.
#[derive(Debug)]
pub struct Install {
    shelf: Arc<Shelf>,
}

impl Install {
    /// Begins to verify what is to be served; a task of `background` goes on following it.
    pub fn start(config: &config::Install, clock: Clock, background: &Tasks) -> anyhow::Result<Self> {
        let key = Arc::new(key(config)?);
        let trust = Trust { key, allow_unsigned: config.allow_unsigned };
        let shelf = Arc::new(Shelf::new(Folder::new(config.artifacts_dir.clone()), trust, clock));
        background.spawn("install", shelf.clone().follow(background.stopping()));
        Ok(Self { shelf })
    }
}

/// Whose signatures count: Anthropic's, unless another signer is configured.
pub fn key(config: &config::Install) -> anyhow::Result<Key> {
    let Some(path) = &config.key else { return Ok(Key::official()?) };
    let bytes = fs::read(path).with_context(|| format!("`{}` can't be read", path.display()))?;
    Key::parse(&bytes).with_context(|| format!("`{}` can't be used", path.display()))
}

impl Reload for Install {
    fn prepare(self: Arc<Self>, _: &Config) -> Result<Prepared, Problems> {
        Ok(Prepared::new(move || self.shelf.look_again()))
    }
}

/// The routes of the door.
pub fn routes(install: &Arc<Install>) -> Route {
    let every = |method| route::under(method, "/", install, get);
    route::any_of([every(Method::GET), every(Method::HEAD)])
}

async fn get(install: Arc<Install>, call: Call) -> Response {
    let shown = install.shelf.shown();
    let mut response = match shown.index.find(&call.path) {
        Some(entry) if is_sound(entry) => answer::entry(entry, &call),
        Some(_) => unavailable(&call, "this file has changed on the server's disk and is not served"),
        None => absent(&shown, &call),
    };
    answer::protect(response.headers_mut());
    response
}

fn is_sound(entry: &Entry) -> bool {
    match &entry.content {
        Content::Document { .. } => true,
        Content::Binary(binary) => binary.artifact.is_unchanged(),
    }
}

fn absent(shown: &Shown, call: &Call) -> Response {
    if !shown.is_ready {
        return unavailable(call, "what is served is being verified, try again in a moment");
    }
    let message = match shown.stock.served() {
        Some(_) => "there is nothing at this path",
        None => "nothing is served yet; hint: `sallyport mirror` fills the folder of artifacts",
    };
    refuse(StatusCode::NOT_FOUND, call, message)
}

fn unavailable(call: &Call, message: &str) -> Response {
    let mut response = refuse(StatusCode::SERVICE_UNAVAILABLE, call, message);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(SOON));
    response
}

fn refuse(status: StatusCode, call: &Call, message: &str) -> Response {
    reply::json(status, &json!({ "message": message, "request_id": call.id }))
}

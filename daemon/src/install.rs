//! The install door: Claude Code as it was signed, the agent, and how to get both.
//!
//! Invariant: a path that is asked for is looked up among those that exist, and only what a verified manifest names, or
//! the operator vouches for, stands there.

mod answer;
mod artifact;
mod download;
mod folder;
mod health;
mod index;
mod metric;
mod page;
mod pointer;
mod range;
mod release;
mod script;
mod shelf;
mod site;
mod stock;

use std::{fs, sync::Arc};

use anyhow::Context;
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::json;
use shared::{api::admin::PartHealth, platform::Platform, release::Key};
use tokio_util::sync::CancellationToken;

pub use self::site::Site;
use self::{
    download::Downloads,
    folder::Folder,
    index::{Content, Entry},
    release::Trust,
    script::Script,
    shelf::{Shelf, Shown},
};
use crate::{
    clock::Clock,
    config::{self, Config, Problems},
    event::Events,
    http::{Call, Response, Route, reply, route},
    reload::{Prepared, Reload},
    store::Store,
    task::Tasks,
};

/// When to ask again while nothing has been verified yet.
const SOON: &str = "2";

/// What the door needs.
#[derive(Debug)]
pub struct Install {
    shelf: Arc<Shelf>,
    downloads: Downloads,
}

impl Install {
    /// Begins to verify what is to be served; a task of `background` goes on following it.
    pub fn start(
        config: &config::Install,
        clock: Clock,
        (store, events): (Arc<dyn Store>, Events),
        background: &Tasks,
    ) -> anyhow::Result<Self> {
        let key = Arc::new(key(config)?);
        let trust = Trust { key, allow_unsigned: config.allow_unsigned };
        let shelf = Arc::new(Shelf::new(Folder::new(config.artifacts_dir.clone()), trust, clock.clone()));
        background.spawn("install", shelf.clone().follow(background.stopping()));
        let (downloads, recorder) = Downloads::new(clock, store, events);
        background.spawn("downloads", recorder.run(background.stopping()));
        Ok(Self { shelf, downloads })
    }
}

/// Verifies once what would be served, until told to stop.
pub fn look(config: &config::Install, clock: Clock, stop: &CancellationToken) -> anyhow::Result<PartHealth> {
    let trust = Trust { key: Arc::new(key(config)?), allow_unsigned: config.allow_unsigned };
    let shelf = Shelf::new(Folder::new(config.artifacts_dir.clone()), trust, clock);
    shelf.look(None, stop);
    Ok(health::of(&shelf.shown()))
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

/// The door, and where the others are.
#[derive(Debug)]
struct Door {
    install: Arc<Install>,
    site: Site,
}

/// The routes of the door.
pub fn routes(install: &Arc<Install>, site: Site) -> Route {
    let door = Arc::new(Door { install: install.clone(), site });
    let every = |method| route::under(method, "/", &door, get);
    route::any_of([every(Method::GET), every(Method::HEAD)])
}

async fn get(door: Arc<Door>, call: Call) -> Response {
    let shown = door.install.shelf.shown();
    let mut response = match (shown.index.find(&call.path), Script::at(&call.path)) {
        (Some(entry), _) if is_sound(entry) => answer::entry(entry, &call, &door.install.downloads),
        (Some(_), _) => unavailable(&call, "this file has changed on the server's disk and is not served"),
        (None, None) if call.path != "/" => absent(&shown, &call),
        (None, script) => for_people(&door, &shown, script, &call),
    };
    answer::protect(response.headers_mut());
    response
}

/// The page or a script: what depends on who asks.
fn for_people(door: &Door, shown: &Shown, script: Option<Script>, call: &Call) -> Response {
    let Some(addresses) = door.site.addresses(&call.headers) else {
        return refuse(StatusCode::BAD_REQUEST, call, "the header `host` names no host");
    };
    match script {
        _ if !shown.is_ready => absent(shown, call),
        None => page::answer(&shown.stock, &addresses, call),
        Some(script) if shown.stock.served().is_some() || !shown.stock.agents.is_empty() => {
            script.answer(&shown.stock, &door.site, &addresses)
        }
        Some(_) => absent(shown, call),
    }
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
    let agent = call.path.strip_prefix("/agent/").and_then(|rest| rest.split('/').next());
    let message = match (shown.stock.served(), agent.and_then(Platform::parse)) {
        (_, Some(platform)) if !shown.stock.agents.contains_key(&platform) => format!(
            "no agent for {platform} is served; hint: put it into `agent/{platform}/` of the folder of artifacts, and its digest into `agent/SHA256SUMS`"
        ),
        (Some(_), _) => "there is nothing at this path".to_owned(),
        (None, _) => {
            "nothing is served yet; hint: `sallyport mirror` fills the folder of artifacts".to_owned()
        }
    };
    refuse(StatusCode::NOT_FOUND, call, &message)
}

fn unavailable(call: &Call, message: &str) -> Response {
    let mut response = refuse(StatusCode::SERVICE_UNAVAILABLE, call, message);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(SOON));
    response
}

fn refuse(status: StatusCode, call: &Call, message: &str) -> Response {
    reply::json(status, &json!({ "message": message, "request_id": call.id }))
}

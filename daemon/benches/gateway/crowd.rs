//! A store that many have signed in to.

use std::{fs::DirBuilder, os::unix::fs::DirBuilderExt, path::Path, sync::Arc, time::Duration};

use anyhow::Result;
use futures_util::{StreamExt, TryStreamExt, stream};
use sallyportd::{
    clock::Clock,
    domain::{
        audit::Origin,
        session::{EndReason, Ended, Identity, Lifetimes, Session},
    },
    store::{Ending, Opening, RefreshToken, SqliteStore, Store},
};
use shared::{
    api::auth::Device,
    id::{DeviceId, RequestId, SessionId, UserId},
};

/// Writes on their way at the same time: the store puts them in groups.
const AT_ONCE: usize = 256;
const LIFETIMES: Lifetimes = Lifetimes {
    access: Duration::from_hours(3),
    refresh: Duration::from_hours(24 * 30),
    grace: Duration::from_mins(1),
};

/// Fills the store in a folder with sessions, and revokes the first of them.
pub async fn fill(folder: &Path, sessions: usize, revoked: usize) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder)?);
    let opened = stream::iter(0..sessions).map(|number| open(store.clone(), number));
    let ids: Vec<SessionId> = opened.buffer_unordered(AT_ONCE).try_collect().await?;
    let ended = stream::iter(ids.into_iter().take(revoked)).map(|session| end(store.clone(), session));
    ended.buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
    Ok(())
}

async fn open(store: Arc<dyn Store>, number: usize) -> Result<SessionId> {
    let session = SessionId::generate();
    let identity = Identity {
        session,
        user: UserId::new(format!("user-{}", number % 1000)),
        email: Some(format!("user-{}@example.com", number % 1000)),
        name: Some("A User".to_owned()),
        groups: vec!["engineering".to_owned()],
        device: Some(DeviceId::new(format!("device-{number}"))),
    };
    let origin = origin();
    let session_of = Session::open(identity, Device::default(), LIFETIMES, origin.at);
    store.open_session(Opening { session: session_of, token: RefreshToken::generate()?, origin }).await?;
    Ok(session)
}

async fn end(store: Arc<dyn Store>, session: SessionId) -> Result<()> {
    let origin = origin();
    let ended = Ended { at: origin.at, reason: EndReason::Revoked };
    store.end_session(Ending { session, ended, origin }).await?;
    Ok(())
}

fn origin() -> Origin {
    Origin { at: Clock::System.now(), request: RequestId::generate(), address: None }
}

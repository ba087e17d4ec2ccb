//! What every command needs that has to do with the session: where the tokens lie, and the server that knows them.

use super::{CommandError, Workstation};
use crate::{
    client::{self, AuthServer},
    config::Config,
    credential::Store,
    renewal::Renewal,
};

/// The session of this workstation, if somebody is signed in.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) store: Store,
    pub(super) server: AuthServer,
}

impl Session {
    pub(super) fn of(here: Workstation<'_>) -> Result<Self, CommandError> {
        let store = Store::of_user(here.os)?;
        let config = Config::load(here.os, here.settings)?;
        let base = config.auth()?.clone();
        Ok(Self {
            store,
            server: AuthServer::new(client::http(&[&base], config.authorities.as_deref())?, base),
        })
    }

    pub(super) fn renewal(&self) -> Renewal<'_> {
        Renewal { store: &self.store, server: &self.server }
    }
}

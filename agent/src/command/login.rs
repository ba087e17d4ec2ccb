//! `claude-agent login`: somebody signs in, and this workstation has a session.

use clap::Args;

use super::{CommandError, Workstation};
use crate::{
    client::{self, AuthServer},
    clock,
    config::Config,
    credential::{Credential, Store},
    output,
    signin::{Method, SignIn},
};

#[derive(Debug, Args)]
pub struct LoginArgs {
    /// How to sign in; without it, by Azure CLI if it is signed in, else in the browser if there is one, else by a code
    #[arg(long, value_name = "METHOD", value_enum)]
    pub method: Option<Method>,
}

impl LoginArgs {
    pub async fn run(self, here: Workstation<'_>) -> Result<(), CommandError> {
        let store = Store::of_user(here.os)?;
        let config = Config::load(here.os, here.settings)?;
        let entra = config.entra()?;
        let base = config.auth()?.clone();
        let client = client::http(&[&base, &entra.authority], config.authorities.as_deref())?;
        // Whoever can't keep a session need not sign in.
        store.probe().await?;
        let sign_in = SignIn { os: here.os, client: &client, entra: &entra };
        let token = sign_in.run(self.method).await?;
        let server = AuthServer::new(client.clone(), base);
        let held = store.hold().await?;
        let room = store.reserve(0)?;
        let answer = server.verify(&sign_in.request(token)).await?;
        room.keep(&Credential::of(answer, clock::now()))?;
        drop(held);
        output::say("signed in");
        Ok(())
    }
}

//! A simulated Entra ID: one tenant, one application, a few users, over real HTTP on loopback.
//!
//! It behaves as the real one does towards us and towards an agent: discovery, keys, authorization code with PKCE,
//! device code, refresh tokens, tokens of both versions, errors with AADSTS codes. It can rotate its keys and go
//! down, and it forges every token that must be refused.

mod door;
mod draft;
mod error;
mod form;
mod grant;
mod key;
mod page;
mod token;
mod user;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

pub use self::{
    draft::{Draft, Forgery},
    grant::DevicePolls,
    user::User,
};
use self::{grant::Grants, key::Key, token::Kind};
use crate::{clock::Clock, config, http::serve::Listener, task::Tasks};

const TENANT_ID: &str = "5a11b047-0000-4000-8000-000000000001";
/// The application that users sign in to.
pub const CLIENT_ID: &str = "5a11b047-0000-4000-8000-00000000c11e";
/// The key of someone who is not Entra.
const STRANGER: usize = 0;

/// A running simulation. Clones are the same one.
#[derive(Debug, Clone)]
pub struct SimulatedEntra {
    tenant: Arc<Tenant>,
}

#[derive(Debug)]
struct Tenant {
    address: SocketAddr,
    clock: Clock,
    /// Keys made so far: the last one signs, all are published.
    rotations: AtomicUsize,
    is_down: AtomicBool,
    discoveries: AtomicUsize,
    grants: Grants,
}

impl SimulatedEntra {
    /// Serves on a free port of loopback until `tasks` stop.
    pub async fn start(tasks: &Tasks, clock: Clock) -> io::Result<Self> {
        let listener = Listener::tcp("entra", (Ipv4Addr::LOCALHOST, 0).into()).await?;
        let address = listener.address().ok_or(io::ErrorKind::AddrNotAvailable)?;
        // Generated now, so that nothing later has to say that it failed.
        Key::nth(STRANGER)?;
        Key::nth(1)?;
        let tenant = Tenant {
            address,
            clock,
            rotations: AtomicUsize::new(1),
            is_down: AtomicBool::new(false),
            discoveries: AtomicUsize::new(0),
            grants: Grants::default(),
        };
        let tenant = Arc::new(tenant);
        tasks.spawn("simulated entra", listener.serve(door::routes(&tenant), limits(), tasks.stopping()));
        Ok(Self { tenant })
    }

    /// Base URL, for `ENTRA_AUTHORITY`.
    pub fn authority(&self) -> String {
        self.tenant.authority()
    }

    pub fn tenant_id(&self) -> &'static str {
        TENANT_ID
    }

    pub fn client_id(&self) -> &'static str {
        CLIENT_ID
    }

    /// A configuration that trusts it and admits all of its users.
    pub fn config(&self) -> config::Entra {
        config::Entra {
            tenant_id: TENANT_ID.into(),
            client_id: CLIENT_ID.into(),
            authority: self.authority(),
            cache_ttl: Duration::from_hours(1),
            required_groups: Vec::new(),
            required_roles: Vec::new(),
            email_domains: Vec::new(),
            auth_context: None,
        }
    }

    /// An ID token (version 2), as a sign-in of `user` would bring.
    pub fn id_token(&self, user: &User) -> String {
        self.draft(user, Kind::Id).sign()
    }

    /// An access token for our API, of version 1 as Azure CLI gets it.
    pub fn access_token(&self, user: &User) -> String {
        self.draft(user, Kind::AccessV1).sign()
    }

    /// An access token for our API, of version 2.
    pub fn access_token_v2(&self, user: &User) -> String {
        self.draft(user, Kind::AccessV2).sign()
    }

    /// An ID token that can still be changed.
    pub fn id_draft(&self, user: &User) -> Draft {
        self.draft(user, Kind::Id)
    }

    /// A token that must be refused.
    pub fn forge(&self, user: &User, forgery: Forgery) -> String {
        self.id_draft(user).forge(forgery)
    }

    /// Signs with a new key from now on. The old one stays published, as Entra's does for a while.
    pub fn rotate_keys(&self) -> io::Result<()> {
        let next = self.tenant.rotations.load(Ordering::Relaxed) + 1;
        Key::nth(next)?;
        self.tenant.rotations.store(next, Ordering::Relaxed);
        Ok(())
    }

    /// Answers every request with 503 until it comes back.
    pub fn go_down(&self) {
        self.tenant.is_down.store(true, Ordering::Relaxed);
    }

    pub fn come_back(&self) {
        self.tenant.is_down.store(false, Ordering::Relaxed);
    }

    /// How often the discovery document was fetched.
    pub fn discoveries(&self) -> usize {
        self.tenant.discoveries.load(Ordering::Relaxed)
    }

    /// How often devices asked before anybody had decided, and how often too early.
    pub fn device_polls(&self) -> DevicePolls {
        self.tenant.grants.device_polls(self.tenant.clock.now())
    }

    fn draft(&self, user: &User, kind: Kind) -> Draft {
        self.tenant.draft(user, kind)
    }
}

impl Tenant {
    fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    fn authority(&self) -> String {
        format!("http://{}/{TENANT_ID}", self.address)
    }

    fn keys(&self) -> Vec<Arc<Key>> {
        (1..=self.rotations.load(Ordering::Relaxed)).filter_map(|n| Key::nth(n).ok()).collect()
    }

    fn draft(&self, user: &User, kind: Kind) -> Draft {
        let claims = token::claims(&self.authority(), user, kind, self.clock.now());
        Draft::new(claims, self.keys().pop())
    }
}

fn limits() -> config::Http {
    config::Http {
        connections: 256,
        header_timeout: Duration::from_secs(10),
        idle_timeout: Duration::from_secs(90),
        body_timeout: Duration::from_secs(10),
        write_timeout: Duration::from_secs(10),
        drain_timeout: Duration::from_secs(1),
    }
}

#[cfg(test)]
mod tests;

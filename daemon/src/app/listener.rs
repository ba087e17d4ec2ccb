//! Where the doors stand: ports, certificates and the operators' socket, and what to do if one can't be had.

use std::{collections::BTreeMap, io, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use thiserror::Error;
use tracing::warn;

use super::{Groups, door::Doors};
use crate::{
    admin::socket::{self, SocketError},
    config::{self, Config},
    http::{
        Route,
        serve::{Listener, tcp_socket},
        tls::{Certificates, TlsError},
    },
    systemd::Sockets,
    task::Tasks,
};

/// Operators' requests are short, and by then the services have ended.
const ADMIN_DRAIN: Duration = Duration::from_secs(1);

/// Why a service can't listen.
#[derive(Debug, Error)]
pub enum ListenError {
    #[error("{service}: port {} of {} is in use; hint: `ss -ltnp` names its owner; stop that, or set `{variable}`", address.port(), address.ip())]
    InUse { service: &'static str, variable: &'static str, address: SocketAddr },
    #[error("{service}: port {} needs a privilege; hint: set `{variable}` to one above 1023, or give the daemon CAP_NET_BIND_SERVICE", address.port())]
    Privileged { service: &'static str, variable: &'static str, address: SocketAddr },
    #[error("{service}: this machine has no address {}; hint: set `SALLYPORT_HOST` (for metrics, `SALLYPORT_METRICS_LISTEN`) to one of its own", address.ip())]
    NoSuchAddress { service: &'static str, address: SocketAddr },
    #[error("{service}: the socket that was handed over can't be used: {error}")]
    Given { service: &'static str, error: io::Error },
    #[error("{service}: can't listen on {address}: {error}")]
    Other { service: &'static str, address: SocketAddr, error: io::Error },
    #[error(transparent)]
    Socket(#[from] SocketError),
}

impl ListenError {
    pub(super) fn of(
        service: &'static str,
        variable: &'static str,
        address: SocketAddr,
        error: io::Error,
    ) -> Self {
        match error.kind() {
            io::ErrorKind::AddrInUse => Self::InUse { service, variable, address },
            io::ErrorKind::PermissionDenied => Self::Privileged { service, variable, address },
            io::ErrorKind::AddrNotAvailable => Self::NoSuchAddress { service, address },
            _ => Self::Other { service, address, error },
        }
    }
}

/// Everything that is bound and not yet served.
pub(super) struct Listeners {
    pub auth: (Listener, SocketAddr),
    pub gateway: (Listener, SocketAddr),
    pub install: (Listener, SocketAddr),
    pub metrics: Option<(Listener, SocketAddr)>,
    admin: Listener,
    /// The admin socket's file is ours to remove.
    pub owns_admin_socket: bool,
}

/// Loads the certificate and follows its files.
pub(super) fn certificates(
    config: &Config,
    background: &Tasks,
) -> Result<Option<Arc<Certificates>>, TlsError> {
    let Some(files) = config.listen.tls.clone() else { return Ok(None) };
    let certificates = Arc::new(Certificates::load(files)?);
    let (followed, stop) = (certificates.clone(), background.stopping());
    background.spawn("certificate", async move { followed.follow(stop).await });
    Ok(Some(certificates))
}

impl Listeners {
    pub async fn bind(
        config: &Config,
        certificates: Option<&Arc<Certificates>>,
        groups: &Groups,
        mut sockets: Sockets,
    ) -> Result<Self, ListenError> {
        let listen = &config.listen;
        let ready = |(listener, address): (Listener, SocketAddr)| {
            (groups.own(listener.with_tls(certificates.cloned())), address)
        };
        let address = |port| SocketAddr::new(listen.host, port);
        let given = &mut sockets;
        let auth = ready(tcp("auth", "AUTH_PORT", address(listen.auth_port), given).await?);
        let gateway = ready(tcp("gateway", "GATEWAY_PORT", address(listen.gateway_port), given).await?);
        let install = ready(tcp("install", "INSTALL_PORT", address(listen.install_port), given).await?);
        let metrics = metrics(config.metrics.listen, given).await;
        let metrics = metrics.map(|(listener, address)| (groups.own(listener), address));
        let (admin, owns_admin_socket) = admin(&config.admin.socket, given)?;
        let admin = groups.own(admin);
        for place in sockets.left() {
            let hint = "give the socket unit the ports of the configuration, and no others";
            warn!(%place, hint, "a socket that was handed over is no service's, nobody serves it");
        }
        Ok(Self { auth, gateway, install, metrics, admin, owns_admin_socket })
    }

    /// Where each service listens.
    pub fn addresses(&self) -> BTreeMap<String, SocketAddr> {
        let services = [("auth", self.auth.1), ("gateway", self.gateway.1), ("install", self.install.1)];
        let metrics = self.metrics.as_ref().map(|(_, address)| ("metrics", *address));
        services.into_iter().chain(metrics).map(|(service, address)| (service.to_owned(), address)).collect()
    }

    /// Serves them all until their groups stop.
    pub fn serve(self, doors: Doors, limits: &config::Http, groups: &Groups) {
        let serve = |group: &Tasks, name, listener: Listener, routes: Route| {
            group.spawn(name, listener.serve(routes, limits.clone(), group.stopping()));
        };
        let brief = config::Http { drain_timeout: ADMIN_DRAIN, ..limits.clone() };
        serve(&groups.doors, "auth", self.auth.0, doors.auth);
        serve(&groups.doors, "gateway", self.gateway.0, doors.gateway);
        serve(&groups.doors, "install", self.install.0, doors.install);
        if let Some((listener, _)) = self.metrics {
            let figures = listener.serve(doors.metrics, brief.clone(), groups.admin.stopping());
            groups.admin.spawn("metrics", figures);
        }
        groups.admin.spawn("admin", self.admin.serve(doors.admin, brief, groups.admin.stopping()));
    }
}

/// The operators' socket, and whether it is ours to remove.
fn admin(path: &Path, given: &mut Sockets) -> Result<(Listener, bool), ListenError> {
    let service = "admin";
    match given.take_unix(service, path) {
        Some(socket) => Listener::given_unix(service, socket)
            .map(|listener| (listener, false))
            .map_err(|error| ListenError::Given { service, error }),
        None => Ok((socket::bind(path)?, true)),
    }
}

/// Figures are no reason not to serve.
async fn metrics(listen: Option<SocketAddr>, given: &mut Sockets) -> Option<(Listener, SocketAddr)> {
    let bound = tcp("metrics", "SALLYPORT_METRICS_LISTEN", listen?, given).await;
    bound.inspect_err(|error| warn!(%error, "metrics are not shown")).ok()
}

async fn tcp(
    service: &'static str,
    variable: &'static str,
    address: SocketAddr,
    given: &mut Sockets,
) -> Result<(Listener, SocketAddr), ListenError> {
    let placed = |listener: Listener| {
        let address = listener.address().ok_or(io::ErrorKind::AddrNotAvailable)?;
        Ok((listener, address))
    };
    if let Some(socket) = given.take_tcp(service, address.port()) {
        let listener = Listener::given_tcp(service, socket).and_then(placed);
        return listener.map_err(|error| ListenError::Given { service, error });
    }
    let bound = Listener::tcp(service, address).await.and_then(placed);
    bound.map_err(|error| ListenError::of(service, variable, address, error))
}

/// Where a service would listen, and which variable says so.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub service: &'static str,
    pub variable: &'static str,
    pub address: SocketAddr,
}

impl Place {
    /// Whether the address can be had. Nothing listens there meanwhile, so that a daemon that starts is not in the way.
    #[allow(clippy::unused_async, reason = "it works inside a runtime only, and so says its type")]
    pub async fn try_out(self) -> Result<(), ListenError> {
        let Self { service, variable, address } = self;
        let bound = tcp_socket(address).map(drop);
        bound.map_err(|error| ListenError::of(service, variable, address, error))
    }
}

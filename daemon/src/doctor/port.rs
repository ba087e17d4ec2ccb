//! The ports of the services: free, the running daemon's, or somebody else's.

use std::net::SocketAddr;

use shared::finding::Finding;

use super::{Patient, owner::Owner, running::Running, split};
use crate::app::listener::{ListenError, Place};

const CHECK: &str = "port";

pub(super) async fn examine(patient: &Patient, running: &Running) -> Vec<Finding> {
    if let Err(skipped) = patient.need(CHECK, &["http", "auth", "gateway", "install", "metrics"]) {
        return vec![skipped];
    }
    let listen = &patient.config().listen;
    let at = |port| SocketAddr::new(listen.host, port);
    let services = [
        Place { service: "auth", variable: "AUTH_PORT", address: at(listen.auth_port) },
        Place { service: "gateway", variable: "GATEWAY_PORT", address: at(listen.gateway_port) },
        Place { service: "install", variable: "INSTALL_PORT", address: at(listen.install_port) },
    ];
    let metrics = patient.config().metrics.listen.map(|address| Place {
        service: "metrics",
        variable: "SALLYPORT_METRICS_LISTEN",
        address,
    });
    let mut findings = Vec::new();
    for place in services.into_iter().chain(metrics) {
        findings.push(look(place, running).await);
    }
    findings
}

async fn look(place: Place, running: &Running) -> Finding {
    let Place { service, address, .. } = place;
    let port = address.port();
    let theirs = running.status().and_then(|status| status.addresses.get(service));
    match theirs {
        Some(theirs) if port == 0 || theirs.port() == port => {
            return Finding::ok(CHECK, format!("{service}: the running daemon listens on {theirs}"));
        }
        Some(theirs) => {
            let what =
                format!("{service}: the running daemon listens on {theirs}, port {port} is configured");
            return Finding::warning(
                CHECK,
                what,
                "restart the daemon; with systemd, `sallyportd.socket` says the ports",
            );
        }
        None if port == 0 => return Finding::ok(CHECK, format!("{service}: any free port")),
        None => {}
    }
    match place.try_out().await {
        Ok(()) => Finding::ok(CHECK, format!("{service}: port {port} of {} is free", address.ip())),
        Err(error) => taken(place, &error),
    }
}

fn taken(Place { service, variable, address }: Place, error: &ListenError) -> Finding {
    let owner = match error {
        ListenError::InUse { .. } => Owner::of(address.port()),
        _ => None,
    };
    let Some(Owner { program, process }) = owner else {
        let said = error.to_string();
        let (what, hint) = split(&said, "choose another address");
        return Finding::problem(CHECK, what, hint);
    };
    let port = address.port();
    match program.as_str() {
        "systemd" => {
            let what = format!("{service}: systemd holds port {port} for the daemon");
            Finding::ok(CHECK, what)
        }
        "sallyportd" => {
            let what = format!("{service}: port {port} is in use by another sallyportd, process {process}");
            let hint =
                format!("stop it, or set `{variable}`; its admin socket is not where the configuration says");
            Finding::problem(CHECK, what, hint)
        }
        _ => {
            let what = format!("{service}: port {port} is in use by `{program}`, process {process}");
            Finding::problem(CHECK, what, format!("stop that, or set `{variable}`"))
        }
    }
}

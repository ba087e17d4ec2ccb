//! Where the services listen, with which certificate, and where figures are shown.

use std::{collections::HashSet, net::SocketAddr};

use super::{
    Listen, Metrics, TlsFiles,
    problem::Bad,
    reader::Reader,
    rule,
    value::{self, Value},
};

/// What is written in place of an address.
pub(super) const OFF: &str = "off";

pub(super) fn listen(read: &mut Reader) -> Listen {
    let host = read.key("http.host").variable("SALLYPORT_HOST").default("127.0.0.1").read(rule::host);
    let tls = tls(read);
    if tls.is_none() && !host.is_loopback() {
        let hint = "set `certificate` and `key` under `[http.tls]`, or let a proxy in front speak TLS";
        read.warn("http.host", Bad::new(format!("`{host}` is served in plain HTTP"), hint));
    }
    let listen = Listen {
        host,
        auth_port: read.key("auth.port").variable("AUTH_PORT").default("8001").read(value::port),
        gateway_port: read.key("gateway.port").variable("GATEWAY_PORT").default("8002").read(value::port),
        install_port: read.key("install.port").variable("INSTALL_PORT").default("8080").read(value::port),
        tls,
    };
    refuse_clashes(read, &listen);
    listen
}

fn refuse_clashes(read: &mut Reader, listen: &Listen) {
    let ports = [
        ("auth.port", listen.auth_port),
        ("gateway.port", listen.gateway_port),
        ("install.port", listen.install_port),
    ];
    let mut taken = HashSet::new();
    for (key, port) in ports {
        if port != 0 && !taken.insert(port) {
            let what = format!("`{port}` is the port of another service too");
            read.refuse(key, Bad::new(what, "give each service its own port"));
        }
    }
}

fn tls(read: &mut Reader) -> Option<TlsFiles> {
    let certificate = read
        .key("http.tls.certificate")
        .variable("SALLYPORT_TLS_CERTIFICATE")
        .path()
        .optional(rule::readable);
    let key = read.key("http.tls.key").variable("SALLYPORT_TLS_KEY").path().optional(rule::readable);
    let alone =
        |what: &str| Bad::new(format!("it is set, `{what}` is not"), "set both, or none for plain HTTP");
    match (certificate, key) {
        (Some(certificate), Some(key)) => return Some(TlsFiles { certificate, key }),
        (Some(_), None) => read.refuse("http.tls.certificate", alone("http.tls.key")),
        (None, Some(_)) => read.refuse("http.tls.key", alone("http.tls.certificate")),
        (None, None) => {}
    }
    None
}

pub(super) fn metrics(read: &mut Reader) -> Metrics {
    let listen = read
        .key("metrics.listen")
        .variable("SALLYPORT_METRICS_LISTEN")
        .default("127.0.0.1:9464")
        .read(address_or_off);
    if let Some(address) = listen.filter(|address| !address.ip().is_loopback()) {
        let hint = "listen on loopback, or let only Prometheus reach it";
        read.warn(
            "metrics.listen",
            Bad::new(format!("everyone who reaches `{address}` sees the figures"), hint),
        );
    }
    Metrics { listen }
}

fn address_or_off(written: &Value) -> Result<Option<SocketAddr>, Bad> {
    let text = value::text(written)?;
    if text == OFF {
        return Ok(None);
    }
    let refused =
        || Bad::new(format!("`{text}` is no address with a port"), "write `127.0.0.1:9464`, or `off`");
    text.parse().map(Some).map_err(|_| refused())
}

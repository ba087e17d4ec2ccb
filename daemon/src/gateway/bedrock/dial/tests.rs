//! Dialling through TLS and through a proxy, on loopback.

use http::Uri;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls_pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::task::Tasks;

const BRIEF: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_mins(1);

/// A TLS server that echoes one byte, and a client that trusts it.
async fn echo(tasks: &Tasks) -> (u16, Arc<ClientConfig>) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(server));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tasks.spawn("echo", async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let byte = stream.read_u8().await.unwrap();
            stream.write_u8(byte).await.unwrap();
            stream.flush().await.unwrap();
        }
    });
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    (port, with_roots(roots).unwrap())
}

fn dialer(port: u16, tls: &Arc<ClientConfig>) -> Dialer {
    let endpoint = Endpoint::parse(&format!("https://localhost:{port}")).unwrap();
    let tls = Some((TlsConnector::from(tls.clone()), name(&endpoint).unwrap()));
    Dialer { endpoint, tls, proxy: None, timeout: LONG }
}

async fn echoes(mut socket: Socket) {
    socket.write_u8(7).await.unwrap();
    socket.flush().await.unwrap();
    assert_eq!(socket.read_u8().await.unwrap(), 7);
}

#[tokio::test]
async fn tls_is_spoken_and_http_1_1_agreed_on() {
    let tasks = Tasks::default();
    let (port, tls) = echo(&tasks).await;
    let socket = dialer(port, &tls).dial().await.unwrap();
    let Socket::Tls(stream) = &socket else { panic!("plain") };
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    assert!(stream.get_ref().0.nodelay().unwrap());
    echoes(socket).await;
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let tasks = Tasks::default();
    let (port, _) = echo(&tasks).await;
    let (_, others) = echo(&tasks).await;
    assert!(matches!(dialer(port, &others).dial().await, Err(UpstreamError::Connect(_))));
}

#[tokio::test]
async fn a_peer_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (_, tls) = echo(&Tasks::default()).await;
    let dialer = Dialer { timeout: BRIEF, ..dialer(listener.local_addr().unwrap().port(), &tls) };
    assert!(matches!(dialer.dial().await, Err(UpstreamError::ConnectTimeout(_))));
}

/// A proxy that answers `CONNECT` with this head and then, if it agreed, passes bytes on.
async fn proxy(tasks: &Tasks, head: &'static str) -> (Intercept, tokio::sync::oneshot::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://user:pass@{}", listener.local_addr().unwrap());
    let (asked, ask) = tokio::sync::oneshot::channel();
    tasks.spawn("proxy", async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = String::from_utf8(read_head(&mut stream).await.unwrap()).unwrap();
        let target = request.split(' ').nth(1).unwrap().replace("localhost", "127.0.0.1");
        asked.send(request).unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut upstream = TcpStream::connect(target).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut upstream).await;
    });
    let matcher = Matcher::builder().https(url).build();
    (matcher.intercept(&Uri::from_static("https://localhost")).unwrap(), ask)
}

#[tokio::test]
async fn a_proxy_opens_a_tunnel_for_tls() {
    let tasks = Tasks::default();
    let (port, tls) = echo(&tasks).await;
    let (proxy, ask) = proxy(&tasks, "HTTP/1.1 200 Connection established\r\nvia: x\r\n\r\n").await;
    let dialer = Dialer { proxy: Some(proxy), ..dialer(port, &tls) };
    echoes(dialer.dial().await.unwrap()).await;
    let ask = ask.await.unwrap();
    assert!(ask.starts_with(&format!("CONNECT localhost:{port} HTTP/1.1\r\n")), "{ask}");
    assert!(ask.contains("proxy-authorization: Basic dXNlcjpwYXNz\r\n"), "{ask}");
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named_in_the_error() {
    let tasks = Tasks::default();
    let (port, tls) = echo(&tasks).await;
    let (proxy, _ask) = proxy(&tasks, "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
    let dialer = Dialer { proxy: Some(proxy), ..dialer(port, &tls) };
    let error = dialer.dial().await.unwrap_err();
    assert!(error.to_string().contains("the proxy answered 407"), "{error}");
}

//! An auth server whose certificate comes from the company's own authority.

use std::{fs, path::PathBuf};

use sallyportd::{
    config::TlsFiles,
    sandbox::{Options, Sandbox, entra::User},
};
use serde_json::json;

use crate::workstation::{Ended, Workstation, now};

/// A workstation whose token has ended, and the authority's file.
async fn company() -> (Workstation, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let files = TlsFiles { certificate: home.path().join("chain.pem"), key: home.path().join("key.pem") };
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    fs::write(&files.certificate, made.cert.pem()).unwrap();
    fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    let authority = files.certificate.clone();
    let sandbox =
        Sandbox::start_with(Options::default(), |config| config.listen.tls = Some(files)).await.unwrap();
    let tokens = sandbox.sign_in(User::ADA).await.unwrap();
    fs::create_dir(home.path().join(".claude")).unwrap();
    let here = Workstation { sandbox, home, auth: None };
    here.write(&json!({
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
        "expires_at": now() - 1,
    }));
    (here, authority)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_companys_authority_is_trusted_if_it_is_named() {
    let (here, authority) = company().await;
    assert!(here.sandbox.auth().starts_with("https://"));
    let stranger = here.run(&["get-token"]).await;
    stranger.assert_refused(3, &["certificate", "NODE_EXTRA_CA_CERTS", "clock"]);
    for variable in ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"] {
        here.expire();
        let ended: Ended =
            here.command(&["get-token"]).env(variable, &authority).output().await.unwrap().into();
        ended.token();
    }
    let mut missing = here.command(&["get-token"]);
    missing.env("NODE_EXTRA_CA_CERTS", "/nonexistent.pem");
    here.expire();
    Ended::from(missing.output().await.unwrap())
        .assert_refused(1, &["`/nonexistent.pem` (`NODE_EXTRA_CA_CERTS`)"]);
}

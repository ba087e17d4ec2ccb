//! An auth server whose certificate comes from the company's own authority.

use std::{fs, path::PathBuf};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use sallyportd::{
    config::TlsFiles,
    sandbox::{Options, Sandbox, entra::User},
};
use serde_json::json;

use crate::workstation::{Ended, Workstation, now};

fn certificate() -> CertificateParams {
    CertificateParams::new(["127.0.0.1".to_owned()]).unwrap()
}

/// A workstation whose token has ended, and the authority's file.
async fn company(certificate: CertificateParams) -> (Workstation, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let files = TlsFiles { certificate: home.path().join("chain.pem"), key: home.path().join("key.pem") };
    let key = KeyPair::generate().unwrap();
    fs::write(&files.certificate, certificate.self_signed(&key).unwrap().pem()).unwrap();
    fs::write(&files.key, key.serialize_pem()).unwrap();
    let authority = files.certificate.clone();
    let sandbox =
        Sandbox::start_with(Options::default(), |config| config.listen.tls = Some(files)).await.unwrap();
    fs::create_dir(home.path().join(".claude")).unwrap();
    let here = Workstation { sandbox, home, auth: None };
    here.write(&json!({ "access_token": "a.b.c", "refresh_token": "r", "expires_at": now() - 1 }));
    (here, authority)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_companys_authority_is_trusted_if_it_is_named() {
    let (here, authority) = company(certificate()).await;
    let tokens = here.sandbox.sign_in(User::ADA).await.unwrap();
    let (access, refresh) = (tokens.access_token, tokens.refresh_token);
    here.write(&json!({ "access_token": access, "refresh_token": refresh, "expires_at": now() - 1 }));
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

/// A certificate that was good until yesterday, or will be from tomorrow on, as it looks to a clock that is wrong.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_the_clock_contradicts_is_told_with_the_clock() {
    for (first, last, word) in [(2020, 2021, "expired"), (3020, 3021, "not valid yet")] {
        let mut params = certificate();
        (params.not_before, params.not_after) = (date_time_ymd(first, 1, 1), date_time_ymd(last, 1, 1));
        let (here, authority) = company(params).await;
        let mut command = here.command(&["get-token"]);
        let ended = command.env("NODE_EXTRA_CA_CERTS", &authority).output().await.unwrap();
        Ended::from(ended).assert_refused(3, &["certificate", word, "see that its clock is right"]);
    }
}

//! `sallyportd doctor`: what it says of a host on which something is wrong.

mod aws;
mod host;
mod world;

use serde_json::Value;

use super::certificate;
use world::Ward;

#[tokio::test]
async fn on_a_sound_host_nothing_is_wrong() {
    let ward = Ward::new().await;
    let report = ward.doctor(&[]).await;
    for line in [
        "ok       configuration  it can be read",
        "ok       daemon         none runs: there is no `",
        "ok       port           auth: any free port",
        "ok       store          there is no `",
        "ok       entra          the discovery document is at http://127.0.0.1:",
        "ok       entra          the keys that sign tokens are there: 1",
        "ok       entra          the issuer is our tenant's: `",
        "ok       clock          this machine's clock goes as Entra's does",
        "ok       clock          this machine's clock goes as AWS's does",
        "ok       aws            credentials from the environment, key AKIA…DBOX, without an end",
        "ok       model          `anthropic.claude-3-5-sonnet-20241022-v1:0` is there: it counts tokens",
        "ok       install        nothing has been mirrored",
        "no problems, no warnings",
    ] {
        report.has(line);
    }
    assert_eq!(report.code, Some(0));
    assert!(!ward.path("state").exists() && !ward.path("run").exists());
}

#[tokio::test]
async fn beside_a_daemon_it_changes_nothing_and_asks_it() {
    let mut ward = Ward::new().await;
    ward.set("BEDROCK_MODEL_ID", "us.anthropic.claude-opus-4-8");
    let daemon = ward.start().await;
    let before = ward.files();
    let report = ward.doctor(&[]).await;
    report.has(&format!("as process {}, at `", daemon.id()));
    report.has("port           gateway: the running daemon listens on 127.0.0.1:");
    report.has("is whole, of version ");
    report.has(", in use by a daemon");
    report.has("permission     doctor and the daemon run as `");
    report.has("may open the admin socket (mode 660)");
    report.has("model          `us.anthropic.claude-opus-4-8` is there: its inference profile is active");
    report.has("no problems, no warnings");
    assert_eq!((report.code, ward.files()), (Some(0), before));
}

#[tokio::test]
async fn machines_read_the_same_and_no_secret() {
    let mut ward = Ward::new().await;
    ward.set("ENTRA_CLIENT_ID", "");
    let report = ward.doctor(&["--json"]).await;
    let json: Value = serde_json::from_str(&report.text).unwrap();
    assert_eq!((&json["problems"], report.code), (&Value::from(1), Some(1)));
    let findings = json["findings"].as_array().unwrap();
    let of = |check: &str| findings.iter().find(|one| one["check"] == check).unwrap();
    assert_eq!(of("configuration")["state"], "problem");
    assert!(of("configuration")["hint"].as_str().unwrap().starts_with("set it in the environment"));
    assert_eq!(of("entra")["what"], "not looked at, because `entra` is not configured as it should be");
    assert_eq!(of("model")["state"], "ok", "what is sound is looked at all the same");
    for secret in ["INTERNAL_JWT_SECRET", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"] {
        assert!(!report.text.contains(&ward.variables[secret]), "{secret}\n{}", report.text);
    }
}

#[tokio::test]
async fn entra_that_is_down_is_a_problem() {
    let ward = Ward::new().await;
    ward.entra.go_down();
    let report = ward.doctor(&[]).await;
    report.has("problem  entra          the discovery document can't be had: `http://127.0.0.1:");
    report.has("` answered 503\n                        hint: Entra is in trouble: wait");
    assert_eq!(report.code, Some(1));
}

#[tokio::test]
async fn an_entra_that_nobody_reaches_is_a_problem() {
    let mut ward = Ward::new().await;
    ward.set("ENTRA_AUTHORITY", "http://127.0.0.1:9/tenant");
    let report = ward.doctor(&[]).await;
    report.has("problem  entra          the discovery document can't be had: error sending request");
    report.has("hint: see whether this machine reaches it: name resolution, firewall, `HTTPS_PROXY`");
    report.has("ok       model");
}

#[tokio::test]
async fn an_entra_of_another_tenant_is_a_problem() {
    let mut ward = Ward::new().await;
    ward.set("ENTRA_TENANT_ID", "6c4e3f2a-0000-4000-8000-000000000009");
    let report = ward.doctor(&[]).await;
    report.has("problem  entra          the issuer is `http://127.0.0.1:");
    report
        .has("which is not of tenant `6c4e3f2a-0000-4000-8000-000000000009`: every sign-in will be refused");
    assert_eq!(report.code, Some(1));
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_in_seconds() {
    let mut ward = Ward::new().await;
    ward.live_an_hour_behind().await;
    let report = ward.doctor(&[]).await;
    report.has("problem  clock          this machine's clock is 3");
    report.has(" s behind Entra's: tokens seem to be not yet valid, and AWS refuses signatures");
    assert_eq!(report.code, Some(1));
}

#[tokio::test]
async fn a_certificate_is_judged_by_its_end_its_names_and_its_issuer() {
    let mut ward = Ward::new().await;
    let files = certificate::files("claude.example.com");
    ward.set("SALLYPORT_TLS_CERTIFICATE", &files.paths().certificate.to_string_lossy());
    ward.set("SALLYPORT_TLS_KEY", &files.paths().key.to_string_lossy());
    ward.write("sallyport.toml", "[gateway]\npublic_url = 'https://sallyport.example.com:8002'\n");
    let report = ward.doctor(&[]).await;
    report.has("ok       certificate    it is for claude.example.com");
    report.has(
        "problem  certificate    workstations are told to use `sallyport.example.com`, which it is not for",
    );
    report.has("warning  certificate    it is signed by itself, so nobody trusts it unasked");
    report.has("problem  permission     everybody on this machine may read `");

    files.expire();
    let report = ward.doctor(&[]).await;
    report.has("problem  certificate    expired at 2001-01-01 00:00 UTC");
    report.has("hint: renew it: the daemon takes new files by itself within seconds");
}

#[tokio::test]
async fn the_sandbox_is_well() {
    let ward = Ward::new().await;
    let report = ward.doctor_of_a_sandbox().await;
    report.has("answered in ");
    report.has("no problems, no warnings");
    assert_eq!(report.code, Some(0));
}

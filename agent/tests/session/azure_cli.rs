//! Signing in by Azure CLI, of which a script plays the part.

use sallyportd::sandbox::entra::{CLIENT_ID, User};

use crate::workstation::Workstation;

/// Answers if it is asked for the right scope of the right tenant, as the real one does.
fn script(here: &Workstation, tenant: &str) -> String {
    let token = here.sandbox.entra.access_token(User::ADA);
    let asked = format!("--tenant {} --scope api://{CLIENT_ID}/.default", here.sandbox.entra.tenant_id());
    format!(
        "case \"$*\" in\n  *'{asked}') echo '{{\"accessToken\": \"{token}\", \"tenant\": \"{tenant}\"}}' ;;\n  \
         *) echo \"ERROR: $*\" >&2; exit 1 ;;\nesac"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn azure_cli_brings_a_token_that_the_auth_server_takes() {
    let here = Workstation::new().await;
    here.provide("az", &script(&here, here.sandbox.entra.tenant_id()));
    for arguments in [&["login"][..], &["login", "--method", "azure-cli"]] {
        let ended = here.run(arguments).await;
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), "signed in\n"));
    }
    assert_eq!(here.run(&["get-token"]).await.token(), here.token());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_azure_cli_from_it_is_told() {
    let here = Workstation::new().await;
    let sign_in = || here.run(&["login", "--method", "azure-cli"]);
    let ended = sign_in().await;
    assert!(ended.stderr.contains("Azure CLI can't be started"), "{}", ended.stderr);
    here.provide("az", "echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1");
    let ended = sign_in().await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("nobody is signed in with Azure CLI"), "{}", ended.stderr);
    here.provide("az", &script(&here, "5a11b047-0000-4000-8000-00000000bad0"));
    let ended = sign_in().await;
    assert_eq!(ended.code, Some(4));
    assert!(ended.stderr.contains("signed in to another tenant"), "{}", ended.stderr);
    here.provide("az", "echo 'ERROR: AADSTS65001: The user has not consented.' >&2; exit 1");
    let ended = sign_in().await;
    assert!(ended.stderr.contains("nobody has consented yet"), "{}", ended.stderr);
    assert!(!here.token_file().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn azure_cli_that_hangs_is_given_up() {
    let here = Workstation::new().await;
    here.provide("az", "exec /bin/sleep 600");
    let ended = here.run(&["login", "--method", "azure-cli"]).await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("Azure CLI did not answer within 20 s"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn azure_cli_that_fails_is_passed_over_with_a_word() {
    let here = Workstation::new().await;
    here.provide("az", "echo nonsense");
    let mut running = here.start(&["login"]);
    running.line("note: Azure CLI could not be used: Azure CLI failed").await;
    running.line("enter the code").await;
}

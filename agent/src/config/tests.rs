use std::fs;

use super::*;
use crate::os::{Family as _, fake::Fake};

const NOTHING: fn(Setting) -> Option<String> = |_| None;

fn values(pairs: &[(Setting, &str)]) -> Values {
    pairs.iter().map(|(setting, value)| (*setting, (*value).to_owned())).collect()
}

fn machine() -> Fake {
    let os = Fake::default();
    fs::create_dir_all(os.home().unwrap().join(".claude")).unwrap();
    fs::create_dir_all(os.managed_dir()).unwrap();
    os
}

fn write_both(os: &Fake, user: &[(Setting, &str)], machine: &[(Setting, &str)]) {
    fs::write(user_file(os).unwrap(), text(&values(user))).unwrap();
    fs::write(machine_file(os), text(&values(machine))).unwrap();
}

#[test]
fn the_command_line_speaks_first_and_the_machines_file_last() {
    use Setting::{AuthServer, ClientId, Gateway, InstallServer, Tenant};
    let os = machine();
    write_both(
        &os,
        &[(InstallServer, "https://user"), (Tenant, "user")],
        &[(InstallServer, "https://machine"), (ClientId, "machine")],
    );
    let environment = |setting| match setting {
        AuthServer | Gateway => Some("https://environment".to_owned()),
        Tenant => Some(" ".to_owned()),
        _ => None,
    };
    let config = Config::read(&os, values(&[(AuthServer, "https://line")]), environment).unwrap();
    let host = |url: Option<Url>| url.unwrap().host_str().unwrap().to_owned();
    assert_eq!(host(config.auth.clone()), "line");
    assert_eq!(host(config.gateway.clone()), "environment");
    assert_eq!(host(config.install.clone()), "user");
    assert_eq!(config.tenant.as_deref(), Some("user"), "an empty variable says nothing");
    assert_eq!(config.client_id.as_deref(), Some("machine"));
    assert_eq!(config.entra().unwrap().authority.as_str(), "https://login.microsoftonline.com/user");
}

#[test]
fn every_problem_is_told_at_once() {
    let os = machine();
    let path = user_file(&os).unwrap();
    fs::write(&path, r#"{"auth_server": "https://a", "llm_gateway_url": 7, "entra_tenant_id": "a b"}"#)
        .unwrap();
    let arguments =
        values(&[(Setting::AuthServer, "a.example"), (Setting::Authority, "http://login.example.com/t")]);
    let error = Config::read(&os, arguments, NOTHING).unwrap_err().to_string();
    for part in [
        "there is no setting `auth_server`",
        "`llm_gateway_url` is no text",
        "`entra_tenant_id` in `",
        "`--auth-server-url`: `a.example` is no URL",
        "http is for loopback only",
    ] {
        assert!(error.contains(part), "{part} is missing in: {error}");
    }
}

#[test]
fn what_is_no_json_is_refused_with_its_place() {
    let os = machine();
    fs::write(machine_file(&os), "{\n  nonsense").unwrap();
    let error = Config::read(&os, Values::new(), NOTHING).unwrap_err().to_string();
    assert!(error.contains("claude-agent.json`: is no JSON object: ") && error.contains("line 2"), "{error}");
}

#[test]
fn what_a_sign_in_lacks_is_named_all_at_once() {
    let error = Config::read(&machine(), Values::new(), NOTHING).unwrap().entra().unwrap_err();
    assert_eq!(error.to_string(), "`AUTH_SERVER_URL`, `ENTRA_TENANT_ID`, `ENTRA_CLIENT_ID` are not set");
}

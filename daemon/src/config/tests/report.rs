//! What operators read when something is wrong.

use insta::assert_snapshot;

use super::House;

const BAD_FILE: &str = "\
state_dir = 7

[http]
header_timeout = '10 parsecs'
idle_timout = '90s'
connections = 0

[http.tls]
certificate = '/nowhere/chain.pem'

[entra]
authority = 'http://login.example.com/t'
email_domains = ['someone@example.com']

[gateway]
port = 9000
body_limit = '32 MB'

[gateway.aliases]
sonnet = 'two words'

[gatewy]
";

const BAD_ENVIRONMENT: &str = "\
INTERNAL_JWT_SECRET=change-me
ENTRA_TENANTID=x
ENTRA_TENANT_ID=common
PATH_OF_ANOTHER_PROGRAM=fine
AUTH_SERVER_URL=https://fine.example
nonsense
";

#[test]
fn everything_wrong_is_reported_at_once() {
    let house = House::new(BAD_FILE, BAD_ENVIRONMENT)
        .with("AUTH_PORT", "9000")
        .with("INTERNAL_JWT_TTL_HOURS", "three")
        .with("SALLYPORT_LOG_LEVEL", "loud");
    assert_snapshot!("everything_wrong", house.problems());
}

#[test]
fn usage_is_kept_for_a_month_at_least() {
    let told = House::new("[usage]\nretention = '31d'", "").problems();
    assert!(told.contains("a month of usage must be kept") && told.contains("write `32d` or more"), "{told}");
    assert!(!House::new("[usage]\nretention = '32d'", "").problems().contains("usage"));
}

#[test]
fn what_is_missing_says_where_to_set_it() {
    assert_snapshot!(House::new("", "").problems(), @r#"
`ENTRA_TENANT_ID` is not set
  hint: set it in the environment or in `.env`, or `tenant_id` under `[entra]` in `sallyport.toml`
`ENTRA_CLIENT_ID` is not set
  hint: set it in the environment or in `.env`, or `client_id` under `[entra]` in `sallyport.toml`
`INTERNAL_JWT_SECRET` is not set
  hint: set it in the environment or in `.env`, or `secrets` under `[token]` in `sallyport.toml`
"#);
}

#[test]
fn syntax_errors_are_reported_with_everything_else() {
    assert_snapshot!(House::complete("[http\nconnections = 0\nx = \n").problems(), @r#"
sallyport.toml:1: this is not TOML: unclosed table, expected `]`
  hint: see https://toml.io for the syntax
"#);
}

#[test]
fn a_named_file_must_exist() {
    let mut house = House::complete("");
    house.given.config = Some("/nowhere/sallyport.toml".into());
    house.given.env_file = Some("/nowhere/env".into());
    assert_snapshot!(house.problems(), @r#"
`/nowhere/env` can't be read: there is no such file
  hint: check the path
`/nowhere/sallyport.toml` can't be read: there is no such file
  hint: check the path
"#);
}

#[test]
fn one_kind_of_key_signs() {
    let house = House::complete("[token]\ned25519_keys = ['/nowhere/key.pem']\n");
    assert_snapshot!(house.problems(), @r#"
`INTERNAL_JWT_SECRET`: `token.ed25519_keys` is set too
  hint: sign with one of the two, remove the other
sallyport.toml:2: `token.ed25519_keys`: `/nowhere/key.pem` can't be read: there is no such file
  hint: check the path, and that the daemon's user may read it
"#);
}

#[test]
fn odd_things_are_warnings() {
    let house = House::complete("")
        .with("SALLYPORT_HOST", "0.0.0.0")
        .with("ENTRA_TENANT_ID", "contoso")
        .with("AWS_BEARER_TOKEN_BEDROCK", "canary");
    assert_snapshot!(house.warnings(), @r#"
`SALLYPORT_HOST`: `0.0.0.0` is served in plain HTTP
  hint: set `certificate` and `key` under `[http.tls]`, or let a proxy in front speak TLS
`ENTRA_TENANT_ID`: `contoso` is not a GUID
  hint: Entra's tokens name tenants and applications by their GUID
`bedrock.api_key`: `AWS_BEARER_TOKEN_BEDROCK` is set and not used
  hint: to use a Bedrock API key, set `BEDROCK_API_KEY`; else unset it
"#);
}

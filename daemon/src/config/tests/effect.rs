//! Which source wins, and how the result is shown.

use std::{fs, path::Path, time::Duration};

use insta::assert_snapshot;

use super::{super::SigningKeys, House, SECRET};

#[test]
fn later_sources_win() {
    let toml = "[entra]\ncache_ttl = '1m'\n[auth]\nport = 1\n[gateway]\nport = 2\n[install]\nport = 3\n";
    let mut house = House::complete(toml).with("AUTH_PORT", "10").with("INSTALL_PORT", "");
    fs::write(house.folder.path().join(".env"), "AUTH_PORT=20\nGATEWAY_PORT=30\n").unwrap();
    house.given.flags.push(("telemetry.log_level", "--log-level", "warn,http=debug".into()));
    let config = house.with("SALLYPORT_LOG_LEVEL", "error").read().config.unwrap();
    let listen = config.listen;
    assert_eq!((listen.auth_port, listen.gateway_port, listen.install_port), (10, 30, 3));
    assert_eq!(config.entra.cache_ttl, Duration::from_mins(1));
    assert_eq!(config.log.level.to_string(), "warn,http=debug");
}

#[test]
fn a_credential_stands_between_the_environment_and_the_file() {
    let mut house = House::complete("");
    let folder = house.folder.path().join("credentials");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("INTERNAL_JWT_SECRET"), format!("{SECRET}-of-systemd\n")).unwrap();
    fs::write(folder.join("AUTH_PORT"), "40\n").unwrap();
    fs::write(folder.join("tls.key"), [0xff]).unwrap();
    house = house.with("CREDENTIALS_DIRECTORY", folder.to_str().unwrap());
    house.given.environment.remove("INTERNAL_JWT_SECRET");
    fs::write(house.folder.path().join(".env"), "INTERNAL_JWT_SECRET=short\n").unwrap();
    let config = house.with("AUTH_PORT", "10").read().config.unwrap();
    assert_eq!(config.listen.auth_port, 10);
    let SigningKeys::Shared(secrets) = config.token.keys else { unreachable!("no key files were given") };
    assert_eq!(secrets[0].expose(), &format!("{SECRET}-of-systemd"));
}

#[test]
fn a_path_may_lead_to_a_credential_wherever_that_is() {
    let toml = "[bedrock]\ncredentials_file = '$CREDENTIALS_DIRECTORY/aws'\n";
    let house = House::complete(toml);
    let folder = house.folder.path().join("credentials");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("aws"), "[default]\n").unwrap();
    let config = house.with("CREDENTIALS_DIRECTORY", folder.to_str().unwrap()).read().config.unwrap();
    assert_eq!(config.bedrock.credentials_file.unwrap(), folder.join("aws"));
    let told = House::complete(toml).problems();
    assert!(told.contains("`$CREDENTIALS_DIRECTORY/aws` can't be read"), "{told}");
}

#[test]
fn a_text_that_is_no_path_stays_as_it_is_written() {
    let text = "$CREDENTIALS_DIRECTORY/more";
    let house = House::complete(&format!("[bedrock]\nprofile = '{text}'\n"));
    let folder = house.folder.path().display().to_string();
    let config = house.with("CREDENTIALS_DIRECTORY", &folder).read().config.unwrap();
    assert_eq!(config.bedrock.profile.as_deref(), Some(text));
}

#[test]
fn a_bad_credential_is_named_by_its_file() {
    let house = House::complete("");
    let folder = house.folder.path().join("credentials");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("AUTH_PORT"), "none").unwrap();
    let house = house.with("CREDENTIALS_DIRECTORY", folder.to_str().unwrap());
    assert!(house.problems().starts_with("credentials/AUTH_PORT: `AUTH_PORT`: "), "{}", house.problems());
}

#[test]
fn variables_count_in_the_units_of_their_names() {
    let house = House::complete("")
        .with("INTERNAL_JWT_TTL_HOURS", "8")
        .with("INTERNAL_REFRESH_TTL_DAYS", "7")
        .with("OPENID_CACHE_TTL_SECONDS", "90");
    let config = house.read().config.unwrap();
    assert_eq!(config.token.access_ttl, Duration::from_hours(8));
    assert_eq!(config.token.refresh_ttl, Duration::from_hours(7 * 24));
    assert_eq!(config.entra.cache_ttl, Duration::from_secs(90));
}

#[test]
fn variables_of_others_only_fill_gaps() {
    let config =
        |house: House| house.with("AWS_REGION", "eu-west-1").with("STATE_DIRECTORY", "/s").read().config;
    assert_eq!(config(House::complete("")).unwrap().bedrock.region, "eu-west-1");
    let house = House::complete("state_dir = '/mine'\n[bedrock]\nregion = 'eu-north-1'\n")
        .with("SALLYPORT_STATE_DIR", "");
    let config = config(house).unwrap();
    assert_eq!(
        (config.bedrock.region.as_str(), config.state_dir.as_path()),
        ("eu-north-1", Path::new("/mine"))
    );
}

#[test]
fn several_secrets_rotate() {
    let other = SECRET.to_lowercase();
    let config = House::complete("").with("INTERNAL_JWT_SECRET", &format!("{SECRET},{other}")).read().config;
    let SigningKeys::Shared(secrets) = config.unwrap().token.keys else { panic!("secrets are shared keys") };
    assert_eq!(secrets.iter().map(|secret| secret.expose().as_str()).collect::<Vec<_>>(), [SECRET, &other]);
}

#[test]
fn the_effective_configuration_masks_secrets_and_names_origins() {
    let toml =
        "[gateway.aliases]\nsonnet = 'us.anthropic.claude-sonnet-4-6'\n[bedrock]\napi_key = 'canary-key'\n";
    let house = House::complete(toml).with("INTERNAL_JWT_TTL_HOURS", "8");
    let reading = house.read();
    let shown = house.plain(&reading.as_toml());
    assert_snapshot!("effective", shown);
    let json = reading.as_json().to_string();
    for text in [shown, json, format!("{:?}", reading.config.unwrap())] {
        assert!(!text.contains(SECRET) && !text.contains("canary-key"), "{text}");
    }
}

#[test]
fn the_effective_configuration_can_be_read_back() {
    let house = House::complete("[gateway]\nmodels = ['a*', 'b']\n[gateway.aliases]\n'x.y' = 'z'\n");
    let shown = house.read().as_toml();
    let again = House::new(&shown.replace("\"[secret]\"", &format!("'{SECRET}'")), "").read();
    let plain = |text: String| {
        text.lines().map(|line| line.split("  #").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(plain(again.as_toml()), plain(shown));
}

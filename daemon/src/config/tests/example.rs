//! The documented examples are complete, valid and true.

use std::{collections::BTreeSet, fs, path::Path};

use super::{
    super::{Setting, document, dotenv, reading::OTHER_PROGRAMS},
    House, SECRET,
};

/// An example with its commented keys made real: those are written without a space after `#`.
fn uncommented(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(file);
    let text = fs::read_to_string(path).unwrap();
    let line = |line: &str| match line.strip_prefix('#') {
        Some(key) if !key.starts_with([' ', '#']) => key.to_owned(),
        _ => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Every key and variable that the code knows.
fn known() -> Vec<Setting> {
    House::new("", "").read().settings
}

#[test]
fn the_example_file_documents_every_key() {
    let text = uncommented("sallyport.example.toml");
    let written = document::parse(&text);
    assert!(written.problems.is_empty(), "{:?}", written.problems);
    let missing: Vec<_> = known()
        .into_iter()
        .filter(|setting| !written.entries.keys().any(|key| key.starts_with(setting.key)))
        .map(|setting| setting.key)
        .collect();
    assert!(missing.is_empty(), "sallyport.example.toml does not document {missing:?}");
}

#[test]
fn the_example_file_is_valid_and_shows_the_defaults() {
    let house = House::new(&uncommented("sallyport.example.toml"), "");
    let reading = house.read();
    let problems = reading.config.unwrap_err().0;
    let alternatives = [
        "http.tls.certificate",
        "http.tls.key",
        "token.ed25519_keys",
        "token.secrets",
        "bedrock.credentials_file",
        "install.key",
    ];
    for problem in problems {
        assert!(problem.key.as_deref().is_some_and(|key| alternatives.contains(&key)), "{problem}");
    }
    let defaults = known();
    for setting in &reading.settings {
        let default = defaults.iter().find(|default| default.key == setting.key).unwrap();
        if default.default.is_some()
            && !["state_dir", "runtime_dir", "admin.socket", "entra.authority"].contains(&setting.key)
        {
            assert_eq!(setting.value, default.value, "the example of {} is not the default", setting.key);
        }
    }
}

#[test]
fn the_example_environment_documents_every_variable() {
    let parsed = dotenv::parse(&uncommented(".env.example"));
    assert!(parsed.problems.is_empty(), "{:?}", parsed.problems);
    let documented: BTreeSet<_> = parsed.variables.keys().map(String::as_str).collect();
    let known = known();
    let wanted = known.iter().flat_map(|setting| setting.variables.iter().copied()).chain(OTHER_PROGRAMS);
    let missing: Vec<_> = wanted.filter(|name| !documented.contains(name)).collect();
    assert!(missing.is_empty(), ".env.example does not document {missing:?}");
}

#[test]
fn the_example_environment_is_valid_once_the_secret_is_set() {
    let text =
        uncommented(".env.example").replace("INTERNAL_JWT_SECRET=", &format!("INTERNAL_JWT_SECRET={SECRET}"));
    let mut problems =
        House::new("", &text).read().config.err().map(|problems| problems.0).unwrap_or_default();
    problems.retain(|problem| !problem.key.as_deref().is_some_and(|key| key.starts_with("http.tls")));
    assert!(problems.is_empty(), "{problems:?}");
}

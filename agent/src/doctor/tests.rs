use std::{fs, path::Path};

use super::*;
use crate::os::{Family as _, UnitState, fake::Fake};

/// A workstation on which everything is as it should be, but for servers: there are none.
struct Ward {
    os: &'static Fake,
    config: Config,
    place: Place,
}

impl Ward {
    fn new() -> Self {
        let os: &'static Fake = Box::leak(Box::new(Fake::default()));
        let gateway = "https://gateway.example:8002".parse().unwrap();
        let config = Config { gateway: Some(gateway), ..Config::default() };
        let place = Place::of_user(os, &config).unwrap();
        let ward = Self { os, config, place };
        fs::create_dir(os.home().unwrap()).unwrap();
        ward.put(&ward.place.agent, "agent");
        ward.put(&os.home().unwrap().join(".local/bin/claude"), "claude");
        let around = crate::install::surroundings(&ward.config, &ward.place).unwrap();
        let mut journal = crate::journal::Journal::open(os, &ward.place.folder).unwrap();
        crate::install::settings(&mut journal, &ward.place, &around, None).unwrap();
        crate::install::background(os, &mut journal, &ward.place, &os.home().unwrap()).unwrap();
        ward
    }

    /// Puts a program somewhere.
    fn put(&self, path: &Path, content: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self.os.make_runnable(path).unwrap();
    }

    fn patient(&self, variable: fn(&str) -> Option<String>) -> Patient<'_> {
        Patient { os: self.os, config: &self.config, place: &self.place, variable }
    }

    /// What is wrong with the files and the environment.
    fn problems(&self, variable: fn(&str) -> Option<String>) -> Vec<Finding> {
        let patient = self.patient(variable);
        let mut findings = settings::examine(&patient);
        findings.extend(environment::examine(&patient));
        findings.push(background::examine(&patient));
        findings.retain(|finding| finding.found.state == State::Problem);
        findings
    }

    async fn mended(&self) -> Vec<String> {
        let patient = self.patient(nothing);
        super::mend(&patient, &self.problems(nothing)).await
    }
}

fn nothing(_: &str) -> Option<String> {
    None
}

fn assert_only(found: &[Finding], check: &str, words: &str) {
    assert!(
        matches!(found, [one] if one.found.check == check && one.found.what.contains(words)),
        "{found:?}"
    );
}

#[test]
fn on_a_sound_workstation_nothing_is_found() {
    assert_eq!(Ward::new().problems(nothing), []);
}

#[tokio::test]
async fn settings_that_went_wrong_are_found_and_mended() {
    let ward = Ward::new();
    let path = &ward.place.settings;
    let sound = fs::read_to_string(path).unwrap();
    for (wrong, words) in [
        (format!("\u{feff}{sound}"), "byte order mark"),
        (sound.replace("gateway.example", "elsewhere.example"), "`env.ANTHROPIC_BEDROCK_BASE_URL`"),
        (sound.replace("get-token", "get-tokens"), "`apiKeyHelper`"),
    ] {
        fs::write(path, wrong).unwrap();
        assert_only(&ward.problems(nothing), "settings", words);
        assert_eq!(ward.mended().await, Vec::<String>::new());
        assert_eq!(ward.problems(nothing), []);
    }
    fs::write(path, "{ // mine\n}").unwrap();
    assert_only(&ward.problems(nothing), "settings", "can't be read: line 1, column 3");
}

#[tokio::test]
async fn settings_for_all_that_do_not_work_are_found() {
    let ward = Ward::new();
    let managed = ward.os.managed_dir().join("managed-settings.json");
    fs::create_dir_all(ward.os.managed_dir()).unwrap();
    let helper = format!("{} get-token", ward.place.agent.display());
    let sound = serde_json::json!({ "apiKeyHelper": helper }).to_string();
    fs::write(&managed, &sound).unwrap();
    assert_eq!(ward.problems(nothing), []);
    for (wrong, words) in [
        (
            "{\"apiKeyHelper\": \"/nowhere/agent get-token\"}".to_owned(),
            "no program behind its helper `/nowhere/agent get-token`",
        ),
        ("{}".to_owned(), "names no helper"),
        ("{".to_owned(), "can't be read"),
    ] {
        fs::write(&managed, wrong).unwrap();
        assert_only(&ward.problems(nothing), "managed", words);
    }
    fs::write(&managed, format!("\u{feff}{sound}")).unwrap();
    assert_only(&ward.problems(nothing), "managed", "byte order mark");
    assert_eq!(ward.mended().await, Vec::<String>::new());
    assert_eq!(fs::read_to_string(&managed).unwrap(), sound);
}

#[test]
fn variables_that_lead_elsewhere_are_found() {
    let ward = Ward::new();
    let found =
        ward.problems(|name| (name == "ANTHROPIC_BASE_URL").then(|| "https://api.example".to_owned()));
    assert_only(&found, "environment", "`ANTHROPIC_BASE_URL` is set");
    assert_eq!(ward.problems(|name| (name == "AWS_BEARER_TOKEN_BEDROCK").then(|| "x".to_owned())), []);
}

#[test]
fn a_proxy_that_would_be_asked_for_the_gateway_is_found() {
    let ward = Ward::new();
    let found = ward.problems(|name| (name == "HTTPS_PROXY").then(|| "http://proxy:3128".to_owned()));
    assert!(
        found.iter().any(|one| one.found.check == "proxy" && one.found.what.contains("`gateway.example`")),
        "{found:?}"
    );
    let exempt = |name: &str| match name {
        "HTTPS_PROXY" => Some("http://proxy:3128".to_owned()),
        "NO_PROXY" => Some("localhost, .example".to_owned()),
        _ => None,
    };
    assert_eq!(ward.problems(exempt), []);
}

#[test]
fn a_file_of_authorities_without_any_is_found() {
    let mut ward = Ward::new();
    ward.config.authorities = Some("/nowhere.pem".into());
    let found = ward.problems(nothing);
    assert!(
        found.iter().any(|one| one.found.check == "authorities" && one.found.what.contains("`/nowhere.pem`")),
        "{found:?}"
    );
}

#[tokio::test]
async fn units_that_are_not_loaded_are_found_and_loaded() {
    let ward = Ward::new();
    ward.os.units.lock().unwrap().insert("claudecode-refresh.timer".to_owned(), UnitState::Stopped);
    assert_only(&ward.problems(nothing), "background", "not loaded: claudecode-refresh.timer");
    assert_eq!(ward.mended().await, Vec::<String>::new());
    assert_eq!(ward.problems(nothing), []);
}

#[test]
fn another_claude_on_the_path_is_found() {
    let ward = Ward::new();
    let other = ward.os.folder.path().join("other");
    ward.put(&other.join("claude"), "another one");
    let ours = ward.os.home().unwrap().join(".local/bin");
    let found = |folders: &[&Path]| {
        let path = std::env::join_paths(folders).unwrap().into_string().unwrap();
        path::first_on_path(&ward.patient(nothing), &ours.join("claude"), &path)
    };
    assert_eq!(found(&[&ours, &other]).found.state, State::Ok);
    assert!(found(&[&other, &ours]).found.what.contains("not the one that was installed"));
    assert_eq!(found(&[]).found.what, "there is no `claude` on your PATH");
    assert!(found(&[]).found.hint.unwrap().starts_with("add `"));
    fs::remove_file(ours.join("claude")).unwrap();
    assert_eq!(
        found(&[&ours]).found.hint.unwrap(),
        "run `claude-agent install`",
        "it is on the PATH already"
    );
}

#[test]
fn what_is_well_again_is_called_mended() {
    let before = [Finding::problem("lock", "held", ""), Finding::ok("path", "")];
    let after =
        vec![Finding::ok("lock", "free"), Finding::ok("path", ""), Finding::problem("clock", "off", "")];
    let states: Vec<_> = compare(&before, after).into_iter().map(|one| one.found.state).collect();
    assert_eq!(states, [State::Fixed, State::Ok, State::Problem]);
}

#[test]
fn what_was_well_before_is_not_called_mended_because_its_neighbour_is_ill() {
    let servers =
        || vec![Finding::problem("server", "the auth server is away", ""), Finding::ok("server", "here")];
    assert_eq!(compare(&servers(), servers()), servers());
}

#[test]
fn machines_read_what_people_do_and_nothing_of_the_remedy() {
    let finding = Finding::problem("lock", "held", "let go").mended_by(Remedy::Install);
    let expected =
        serde_json::json!({ "check": "lock", "state": "problem", "what": "held", "hint": "let go" });
    assert_eq!(serde_json::to_value(finding).unwrap(), expected);
    let expected = serde_json::json!({ "check": "path", "state": "ok", "what": "there" });
    assert_eq!(serde_json::to_value(Finding::ok("path", "there")).unwrap(), expected);
}

//! What a report of a reload says.

use shared::api::admin::reload::{Change, Reloaded};

use super::{
    super::{InUse, change::AT_RUN_TIME},
    CLIENT, House, SECRET,
};

fn in_use(house: &House) -> InUse {
    house.read().into_use().unwrap()
}

fn lines(changes: &[Change]) -> Vec<String> {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    changes.iter().map(|Change { key, old, new }| format!("{key}: {} > {}", text(old), text(new))).collect()
}

fn compared(old: &InUse, new: &House) -> Reloaded {
    let new = in_use(new);
    old.compare(&new.config, &new.settings)
}

#[test]
fn changes_are_told_by_what_they_need() {
    let old = House::complete("[gateway]\nmodels = ['a']\n[gateway.aliases]\nx = 'one'\ny = 'two'\n");
    let new = House::complete(
        "[http]\nidle_timeout = '2m'\n[gateway]\nmodels = ['a', 'b']\nping_interval = '15000ms'\n\
         [gateway.aliases]\nx = 'other'\nz = 'three'\n[telemetry]\nlog_level = 'debug'\n",
    );
    let reloaded = compared(&in_use(&old), &new);
    assert_eq!(
        lines(&reloaded.applied),
        [
            "gateway.aliases.x: \"one\" > \"other\"",
            "gateway.aliases.y: \"two\" > -",
            "gateway.aliases.z: - > \"three\"",
            "gateway.models: [\"a\"] > [\"a\", \"b\"]",
            "telemetry.log_level: \"info\" > \"debug\"",
        ]
    );
    assert_eq!(lines(&reloaded.needs_restart), ["http.idle_timeout: \"90s\" > \"2m\""]);
}

#[test]
fn what_needs_a_restart_differs_until_then_and_what_was_applied_does_not() {
    let mut old = in_use(&House::complete("[gateway]\nmodels = ['a']\n[http]\nconnections = 5\n"));
    let new = House::complete("[gateway]\nmodels = ['b']\n[http]\nconnections = 6\n");
    let read = in_use(&new);
    old.take_over(&read.config, &read.settings);
    let again = compared(&old, &new);
    assert_eq!((again.applied.len(), again.needs_restart.len()), (0, 1));
}

#[test]
fn changed_secrets_are_told_and_not_shown() {
    let other = SECRET.to_lowercase();
    let rotated = House::complete("").with("INTERNAL_JWT_SECRET", &other).with("BEDROCK_API_KEY", "canary-2");
    let old = in_use(&House::complete("").with("BEDROCK_API_KEY", "canary-1"));
    let reloaded = compared(&old, &rotated);
    let masked = ["token.secrets: [secret] > [secret]", "bedrock.api_key: [secret] > [secret]"];
    assert_eq!(lines(&reloaded.needs_restart), masked);
    let two = rotated.with("INTERNAL_JWT_SECRET", &format!("{SECRET},{other}"));
    let reloaded = compared(&old, &two);
    let secrets = reloaded.needs_restart.iter().filter(|change| change.key == "token.secrets");
    assert_eq!(secrets.count(), 1);
    assert!(!format!("{reloaded:?}").contains(SECRET) && !format!("{reloaded:?}").contains("canary"));
}

#[test]
fn certificates_can_be_replaced_but_tls_is_spoken_from_the_start_or_not() {
    let files = House::new("", "");
    let tls = |name: &str| {
        for file in [format!("{name}.pem"), format!("{name}-key.pem")] {
            std::fs::write(files.folder.path().join(file), "").unwrap();
        }
        let path = |file: String| files.folder.path().join(file).display().to_string();
        House::complete("")
            .with("SALLYPORT_TLS_CERTIFICATE", &path(format!("{name}.pem")))
            .with("SALLYPORT_TLS_KEY", &path(format!("{name}-key.pem")))
    };
    assert_eq!(compared(&in_use(&tls("one")), &tls("two")).applied.len(), 2);
    for (old, new) in [(tls("one"), House::complete("")), (House::complete(""), tls("one"))] {
        let reloaded = compared(&in_use(&old), &new);
        assert_eq!((reloaded.applied.len(), reloaded.needs_restart.len()), (0, 2));
    }
}

#[test]
fn every_key_that_can_be_replaced_is_a_key() {
    let settings = House::complete("").with("ENTRA_CLIENT_ID", CLIENT).read().settings;
    for key in AT_RUN_TIME {
        assert!(settings.iter().any(|setting| setting.key == key), "{key}");
    }
}

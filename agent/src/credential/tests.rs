use super::*;
use crate::os::{Family as _, fake::Fake};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn credential(expires_at: Timestamp) -> Credential {
    let secret = |text: &str| Secret::new(text.to_owned());
    Credential { access_token: secret("a.b.c"), refresh_token: secret("r"), expires_at, written_at: NOW }
}

fn store() -> Store {
    let os: &'static Fake = Box::leak(Box::default());
    std::fs::create_dir_all(os.home().unwrap().join(".claude")).unwrap();
    Store::of_user(os).unwrap()
}

#[test]
fn a_token_is_replaced_five_minutes_before_its_end() {
    let token = credential(NOW + Duration::from_mins(5));
    assert!(!token.is_fresh(NOW) && token.is_alive(NOW));
    assert!(credential(NOW + Duration::from_secs(301)).is_fresh(NOW));
    assert!(!credential(NOW).is_alive(NOW));
}

#[test]
fn a_token_from_the_future_is_not_trusted() {
    let token = credential(NOW + Duration::from_hours(3));
    let a_day_ago = Timestamp(NOW.0 - 86_400_000);
    assert!(!token.is_fresh(a_day_ago) && !token.is_alive(a_day_ago));
    assert!(token.is_fresh(Timestamp(NOW.0 - 30_000)), "clocks drift a little");
}

#[test]
fn what_was_kept_is_read_again() {
    let store = store();
    assert!(store.read().unwrap().is_none());
    let kept = credential(NOW + Duration::from_hours(3));
    store.reserve(0).unwrap().keep(&kept).unwrap();
    let read = store.read().unwrap().unwrap();
    assert_eq!((read.access_token, read.expires_at), (kept.access_token, kept.expires_at));
    store.remove().unwrap();
    store.remove().unwrap();
    assert!(store.read().unwrap().is_none());
}

#[test]
fn the_prototypes_file_is_read() {
    let text = br#"{"access_token": "a", "refresh_token": "r", "expires_at": 1800000000.25, "user": "ada"}"#;
    let read = content::parse(text, NOW).unwrap();
    assert_eq!(read.expires_at, Timestamp(1_800_000_000_250));
}

#[test]
fn a_damaged_file_is_told_without_its_content() {
    for text in [
        "",
        "{",
        "hunter2",
        r#"{"access_token": "hunter2"}"#,
        r#"{"access_token": "hunter2\nhunter2", "refresh_token": "r", "expires_at": 1}"#,
        r#"{"access_token": "", "refresh_token": "hunter2", "expires_at": 1}"#,
        r#"{"access_token": "a", "refresh_token": "hunter2", "expires_at": -1}"#,
        r#"{"access_token": "a", "refresh_token": "hunter2", "expires_at": "tomorrow"}"#,
    ] {
        let store = store();
        std::fs::write(store.path(), text).unwrap();
        let error = store.read().unwrap_err();
        assert!(matches!(error, CredentialError::Corrupt { .. }), "{text}");
        assert!(!error.to_string().contains("hunter2") && !format!("{error:?}").contains("hunter2"));
    }
}

#[test]
fn the_lock_is_one_processs_at_a_time() {
    let store = store();
    let held = store.lock().unwrap().try_take().unwrap().unwrap();
    assert!(store.lock().unwrap().try_take().unwrap().is_err());
    drop(held);
    assert!(store.lock().unwrap().try_take().unwrap().is_ok());
}

#[test]
fn a_token_that_is_asked_for_again_at_once_is_in_doubt() {
    let store = store();
    let after = |seconds| store.is_doubted(NOW + Duration::from_secs(seconds));
    assert!(!after(0), "nobody has asked before");
    assert!(after(1) && after(9));
    assert!(!after(11), "Claude Code asks from time to time");
    assert!(after(12));
    store.settle(NOW + Duration::from_secs(12));
    assert!(!after(13) && !after(26), "it was looked into");
    assert!(after(28));
    assert!(!after(60));
    assert!(!store.is_doubted(NOW), "the clock was set back");
    assert!(after(1));
}

//! Signing in by a code.

use std::time::Duration;

use sallyportd::sandbox::entra::DevicePolls;

use crate::workstation::{Running, Workstation};

const ASK_EVERY: Duration = Duration::from_millis(20);
/// Nothing here takes so long, unless it would take for ever.
const NEVER: Duration = Duration::from_mins(1);

/// Opens the page that the program names, enters the code and signs in as somebody.
pub async fn enter(here: &Workstation, running: &mut Running, who: &str) {
    let page = page(running).await;
    sign_in(here, &page, who).await;
}

/// The page that the program names, with the code.
async fn page(running: &mut Running) -> String {
    let line = running.line("enter the code").await;
    let words: Vec<&str> = line.split(' ').collect();
    format!("{}?user_code={}", words[1], words.last().unwrap())
}

async fn sign_in(here: &Workstation, page: &str, who: &str) {
    let answer = here.sandbox.client().get(format!("{page}&login_hint={who}")).send().await.unwrap();
    assert!(answer.status().is_success());
}

/// Waits until the device has asked in this way.
async fn until(here: &Workstation, has_asked: impl Fn(DevicePolls) -> bool) -> DevicePolls {
    let asking = async {
        loop {
            let polls = here.sandbox.entra.device_polls();
            if has_asked(polls) {
                return polls;
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    };
    tokio::time::timeout(NEVER, asking).await.expect("it never asks")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_entered_opens_a_session() {
    let here = Workstation::new().await;
    std::fs::remove_dir(here.home.path().join(".claude")).unwrap();
    let mut running = here.start(&["login", "--method", "device-code"]);
    enter(&here, &mut running, "ada").await;
    assert_eq!(running.end().await, (Some(0), "signed in\n".to_owned()));
    assert_eq!(here.run(&["get-token"]).await.token(), here.token());
}

/// Who is told to slow down and goes on as before is told so again: Entra's interval has grown, too.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_told_to_slow_down_does_and_is_signed_in() {
    let here = Workstation::new().await;
    let mut running = here.start(&["login", "--method", "device-code"]);
    let page = page(&mut running).await;
    sign_in(&here, &page, "slow-down").await;
    let slowed = until(&here, |polls| polls.slow_down > 0).await;
    let went_on = until(&here, |polls| polls != slowed).await;
    assert_eq!(went_on, DevicePolls { pending: slowed.pending + 1, slow_down: 1 });
    sign_in(&here, &page, "ada").await;
    assert_eq!(running.end().await, (Some(0), "signed in\n".to_owned()));
    assert_eq!(here.sandbox.entra.device_polls().slow_down, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_azure_cli_and_without_a_desktop_a_code_is_shown() {
    let here = Workstation::new().await;
    let mut running = here.start(&["login"]);
    enter(&here, &mut running, "grace").await;
    assert_eq!(running.end().await, (Some(0), "signed in\n".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_declined_signs_nobody_in() {
    let here = Workstation::new().await;
    let mut running = here.start(&["login", "--method", "device-code"]);
    enter(&here, &mut running, "decline").await;
    let (code, said) = running.end().await;
    assert_eq!(code, Some(4));
    assert!(said.contains("the sign-in was declined"), "{said}");
    assert!(!here.token_file().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tenant_blocks_is_told_in_words() {
    let here = Workstation::new().await;
    for (number, words) in [("53003", "Conditional Access policy"), ("50105", "assigned to some users only")]
    {
        let mut running = here.start(&["login", "--method", "device-code"]);
        enter(&here, &mut running, &format!("blocked.{number}")).await;
        let (code, said) = running.end().await;
        assert_eq!(code, Some(4));
        assert!(said.contains(words) && said.contains(&format!("(AADSTS{number})")), "{said}");
        assert!(said.contains("\nhint: "), "{said}");
    }
}

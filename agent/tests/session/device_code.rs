//! Signing in by a code.

use crate::workstation::{Running, Workstation};

/// Opens the page that the program names, enters the code and signs in as somebody.
async fn enter(here: &Workstation, running: &mut Running, who: &str) {
    let line = running.line("enter the code").await;
    let words: Vec<&str> = line.split(' ').collect();
    let url = format!("{}?user_code={}&login_hint={who}", words[1], words.last().unwrap());
    assert!(here.sandbox.client().get(url).send().await.unwrap().status().is_success());
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

//! Signing in in the browser: what it is sent to, and what comes back.

use reqwest::{Response, StatusCode, Url, header};

use crate::workstation::{Running, Workstation};

/// The page that the browser is to open.
async fn page(running: &mut Running) -> Url {
    Url::parse(&running.line("/oauth2/v2.0/authorize?").await).unwrap()
}

fn value(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned()
}

async fn get(here: &Workstation, url: impl Into<String>) -> Response {
    here.sandbox.client().get(url.into()).send().await.unwrap()
}

/// Where Entra sends the browser back to, once somebody has signed in.
async fn answer_of(page: &Url, who: &str) -> String {
    let client = here_client();
    let answer = client.get(format!("{page}&login_hint={who}")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FOUND);
    answer.headers()[header::LOCATION].to_str().unwrap().to_owned()
}

/// A browser that does not follow by itself.
fn here_client() -> reqwest::Client {
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
    builder.tls_backend_preconfigured(crate::workstation::tls()).build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_comes_back_with_a_code_and_a_session_opens() {
    let here = Workstation::new().await;
    let mut running = here.start(&["login", "--method", "browser"]);
    let page = page(&mut running).await;
    assert_eq!(
        (value(&page, "code_challenge_method"), value(&page, "response_type")),
        ("S256".into(), "code".into())
    );
    assert!(value(&page, "redirect_uri").starts_with("http://127.0.0.1:"));
    assert!(!value(&page, "nonce").is_empty());
    let shown = get(&here, answer_of(&page, "ada").await).await;
    assert_eq!(shown.headers()[header::CACHE_CONTROL], "no-store");
    assert!(shown.text().await.unwrap().contains("You can close this window"));
    assert_eq!(running.end().await, (Some(0), "signed in\n".to_owned()));
    assert_eq!(here.run(&["get-token"]).await.token(), here.token());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_another_sign_in_is_refused_and_the_right_one_still_taken() {
    let here = Workstation::new().await;
    let mut running = here.start(&["login", "--method", "browser"]);
    let page = page(&mut running).await;
    let back = value(&page, "redirect_uri");
    // A connection that a browser opened for later must keep nobody waiting.
    let _silent = tokio::net::TcpStream::connect(back.trim_start_matches("http://")).await.unwrap();
    for stray in ["/?code=stolen&state=guessed", "/?error=access_denied&state=guessed", "/?code=stolen"] {
        assert_eq!(get(&here, format!("{back}{stray}")).await.status(), StatusCode::BAD_REQUEST);
    }
    assert_eq!(get(&here, format!("{back}/favicon.ico")).await.status(), StatusCode::NOT_FOUND);
    get(&here, answer_of(&page, "ada").await).await;
    assert_eq!(running.end().await, (Some(0), "signed in\n".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_entra_refuses_in_the_browser_is_told_in_the_terminal() {
    let here = Workstation::new().await;
    let mut running = here.start(&["login", "--method", "browser"]);
    let page = page(&mut running).await;
    let shown = get(&here, answer_of(&page, "blocked.65001").await).await.text().await.unwrap();
    assert!(shown.contains("The sign-in was refused"), "{shown}");
    let (code, said) = running.end().await;
    assert_eq!(code, Some(4));
    assert!(said.contains("nobody has consented yet") && said.contains("(AADSTS65001)"), "{said}");
    assert!(!here.token_file().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_shows_no_page_is_told_from_one_that_goes_on() {
    let here = Workstation::new().await;
    here.provide("xdg-open", "exit 3");
    let mut running = here.start(&["login", "--method", "browser"]);
    running.line("no browser could be started").await;
    here.provide("wslview", "exec /bin/sleep 5");
    let mut running = here.start(&["login", "--method", "browser"]);
    running.line("sign in in your browser").await;
    let page = page(&mut running).await;
    get(&here, answer_of(&page, "ada").await).await;
    assert_eq!(running.end().await, (Some(0), "signed in\n".to_owned()));
}

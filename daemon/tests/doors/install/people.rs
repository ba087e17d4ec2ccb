//! What people and scripts are told.

use reqwest::{
    Method, StatusCode,
    header::{ACCEPT, HOST, USER_AGENT},
};
use shared::{platform::Platform, release::Digest};

use super::{CLAUDE, mirror::Mirror, mirrored, world::World};
use crate::certificate;

#[tokio::test]
async fn the_page_shows_the_readers_line_first_and_who_signed() {
    let world = World::of(mirrored()).await;
    let windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36";
    let page = world.ask(Method::GET, "/", &[(ACCEPT, "text/html,*/*"), (USER_AGENT, windows)]).await;
    assert_eq!((page.status, page.header("content-type")), (StatusCode::OK, "text/html; charset=utf-8"));
    let text = page.text();
    let (windows, linux) = (text.find("install.ps1 | iex").unwrap(), text.find("install.sh | sh").unwrap());
    assert!(windows < linux, "{text}");
    for shown in ["2.1.209", &world.mirror.fingerprint(), &Digest::of(CLAUDE).to_string(), &world.url()] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    for outside in ["<script", "<img", "<link", "src=", "@import", "url("] {
        assert!(!text.contains(outside), "{outside}");
    }
}

#[tokio::test]
async fn a_program_gets_the_page_as_text() {
    let world = World::of(mirrored()).await;
    let page = world.ask(Method::GET, "/", &[(ACCEPT, "*/*"), (USER_AGENT, "curl/8.5.0")]).await;
    assert_eq!(page.header("content-type"), "text/plain; charset=utf-8");
    assert!(
        page.text().starts_with("Claude Code 2.1.209\n\nLinux:\n  curl -fsSL http://127.0.0.1:"),
        "{}",
        page.text()
    );
}

#[tokio::test]
async fn an_empty_folder_says_what_to_do() {
    let world = World::of(Mirror::new()).await;
    let page = world.get("/").await;
    assert!(page.text().contains("`sallyport mirror --output DIR`"), "{}", page.text());
    assert_eq!(world.get("/install.sh").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_script_names_this_server_and_the_signed_digests() {
    let mirror = mirrored();
    mirror.agent(Platform::Win32X64, b"agent");
    let world = World::of(mirror).await;
    for path in ["/install.sh", "/install.ps1"] {
        let script = world.get(path).await;
        assert_eq!((script.status, script.header("cache-control")), (StatusCode::OK, "no-cache"));
        let text = script.text();
        let (program, agent) = (Digest::of(CLAUDE), Digest::of(b"agent"));
        for shown in [
            world.url(),
            world.sandbox.auth(),
            world.sandbox.gateway(),
            format!("linux-x64 {program} {}", CLAUDE.len()),
            format!("win32-x64 {agent} 5"),
        ] {
            assert!(text.contains(&shown), "{path}: {shown}");
        }
        let names =
            ["INSTALL", "AUTH", "GATEWAY", "TENANT", "CLIENT", "AUTHORITY", "VERSION", "PROGRAMS", "AGENTS"];
        assert!(names.iter().all(|name| !text.contains(&format!("@{name}@"))), "{text}");
    }
}

#[tokio::test]
async fn a_host_that_is_none_gets_no_script() {
    let world = World::of(mirrored()).await;
    for host in ["a'b", "$(id)", "a;b", "a b"] {
        for path in ["/install.sh", "/install.ps1", "/"] {
            let answer = world.ask(Method::GET, path, &[(HOST, host)]).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{host} {path}");
        }
    }
    let script = world.ask(Method::GET, "/install.sh", &[(HOST, "claude.corp.example:8443")]).await;
    assert!(script.text().contains("server='http://claude.corp.example:8443'"));
}

#[tokio::test]
async fn addresses_that_are_configured_win() {
    let world = World::with(mirrored(), |config| {
        config.install.public.install = Some("https://claude.example".to_owned());
        config.install.public.auth = Some("https://login.example".to_owned());
    })
    .await;
    let script = world.get("/install.sh").await;
    for shown in ["server='https://claude.example'", "'https://login.example'"] {
        assert!(script.text().contains(shown), "{shown}");
    }
}

#[tokio::test]
async fn an_agent_is_served_with_its_digest_if_somebody_vouches_for_it() {
    let mirror = mirrored();
    mirror.agent(Platform::LinuxX64, b"agent");
    mirror.write("agent/darwin-arm64/claude-agent", b"nobody vouches for me");
    let world = World::of(mirror).await;
    let agent = world.get("/agent/linux-x64/claude-agent").await;
    assert_eq!((agent.text(), agent.header("cache-control")), ("agent", "no-cache"));
    let sum = world.get("/agent/linux-x64/claude-agent.sha256").await;
    assert_eq!(sum.text(), format!("{}  claude-agent\n", Digest::of(b"agent")));
    for platform in ["darwin-arm64", "win32-x64"] {
        let absent = world.get(&format!("/agent/{platform}/claude-agent")).await;
        assert_eq!(absent.status, StatusCode::NOT_FOUND);
        assert!(absent.text().contains(&format!("no agent for {platform} is served")), "{}", absent.text());
    }
}

#[tokio::test]
async fn downloads_to_the_end_are_on_record_and_parts_are_not() {
    let world = World::of(mirrored()).await;
    let mut events = world.events().await;
    for range in ["bytes=0-4", "bytes=5-"] {
        world.ask(Method::GET, super::RUN, &[(reqwest::header::RANGE, range)]).await;
    }
    world.ask(Method::HEAD, super::RUN, &[]).await;
    world.get("/claude-code/install/windows/claude-code-setup.exe").await;
    let recorded = world.recorded(2).await;
    assert_eq!(recorded, ["claude 2.1.209 linux-x64", "claude 2.1.209 win32-arm64"]);
    let mut told = String::new();
    while told.matches("event: download").count() < 2 {
        told.push_str(std::str::from_utf8(&events.chunk().await.unwrap().unwrap()).unwrap());
    }
    assert!(recorded.iter().all(|what| told.contains(&format!("\"subject\":\"{what}\""))), "{told}");
}

#[tokio::test]
async fn a_large_binary_arrives_whole_in_the_clear_and_over_tls() {
    let large: Vec<u8> = (0..3_000_001_u32).map(|at| (at % 251) as u8).collect();
    for with_tls in [false, true] {
        let files = certificate::files("127.0.0.1");
        let mirror = Mirror::new();
        mirror.release("2.1.209", &[(Platform::LinuxX64, &large)]);
        mirror.serve("2.1.209");
        let world = World::with(mirror, |config| {
            config.listen.tls = with_tls.then(|| files.paths());
        })
        .await;
        assert_eq!(world.url().starts_with("https://"), with_tls);
        assert_eq!(world.get(super::RUN).await.body.as_ref(), large);
        for (range, expected) in
            [("bytes=131071-131073", 131_071..131_074), ("bytes=2999990-", 2_999_990..3_000_001)]
        {
            let part = world.ask(Method::GET, super::RUN, &[(reqwest::header::RANGE, range)]).await;
            assert_eq!(part.body.as_ref(), &large[expected], "{range}");
        }
    }
}

//! The page for people: the line for their operating system first, what is served, and how to check it. It needs no
//! script, no image and no other server. Programs get the same as text.

use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest};
use http::{HeaderValue, StatusCode, header};
use shared::{
    platform::{Os, Platform},
    release::{Digest, Version},
};

use super::{
    folder::{RELEASES, agent_path, binary_path},
    release::Release,
    script,
    site::Addresses,
    stock::Stock,
};
use crate::http::{Call, Response, reply};

const STYLE: &str = include_str!("page/style.css");
const MEGABYTE: u64 = 1_000_000;

/// What is shown of a binary.
struct Row {
    path: String,
    platform: Platform,
    size: u64,
    digest: Digest,
}

/// Answers in the form that the client wants.
pub(super) fn answer(stock: &Stock, addresses: &Addresses, call: &Call) -> Response {
    let first = system(call.header(header::USER_AGENT).unwrap_or_default());
    let wants_html = call.header(header::ACCEPT).is_some_and(|accept| accept.contains("text/html"));
    let mut response = if wants_html {
        let page = html(stock, addresses, first);
        let mut response = reply::bytes_of(StatusCode::OK, "text/html; charset=utf-8", page.into());
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy());
        response
    } else {
        reply::text(StatusCode::OK, text(stock, addresses, first))
    };
    script::keep_fresh(response.headers_mut());
    response
}

/// Nothing but our own style.
fn policy() -> HeaderValue {
    let hash = base64_simd::STANDARD.encode_to_string(digest(&SHA256, STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// The operating system that a browser says it runs on.
fn system(agent: &str) -> Os {
    if agent.contains("Windows") {
        Os::Windows
    } else if agent.contains("Mac OS") || agent.contains("Darwin") {
        Os::Macos
    } else {
        Os::Linux
    }
}

fn name(os: Os) -> &'static str {
    match os {
        Os::Linux => "Linux",
        Os::Macos => "macOS",
        Os::Windows => "Windows (PowerShell)",
    }
}

/// The line that installs there.
fn line(os: Os, addresses: &Addresses) -> String {
    let server = &addresses.install;
    match os {
        Os::Windows => format!("irm {server}/install.ps1 | iex"),
        Os::Linux | Os::Macos => format!("curl -fsSL {server}/install.sh | sh"),
    }
}

/// The reader's own first.
fn systems(first: Os) -> impl Iterator<Item = Os> {
    std::iter::once(first).chain(Os::ALL.into_iter().filter(move |os| *os != first))
}

fn programs(release: &Release) -> Vec<Row> {
    let row = |(platform, program): (&Platform, &super::release::Program)| Row {
        path: format!("/{}", binary_path(&release.version, *platform, &program.name)),
        platform: *platform,
        size: program.artifact.size(),
        digest: program.artifact.digest,
    };
    release.programs.iter().map(row).collect()
}

fn agents(stock: &Stock) -> Vec<Row> {
    let row = |(platform, agent): (&Platform, &std::sync::Arc<super::artifact::Artifact>)| Row {
        path: format!("/{}", agent_path(*platform)),
        platform: *platform,
        size: agent.size(),
        digest: agent.digest,
    };
    stock.agents.iter().map(row).collect()
}

/// Who vouches for a release.
fn signer(release: &Release) -> String {
    match &release.signer {
        Some(signer) => format!("signed on {} by the key {}", signer.at, signer.key),
        None => "signed by nobody: this server was told to serve it all the same".to_owned(),
    }
}

fn manifest(version: &Version) -> String {
    format!("/{RELEASES}/{version}/manifest.json")
}

const NOTHING: &str = "Nothing is served yet.";
const WHAT_TO_DO: &str = "Whoever runs this server: `sallyport mirror --output DIR`, where DIR is the folder that CLAUDE_CODE_INSTALL_ARTIFACTS_DIR names.";

fn text(stock: &Stock, addresses: &Addresses, first: Os) -> String {
    let Some(release) = stock.served() else { return format!("{NOTHING}\n{WHAT_TO_DO}\n") };
    let mut text = format!("Claude Code {}\n\n", release.version);
    for os in systems(first) {
        let _ = writeln!(text, "{}:\n  {}", name(os), line(os, addresses));
    }
    let _ = writeln!(text, "\nVersion {}, {}.", release.version, signer(release));
    let _ = writeln!(
        text,
        "Manifest and signature: {0}{1} and {1}.sig",
        addresses.install,
        manifest(&release.version)
    );
    for Row { path, size, digest, .. } in programs(release).into_iter().chain(agents(stock)) {
        let _ = writeln!(text, "\n{}{path}\n  {size} bytes, SHA-256 {digest}", addresses.install);
    }
    text
}

fn html(stock: &Stock, addresses: &Addresses, first: Os) -> String {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width\">\n<title>Claude Code</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
    );
    match stock.served() {
        Some(release) => served(&mut page, release, addresses, first),
        None => {
            let _ = writeln!(page, "<h1>Claude Code</h1>\n<p>{NOTHING}</p>\n<p>{}</p>", marked(WHAT_TO_DO));
        }
    }
    table(&mut page, "The agent", &agents(stock));
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn served(page: &mut String, release: &Release, addresses: &Addresses, first: Os) {
    let version = &release.version;
    let _ = writeln!(
        page,
        "<h1>Claude Code {version}</h1>\n<p>Paste the line for your system into a terminal.</p>"
    );
    for os in systems(first) {
        let class = if os == first { " class=\"first\"" } else { "" };
        let line = escaped(&line(os, addresses));
        let _ = writeln!(
            page,
            "<section{class}>\n<h2>{}</h2>\n<pre><code>{line}</code></pre>\n</section>",
            name(os)
        );
    }
    table(page, "The binaries", &programs(release));
    let manifest = manifest(version);
    let _ = writeln!(
        page,
        "<p>Version {version}, {}. To check it yourself: <a href=\"{manifest}\">manifest.json</a>, \
         <a href=\"{manifest}.sig\">manifest.json.sig</a>.</p>",
        signer(release)
    );
}

fn table(page: &mut String, title: &str, rows: &[Row]) {
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(
        page,
        "<h2>{title}</h2>\n<table>\n<tr><th scope=\"col\">platform</th><th scope=\"col\">size</th>\
         <th scope=\"col\">SHA-256</th></tr>"
    );
    for Row { path, platform, size, digest } in rows {
        let megabytes = size.div_ceil(MEGABYTE);
        let _ = writeln!(
            page,
            "<tr><td><a href=\"{}\">{platform}</a></td><td title=\"{size} bytes\">{megabytes} MB</td>\
             <td><code>{digest}</code></td></tr>",
            escaped(path)
        );
    }
    page.push_str("</table>\n");
}

/// Text between backticks becomes code.
fn marked(text: &str) -> String {
    let part = |(index, part)| if index % 2 == 1 { format!("<code>{part}</code>") } else { part };
    text.split('`').map(escaped).enumerate().map(part).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_sees_the_own_system_first() {
        let agents = [
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", Os::Windows),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", Os::Macos),
            ("Mozilla/5.0 (X11; Linux x86_64)", Os::Linux),
            ("curl/8.5.0", Os::Linux),
        ];
        for (agent, os) in agents {
            assert_eq!(system(agent), os, "{agent}");
            let order: Vec<_> = systems(os).collect();
            assert_eq!((order.len(), order[0]), (3, os));
        }
    }

    #[test]
    fn nothing_of_an_address_becomes_markup() {
        assert_eq!(escaped("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
        assert_eq!(marked("say `a<b` now"), "say <code>a&lt;b</code> now");
    }
}

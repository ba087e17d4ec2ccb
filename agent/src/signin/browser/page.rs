//! The port that Entra sends the browser back to, and the few words that it says there.

use std::{convert::Infallible, io, net::Ipv4Addr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinSet,
    time::timeout,
};

use super::request::{Outcome, Stray, parse};

const HEAD_LIMIT: usize = 32 * 1024;
/// A browser opens connections that it may never use.
const SILENCE: Duration = Duration::from_secs(10);
const MOST_CONNECTIONS: usize = 32;

#[derive(Debug)]
pub(super) struct Page {
    listener: TcpListener,
    /// The address, not the name: whoever controls what `localhost` means can't read along.
    pub(super) redirect_uri: String,
}

impl Page {
    pub(super) async fn open() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let redirect_uri = format!("http://127.0.0.1:{}", listener.local_addr()?.port());
        Ok(Self { listener, redirect_uri })
    }

    /// Answers everybody. The first answer of Entra goes to `found`.
    pub(super) async fn serve(self, state: &str, found: oneshot::Sender<Outcome>) -> Infallible {
        let mut found = Some(found);
        let mut reading = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept(), if reading.len() < MOST_CONNECTIONS => {
                    if let Ok((stream, _)) = accepted {
                        reading.spawn(timeout(SILENCE, head(stream)));
                    }
                }
                Some(read) = reading.join_next() => {
                    if let Ok(Ok(Ok((stream, head)))) = read {
                        let answer = answer(parse(&head, state), &mut found);
                        let _ = timeout(SILENCE, write(stream, answer)).await;
                    }
                }
            }
        }
    }
}

/// The head of a request, as far as it is one.
async fn head(mut stream: TcpStream) -> io::Result<(TcpStream, String)> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < HEAD_LIMIT {
        if stream.read_buf(&mut head).await? == 0 {
            break;
        }
    }
    Ok((stream, String::from_utf8_lossy(&head).into_owned()))
}

fn answer(
    asked: Result<Outcome, Stray>,
    found: &mut Option<oneshot::Sender<Outcome>>,
) -> (&'static str, &'static str) {
    let refused = "The sign-in was refused. You can close this window: your terminal says why.";
    let done = "You can close this window and go back to your terminal.";
    match (asked, found.take()) {
        (Ok(outcome), Some(found)) => {
            let text = if matches!(outcome, Outcome::Code(_)) { done } else { refused };
            // Whoever waited may have given up.
            let _ = found.send(outcome);
            ("200 OK", text)
        }
        (Ok(_), None) => ("410 Gone", "This sign-in has been answered already. You can close this window."),
        (Err(stray), still_open) => {
            *found = still_open;
            match stray {
                Stray::Malformed => ("400 Bad Request", "This is no answer to a sign-in."),
                Stray::State => ("400 Bad Request", "This answer belongs to another sign-in."),
                Stray::Method => ("405 Method Not Allowed", "Only GET is answered here."),
                Stray::Path => ("404 Not Found", "There is nothing here."),
            }
        }
    }
}

/// Nothing of the request stands on the page, and the address with the code is told to nobody.
async fn write(mut stream: TcpStream, (status, text): (&str, &str)) -> io::Result<()> {
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Claude Code</title>\
         <body style=\"font-family:system-ui,sans-serif;max-width:32rem;margin:4rem auto\"><p>{text}</p></body></html>\n"
    );
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\
         cache-control: no-store\r\nreferrer-policy: no-referrer\r\ncontent-security-policy: default-src 'none'; \
         style-src 'unsafe-inline'\r\nx-content-type-options: nosniff\r\nallow: GET\r\n\r\n",
        page.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(page.as_bytes()).await?;
    stream.shutdown().await
}

#[cfg(test)]
mod tests {
    use shared::secret::Secret;

    use super::*;

    #[test]
    fn a_page_that_is_loaded_again_is_told_so_and_changes_nothing() {
        let code = |code: &str| Ok(Outcome::Code(Secret::new(code.to_owned())));
        let (found, mut waiting) = oneshot::channel();
        let mut found = Some(found);
        assert_eq!(answer(Err(Stray::Path), &mut found).0, "404 Not Found");
        assert_eq!(answer(code("first"), &mut found).0, "200 OK");
        let (status, text) = answer(code("second"), &mut found);
        assert_eq!(status, "410 Gone");
        assert!(text.contains("answered already"), "{text}");
        assert!(matches!(waiting.try_recv(), Ok(Outcome::Code(code)) if code.expose() == "first"));
    }
}

//! `sallyportd healthcheck`: whether the daemon of this configuration should get requests, for whoever runs it in a
//! container that has no other program. It asks the admin socket, which needs neither certificate nor port.

use std::{io, path::Path, process::ExitCode, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    runtime::Builder,
    time::timeout,
};

use super::{complain, print};
use crate::config::{Given, Reading};

/// How long the daemon may take, well within the deadlines that container engines are given.
const PATIENCE: Duration = Duration::from_secs(5);
const UNREACHABLE: u8 = 3;
const REQUEST: &[u8] = b"GET /readyz HTTP/1.1\r\nhost: sallyport\r\nconnection: close\r\n\r\n";
/// Longer than the answer, whatever the reason is.
const ANSWER_LIMIT: u64 = 4096;

/// What the daemon says of itself.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Ready,
    Unready(String),
}

/// Asks once.
pub(super) fn check(given: &Given) -> ExitCode {
    let socket = match Reading::of(given).config {
        Ok(config) => config.admin.socket,
        Err(problems) => return complain(&problems.to_string()),
    };
    let asked = Builder::new_current_thread().enable_all().build().and_then(|runtime| {
        runtime.block_on(async { timeout(PATIENCE, ask(&socket)).await.unwrap_or_else(|_| Err(late())) })
    });
    match asked {
        Ok(Verdict::Ready) => print("ready"),
        Ok(Verdict::Unready(reason)) => complain(&format!("error: not ready: {reason}")),
        Err(error) => {
            complain(&format!("error: no daemon answers at `{}`: {error}", socket.display()));
            ExitCode::from(UNREACHABLE)
        }
    }
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", PATIENCE.as_secs()))
}

async fn ask(socket: &Path) -> io::Result<Verdict> {
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(REQUEST).await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_LIMIT).read_to_end(&mut answer).await?;
    understood(&String::from_utf8_lossy(&answer)).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Nothing, if that is not what the daemon says.
fn understood(answer: &str) -> Option<Verdict> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let code = head.strip_prefix("HTTP/1.1 ")?.split(' ').next()?;
    let told: serde_json::Value = serde_json::from_str(body).ok()?;
    match (code, told.get("reason").and_then(|reason| reason.as_str())) {
        ("200", _) => Some(Verdict::Ready),
        ("503", Some(reason)) => Some(Verdict::Unready(reason.to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_daemons_own_words_count() {
        let ready = "HTTP/1.1 200 OK\r\nx-request-id: 1\r\n\r\n{\"status\":\"ready\"}";
        assert_eq!(understood(ready), Some(Verdict::Ready));
        let stopping = "HTTP/1.1 503 Service Unavailable\r\n\r\n{\"status\":\"unready\",\"reason\":\"full\"}";
        assert_eq!(understood(stopping), Some(Verdict::Unready("full".to_owned())));
        for strange in ["", "HTTP/1.1 200 OK", "HTTP/1.1 200 OK\r\n\r\nhi", "SSH-2.0\r\n\r\n{}", &ready[4..]]
        {
            assert_eq!(understood(strange), None, "{strange}");
        }
        assert_eq!(understood("HTTP/1.1 404 Not Found\r\n\r\n{\"error\":\"no\"}"), None);
    }
}

//! Whether the servers can be reached, and whether this machine's clock goes as theirs do.

use std::time::Duration;

use reqwest::{Url, header};
use shared::time::Timestamp;
use tokio::time::timeout;

use super::{Finding, Patient};
use crate::{
    client::{self, ClientError, Server},
    clock,
};

const PATIENCE: Duration = Duration::from_secs(8);
/// Tokens are checked with as much leeway.
const SKEW: Duration = Duration::from_mins(1);

pub(super) async fn examine(patient: &Patient<'_>) -> Vec<Finding> {
    let config = patient.config;
    let servers = [
        (Server::Auth, &config.auth),
        (Server::Gateway, &config.gateway),
        (Server::Install, &config.install),
    ];
    let asked = servers.into_iter().filter_map(|(server, url)| Some((server, url.as_ref()?)));
    let (mut findings, mut dates) = (Vec::new(), Vec::new());
    for (server, url) in asked {
        match ask(patient, server, url).await {
            Ok(date) => {
                dates.extend(date);
                findings.push(Finding::ok("server", format!("the {server} answers at {url}")));
            }
            Err(error) => {
                let hint = error.hint().unwrap_or("tell your administrators");
                findings.push(Finding::problem("server", error.to_string(), hint));
            }
        }
    }
    findings.extend(dates.first().map(|date| skew(clock::now(), *date)));
    findings
}

/// Asks a server whether it is there, and for the time.
async fn ask(patient: &Patient<'_>, server: Server, url: &Url) -> Result<Option<Timestamp>, ClientError> {
    let client = client::http(&[url], patient.config.authorities.as_deref())?;
    let asked = timeout(PATIENCE, client.get(client::below(url, "health")).send()).await;
    let answer = asked.map_err(|_| ClientError::TooSlow { server, after: PATIENCE })?;
    let answer = answer.map_err(|error| ClientError::unreachable(server, &error))?;
    if !answer.status().is_success() {
        return Err(ClientError::NotUnderstood { server, status: answer.status() });
    }
    let date = answer.headers().get(header::DATE).and_then(|date| date.to_str().ok());
    Ok(date.and_then(|date| httpdate::parse_http_date(date).ok()).map(clock::of))
}

fn skew(here: Timestamp, there: Timestamp) -> Finding {
    let (ahead, behind) = (here.since(there), there.since(here));
    let off = ahead.max(behind);
    if off <= SKEW {
        return Finding::ok("clock", "this machine's clock goes as the servers' do");
    }
    let way = if ahead > behind { "ahead of" } else { "behind" };
    let what = format!("this machine's clock is {} {way} the servers'", span(off));
    Finding::problem("clock", what, "set it right, and let it be kept right (NTP)")
}

fn span(off: Duration) -> String {
    let minutes = off.as_secs() / 60;
    match minutes {
        0..=119 => format!("{minutes} min"),
        _ => format!("{} h", minutes / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::State, *};

    #[test]
    fn a_clock_may_be_off_by_a_minute() {
        let there = Timestamp(1_800_000_000_000);
        for (off, state) in [(0, State::Ok), (60, State::Ok), (61, State::Problem), (86_400, State::Problem)]
        {
            let off = Duration::from_secs(off);
            assert_eq!(skew(there + off, there).found.state, state, "{off:?}");
            assert_eq!(skew(there, there + off).found.state, state, "{off:?}");
        }
        let day = skew(there, there + Duration::from_hours(24));
        assert_eq!(day.found.what, "this machine's clock is 24 h behind the servers'");
    }
}

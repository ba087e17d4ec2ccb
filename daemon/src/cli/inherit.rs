//! Variables of `.env` that are not for us but for the libraries we use: AWS's chain, proxies, certificates.
//!
//! Those libraries read the process's environment, and changing that is unsafe. So the process starts itself again,
//! once, with them in place: the same process id, before any thread exists.

use std::{env, io, os::unix::process::CommandExt, process::Command};

use crate::config::Given;

const PREFIX: &str = "AWS_";
const NAMES: [&str; 10] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];
/// It would silently beat signed requests.
const NEVER: &str = "AWS_BEARER_TOKEN_BEDROCK";

/// Returns when there is nothing to take over, or if starting again failed.
pub(super) fn take_over(given: &Given) -> io::Result<()> {
    let missing: Vec<_> =
        given.env_file_variables().into_iter().filter(|(name, _)| is_missing(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let program = env::current_exe()?;
    let mut arguments = env::args_os();
    let name = arguments.next().unwrap_or_default();
    Err(Command::new(program).arg0(name).args(arguments).envs(missing).exec())
}

/// Whether a library would look for it and not find it. After starting again nothing is missing.
fn is_missing(name: &str) -> bool {
    let is_wanted = (name.starts_with(PREFIX) && name != NEVER) || NAMES.contains(&name);
    is_wanted && env::var_os(name).is_none()
}

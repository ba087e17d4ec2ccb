//! `sallyportd config`: what took effect, and where it came from.

use std::process::ExitCode;

use super::{complain, print};
use crate::config::{Given, Reading};

/// Prints every key. Values that are wrong are missing there and named on stderr.
pub(super) fn show(given: &Given, as_json: bool) -> ExitCode {
    let reading = Reading::of(given);
    let text = if as_json { format!("{:#}", reading.as_json()) } else { reading.as_toml() };
    let printed = print(&text);
    match reading.config {
        Ok(_) => printed,
        Err(problems) => complain(&problems.to_string()),
    }
}

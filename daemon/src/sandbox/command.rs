//! The commands `sallyportd sandbox` and `sallyportd sandbox-token`.

use std::{
    env,
    future::Future,
    io::{self, Write},
    path::PathBuf,
};

use anyhow::Context;
use clap::Args;

use super::{
    Options, Ports, Sandbox, SignIn,
    bedrock::Pace,
    entra::{CLIENT_ID, User},
    guide::Summary,
    sign_in::client,
};

/// What `--help` says about the models of the simulated Bedrock.
const MODELS: &str = "\
Models: any `anthropic.claude-…` id, with or without a region's prefix, answers ordinarily. A line of the prompt may
say what to do: `run: COMMAND`, `delegate: PROMPT`, `call: TOOL {…}`, `think: TEXT`, `say: TEXT`.
`sandbox.NAME` asks for a behaviour, `sandbox.once.NAME` for it the first time only; some take a number behind a dot:
  echo, tool, thinking, huge.KILOBYTES, slow.MILLISECONDS, silent.SECONDS, stall.SECONDS,
  throttled, not-ready, invalid, on-demand, too-long, quota, denied, marketplace, expired, missing, use-case,
  model-timeout, model-error, broken, unavailable, exception-throttling, exception-model-stream-error, exception-internal, exception-validation,
  exception-model-timeout, exception-unavailable, cut-before, cut-after.EVENTS, cut-mid-frame.EVENTS,
  ends-early.EVENTS, fast.EVENTS, paced.MILLISECONDS";

/// Starts everything on loopback, for trying it out.
#[derive(Debug, Args)]
#[command(after_help = MODELS)]
pub struct SandboxArgs {
    /// Print one line of JSON once everything is ready, and take free ports
    #[arg(long)]
    json: bool,
    /// Who the token helper signs in: `ada`, `grace` or `admin`
    #[arg(long, value_name = "NAME", default_value = "ada", value_parser = user)]
    user: &'static User,
    /// What the install server serves: a folder that `sallyport mirror` has filled; without it,
    /// `CLAUDE_CODE_INSTALL_ARTIFACTS_DIR` is asked, then a folder of the sandbox is served
    #[arg(long, value_name = "DIR")]
    artifacts: Option<PathBuf>,
}

/// Signs in a user of a running sandbox and prints an access token.
#[derive(Debug, Args)]
pub struct TokenArgs {
    /// Authority of the simulated Entra
    #[arg(long, value_name = "URL")]
    entra: String,
    /// Base URL of the auth server
    #[arg(long, value_name = "URL")]
    auth: String,
    #[arg(long, value_name = "NAME", default_value = "ada", value_parser = user)]
    user: &'static User,
}

/// Runs a sandbox until `stop` resolves.
pub async fn run(arguments: SandboxArgs, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    let ports = if arguments.json { Ports::Free } else { Ports::DefaultIfFree };
    let artifacts =
        arguments.artifacts.or_else(|| env::var_os("CLAUDE_CODE_INSTALL_ARTIFACTS_DIR").map(Into::into));
    let sandbox = Sandbox::start_with(Options { ports, pace: Pace::NATURAL }, |config| {
        if let Some(artifacts) = artifacts {
            config.install.artifacts_dir = artifacts;
        }
    })
    .await?;
    let summary = Summary::of(&sandbox, arguments.user)?;
    let text = if arguments.json {
        format!("{}\n", serde_json::to_string(&summary)?)
    } else {
        summary.guide(&sandbox)?
    };
    print(&text)?;
    stop.await;
    sandbox.stop().await;
    Ok(())
}

/// Prints one access token.
pub async fn print_token(arguments: TokenArgs) -> anyhow::Result<()> {
    let TokenArgs { entra, auth, user } = arguments;
    let sign_in = SignIn { entra: &entra, client_id: CLIENT_ID, auth: &auth, user: user.name };
    let tokens = sign_in.run(&client(None)?).await?;
    print(&format!("{}\n", tokens.access_token.expose()))
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("stdout can't be written to")
}

fn user(name: &str) -> Result<&'static User, String> {
    let names = || User::ALL.iter().map(|user| user.name).collect::<Vec<_>>().join(", ");
    User::find(name).ok_or_else(|| format!("there is no such user; choose one of {}", names()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::bedrock::is_known;

    #[test]
    fn every_model_that_the_help_names_is_known() {
        let (_, names) = MODELS.split_once("dot:\n").unwrap();
        let names: Vec<&str> = names.split(',').map(|name| name.trim().split('.').next().unwrap()).collect();
        assert!(names.len() > 25);
        for name in names {
            assert!(is_known(&format!("sandbox.{name}")), "{name}");
        }
    }
}

//! The sandbox's Bedrock and Entra in a process of their own, so that their CPU is not the gateway's.

use std::{
    io,
    process::{Command, ExitCode},
};

use sallyportd::{
    sandbox::bedrock::{Options, SimulatedBedrock},
    task::Tasks,
};

use crate::{
    program::{self, Program},
    report,
};

/// How the benchmark asks itself to be the upstream: this, and the port to listen on.
pub const FLAG: &str = "--serve-upstream";

/// Starts it.
pub async fn start() -> io::Result<Program> {
    let address = program::free_address()?;
    let mut itself = Command::new(std::env::current_exe()?);
    Program::start(itself.arg(FLAG).arg(address.port().to_string()), address).await
}

/// Serves until the process is told to end.
pub async fn serve(port: Option<&String>) -> ExitCode {
    let Some(Ok(port)) = port.map(|text| text.parse()) else {
        report::say("error: a port is missing");
        return ExitCode::FAILURE;
    };
    let tasks = Tasks::default();
    match SimulatedBedrock::start(&tasks, Options { port, ..Options::default() }).await {
        Ok(_bedrock) => std::future::pending().await,
        Err(error) => {
            report::say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

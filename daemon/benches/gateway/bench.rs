//! The order of the benchmark: start everything, measure each load on each program in turn, print.

use std::{process::Command, time::Duration};

use anyhow::{Context, Result};
use bytes::Bytes;
use sallyportd::{
    clock::Clock,
    sandbox::{
        entra::{SimulatedEntra, User},
        sign_in::{self, SignIn},
    },
    task::Tasks,
};
use serde_json::json;

use crate::{
    Options,
    load::{self, Load},
    program::{self, Program},
    report::{self, Measure},
    upstream,
};

const KEY: &str = "a signing key for benchmarks of 32 bytes or more";

/// One row's load: what is asked of the upstream, and how large the request is.
struct Shape {
    name: &'static str,
    model: &'static str,
    action: &'static str,
    body: usize,
    /// Events of the answer; 1 if it is not a stream.
    events: u32,
}

const fn plain(name: &'static str, body: usize) -> Shape {
    Shape { name, model: "sandbox.fast", action: "invoke", body, events: 1 }
}

const fn stream(name: &'static str, body: usize) -> Shape {
    Shape { name, model: "sandbox.fast", action: "invoke-with-response-stream", body, events: 55 }
}

const SHAPES: [Shape; 6] = [
    plain("invoke 1 KB", 1 << 10),
    plain("invoke 50 KB", 50 << 10),
    plain("invoke 1 MB", 1 << 20),
    stream("stream 1 KB", 1 << 10),
    stream("stream 50 KB", 50 << 10),
    stream("stream 1 MB", 1 << 20),
];
/// How long open streams rest before memory is read.
const SETTLE: Duration = Duration::from_secs(2);
const CONNECTIONS: [usize; 3] = [1, 16, 64];
const PACED: Shape = Shape {
    name: "paced stream",
    model: "sandbox.paced",
    action: "invoke-with-response-stream",
    body: 1 << 10,
    events: 55,
};
const HELD: Shape = Shape {
    name: "open streams",
    model: "sandbox.paced.600000",
    action: "invoke-with-response-stream",
    body: 1 << 10,
    events: 3,
};
const HELD_LARGE: Shape = Shape { body: 200 << 10, ..HELD };

/// Everything that runs.
struct Stage {
    upstream: Program,
    gateway: Program,
    nginx: Program,
    token: String,
    _folder: tempfile::TempDir,
    _entra: SimulatedEntra,
}

pub async fn run(options: Options) -> Result<()> {
    if !options.memory {
        let stage = Stage::set().await?;
        report::heading();
        for shape in &SHAPES {
            for connections in CONNECTIONS {
                compare(&stage, shape, connections, options).await?;
            }
        }
        first_byte(&stage, options).await?;
    }
    memory().await
}

async fn compare(stage: &Stage, shape: &Shape, connections: usize, options: Options) -> Result<()> {
    let rounds = if options.quick { 1 } else { 3 };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        theirs.push(measure(stage, &stage.nginx, shape, connections, options).await?);
        ours.push(measure(stage, &stage.gateway, shape, connections, options).await?);
    }
    let (ours, theirs) = (Measure::median(&ours), Measure::median(&theirs));
    report::row(shape.name, connections, "nginx", &theirs, None);
    report::row(shape.name, connections, "gateway", &ours, Some(&theirs));
    if shape.events > 1 {
        let event = |measure: &Measure| measure.cpu.as_secs_f64() * 1e6 / f64::from(shape.events);
        report::say(&format!(
            "  CPU per event: nginx {:.2} µs, gateway {:.2} µs",
            event(&theirs),
            event(&ours)
        ));
    }
    Ok(())
}

async fn measure(
    stage: &Stage,
    program: &Program,
    shape: &Shape,
    connections: usize,
    options: Options,
) -> Result<Measure> {
    let span = Duration::from_millis(if options.quick { 700 } else { 2000 });
    let load = stage.load(program, shape, connections, span);
    let warm_up = Load { span: Duration::from_millis(200), ..load.clone() };
    load::run(&warm_up).await.with_context(|| format!("{} at {}", shape.name, program.address))?;
    let before = program.process().cpu();
    let outcome = load::run(&load).await?;
    let process = program.process();
    Ok(Measure::of(&outcome, process.cpu().saturating_sub(before), process.memory()))
}

/// What the gateway adds to the time until an answer begins, at 64 streams of a natural pace.
async fn first_byte(stage: &Stage, options: Options) -> Result<()> {
    let direct = measure(stage, &stage.upstream, &PACED, 64, options).await?;
    let through = measure(stage, &stage.gateway, &PACED, 64, options).await?;
    let added = |through: Duration, direct: Duration| through.saturating_sub(direct).as_micros();
    report::say(&format!(
        "\nadded time to first byte, 64 paced streams: p50 {} µs, p99 {} µs",
        added(through.first_p50, direct.first_p50),
        added(through.first_p99, direct.first_p99)
    ));
    Ok(())
}

/// Resident memory while streams are open. Each figure is that of programs that have done nothing before.
async fn memory() -> Result<()> {
    report::say("");
    for (shape, size, connections) in
        [(&HELD, "1 KB", 1000), (&HELD, "1 KB", 5000), (&HELD_LARGE, "200 KB", 1000)]
    {
        let stage = Stage::set().await?;
        for (name, program) in [("nginx", &stage.nginx), ("gateway", &stage.gateway)] {
            let idle = report::megabytes(program.process().memory());
            let held = load::open(&stage.load(program, shape, connections, Duration::ZERO)).await?;
            tokio::time::sleep(SETTLE).await;
            let megabytes = report::megabytes(program.process().memory());
            drop(held);
            report::say(&format!(
                "memory, {connections} open streams with {size} requests, {name}: {megabytes:.0} MB (idle {idle:.0} MB)"
            ));
        }
    }
    Ok(())
}

impl Stage {
    async fn set() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let tasks = Tasks::default();
        let entra = SimulatedEntra::start(&tasks, Clock::System).await?;
        let address = program::free_address()?;
        let mut itself = Command::new(std::env::current_exe()?);
        let upstream =
            Program::start(itself.arg(upstream::FLAG).arg(address.port().to_string()), address).await?;
        let (auth, door) = (program::free_address()?, program::free_address()?);
        let mut daemon = daemon(&entra, upstream.address, folder.path());
        daemon.env("AUTH_PORT", auth.port().to_string()).env("GATEWAY_PORT", door.port().to_string());
        let gateway = Program::start(&mut daemon, door).await?;
        let listen = program::free_address()?;
        let mut nginx = program::nginx(folder.path(), listen, upstream.address)?;
        let nginx = Program::start(&mut nginx, listen).await.context("nginx (Debian: nginx-light)")?;
        let token = sign_in(&entra, &format!("http://{auth}")).await?;
        Ok(Self { upstream, gateway, nginx, token, _folder: folder, _entra: entra })
    }

    fn load(&self, program: &Program, shape: &Shape, connections: usize, span: Duration) -> Load {
        let filler = "x".repeat(shape.body.saturating_sub(100));
        let body = json!({
            "anthropic_version": "bedrock-2023-05-31", "max_tokens": 64,
            "messages": [{ "role": "user", "content": filler }],
        });
        let (body, path) = (body.to_string(), format!("/model/{}/{}", shape.model, shape.action));
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            program.address,
            self.token,
            body.len(),
        );
        Load { target: program.address, request: Bytes::from(request), connections, span }
    }
}

fn daemon(entra: &SimulatedEntra, upstream: std::net::SocketAddr, folder: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sallyportd"));
    command
        .env_clear()
        .current_dir(folder)
        .args(["run", "--log-level", "warn"])
        .env("INTERNAL_JWT_SECRET", KEY)
        .env("ENTRA_TENANT_ID", entra.tenant_id())
        .env("ENTRA_CLIENT_ID", entra.client_id())
        .env("ENTRA_AUTHORITY", entra.authority())
        .env("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", format!("http://{upstream}"))
        .env("AWS_ACCESS_KEY_ID", "AKIDBENCH")
        .env("AWS_SECRET_ACCESS_KEY", "bench")
        .env("INSTALL_PORT", "0")
        .env("SALLYPORT_STATE_DIR", folder.join("state"))
        .env("SALLYPORT_RUNTIME_DIR", folder.join("run"));
    command
}

async fn sign_in(entra: &SimulatedEntra, auth: &str) -> Result<String> {
    let sign_in =
        SignIn { entra: &entra.authority(), client_id: entra.client_id(), auth, user: User::ADA.name };
    Ok(sign_in.run(&sign_in::client(None)?).await?.access_token.expose().clone())
}

//! The order of the benchmark: start everything, measure each load on each program in turn, print.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result};
use sallyportd::{
    clock::Clock,
    sandbox::entra::{SimulatedEntra, User},
    task::Tasks,
};

use crate::{
    Options,
    daemon::{self, Start},
    load::{self, Load},
    program::{self, Program},
    report::{self, Measure},
    upstream,
};

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
        let upstream = upstream::start().await?;
        let start = Start {
            binary: Path::new(env!("CARGO_BIN_EXE_sallyportd")),
            entra: &entra,
            upstream: upstream.address,
            folder: folder.path(),
            configuration: daemon::BARE,
        };
        let daemon = start.start().await?;
        let listen = program::free_address()?;
        let mut nginx = program::nginx(folder.path(), listen, upstream.address)?;
        let nginx = Program::start(&mut nginx, listen).await.context("nginx (Debian: nginx-light)")?;
        let token = daemon.sign_in(&entra, User::ADA, 1).await?.pop().context("no token")?;
        let gateway = daemon.program;
        Ok(Self { upstream, gateway, nginx, token, _folder: folder, _entra: entra })
    }

    fn load(&self, program: &Program, shape: &Shape, connections: usize, span: Duration) -> Load {
        let path = format!("/model/{}/{}", shape.model, shape.action);
        let request = load::request(program.address, &path, &self.token, shape.body);
        Load { target: program.address, requests: vec![request], connections, span }
    }
}

//! Two daemons under the same load, in turn: what one costs more than the other.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use sallyportd::{
    clock::Clock,
    sandbox::entra::{SimulatedEntra, User},
    task::Tasks,
};
use tempfile::TempDir;

use crate::{
    Options, crowd,
    daemon::{BARE, Daemon, Start},
    load::{self, Load, request},
    program::Program,
    report::{self, Measure},
    revocation, upstream,
};

/// What the store knows when rules are in force.
const KNOWN: usize = 100_000;
const REVOKED: usize = 1_000;
/// Every limit, and none that is reached.
const RULES: &str = r#"
[gateway]
models = ["sandbox.*"]
[gateway.aliases]
fast = "sandbox.fast"
[[policy]]
name = "nobody here"
groups = ["finance", "sales", "00000000-0000-0000-0000-000000000000"]
deny = true
[[policy]]
name = "everyone"
groups = ["*"]
models = ["sandbox.*", "fast"]
max_tokens = 100000
requests_per_minute = 1000000000
tokens_per_minute = 1000000000000
concurrent_streams = 100000
spend_per_day = "$10000000"
spend_per_week = "$10000000"
spend_per_month = "$10000000"
"#;
const SHAPES: [(&str, &str); 2] = [("invoke 1 KB", "invoke"), ("stream 1 KB", "invoke-with-response-stream")];
/// Of each user.
const SESSIONS: usize = 22;
const CONNECTIONS: [usize; 2] = [16, 64];

/// One of two daemons.
struct Rival {
    name: &'static str,
    daemon: Daemon,
    tokens: Vec<String>,
}

/// What both stand between.
struct Ground {
    entra: SimulatedEntra,
    upstream: Program,
    folder: TempDir,
}

/// The rules in force against none, and then how long a revocation takes under them.
pub async fn steered(options: Options) -> Result<()> {
    let ground = Ground::lay().await?;
    let own = PathBuf::from(env!("CARGO_BIN_EXE_sallyportd"));
    let without = ground.rival("without", &own, BARE).await?;
    report::say(&format!("a store with {KNOWN} sessions, {REVOKED} of them revoked, and every limit set:"));
    crowd::fill(&ground.folder.path().join("with/state"), KNOWN, REVOKED).await?;
    let pair = [without, ground.rival("with", &own, &format!("{BARE}{RULES}")).await?];
    compare(&pair, options).await?;
    let [_, steered] = pair;
    revocation::measure(&steered.daemon, &ground.entra).await
}

/// This build against another one.
pub async fn beside(other: &Path, options: Options) -> Result<()> {
    let ground = Ground::lay().await?;
    let own = PathBuf::from(env!("CARGO_BIN_EXE_sallyportd"));
    let pair = [
        // An older build may not know what is configured here.
        ground.rival("other", other, "").await?,
        ground.rival("this", &own, BARE).await?,
    ];
    compare(&pair, options).await
}

async fn compare(pair: &[Rival; 2], options: Options) -> Result<()> {
    report::heading();
    for shape in SHAPES {
        for connections in CONNECTIONS {
            compare_one(pair, shape, connections, options).await?;
        }
    }
    Ok(())
}

/// Rounds in turn, each pair of them close together: what disturbs the machine disturbs both.
async fn compare_one(
    [base, other]: &[Rival; 2],
    (name, action): (&str, &str),
    connections: usize,
    options: Options,
) -> Result<()> {
    let (mut bases, mut others) = (Vec::new(), Vec::new());
    for round in 0..if options.quick { 3 } else { 9 } {
        let order = if round % 2 == 0 { [base, other] } else { [other, base] };
        for rival in order {
            let measure = rival.measure(action, connections, options).await?;
            if rival.name == base.name { bases.push(measure) } else { others.push(measure) }
        }
    }
    let (cpu, rate) = (ratios(&bases, &others, |m| m.cpu.as_secs_f64()), ratios(&bases, &others, |m| m.rate));
    let (bases, others) = (Measure::median(&bases), Measure::median(&others));
    report::row(name, connections, base.name, &bases, None);
    report::row(name, connections, other.name, &others, Some(&bases));
    report::say(&format!(
        "  {} to {}, median of rounds: CPU {cpu:.3}, rate {rate:.3}",
        other.name, base.name
    ));
    Ok(())
}

/// The median of what each round of the one is to that of the other.
fn ratios(bases: &[Measure], others: &[Measure], of: fn(&Measure) -> f64) -> f64 {
    let mut all: Vec<f64> = bases.iter().zip(others).map(|(base, other)| of(other) / of(base)).collect();
    all.sort_unstable_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

impl Ground {
    async fn lay() -> Result<Self> {
        let entra = SimulatedEntra::start(&Tasks::default(), Clock::System).await?;
        let upstream = upstream::start().await?;
        Ok(Self { entra, upstream, folder: tempfile::tempdir()? })
    }

    async fn rival(&self, name: &'static str, binary: &Path, configuration: &str) -> Result<Rival> {
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder)?;
        let (entra, upstream, folder) = (&self.entra, self.upstream.address, folder.as_path());
        let daemon = Start { binary, entra, upstream, folder, configuration }.start().await?;
        let mut tokens = Vec::new();
        for user in User::ALL {
            tokens.extend(daemon.sign_in(entra, user, SESSIONS).await?);
        }
        Ok(Rival { name, daemon, tokens })
    }
}

impl Rival {
    async fn measure(&self, action: &str, connections: usize, options: Options) -> Result<Measure> {
        let program = &self.daemon.program;
        let path = format!("/model/sandbox.fast/{action}");
        let requests = self.tokens.iter().map(|token| request(program.address, &path, token, 1 << 10));
        let span = Duration::from_millis(if options.quick { 500 } else { 1000 });
        let load = Load { target: program.address, requests: requests.collect(), connections, span };
        let warm_up = Load { span: Duration::from_millis(200), ..load.clone() };
        load::run(&warm_up).await.with_context(|| format!("{path} {}", self.name))?;
        let before = program.process().cpu();
        let outcome = load::run(&load).await?;
        let process = program.process();
        Ok(Measure::of(&outcome, process.cpu().saturating_sub(before), process.memory()))
    }
}

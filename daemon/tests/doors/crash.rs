//! `kill -9` at any moment: whatever was answered is there after a restart.

mod process;

use std::sync::Mutex;

use futures_util::future::join_all;
use sallyportd::{
    clock::Clock,
    sandbox::{
        bedrock::{Options, SimulatedBedrock},
        entra::{SimulatedEntra, User},
    },
    task::Tasks,
};
use shared::secret::Secret;
use tempfile::TempDir;
use tokio::sync::watch;

use process::Process;

/// The daemon is killed after so many answers, once for each.
const MOMENTS: [usize; 10] = [1, 2, 5, 9, 14, 23, 37, 51, 76, 120];
const CLIENTS: usize = 8;

/// What a daemon that is killed leaves behind.
struct World {
    entra: SimulatedEntra,
    bedrock: SimulatedBedrock,
    dir: TempDir,
    tasks: Tasks,
}

impl World {
    async fn new() -> Self {
        let tasks = Tasks::default();
        Self {
            entra: SimulatedEntra::start(&tasks, Clock::System).await.unwrap(),
            bedrock: SimulatedBedrock::start(&tasks, Options::default()).await.unwrap(),
            dir: tempfile::tempdir().unwrap(),
            tasks,
        }
    }
}

/// What a client knows of its session.
struct Told {
    access: Secret<String>,
    /// Refresh tokens, each the successor of the one before.
    refresh: Vec<Secret<String>>,
    standing: Standing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Active,
    /// It was told that the session is over.
    Over,
    /// It asked to end the session, and the daemon died before it answered.
    Uncertain,
}

/// A round: clients at work, and a daemon that dies in the middle.
struct Round<'a> {
    world: &'a World,
    process: &'a Process,
    answers: watch::Sender<usize>,
    told: Mutex<Vec<Told>>,
}

impl Round<'_> {
    /// Opens session after session until the daemon is gone.
    async fn work(&self, client: usize) {
        for nth in client.. {
            let Some(mut told) = self.begin().await else { return };
            let whole = self.lead(&mut told, nth).await;
            self.told.lock().unwrap().push(told);
            if whole.is_none() {
                return;
            }
        }
    }

    async fn begin(&self) -> Option<Told> {
        let answer = self.process.sign_in(&self.world.entra.id_token(User::ADA)).await?;
        self.count();
        Some(Told {
            access: answer.access_token,
            refresh: vec![answer.refresh_token],
            standing: Standing::Active,
        })
    }

    /// Refreshes some times; then leaves it be, or signs out, or has the session ended by reuse.
    async fn lead(&self, told: &mut Told, nth: usize) -> Option<()> {
        for _ in 0..nth % 4 {
            let successor = self.process.refresh(told.refresh.last().unwrap()).await?;
            told.refresh.push(successor.unwrap());
            self.count();
        }
        let is_spent = told.refresh.len() > 2;
        match nth % 3 {
            1 => {
                told.standing = Standing::Uncertain;
                self.process.log_out(&told.access).await?;
            }
            2 if is_spent => {
                told.standing = Standing::Uncertain;
                let refused = self.process.refresh(&told.refresh[0]).await?;
                assert_eq!(refused.unwrap_err(), "refresh_token_reused");
            }
            _ => return Some(()),
        }
        told.standing = Standing::Over;
        self.count();
        Some(())
    }

    fn count(&self) {
        self.answers.send_modify(|answers| *answers += 1);
    }
}

/// Holds the daemon to what it had told, and goes on from there.
async fn hold_to(process: &Process, told: &mut Told) {
    let answer = process.refresh(told.refresh.last().unwrap()).await.unwrap();
    match (told.standing, answer) {
        (Standing::Over | Standing::Uncertain, Err(code)) => {
            assert_eq!(code, "session_ended");
            told.standing = Standing::Over;
        }
        (Standing::Active | Standing::Uncertain, Ok(successor)) => {
            told.refresh.push(successor);
            told.standing = Standing::Active;
        }
        (standing, answer) => panic!("{standing:?} but {answer:?}"),
    }
}

/// Lets clients work until so many answers were given, and kills the daemon; what the clients were told.
async fn round(world: &World, process: &Process, moment: usize) -> Vec<Told> {
    let (answers, mut seen) = watch::channel(0);
    let round = Round { world, process, answers, told: Mutex::default() };
    let work = join_all((0..CLIENTS).map(|client| round.work(client)));
    let death = async {
        seen.wait_for(|answers| *answers >= moment).await.unwrap();
        process.kill().await;
    };
    tokio::join!(work, death);
    round.told.into_inner().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_survives_a_kill_at_any_moment() {
    let world = World::new().await;
    let mut all: Vec<Told> = Vec::new();
    for moment in MOMENTS {
        let process = Process::start(&world).await;
        for told in &mut all {
            hold_to(&process, told).await;
        }
        all.extend(round(&world, &process, moment).await);
    }
    let process = Process::start(&world).await;
    for told in &mut all {
        hold_to(&process, told).await;
    }
    let count = |standing| all.iter().filter(|told| told.standing == standing).count();
    assert!(count(Standing::Active) > 20 && count(Standing::Over) > 20, "both were tried");
}

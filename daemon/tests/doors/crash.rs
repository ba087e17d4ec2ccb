//! `kill -9` at any moment: whatever was answered is there after a restart.

mod process;
mod revocation;

use std::{collections::HashSet, sync::Mutex, time::Duration};

use futures_util::future::join_all;
use rusqlite::Connection;
use sallyportd::sandbox::entra::User;
use shared::secret::Secret;
use tokio::{sync::watch, time::Instant};

use crate::run::daemon::World;
use process::Process;

/// The daemon is killed after so many answers, once for each.
const MOMENTS: [usize; 10] = [1, 2, 5, 9, 14, 23, 37, 51, 76, 120];
const CLIENTS: usize = 8;
/// A record is written within a second; the rest is for a machine that is busy.
const LOSS: Duration = Duration::from_secs(2);

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
            assert_eq!(process.invoke(&told.access).await.unwrap().0, 401, "the gateway refuses it too");
            told.standing = Standing::Over;
        }
        (Standing::Active | Standing::Uncertain, Ok(successor)) => {
            assert_eq!(process.invoke(&told.access).await.unwrap().0, 200);
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

#[tokio::test(flavor = "multi_thread")]
async fn usage_lost_to_a_kill_is_that_of_the_last_second() {
    let world = World::new().await;
    let process = Process::start(&world).await;
    let tokens = process.sign_in(&world.entra.id_token(User::ADA)).await.unwrap();
    let (answers, mut seen) = watch::channel(Vec::new());
    let work = async {
        while let Some((status, request)) = process.invoke(&tokens.access_token).await {
            assert_eq!(status, 200);
            answers.send_modify(|answers| answers.push((request, Instant::now())));
        }
    };
    let begun = Instant::now();
    let death = async {
        seen.wait_for(|_| begun.elapsed() > 2 * LOSS).await.unwrap();
        let at = Instant::now();
        process.kill().await;
        at
    };
    let ((), killed) = tokio::join!(work, death);

    let written = requests_written(&world);
    let answers = answers.borrow();
    let lost = answers.iter().filter(|(request, _)| !written.contains(request));
    for (request, answered) in lost {
        assert!(killed.duration_since(*answered) < LOSS, "{request} was answered long ago");
    }
    assert!(!written.is_empty());
}

fn requests_written(world: &World) -> HashSet<String> {
    let database = Connection::open(world.path("state/sallyport.db")).unwrap();
    let mut statement = database.prepare("SELECT request FROM usage").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

//! Does what `update` asked for: each effect is a task that speaks to the daemon and sends one message back.

mod job;

use std::future::Future;

use futures_util::StreamExt;
use shared::api::admin::Effect as Done;
use tokio::{sync::mpsc::Sender, task::JoinSet};

use super::{Answer, Asker, Failure, Job, Order, Outcome, Query};
use crate::{
    client::{Client, ClientError, Happening, Subject},
    mirror::{Progress, Settings},
    tui::msg::Msg,
};

/// Most events that become one message.
const BATCH: usize = 512;

/// Owns the tasks: they end when it is dropped.
#[derive(Debug)]
pub struct Performer {
    client: Client,
    mirror: Settings,
    replies: Sender<Msg>,
    tasks: JoinSet<()>,
    /// Orders that are being carried out: they are finished before the program ends.
    orders: JoinSet<()>,
    /// How far the job is that was begun last.
    progress: Progress,
}

impl Performer {
    pub fn new(client: Client, mirror: Settings, replies: Sender<Msg>) -> Self {
        let (tasks, orders, progress) = (JoinSet::new(), JoinSet::new(), Progress::default());
        Self { client, mirror, replies, tasks, orders, progress }
    }

    pub fn ask(&mut self, asker: Asker, query: Query) {
        let (client, mirror, replies) = (self.client.clone(), self.mirror.clone(), self.replies.clone());
        self.tasks.spawn(async move {
            let result = answer(&client, &mirror, &query).await;
            let _ = replies.send(Msg::Answered { asker, query, result }).await;
        });
    }

    pub fn carry(&mut self, order: Order) {
        let (client, replies) = (self.client.clone(), self.replies.clone());
        self.orders.spawn(async move {
            let outcome = carry(&client, &order).await;
            let _ = replies.send(Msg::Carried { order, outcome }).await;
        });
    }

    /// Begins a job. `update` sees to it that there is one at a time.
    pub fn work(&mut self, job: Job) {
        self.progress = Progress::default();
        let (mirror, progress) = (self.mirror.clone(), self.progress.clone());
        self.orders.spawn(job::work(job, mirror, progress, self.replies.clone()));
    }

    pub fn stop_work(&self) {
        self.progress.stop();
    }

    pub fn follow(&mut self) {
        let (client, replies) = (self.client.clone(), self.replies.clone());
        self.tasks.spawn(async move {
            let ended = follow(&client, &replies).await.err().map(Failure::from);
            let _ = replies.send(Msg::Unfollowed(ended)).await;
        });
    }

    /// Waits for a task to end. A task that panicked takes the program with it, so that the terminal is put back and
    /// the reason is read.
    pub async fn reap(&mut self) {
        let ended = tokio::select! {
            Some(ended) = self.tasks.join_next() => ended,
            Some(ended) = self.orders.join_next() => ended,
            else => std::future::pending().await,
        };
        if let Err(error) = ended
            && error.is_panic()
        {
            std::panic::resume_unwind(error.into_panic());
        }
    }

    /// Lets the orders come to their end: each of them has its deadline, and a job is stopped.
    pub async fn finish(mut self) {
        self.progress.stop();
        // Nobody takes what came of them any more.
        drop(self.replies);
        while self.orders.join_next().await.is_some() {}
    }
}

async fn answer(client: &Client, mirror: &Settings, query: &Query) -> Result<Answer, Failure> {
    Ok(match query {
        Query::Status => Answer::Status(Box::new(client.status().await?)),
        Query::Traffic { after } => Answer::Traffic(Box::new(client.traffic(*after).await?)),
        Query::Sessions(query) => Answer::Sessions(client.sessions(query).await?),
        Query::Session(id) => Answer::Session(Box::new(client.session(*id).await?)),
        Query::Requests(query) => Answer::Requests(client.requests(query).await?),
        Query::Users(query) => Answer::Users(client.users(query).await?),
        Query::User(id) => Answer::User(Box::new(client.user(id).await?)),
        Query::Devices(query) => Answer::Devices(client.devices(query).await?),
        Query::Locks => Answer::Locks(client.locks().await?),
        Query::Grants => Answer::Grants(client.grants().await?),
        Query::Usage(query) => Answer::Usage(client.usage(query).await?),
        Query::Audit(query) => Answer::Audit(client.audit(query).await?),
        Query::Verify => Answer::Verify(Box::new(client.verify(None).await?)),
        Query::Mirror => Answer::Mirror(Box::new(job::look(mirror).await?)),
    })
}

async fn carry(client: &Client, order: &Order) -> Outcome {
    match order {
        Order::Revoke { subjects, reason } => {
            each(subjects, |subject| async { client.revoke(subject, reason).await }).await
        }
        Order::Lock { subjects, action } => {
            each(subjects, |subject| async { client.lock(subject, action).await }).await
        }
        Order::Unlock { subjects, reason } => {
            each(subjects, |subject| async { client.unlock(subject, reason).await }).await
        }
        Order::Grant { user, order } => {
            Outcome::Granted(client.grant(user, order).await.map(Box::new).map_err(Failure::from))
        }
        Order::EndGrant { grant, reason } => {
            Outcome::Granted(client.end_grant(*grant, reason).await.map(Box::new).map_err(Failure::from))
        }
        Order::Reload { reason } => Outcome::Reloaded(client.reload(reason).await.map_err(Failure::from)),
    }
}

/// One after the other; when the daemon is gone, the others are not tried.
async fn each<'a, W>(subjects: &'a [Subject], act: impl Fn(&'a Subject) -> W) -> Outcome
where
    W: Future<Output = Result<Done, ClientError>>,
{
    let mut done = Vec::with_capacity(subjects.len());
    for subject in subjects {
        let result = act(subject).await.map_err(Failure::from);
        let is_gone = matches!(&result, Err(failure) if failure.is_unreachable);
        done.push(result);
        if is_gone {
            break;
        }
    }
    Outcome::Subjects(done)
}

async fn follow(client: &Client, replies: &Sender<Msg>) -> Result<(), ClientError> {
    let events = client.events().await?;
    let _ = replies.send(Msg::Following).await;
    let mut batches = std::pin::pin!(events.ready_chunks(BATCH));
    while let Some(batch) = batches.next().await {
        let mut happened = Vec::with_capacity(batch.len());
        for happening in batch {
            match happening? {
                Happening::Event(event) => happened.push(*event),
                Happening::Lagged(_) => return Ok(()),
            }
        }
        if replies.send(Msg::Happened(happened)).await.is_err() {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;

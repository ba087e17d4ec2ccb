//! Does a job on the mirror's folder, and tells meanwhile how far it is.

use std::time::Duration;

use tokio::{
    sync::mpsc::Sender,
    time::{MissedTickBehavior, interval},
};

use crate::{
    clock,
    mirror::{self, MirrorError, Progress, Settings, aside},
    tui::{
        effect::{Failure, Finished, Folder, Job},
        msg::Msg,
    },
};

/// From one picture of how far it is to the next.
const EVERY: Duration = Duration::from_millis(250);

pub async fn look(settings: &Settings) -> Result<Folder, Failure> {
    let settings = settings.clone();
    let signer = settings.signer.describe().map_err(Failure::from);
    let (source, keep, folder) = (settings.source, settings.keep, settings.folder);
    let survey = aside(move || mirror::survey(&folder)).await?;
    Ok(Folder { survey, source, signer, keep })
}

pub async fn work(job: Job, settings: Settings, progress: Progress, replies: Sender<Msg>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut running = std::pin::pin!(run(job.clone(), settings, &progress));
    let result = loop {
        tokio::select! {
            result = &mut running => break result,
            _ = ticks.tick() => drop(replies.send(Msg::Worked(progress.show())).await),
        }
    };
    let result = result.map_err(Failure::from);
    let _ = replies.send(Msg::Finished { job, result }).await;
}

async fn run(job: Job, settings: Settings, progress: &Progress) -> Result<Finished, MirrorError> {
    let (now, work) = (clock::now(), progress.clone());
    match job {
        Job::Mirror { wanted, platforms, allow_downgrade, reason } => {
            let reason = Some(reason);
            let order = mirror::Order { wanted, platforms, allow_downgrade, reason, ..settings.order()? };
            Ok(Finished::Mirrored(Box::new(mirror::run(&order, progress, now).await?)))
        }
        Job::Verify(only) => {
            let trust = settings.signer.trust()?;
            let verify = move || mirror::verify(&settings.folder, only.as_ref(), (&trust, now), &work);
            Ok(Finished::Verified(Box::new(aside(verify).await?)))
        }
        Job::RollBack { to, reason } => {
            let trust = settings.signer.trust()?;
            let roll = move || mirror::rollback(&settings.folder, Some(&to), (&trust, now), &reason, &work);
            Ok(Finished::RolledBack(aside(roll).await?))
        }
    }
}

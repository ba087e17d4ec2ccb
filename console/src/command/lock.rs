//! `sallyport locks`.

use shared::{api::admin::Lock, id::UserId, time::Timestamp};

use super::{CommandError, Console, names::Names, page};
use crate::{
    format::span,
    output::{Cell, Column, Table},
};

pub(super) async fn run(console: &mut Console) -> Result<(), CommandError> {
    let (page, names) = (console.client.locks().await?, Names::of(console).await);
    page::print(console, &page, "locks hold", |locks, style| {
        let columns = [
            Column::text("KIND"),
            Column::text("LOCKED").cut_to(13),
            Column::number("LEFT"),
            Column::text("REASON").cut_to(10),
            Column::text("MESSAGE").cut_to(10).if_room(),
            Column::text("BY"),
        ];
        Table::new(columns).with(locks, |lock| row(lock, &names, style.now))
    })
}

fn row(lock: &Lock, names: &Names, now: Timestamp) -> Vec<Cell> {
    let is_user = lock.kind == "user";
    let who = if is_user { names.call(&UserId::new(&lock.id)) } else { lock.id.clone() };
    vec![
        lock.kind.as_str().into(),
        who.into(),
        span(lock.until.since(now)).into(),
        lock.reason.as_str().into(),
        lock.message.as_deref().unwrap_or_default().into(),
        format!("uid {}", lock.operator).into(),
    ]
}

/// A lock in a sentence.
pub(super) fn sentence(lock: &Lock) -> String {
    let message = lock.message.as_ref().map(|message| format!(", message: {message}")).unwrap_or_default();
    format!("{} locked by uid {} until {}: {}{message}", lock.kind, lock.operator, lock.until, lock.reason)
}

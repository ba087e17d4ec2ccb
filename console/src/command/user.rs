//! `sallyport users`.

use clap::{Args, Subcommand};
use shared::{
    api::admin::{Budget, Spending, User},
    time::{Period, Timestamp},
};

use super::{
    CommandError, Console, find, grant, lock,
    page::{self, Extent, walk},
    steer::{self, LockArgs, RevokeArgs, UnlockArgs, UserTarget},
};
use crate::{
    client::HolderQuery,
    format::{ago, ago_in_words, money},
    output::{Cell, Column, Fields, Style, Table, Tone},
};

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// List users, the last seen first
    List(ListArgs),
    /// Show one user, and how far they are with what they may spend
    Show(UserTarget),
    /// End all sessions of a user now, with their open streams
    Revoke(RevokeArgs<UserTarget>),
    /// Refuse a user for a while, new sign-ins too; the developer sees the message
    Lock(LockArgs<UserTarget>),
    /// Let a locked user in again
    Unlock(UnlockArgs<UserTarget>),
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only where this is part of the id, the e-mail, the name or the device
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    #[command(flatten)]
    extent: Extent,
}

impl UserCommand {
    pub(super) async fn run(self, console: &mut Console) -> Result<(), CommandError> {
        match self {
            Self::List(arguments) => list(console, arguments).await,
            Self::Show(target) => show(console, &target).await,
            Self::Revoke(arguments) => steer::revoke(console, &arguments).await,
            Self::Lock(arguments) => steer::lock(console, &arguments).await,
            Self::Unlock(arguments) => steer::unlock(console, &arguments).await,
        }
    }
}

async fn list(console: &mut Console, ListArgs { search, extent }: ListArgs) -> Result<(), CommandError> {
    let client = &console.client;
    let page = walk(extent.most(), |skip, limit| {
        let query = HolderQuery { search: search.clone(), skip, limit: Some(limit) };
        async move { client.users(&query).await }
    });
    page::print(console, &page.await?, "such users", table)
}

async fn show(console: &mut Console, target: &UserTarget) -> Result<(), CommandError> {
    let found = find::user(console, &target.user).await?;
    let user = console.client.user(&found.id).await?;
    Ok(console.output.document(&user, |style| shown(&user, style))?)
}

fn table(users: &[User], style: &Style) -> Table {
    let columns = [
        Column::text("USER").cut_to(16),
        Column::text("STATE"),
        Column::number("SESSIONS"),
        Column::number("DEVICES"),
        Column::number("TODAY"),
        Column::number("MONTH"),
        Column::number("SEEN"),
        Column::text("POLICY").cut_to(8).if_room(),
        Column::text("NAME").cut_to(8).if_room(),
        Column::text("ID").cut_to(12).if_room(),
    ];
    Table::new(columns).with(users, |user| row(user, style.now))
}

fn row(user: &User, now: Timestamp) -> Vec<Cell> {
    let budget = user.budget.as_ref();
    vec![
        user.email.as_deref().unwrap_or(user.id.as_str()).into(),
        state(user),
        format!("{}/{}", user.active_sessions, user.sessions).into(),
        user.devices.to_string().into(),
        spent(budget, Period::Day),
        spent(budget, Period::Month),
        ago(user.last_seen, now).into(),
        budget.map(|budget| budget.policy.as_str()).unwrap_or_default().into(),
        user.name.as_deref().unwrap_or_default().into(),
        user.id.as_str().into(),
    ]
}

fn state(user: &User) -> Cell {
    match (&user.lock, user.active_sessions) {
        (Some(_), _) => Cell::new("locked", Tone::Warn),
        (None, 0) => Cell::new("away", Tone::Dim),
        (None, _) => Cell::new("active", Tone::Good),
    }
}

/// `$3.20 of $20.00`, or what was spent where there is no cap.
fn spent(budget: Option<&Budget>, period: Period) -> Cell {
    let spending = budget.and_then(|budget| budget.spending.iter().find(|one| one.period == period));
    match spending {
        Some(Spending { spent, cap: Some(cap), .. }) => {
            let tone = if spent >= cap { Tone::Bad } else { Tone::Plain };
            Cell::new(format!("{} of {}", money(*spent), money(*cap)), tone)
        }
        Some(Spending { spent, cap: None, .. }) => money(*spent).into(),
        None => "".into(),
    }
}

fn shown(user: &User, style: &Style) -> String {
    let fields = Fields::default()
        .add("user", user.id.as_str())
        .maybe("e-mail", user.email.as_deref())
        .maybe("name", user.name.as_deref())
        .add("state", state(user))
        .maybe("lock", user.lock.as_ref().map(lock::sentence))
        .add("sessions", format!("{} active of {}", user.active_sessions, user.sessions))
        .add("devices", user.devices.to_string())
        .add("last seen", format!("{} ({})", user.last_seen, ago_in_words(user.last_seen, style.now)))
        .maybe("policy", user.budget.as_ref().map(|budget| budget.policy.as_str()))
        .render(style);
    let Some(budget) = &user.budget else { return fields };
    let spending = Table::new([
        Column::text("WINDOW"),
        Column::number("SPENT"),
        Column::number("CAP"),
        Column::text("STARTS AGAIN"),
    ]);
    let spending = spending.with(&budget.spending, window).render(style);
    let called = user.email.clone().unwrap_or_else(|| user.id.to_string());
    let grants = match budget.grants.as_slice() {
        [] => String::new(),
        grants => format!("\n{}", grant::table(grants, &|_| called.clone(), style).render(style)),
    };
    format!("{fields}\n{spending}{grants}")
}

fn window(spending: &Spending) -> Vec<Cell> {
    let window = match spending.period {
        Period::Day => "day",
        Period::Week => "week",
        Period::Month => "month",
    };
    let is_spent = spending.cap.is_some_and(|cap| spending.spent >= cap);
    let tone = if is_spent { Tone::Bad } else { Tone::Plain };
    vec![
        window.into(),
        Cell::new(spending.spent.to_string(), tone),
        spending.cap.map_or("none".to_owned(), |cap| cap.to_string()).into(),
        spending.resets.to_string().into(),
    ]
}

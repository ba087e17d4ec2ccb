//! `sallyport grants`.

use std::time::Duration;

use clap::{Args, Subcommand};
use shared::{
    api::admin::{Grant, GrantOrder, Raise},
    id::UserId,
    time::span,
    usage::Money,
};

use super::{
    CommandError, Console, find,
    names::Names,
    page,
    steer::{Because, UserTarget},
};
use crate::{
    format,
    output::{self, Cell, Column, Style, Table},
    value,
};

#[derive(Debug, Subcommand)]
pub enum GrantCommand {
    /// Allow a user more than the policy does, for a while
    Add(AddArgs),
    /// List the grants that hold
    List(ListArgs),
    /// End a grant before its time
    End(EndArgs),
}

#[derive(Debug, Args)]
pub struct AddArgs {
    #[command(flatten)]
    target: UserTarget,
    #[command(flatten)]
    raise: RaiseArgs,
    /// How long: `8h`, `2d`
    #[arg(long = "for", value_name = "DURATION", value_parser = value::duration)]
    lasting: Duration,
    #[command(flatten)]
    because: Because,
}

/// What is raised, and by how much: exactly one.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct RaiseArgs {
    /// So much more may be spent, in every window that has a cap: `$20`
    #[arg(long, value_name = "MONEY")]
    spend: Option<Money>,
    /// So many more requests a minute
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    requests_per_minute: Option<u64>,
    /// So many more tokens a minute
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    tokens_per_minute: Option<u64>,
    /// So many more streams at a time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    concurrent_streams: Option<u64>,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only of this user: e-mail or id
    #[arg(long, value_name = "USER")]
    user: Option<String>,
}

#[derive(Debug, Args)]
pub struct EndArgs {
    /// Its id, or as much of its beginning as is unique
    #[arg(value_name = "GRANT")]
    grant: String,
    #[command(flatten)]
    because: Because,
}

impl GrantCommand {
    pub(super) async fn run(self, console: &mut Console) -> Result<(), CommandError> {
        match self {
            Self::Add(arguments) => add(console, arguments).await,
            Self::List(arguments) => list(console, arguments).await,
            Self::End(arguments) => end(console, &arguments).await,
        }
    }
}

async fn add(console: &mut Console, arguments: AddArgs) -> Result<(), CommandError> {
    console.may_change()?;
    let AddArgs { target, raise, lasting, because } = arguments;
    let Some(raise) = raise.raise() else { return Ok(()) };
    let user = find::user(console, &target.user).await?;
    let order = GrantOrder { reason: because.reason, duration_seconds: lasting.as_secs_f64(), raise };
    let grant = console.client.grant(&user.id, &order).await?;
    let called = user.email.unwrap_or_else(|| user.id.to_string());
    let told = format!("granted {called} {} for {}: {}", shown(raise), span::write(lasting), grant.id);
    Ok(console.output.document(&grant, |_| output::sentence(&told))?)
}

async fn list(console: &mut Console, arguments: ListArgs) -> Result<(), CommandError> {
    let user = find::user_id(console, arguments.user.as_deref()).await?;
    let mut page = console.client.grants().await?;
    page.items.retain(|grant| user.as_ref().is_none_or(|user| grant.user == *user));
    let names = Names::of(console).await;
    page::print(console, &page, "grants hold", |grants, style| table(grants, &|id| names.call(id), style))
}

async fn end(console: &mut Console, arguments: &EndArgs) -> Result<(), CommandError> {
    console.may_change()?;
    let found = find::grant(&console.client, &arguments.grant).await?;
    let grant = console.client.end_grant(found.id, &arguments.because.reason).await?;
    let called = Names::of(console).await.call(&grant.user);
    let told = format!("ended the grant of {called}: {}", shown(grant.raise));
    Ok(console.output.document(&grant, |_| output::sentence(&told))?)
}

pub(super) fn table(grants: &[Grant], call: &dyn Fn(&UserId) -> String, style: &Style) -> Table {
    let columns = [
        Column::text("GRANT"),
        Column::text("USER").cut_to(16),
        Column::text("RAISE"),
        Column::number("LEFT"),
        Column::text("REASON").cut_to(8),
        Column::text("BY").if_room(),
    ];
    Table::new(columns).with(grants, |grant| {
        vec![
            grant.id.to_string().into(),
            call(&grant.user).into(),
            shown(grant.raise).into(),
            format::span(grant.until.since(style.now)).into(),
            Cell::from(&grant.reason),
            format!("uid {}", grant.operator).into(),
        ]
    })
}

fn shown(raise: Raise) -> String {
    match raise {
        Raise::RequestsPerMinute(by) => format!("+{by} requests/min"),
        Raise::TokensPerMinute(by) => format!("+{by} tokens/min"),
        Raise::ConcurrentStreams(by) => format!("+{by} streams"),
        Raise::Spend(by) => format!("+{by}"),
    }
}

impl RaiseArgs {
    fn raise(&self) -> Option<Raise> {
        let spend = self.spend.map(Raise::Spend);
        let requests = self.requests_per_minute.map(Raise::RequestsPerMinute);
        let tokens = self.tokens_per_minute.map(Raise::TokensPerMinute);
        let streams = self.concurrent_streams.map(Raise::ConcurrentStreams);
        spend.or(requests).or(tokens).or(streams)
    }
}

//! `sallyport audit`.

use std::time::Duration;

use clap::{Args, Subcommand};
use shared::{
    api::admin::{AuditEntry, Verification},
    time::{Date, Timestamp},
};

use super::{
    CommandError, Console, find,
    head::Noted,
    names::Names,
    page::{self, Extent, walk},
    session::short,
    watch::unless_left,
};
use crate::{
    client::AuditQuery,
    output::{self, Cell, Column, Style, Table, Tone},
};

/// How soon a new record is seen.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Records that are read at a time while following.
const STEP: u32 = 1000;

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// List records, newest first
    List(ListArgs),
    /// Print the last records, and every new one as it is written
    Tail(TailArgs),
    /// Verify that no record was changed, dropped or put elsewhere
    Verify(VerifyArgs),
}

#[derive(Debug, Args)]
pub struct FilterArgs {
    /// Only records of this event, such as `sign_in`, `refusal` or `revocation`
    #[arg(long, value_name = "NAME")]
    event: Option<String>,
    /// Only of this user: e-mail or id
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Only of this session
    #[arg(long, value_name = "SESSION")]
    session: Option<String>,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// Only records before this one
    #[arg(long, value_name = "SEQUENCE", conflicts_with = "after")]
    before: Option<u64>,
    /// Only records after this one, oldest first
    #[arg(long, value_name = "SEQUENCE")]
    after: Option<u64>,
    #[command(flatten)]
    extent: Extent,
}

#[derive(Debug, Args)]
pub struct TailArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// How many of the last records to begin with
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=1000))]
    lines: u32,
}

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// A head that was noted down, `SEQUENCE:HASH`: is it still in the trail?
    #[arg(long, value_name = "HEAD", value_parser = Noted::read)]
    head: Option<Noted>,
}

impl AuditCommand {
    pub(super) async fn run(self, console: &mut Console) -> Result<(), CommandError> {
        match self {
            Self::List(arguments) => list(console, &arguments).await,
            Self::Tail(arguments) => tail(console, &arguments).await,
            Self::Verify(arguments) => verify(console, &arguments).await,
        }
    }
}

async fn list(console: &mut Console, arguments: &ListArgs) -> Result<(), CommandError> {
    let query = arguments.filter.query(console).await?;
    let client = &console.client;
    let page = walk(arguments.extent.most(), |next, limit| {
        let mut query = AuditQuery { before: arguments.before, after: arguments.after, ..query.clone() };
        let cursor = if query.after.is_some() { &mut query.after } else { &mut query.before };
        *cursor = next.or(*cursor);
        query.limit = Some(limit);
        async move { client.audit(&query).await }
    });
    let (page, names) = (page.await?, Names::of(console).await);
    page::print(console, &page, "such records", |entries, _| table(entries, &names))
}

async fn tail(console: &mut Console, arguments: &TailArgs) -> Result<(), CommandError> {
    let query = arguments.filter.query(console).await?;
    let mut names = Names::of(console).await;
    let newest = AuditQuery { limit: Some(arguments.lines.max(1)), ..query.clone() };
    let mut first = console.client.audit(&newest).await?.items;
    let mut seen = first.first().map_or(0, |entry| entry.sequence);
    first.truncate(usize::try_from(arguments.lines).unwrap_or_default());
    first.reverse();
    let mut entries = first;
    loop {
        for entry in &entries {
            seen = seen.max(entry.sequence);
            tell(console, &mut names, entry).await?;
        }
        unless_left(tokio::time::sleep(LOOK_EVERY)).await?;
        let newer = AuditQuery { after: Some(seen), limit: Some(STEP), ..query.clone() };
        entries = console.client.audit(&newer).await?.items;
    }
}

async fn tell(console: &mut Console, names: &mut Names, entry: &AuditEntry) -> Result<(), CommandError> {
    if let Some(user) = entry.user.as_ref().filter(|_| console.output.is_for_people()) {
        names.learn(&console.client, user).await;
    }
    Ok(console.output.piece(entry, |style| line(entry, names, style))?)
}

async fn verify(console: &mut Console, arguments: &VerifyArgs) -> Result<(), CommandError> {
    let noted = arguments.head.as_ref();
    let verification = console.client.verify(noted.map(Noted::as_str)).await?;
    let Verification { whole, records, head, broken } = &verification;
    let state = if *whole { "whole" } else { "broken" };
    let told = format!("{state}: {records} records looked at\nhead {head}\n");
    console.output.document(&verification, |_| told)?;
    if !whole {
        let where_it_is = broken.clone().unwrap_or_else(|| "the daemon does not say where".to_owned());
        return Err(CommandError::Broken(where_it_is));
    }
    let Some(noted) = noted else { return Ok(()) };
    noted.check(&console.client).await?;
    if console.output.is_for_people() {
        output::note("the head that you noted is in it");
    }
    Ok(())
}

impl FilterArgs {
    async fn query(&self, console: &Console) -> Result<AuditQuery, CommandError> {
        let user = find::user_id(console, self.user.as_deref()).await?;
        let session = find::session_id(console, self.session.as_deref()).await?;
        Ok(AuditQuery { event: self.event.clone(), user, session, ..AuditQuery::default() })
    }
}

fn table(entries: &[AuditEntry], names: &Names) -> Table {
    let columns = [
        Column::number("#"),
        Column::text("WHEN"),
        Column::text("EVENT"),
        Column::text("WHO").cut_to(16),
        Column::text("WHAT").cut_to(24),
        Column::text("ADDRESS").if_room(),
        Column::text("SESSION").cut_to(13).if_room(),
        Column::text("REQUEST").cut_to(12).if_room(),
    ];
    Table::new(columns).with(entries, |entry| {
        vec![
            entry.sequence.to_string().into(),
            moment(entry.at).into(),
            Cell::new(&entry.event, super::event::tone(&entry.event)),
            who(entry, names).into(),
            what(entry, names).into(),
            entry.address.as_deref().unwrap_or_default().into(),
            entry.session.map(|session| session.to_string()).unwrap_or_default().into(),
            entry.request.as_str().into(),
        ]
    })
}

fn line(entry: &AuditEntry, names: &Names, style: &Style) -> String {
    let moment = Cell::new(moment(entry.at), Tone::Dim).render(style);
    let event = Cell::new(format!("{:<10}", entry.event), super::event::tone(&entry.event)).render(style);
    let session = entry.session.map(|session| format!("session {}", short(session, style)));
    let parts = [Some(who(entry, names)), Some(what(entry, names)), session];
    let told: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    format!("{moment}  {event}  {}\n", Cell::from(told.join("  ")).render(style))
}

fn who(entry: &AuditEntry, names: &Names) -> String {
    let operator = entry.operator.map(|uid| format!("uid {uid}"));
    let user = entry.user.as_ref().map(|user| names.call(user));
    operator.or(user).unwrap_or_default()
}

fn what(entry: &AuditEntry, names: &Names) -> String {
    let reason = entry.reason.as_ref().map(|reason| format!("because: {reason}"));
    let parts = [entry.code.clone(), entry.detail.as_deref().map(|detail| names.reword(detail)), reason];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// To the second, in UTC, always of the same width.
pub(super) fn moment(at: Timestamp) -> String {
    let Date { year, month, day } = at.date();
    let seconds = at.seconds();
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}Z")
}

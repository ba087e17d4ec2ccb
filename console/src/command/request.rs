//! `sallyport requests`.

use std::time::Duration;

use clap::{Args, Subcommand};
use shared::api::admin::{Page, Request};

use super::{CommandError, Console, find, page, watch::unless_left};
use crate::{
    client::RequestQuery,
    format::{client, count, model, span},
    output::{Cell, Column, Redraw, Style, Table},
    value,
};

#[derive(Debug, Subcommand)]
pub enum RequestCommand {
    /// List what runs this moment, the oldest first
    List(ListArgs),
    /// Look again and again; with `--json`, one list a line
    Watch(WatchArgs),
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only of this user: e-mail or id
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Only of this session
    #[arg(long, value_name = "SESSION")]
    session: Option<String>,
    /// How many at most
    #[arg(long, short = 'n', value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
}

#[derive(Debug, Args)]
pub struct WatchArgs {
    #[command(flatten)]
    list: ListArgs,
    /// How often to look
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = value::duration)]
    every: Duration,
}

impl RequestCommand {
    pub(super) async fn run(self, console: &mut Console) -> Result<(), CommandError> {
        match self {
            Self::List(arguments) => list(console, &arguments).await,
            Self::Watch(arguments) => watch(console, &arguments).await,
        }
    }
}

async fn list(console: &mut Console, arguments: &ListArgs) -> Result<(), CommandError> {
    let query = arguments.query(console).await?;
    let page = console.client.requests(&query).await?;
    page::print(console, &page, "requests run", |requests, _| table(requests))
}

async fn watch(console: &mut Console, arguments: &WatchArgs) -> Result<(), CommandError> {
    let query = arguments.list.query(console).await?;
    let mut redraw = Redraw::default();
    loop {
        let page = console.client.requests(&query).await?;
        console.output.piece(&page, |style| redraw.over(&shown(&page, style)))?;
        unless_left(tokio::time::sleep(arguments.every)).await?;
    }
}

impl ListArgs {
    async fn query(&self, console: &Console) -> Result<RequestQuery, CommandError> {
        let user = find::user_id(console, self.user.as_deref()).await?;
        let session = find::session_id(console, self.session.as_deref()).await?;
        Ok(RequestQuery { user, session, limit: Some(self.limit) })
    }
}

fn shown(page: &Page<Request>, style: &Style) -> String {
    let running = crate::format::many(page.items.len() as u64, "request");
    format!("{}, {running} run\n{}", crate::clock::now(), table(&page.items).render(style))
}

fn table(requests: &[Request]) -> Table {
    let columns = [
        Column::text("USER").cut_to(16),
        Column::text("MODEL").cut_to(16),
        Column::number("AGE"),
        Column::number("TOKENS"),
        Column::text("API").cut_to(7),
        Column::text("CLIENT").cut_to(7).if_room(),
        Column::text("CLAUDE SESSION").cut_to(8).if_room(),
        Column::text("SUBAGENT").cut_to(8).if_room(),
        Column::text("SESSION").cut_to(13).if_room(),
        Column::text("REQUEST").cut_to(12).if_room(),
    ];
    Table::new(columns).with(requests, row)
}

fn row(request: &Request) -> Vec<Cell> {
    let age = Duration::from_millis(request.age_milliseconds);
    vec![
        request.email.as_deref().unwrap_or(request.user.as_str()).into(),
        model(request.model.as_str()).into(),
        span(age).into(),
        count(request.tokens.total()).into(),
        request.surface.as_str().into(),
        request.user_agent.as_deref().map(client).unwrap_or_default().into(),
        request.client_session.as_deref().unwrap_or_default().into(),
        request.client_agent.as_deref().unwrap_or_default().into(),
        request.session.to_string().into(),
        request.id.as_str().into(),
    ]
}

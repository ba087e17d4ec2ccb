//! `sallyport usage`.

use clap::{Args, ValueEnum};
use shared::{api::admin::Usage, id::UserId};

use super::{
    CommandError, Console,
    names::Names,
    page::{self, Extent},
};
use crate::{
    client::{UsageBy, UsageQuery},
    clock,
    format::{count, money},
    output::{Cell, Column, Table},
    value::{self, Moment},
};

#[derive(Debug, Args)]
pub struct UsageArgs {
    /// What it is summed by
    #[arg(long, value_enum, default_value_t)]
    by: By,
    /// Only what ended since: `7d`, `2026-08-01`
    #[arg(long, value_name = "WHEN", value_parser = value::moment)]
    from: Option<Moment>,
    /// Only what ended before
    #[arg(long, value_name = "WHEN", value_parser = value::moment)]
    to: Option<Moment>,
    #[command(flatten)]
    extent: Extent,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum By {
    #[default]
    User,
    Model,
    Session,
    Day,
}

pub(super) async fn run(console: &mut Console, arguments: &UsageArgs) -> Result<(), CommandError> {
    let now = clock::now();
    let query = UsageQuery {
        by: arguments.by.into(),
        from: arguments.from.map(|moment| moment.before(now)),
        to: arguments.to.map(|moment| moment.before(now)),
        limit: Some(arguments.extent.page()),
    };
    let page = console.client.usage(&query).await?;
    let names = match arguments.by {
        By::User => Names::of(console).await,
        By::Model | By::Session | By::Day => Names::default(),
    };
    page::print(console, &page, "usage in this time", |sums, _| {
        let columns = [
            Column::text(arguments.by.title()).cut_to(16),
            Column::number("REQUESTS"),
            Column::number("COST"),
            Column::number("INPUT"),
            Column::number("OUTPUT"),
            Column::number("CACHE READ").if_room(),
            Column::number("CACHE WRITE").if_room(),
            Column::number("ESTIMATED").if_room(),
        ];
        Table::new(columns).with(sums, |sum| row(sum, &names))
    })
}

fn row(sum: &Usage, names: &Names) -> Vec<Cell> {
    let tokens = sum.tokens;
    vec![
        names.call(&UserId::new(&sum.key)).into(),
        sum.requests.to_string().into(),
        money(sum.cost).into(),
        count(tokens.input).into(),
        count(tokens.output).into(),
        count(tokens.cache_read).into(),
        count(tokens.cache_write).into(),
        sum.estimated.to_string().into(),
    ]
}

impl By {
    fn title(self) -> &'static str {
        match self {
            Self::User => "USER",
            Self::Model => "MODEL",
            Self::Session => "SESSION",
            Self::Day => "DAY",
        }
    }
}

impl From<By> for UsageBy {
    fn from(by: By) -> Self {
        match by {
            By::User => Self::User,
            By::Model => Self::Model,
            By::Session => Self::Session,
            By::Day => Self::Day,
        }
    }
}

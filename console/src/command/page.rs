//! Lists: as many pages as are wanted, and how they are printed.

use clap::Args;
use serde::Serialize;
use shared::api::admin::Page;

use super::{CommandError, Console};
use crate::{
    client::ClientError,
    output::{self, Style, Table},
};

/// What the daemon gives at a time.
const LARGEST_PAGE: u64 = 1000;

/// How much of a list.
#[derive(Debug, Args)]
pub struct Extent {
    /// How many at most
    #[arg(long, short = 'n', value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
    /// All of them, however many
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

impl Extent {
    pub(super) fn most(&self) -> u64 {
        if self.all { u64::MAX } else { self.limit }
    }

    /// For lists that have one page only.
    pub(super) fn page(&self) -> u32 {
        u32::try_from(self.most().min(LARGEST_PAGE)).unwrap_or(u32::MAX)
    }
}

/// Asks for page after page, each by where the one before said that it begins.
pub(super) async fn walk<T, Asked>(
    most: u64,
    ask: impl Fn(Option<u64>, u32) -> Asked,
) -> Result<Page<T>, ClientError>
where
    Asked: Future<Output = Result<Page<T>, ClientError>>,
{
    let mut all = Page { items: Vec::new(), next: None };
    loop {
        let left = most.saturating_sub(all.items.len() as u64);
        let limit = u32::try_from(left.min(LARGEST_PAGE)).unwrap_or(u32::MAX);
        let page = ask(all.next, limit).await?;
        all.items.extend(page.items);
        all.next = page.next;
        if all.next.is_none() || all.items.len() as u64 >= most {
            return Ok(all);
        }
    }
}

/// Prints a list. That there is nothing, or more, is no data.
pub(super) fn print<T: Serialize>(
    console: &mut Console,
    page: &Page<T>,
    what: &str,
    people: impl FnOnce(&[T], &Style) -> Table,
) -> Result<(), CommandError> {
    console.output.document(page, |style| people(&page.items, style).render(style))?;
    if console.output.is_for_people() && page.items.is_empty() {
        output::note(&format!("no {what}"));
    }
    if console.output.is_for_people() && page.next.is_some() {
        output::note("there may be more: `--limit` and `--all` show them");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// A list of so many numbers, and what was asked of it.
    async fn walked(there: u64, most: u64) -> (Page<u64>, Vec<(Option<u64>, u32)>) {
        let asked = RefCell::new(Vec::new());
        let page = walk(most, |skip, limit| {
            asked.borrow_mut().push((skip, limit));
            let from = skip.unwrap_or_default();
            let items: Vec<u64> = (from..there.min(from + u64::from(limit))).collect();
            let next = (items.len() as u64 == u64::from(limit)).then(|| from + u64::from(limit));
            async move { Ok(Page { items, next }) }
        });
        (page.await.unwrap(), asked.into_inner())
    }

    #[tokio::test]
    async fn a_list_is_walked_to_its_end_or_as_far_as_wanted() {
        let (page, asked) = walked(2_500, u64::MAX).await;
        assert_eq!((page.items.len(), page.next), (2_500, None));
        assert_eq!(asked, [(None, 1000), (Some(1000), 1000), (Some(2000), 1000)]);
        let (page, asked) = walked(2_500, 1_200).await;
        assert_eq!((page.items.len(), page.next), (1_200, Some(1_200)));
        assert_eq!(asked, [(None, 1000), (Some(1000), 200)]);
        let (page, asked) = walked(5, 100).await;
        assert_eq!((page.items.len(), page.next, asked.len()), (5, None, 1));
    }
}

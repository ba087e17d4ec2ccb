//! The one table: rows with an id, sorted, filtered and marked. The selection stays on its object while rows move.
//!
//! Filter and order are worked out when something changes ([`Table::settle`]), never while drawing; only rows that can be
//! seen are drawn. Screens describe their columns and draw nothing.

mod column;
mod draw;
mod filter;
mod list;

use std::{
    cmp::Ordering,
    collections::{HashMap, HashSet},
    fmt::Debug,
    hash::Hash,
};

pub use self::{
    column::{Cell, Column},
    filter::Filter,
    list::{Click, List, Motion, Standing},
};

/// What a table shows one line of.
pub trait Row: Debug + 'static {
    type Id: Debug + Clone + Eq + Hash;

    fn id(&self) -> Self::Id;
    /// What the filter looks at; rows without such a text are always shown.
    fn text(&self) -> Option<String>;
    fn columns() -> &'static [Column<Self>]
    where
        Self: Sized;
}

#[derive(Debug)]
struct Entry<T> {
    row: T,
    text: Option<String>,
}

impl<T: Row> Entry<T> {
    fn new(row: T) -> Self {
        Self { text: row.text(), row }
    }
}

/// The column that orders the rows, by its place in [`Row::columns`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    pub column: usize,
    pub is_descending: bool,
}

#[derive(Debug)]
pub struct Table<T: Row> {
    entries: Vec<Entry<T>>,
    index: HashMap<T::Id, usize>,
    /// Those that the filter lets through, in order.
    shown: Vec<usize>,
    filter: Filter,
    sort: Option<Sort>,
    marks: HashSet<T::Id>,
    selected: Option<T::Id>,
    /// Whether somebody chose it.
    is_held: bool,
    /// Where the selected row is among those shown.
    position: usize,
    /// The first row that can be seen.
    offset: usize,
    width: u16,
    height: usize,
    /// Cells that each column needs for what was in sight.
    needs: Vec<u16>,
    is_settled: bool,
}

impl<T: Row> Table<T> {
    /// An empty table, sorted by a column (its place and whether the greatest comes first) or as the rows come.
    pub fn new(sort: Option<Sort>) -> Self {
        Self {
            entries: Vec::new(),
            index: HashMap::new(),
            shown: Vec::new(),
            filter: Filter::default(),
            sort,
            marks: HashSet::new(),
            selected: None,
            is_held: false,
            position: 0,
            offset: 0,
            width: 0,
            height: 0,
            needs: Vec::new(),
            is_settled: true,
        }
    }

    /// Puts these rows in place of all others.
    pub fn replace(&mut self, rows: Vec<T>) {
        self.entries.clear();
        self.index.clear();
        self.update(rows);
        self.marks.retain(|id| self.index.contains_key(id));
        self.is_settled = false;
    }

    /// Adds rows, in place of those with the same id.
    pub fn update(&mut self, rows: Vec<T>) {
        for row in rows {
            self.is_settled = false;
            let id = row.id();
            let known = self.index.get(&id).and_then(|place| self.entries.get_mut(*place));
            if let Some(entry) = known {
                *entry = Entry::new(row);
            } else {
                self.index.insert(id, self.entries.len());
                self.entries.push(Entry::new(row));
            }
        }
    }

    /// Goes through all rows with a function that says of each whether it changed it, in nothing that a filter looks at.
    pub fn edit(&mut self, mut change: impl FnMut(&mut T) -> bool) {
        for entry in &mut self.entries {
            self.is_settled &= !change(&mut entry.row);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn rows(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().map(|entry| &entry.row)
    }

    pub fn row(&self, id: &T::Id) -> Option<&T> {
        self.index.get(id).and_then(|place| self.entries.get(*place)).map(|entry| &entry.row)
    }

    pub fn selected(&self) -> Option<&T> {
        self.selected.as_ref().and_then(|id| self.row(id))
    }

    /// What an action is for: the marked rows that are shown, else the selected one.
    pub fn chosen(&self) -> Vec<&T> {
        let marked: Vec<&T> = self.shown_rows().filter(|row| self.marks.contains(&row.id())).collect();
        if marked.is_empty() { self.selected().into_iter().collect() } else { marked }
    }

    fn shown_rows(&self) -> impl Iterator<Item = &T> {
        self.shown.iter().filter_map(|place| self.entries.get(*place)).map(|entry| &entry.row)
    }

    fn shown_at(&self, position: usize) -> Option<&T> {
        self.shown.get(position).and_then(|place| self.entries.get(*place)).map(|entry| &entry.row)
    }

    fn arrange(&mut self) {
        self.shown.clear();
        let (entries, filter) = (&self.entries, &self.filter);
        let shows = |entry: &Entry<T>| entry.text.as_ref().is_none_or(|text| filter.shows(text));
        self.shown
            .extend(entries.iter().enumerate().filter(|(_, entry)| shows(entry)).map(|(place, _)| place));
        let compare = self.sort.and_then(|sort| {
            let column = T::columns().get(sort.column)?;
            Some((column.compare?, sort.is_descending))
        });
        let Some((compare, is_descending)) = compare else { return };
        self.shown.sort_by(|one, other| {
            let (Some(one), Some(other)) = (entries.get(*one), entries.get(*other)) else {
                return Ordering::Equal;
            };
            let order = compare(&one.row, &other.row);
            if is_descending { order.reverse() } else { order }
        });
    }

    /// The selected row again, wherever it is now; if it is gone, what stands in its place.
    fn find_selected(&mut self) {
        if !self.is_held {
            return self.select(0);
        }
        let wanted = self.selected.as_ref().and_then(|id| self.index.get(id)).copied();
        let found = wanted.and_then(|wanted| self.shown.iter().position(|place| *place == wanted));
        self.select(found.unwrap_or(self.position));
    }

    fn select(&mut self, position: usize) {
        self.position = position.min(self.shown.len().saturating_sub(1));
        self.selected = self.shown_at(self.position).map(Row::id);
    }
}

#[cfg(test)]
mod tests;

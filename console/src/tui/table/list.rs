//! A table as the keys see it, whatever its rows are.

use std::fmt::Debug;

use ratatui::{buffer::Buffer, layout::Rect};
use shared::time::Timestamp;

use super::{Filter, Row, Sort, Table, column};
use crate::tui::{
    format,
    theme::{Look, Theme, ThemeName},
};

/// What cells are measured with: how wide one is that grows depends on no theme and no time.
const MEASURE: Theme = Theme::new(ThemeName::None, false);

/// Cells for the mark before a row.
pub(super) const MARGIN: u16 = 2;

/// What the columns have of a line, with a cell left free at its end.
pub(super) fn room(width: u16) -> u16 {
    width.saturating_sub(MARGIN + 1)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    /// So many rows, without moving the selection out of sight.
    Wheel(isize),
}

/// What was clicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Click {
    /// A row that is selected now; whether it already was.
    Row {
        was_selected: bool,
    },
    Title,
    Nothing,
}

/// How many rows there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Of the selected row, counted from one.
    pub position: usize,
    pub shown: usize,
    pub all: usize,
    pub marked: usize,
}

pub trait List: Debug {
    /// From now on the selection stays on its object. Before somebody chose one, it stays on the first row.
    fn hold(&mut self);
    fn go(&mut self, motion: Motion);
    fn mark(&mut self);
    /// Marks every row that is shown, or takes the marks away if all of them have one.
    fn mark_all(&mut self);
    /// Takes every mark away; says whether there was one.
    fn unmark(&mut self) -> bool;
    fn filter(&self) -> &Filter;
    fn set_filter(&mut self, filter: Filter);
    /// Sorts by the next (or the previous) column that can be seen and sorted by.
    fn sort_by_next(&mut self, is_forward: bool);
    fn reverse(&mut self);
    /// Works out what is shown, now that it has this area, a line for its titles among it.
    fn settle(&mut self, area: Rect);
    /// A click on an area of this width, at this distance from its left upper corner.
    fn click(&mut self, width: u16, left: u16, top: u16) -> Click;
    fn standing(&self) -> Standing;
    fn draw(&self, area: Rect, buffer: &mut Buffer, look: &Look);
}

impl<T: Row> List for Table<T> {
    fn hold(&mut self) {
        self.is_held = true;
    }

    fn go(&mut self, motion: Motion) {
        self.hold();
        let page = self.height.max(1);
        let last = self.shown.len().saturating_sub(1);
        let position = match motion {
            Motion::Up => self.position.saturating_sub(1),
            Motion::Down => self.position + 1,
            Motion::PageUp => self.position.saturating_sub(page),
            Motion::PageDown => self.position + page,
            Motion::First => 0,
            Motion::Last => last,
            Motion::Wheel(rows) => {
                self.offset = self.offset.saturating_add_signed(rows).min((last + 1).saturating_sub(page));
                self.position.clamp(self.offset, self.offset + page - 1)
            }
        };
        self.select(position);
        self.keep_in_sight();
    }

    fn mark(&mut self) {
        let Some(id) = self.selected.clone() else { return };
        if !self.marks.remove(&id) {
            self.marks.insert(id);
        }
        self.go(Motion::Down);
    }

    fn mark_all(&mut self) {
        let ids: Vec<T::Id> = self.shown_rows().map(Row::id).collect();
        if ids.iter().all(|id| self.marks.contains(id)) {
            self.marks.clear();
        } else {
            self.marks.extend(ids);
        }
    }

    fn unmark(&mut self) -> bool {
        let had = !self.marks.is_empty();
        self.marks.clear();
        had
    }

    fn filter(&self) -> &Filter {
        &self.filter
    }

    fn set_filter(&mut self, filter: Filter) {
        self.filter = filter;
        self.is_settled = false;
    }

    fn sort_by_next(&mut self, is_forward: bool) {
        let places = column::arrange(T::columns(), &self.needs, room(self.width));
        let seen = places.iter().map(|place| place.column);
        let sortable: Vec<usize> = seen.filter(|column| can_sort::<T>(*column)).collect();
        let now = self.sort.and_then(|sort| sortable.iter().position(|place| *place == sort.column));
        let next = match (now, is_forward) {
            (None, _) => 0,
            (Some(now), true) => now + 1,
            (Some(now), false) => now + sortable.len() - 1,
        };
        if let Some(column) = sortable.get(next % sortable.len().max(1)) {
            self.sort_by(*column);
        }
    }

    fn reverse(&mut self) {
        if let Some(sort) = &mut self.sort {
            sort.is_descending = !sort.is_descending;
            self.is_settled = false;
        }
    }

    fn settle(&mut self, area: Rect) {
        if self.width != area.width {
            self.needs.clear();
        }
        self.width = area.width;
        self.height = usize::from(area.height.saturating_sub(1));
        if !self.is_settled {
            self.arrange();
            self.find_selected();
            self.is_settled = true;
        }
        self.keep_in_sight();
        self.measure();
    }

    fn click(&mut self, width: u16, left: u16, top: u16) -> Click {
        if top == 0 {
            return self.click_title(width, left);
        }
        let position = self.offset + usize::from(top) - 1;
        if position >= self.shown.len() {
            return Click::Nothing;
        }
        self.hold();
        let was_selected = position == self.position;
        self.select(position);
        Click::Row { was_selected }
    }

    fn standing(&self) -> Standing {
        let position = if self.shown.is_empty() { 0 } else { self.position + 1 };
        Standing { position, shown: self.shown.len(), all: self.entries.len(), marked: self.marks.len() }
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, look: &Look) {
        super::draw::draw(self, area, buffer, look);
    }
}

fn can_sort<T: Row>(column: usize) -> bool {
    T::columns().get(column).is_some_and(|column| column.compare.is_some())
}

impl<T: Row> Table<T> {
    fn click_title(&mut self, width: u16, left: u16) -> Click {
        let places = column::arrange(T::columns(), &self.needs, room(width));
        let clicked = left.checked_sub(MARGIN).and_then(|left| places.iter().find(|place| place.holds(left)));
        let Some(place) = clicked.filter(|place| can_sort::<T>(place.column)) else { return Click::Nothing };
        if self.sort.is_some_and(|sort| sort.column == place.column) {
            self.reverse();
        } else {
            self.sort_by(place.column);
        }
        Click::Title
    }

    /// Figures begin with the greatest.
    fn sort_by(&mut self, column: usize) {
        let is_descending = T::columns().get(column).is_some_and(|column| column.is_right);
        self.sort = Some(Sort { column, is_descending });
        self.is_settled = false;
    }

    /// What the rows in sight need. Columns only ever get wider, so that nothing trembles while figures change.
    fn measure(&mut self) {
        let look = Look { theme: &MEASURE, now: Timestamp::default(), status: None, work: None };
        let mut needs = std::mem::take(&mut self.needs);
        needs.resize(T::columns().len(), 0);
        for row in (self.offset..self.offset + self.height).map_while(|position| self.shown_at(position)) {
            for (column, need) in T::columns().iter().zip(&mut needs).filter(|(column, _)| column.grows()) {
                let cell = (column.cell)(row, &look);
                *need = (*need).max(u16::try_from(format::width(&cell.text)).unwrap_or(u16::MAX));
            }
        }
        self.needs = needs;
    }

    fn keep_in_sight(&mut self) {
        let height = self.height.max(1);
        let highest = self.shown.len().saturating_sub(height);
        let lowest = (self.position + 1).saturating_sub(height);
        self.offset = self.offset.min(self.position).max(lowest).min(highest);
    }
}

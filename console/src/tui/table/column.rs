//! What a column shows, how wide it is, and which columns fit.

use std::{borrow::Cow, cmp::Ordering};

use crate::tui::theme::{Look, Tone};

/// Cells between two columns.
const GAP: u16 = 2;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    pub text: Cow<'static, str>,
    pub tone: Tone,
}

impl Cell {
    pub fn new(text: impl Into<Cow<'static, str>>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }

    pub fn plain(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(text, Tone::Plain)
    }

    /// What is not known.
    pub const fn none() -> Self {
        Self { text: Cow::Borrowed("-"), tone: Tone::Dim }
    }

    pub fn of(text: Option<&str>) -> Self {
        text.filter(|text| !text.is_empty()).map_or(Self::none(), |text| Self::plain(text.to_owned()))
    }
}

/// One column of rows of `T`.
#[derive(Debug)]
pub struct Column<T> {
    pub title: &'static str,
    /// Cells it has at least, and takes at most.
    least: u16,
    most: u16,
    /// The columns with the highest figure go first where there is no room; those with none stay.
    dispensable: u8,
    pub is_right: bool,
    pub cell: fn(&T, &Look) -> Cell,
    pub compare: Option<fn(&T, &T) -> Ordering>,
}

impl<T> Column<T> {
    pub const fn new(title: &'static str, width: (u16, u16), cell: fn(&T, &Look) -> Cell) -> Self {
        Self { title, least: width.0, most: width.1, dispensable: 0, is_right: false, cell, compare: None }
    }

    /// For figures.
    pub const fn right(mut self) -> Self {
        self.is_right = true;
        self
    }

    pub const fn dispensable(mut self, rank: u8) -> Self {
        self.dispensable = rank;
        self
    }

    pub const fn sorted(mut self, compare: fn(&T, &T) -> Ordering) -> Self {
        self.compare = Some(compare);
        self
    }
}

/// A column that fits: which one, where it begins, how wide it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub column: usize,
    pub left: u16,
    pub width: u16,
}

impl Place {
    /// Whether a click at this distance from the left edge is on the column or the gap behind it.
    pub fn holds(&self, left: u16) -> bool {
        (self.left..self.left + self.width + GAP).contains(&left)
    }
}

/// Spreads the columns over a width: the dispensable ones leave first, then what is left over is shared out evenly.
pub fn arrange<T>(columns: &[Column<T>], width: u16) -> Vec<Place> {
    let mut kept: Vec<usize> = (0..columns.len()).collect();
    let least = |kept: &[usize]| -> u16 {
        let widths = kept.iter().filter_map(|index| columns.get(*index)).map(|column| column.least + GAP);
        widths.sum::<u16>().saturating_sub(GAP)
    };
    while least(&kept) > width {
        let rank = |index: &usize| columns.get(*index).map_or(0, |column| column.dispensable);
        let Some(rank_of_worst) = kept.iter().map(rank).max().filter(|rank| *rank > 0) else { break };
        let Some(worst) = kept.iter().rposition(|index| rank(index) == rank_of_worst) else { break };
        kept.remove(worst);
    }
    let spare = width.saturating_sub(least(&kept));
    place(columns, &kept, spare)
}

fn place<T>(columns: &[Column<T>], kept: &[usize], mut spare: u16) -> Vec<Place> {
    let mut growing =
        kept.iter().filter_map(|index| columns.get(*index)).filter(|it| it.most > it.least).count();
    let mut left = 0;
    let mut places = Vec::with_capacity(kept.len());
    for index in kept {
        let Some(column) = columns.get(*index) else { continue };
        let mut width = column.least;
        if column.most > column.least {
            let even = spare / u16::try_from(growing.max(1)).unwrap_or(1);
            let more = even.min(column.most - column.least);
            (width, spare, growing) = (width + more, spare - more, growing - 1);
        }
        places.push(Place { column: *index, left, width });
        left += width + GAP;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column<()>; 4] = [
        Column::new("USER", (10, 20), |(), _| Cell::none()),
        Column::new("OS", (5, 5), |(), _| Cell::none()).dispensable(2),
        Column::new("MODEL", (10, 30), |(), _| Cell::none()).dispensable(1),
        Column::new("COST", (6, 6), |(), _| Cell::none()).right(),
    ];

    fn arranged(width: u16) -> Vec<(&'static str, u16)> {
        let places = arrange(&COLUMNS, width);
        places.iter().map(|place| (COLUMNS[place.column].title, place.width)).collect()
    }

    #[test]
    fn what_is_dispensable_leaves_before_anything_is_squeezed() {
        assert_eq!(arranged(37), [("USER", 10), ("OS", 5), ("MODEL", 10), ("COST", 6)]);
        assert_eq!(arranged(36), [("USER", 13), ("MODEL", 13), ("COST", 6)]);
        assert_eq!(arranged(18), [("USER", 10), ("COST", 6)]);
        assert_eq!(arranged(5), [("USER", 10), ("COST", 6)]);
    }

    #[test]
    fn spare_room_is_shared_up_to_what_a_column_takes() {
        assert_eq!(arranged(57), [("USER", 20), ("OS", 5), ("MODEL", 20), ("COST", 6)]);
        assert_eq!(arranged(200), [("USER", 20), ("OS", 5), ("MODEL", 30), ("COST", 6)]);
        assert!(
            arrange(&COLUMNS, 57).windows(2).all(|pair| pair[1].left == pair[0].left + pair[0].width + GAP)
        );
    }
}

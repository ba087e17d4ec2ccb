//! What a column shows, how wide it is, and which columns fit.

use std::{borrow::Cow, cmp::Ordering};

use crate::tui::theme::{Look, Tone};

/// Cells between two columns.
const GAP: u16 = 2;
/// A row's name gets up to this part of the width if it needs it, before other columns get theirs.
const NAME_SHARE: u16 = 3;
/// From this rank on, a column gives way to what others need, not only to what they have at least.
const NICE_TO_HAVE: u8 = 5;

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
    /// The columns with the highest rank go first where there is no room; those with none stay.
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

    /// Whether it takes more cells than the least.
    pub const fn grows(&self) -> bool {
        self.most > self.least
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

/// Spreads the columns over a width. What is dispensable leaves first, then each column gets what its cells need
/// (`needs`, by its place), then what is left over is shared out evenly.
pub fn arrange<T>(columns: &[Column<T>], needs: &[u16], width: u16) -> Vec<Place> {
    let need = |index: usize| needs.get(index).copied().unwrap_or(0);
    let spans = columns.iter().enumerate().map(|(index, column)| Span::new(column, index, need(index)));
    let mut kept: Vec<Span> = spans.collect();
    let least = kept.first().map_or(0, |name| name.width);
    if let Some(name) = kept.first_mut() {
        name.width = name.width.max(name.need.min(width / NAME_SHARE));
    }
    while wanted(&kept) > width && drop_worst(&mut kept, NICE_TO_HAVE) {}
    while total(&kept) > width && drop_worst(&mut kept, 1) {}
    let excess = total(&kept).saturating_sub(width);
    if let Some(name) = kept.first_mut() {
        name.width = name.width.saturating_sub(excess).max(least);
    }
    let mut spare = width.saturating_sub(total(&kept));
    for span in &mut kept {
        spare -= span.grow(spare.min(span.need.saturating_sub(span.width)));
    }
    share(&mut kept, spare);
    places(&kept)
}

/// A column on its way to a place.
struct Span {
    column: usize,
    width: u16,
    need: u16,
    most: u16,
    rank: u8,
}

impl Span {
    /// A column that needs less than its least has no more than that, and its title.
    fn new<T>(column: &Column<T>, index: usize, need: u16) -> Self {
        let need = need.min(column.most);
        let title = u16::try_from(column.title.len() + 1).unwrap_or(u16::MAX);
        let width = if need > 0 { column.least.min(need.max(title)) } else { column.least };
        Self { column: index, width, need, most: column.most, rank: column.dispensable }
    }

    /// Takes so many cells; says how many.
    fn grow(&mut self, cells: u16) -> u16 {
        self.width += cells;
        cells
    }
}

fn total(kept: &[Span]) -> u16 {
    kept.iter().map(|span| span.width + GAP).sum::<u16>().saturating_sub(GAP)
}

/// What it takes to show whatever is not dispensable whole.
fn wanted(kept: &[Span]) -> u16 {
    let needed = |span: &Span| if span.rank == 0 { span.need.saturating_sub(span.width) } else { 0 };
    total(kept).saturating_add(kept.iter().map(needed).sum())
}

/// Drops the column with the highest rank, if that is at least `from`.
fn drop_worst(kept: &mut Vec<Span>, from: u8) -> bool {
    let worst = kept.iter().map(|span| span.rank).max().filter(|rank| *rank >= from);
    let place = worst.and_then(|worst| kept.iter().rposition(|span| span.rank == worst));
    place.map(|place| kept.remove(place)).is_some()
}

fn share(kept: &mut [Span], mut spare: u16) {
    let mut growing = kept.iter().filter(|span| span.most > span.width).count();
    for span in kept.iter_mut().filter(|span| span.most > span.width) {
        let even = spare / u16::try_from(growing.max(1)).unwrap_or(1);
        spare -= span.grow(even.min(span.most - span.width));
        growing -= 1;
    }
}

fn places(kept: &[Span]) -> Vec<Place> {
    let mut left = 0;
    let place = |span: &Span| {
        let place = Place { column: span.column, left, width: span.width };
        left += span.width + GAP;
        place
    };
    kept.iter().map(place).collect()
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
        arranged_for(&[], width)
    }

    fn arranged_for(needs: &[u16], width: u16) -> Vec<(&'static str, u16)> {
        let places = arrange(&COLUMNS, needs, width);
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
            arrange(&COLUMNS, &[], 57)
                .windows(2)
                .all(|pair| pair[1].left == pair[0].left + pair[0].width + GAP)
        );
    }

    #[test]
    fn what_the_cells_need_comes_before_what_is_shared() {
        assert_eq!(arranged_for(&[12, 5, 17, 6], 46), [("USER", 12), ("OS", 5), ("MODEL", 17), ("COST", 6)]);
        assert_eq!(arranged_for(&[12, 5, 17, 6], 51), [("USER", 14), ("OS", 5), ("MODEL", 20), ("COST", 6)]);
        assert_eq!(arranged_for(&[99, 0, 99, 0], 200), [("USER", 20), ("OS", 5), ("MODEL", 30), ("COST", 6)]);
    }

    #[test]
    fn what_is_nice_to_have_gives_way_to_what_others_need() {
        const COLUMNS: [Column<()>; 3] = [
            Column::new("USER", (10, 20), |(), _| Cell::none()),
            Column::new("CLIENT", (8, 8), |(), _| Cell::none()).dispensable(NICE_TO_HAVE),
            Column::new("DEVICE", (10, 30), |(), _| Cell::none()),
        ];
        let arranged = |needs: &[u16]| arrange(&COLUMNS, needs, 40).len();
        assert_eq!((arranged(&[10, 0, 18]), arranged(&[10, 0, 19])), (3, 2));
    }

    #[test]
    fn a_column_that_needs_little_makes_room() {
        assert_eq!(arranged_for(&[7, 5, 17, 6], 41), [("USER", 7), ("OS", 5), ("MODEL", 17), ("COST", 6)]);
    }

    #[test]
    fn a_name_is_whole_before_what_is_dispensable_has_a_place() {
        assert_eq!(arranged_for(&[13, 5, 10, 6], 39), [("USER", 16), ("MODEL", 13), ("COST", 6)]);
        assert_eq!(arranged_for(&[20, 5, 10, 6], 36), [("USER", 16), ("MODEL", 10), ("COST", 6)]);
        assert_eq!(arranged_for(&[20, 5, 10, 6], 19), [("USER", 11), ("COST", 6)]);
    }
}

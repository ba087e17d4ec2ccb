//! Aligned tables. What does not fit the width is cut where a column allows it, then columns that can be missed are left
//! out; where there is no width, everything is shown.

use shared::terminal::safe;

use super::{Style, Tone};
use crate::format::{fit, width};

/// Between two columns.
const GAP: usize = 2;

#[derive(Debug, Clone, Copy)]
pub struct Column {
    title: &'static str,
    is_number: bool,
    /// Cells that it may be cut down to.
    least: Option<usize>,
    can_be_missed: bool,
}

impl Column {
    pub const fn text(title: &'static str) -> Self {
        Self { title, is_number: false, least: None, can_be_missed: false }
    }

    /// To the right.
    pub const fn number(title: &'static str) -> Self {
        Self { is_number: true, ..Self::text(title) }
    }

    pub const fn cut_to(self, least: usize) -> Self {
        Self { least: Some(least), ..self }
    }

    /// Left out before others get too narrow; the last one first.
    pub const fn if_room(self) -> Self {
        Self { can_be_missed: true, ..self }
    }
}

/// A text that is safe to show, and what it means.
#[derive(Debug, Clone)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    pub fn new(text: impl AsRef<str>, tone: Tone) -> Self {
        let text = text.as_ref();
        Self { text: if text.is_empty() { "-".to_owned() } else { safe(text).into_owned() }, tone }
    }

    pub fn render(&self, style: &Style) -> String {
        style.paint(&self.text, self.tone)
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text, Tone::Plain)
    }
}

#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new() }
    }

    /// The same with a row for every item.
    pub fn with<T>(mut self, items: &[T], row: impl Fn(&T) -> Vec<Cell>) -> Self {
        self.rows.extend(items.iter().map(row));
        self
    }

    pub fn render(&self, style: &Style) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let widths = self.widths(style.width);
        let head =
            self.columns.iter().map(|column| Cell::new(column.title, Tone::Strong)).collect::<Vec<_>>();
        let lines = std::iter::once(&head).chain(&self.rows);
        lines.map(|cells| self.line(cells, &widths, style)).collect()
    }

    fn line(&self, cells: &[Cell], widths: &[Option<usize>], style: &Style) -> String {
        let mut line = String::new();
        let mut owed = 0;
        for ((cell, column), cells) in cells.iter().zip(&self.columns).zip(widths) {
            let Some(cells) = *cells else { continue };
            let text = fit(&cell.text, cells, style.ellipsis);
            let pad = cells.saturating_sub(width(&text));
            let (before, after) = if column.is_number { (pad, 0) } else { (0, pad) };
            line.extend(std::iter::repeat_n(' ', owed + before));
            line.push_str(&style.paint(&text, cell.tone));
            owed = after + GAP;
        }
        line.push('\n');
        line
    }

    /// The cells of each column; none for one that is left out.
    fn widths(&self, room: Option<usize>) -> Vec<Option<usize>> {
        let natural: Vec<usize> = (0..self.columns.len()).map(|column| self.natural(column)).collect();
        let mut widths: Vec<Option<usize>> = natural.iter().copied().map(Some).collect();
        let Some(room) = room else { return widths };
        loop {
            let squeezed = self.squeeze(&widths, room);
            if total(&squeezed) <= room {
                return squeezed;
            }
            let missed = self.columns.iter().zip(&mut widths).rev();
            let Some((_, cells)) =
                missed.into_iter().find(|(column, cells)| column.can_be_missed && cells.is_some())
            else {
                return squeezed;
            };
            *cells = None;
        }
    }

    fn natural(&self, column: usize) -> usize {
        let title = self.columns.get(column).map_or(0, |column| width(column.title));
        let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| width(&cell.text));
        cells.max().unwrap_or_default().max(title)
    }

    /// Takes from the widest column that may be cut, until it fits or nothing may be cut any more.
    fn squeeze(&self, widths: &[Option<usize>], room: usize) -> Vec<Option<usize>> {
        let mut squeezed = widths.to_vec();
        while total(&squeezed) > room {
            let can_give = self.columns.iter().zip(&mut squeezed).filter_map(|(column, cells)| {
                let least = column.least?.max(width(column.title));
                cells.as_mut().filter(|cells| **cells > least)
            });
            let Some(widest) = can_give.max_by_key(|cells| **cells) else { break };
            *widest -= 1;
        }
        squeezed
    }
}

fn total(widths: &[Option<usize>]) -> usize {
    let shown = widths.iter().flatten();
    shown.clone().sum::<usize>() + GAP * shown.count().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use shared::time::Timestamp;

    use super::*;

    fn table() -> Table {
        let columns = [
            Column::text("USER").cut_to(6),
            Column::number("COST"),
            Column::text("DEVICE").cut_to(6).if_room(),
            Column::text("STATE"),
        ];
        let rows = [
            ["ada.lovelace@example.com", "$12.00", "workstation-7", "active"],
            ["日本@example.com", "$0.50", "", "locked"],
        ];
        Table::new(columns).with(&rows, |row| row.iter().map(Cell::from).collect())
    }

    fn rendered(room: Option<usize>) -> String {
        table().render(&Style { width: room, ..Style::plain(Timestamp(0)) })
    }

    #[test]
    fn columns_are_aligned_and_nothing_trails() {
        assert_eq!(
            rendered(None),
            "USER                        COST  DEVICE         STATE\n\
             ada.lovelace@example.com  $12.00  workstation-7  active\n\
             日本@example.com           $0.50  -              locked\n"
        );
    }

    #[test]
    fn what_does_not_fit_is_cut_then_left_out() {
        let narrow = rendered(Some(40));
        assert!(narrow.lines().all(|line| width(line) <= 40) && narrow.contains('…'), "{narrow}");
        assert!(narrow.contains("DEVICE"));
        let narrower = rendered(Some(28));
        assert!(narrower.lines().all(|line| width(line) <= 28), "{narrower}");
        assert!(!narrower.contains("DEVICE") && narrower.contains("$12.00"));
        assert!(rendered(Some(3)).contains("locked"));
    }

    #[test]
    fn remote_text_cannot_steer_the_terminal() {
        let table =
            Table::new([Column::text("HOST")]).with(&["\x1b[2J\u{202e}evil"], |host| vec![host.into()]);
        assert_eq!(table.render(&Style::plain(Timestamp(0))), "HOST\n\\u{1b}[2J\\u{202e}evil\n");
    }

    #[test]
    fn colours_only_when_asked() {
        let table =
            Table::new([Column::text("STATE")]).with(&["down"], |state| vec![Cell::new(state, Tone::Bad)]);
        let style = Style { color: true, ..Style::plain(Timestamp(0)) };
        assert_eq!(table.render(&style), "\x1b[1mSTATE\x1b[0m\n\x1b[1;31mdown\x1b[0m\n");
        assert!(!rendered(None).contains('\x1b'));
    }
}

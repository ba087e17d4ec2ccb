//! Draws a table: a line of titles, and the rows that can be seen.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{
    Row, Table,
    column::{self, Place},
    list::{MARGIN, room},
};
use crate::tui::{
    theme::{Look, Tone},
    view::paint,
};

pub(super) fn draw<T: Row>(table: &Table<T>, area: Rect, buffer: &mut Buffer, look: &Look) {
    if area.is_empty() {
        return;
    }
    let places = column::arrange(T::columns(), &table.needs, room(area.width));
    titles(table, &places, Rect { height: 1, ..area }, buffer, look);
    let positions = (table.offset..table.shown.len()).zip(area.y + 1..area.bottom());
    for (position, y) in positions {
        let Some(row) = table.shown_at(position) else { break };
        let line = Rect { y, height: 1, ..area };
        let is_selected = position == table.position;
        let base = look.style(if is_selected { Tone::Selected } else { Tone::Plain });
        if is_selected {
            buffer.set_style(line, base);
        }
        if table.marks.contains(&row.id()) {
            let style = look.style(Tone::Marked).patch(base);
            buffer.set_stringn(line.x, y, look.theme.symbols.mark, 1, style);
        }
        cells(row, &places, line, &Brush { base, is_selected, look }, buffer);
    }
}

struct Brush<'a> {
    base: Style,
    is_selected: bool,
    look: &'a Look<'a>,
}

impl Brush<'_> {
    /// The selected row keeps only what warns, and what is strong.
    fn style(&self, tone: Tone) -> Style {
        let style = self.look.style(tone);
        match (self.is_selected, tone) {
            (false, _) => style,
            (true, Tone::Warn | Tone::Bad | Tone::Good) => self.base.patch(style),
            (true, Tone::Strong | Tone::Accent) => style.patch(self.base),
            (true, _) => self.base,
        }
    }
}

fn cells<T: Row>(row: &T, places: &[Place], line: Rect, brush: &Brush, buffer: &mut Buffer) {
    for place in places {
        let Some(column) = T::columns().get(place.column) else { continue };
        let cell = (column.cell)(row, brush.look);
        let area = cell_area(*place, line);
        let style = brush.style(cell.tone);
        if column.is_right {
            paint::put_right(buffer, area, &cell.text, (style, brush.look));
        } else {
            paint::put(buffer, (area.x, area.y), area.width, &cell.text, (style, brush.look));
        }
    }
}

fn cell_area(place: Place, line: Rect) -> Rect {
    let x = (line.x + MARGIN + place.left).min(line.right());
    Rect { x, width: place.width.min(line.right() - x), ..line }
}

/// A title may take a cell of the gap, so that there is room for its arrow.
fn title_area(place: Place, is_right: bool, line: Rect) -> Rect {
    let area = cell_area(place, line);
    let x = if is_right { area.x - 1 } else { area.x };
    Rect { x, width: (area.width + 1).min(line.right() - x), ..area }
}

fn titles<T: Row>(table: &Table<T>, places: &[Place], line: Rect, buffer: &mut Buffer, look: &Look) {
    for place in places {
        let Some(column) = T::columns().get(place.column) else { continue };
        let sort = table.sort.filter(|sort| sort.column == place.column);
        let symbols = &look.theme.symbols;
        let arrow =
            sort.map_or("", |sort| if sort.is_descending { symbols.descending } else { symbols.ascending });
        let text = format!("{}{arrow}", column.title);
        let style = look.style(if sort.is_some() { Tone::Accent } else { Tone::Dim });
        let area = title_area(*place, column.is_right, line);
        if column.is_right {
            paint::put_right(buffer, area, &text, (style, look));
        } else {
            paint::put(buffer, (area.x, area.y), area.width, &text, (style, look));
        }
    }
}

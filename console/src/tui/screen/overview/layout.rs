//! Where the parts of the overview are: graphs above, words below, more of both where there is room.

use ratatui::layout::Rect;

/// From this width on there are three graphs beside each other, and the machine has a column of its own.
const WIDE: u16 = 150;
/// From this height on, the words below have headings and bars.
const TALL: u16 = 28;
/// Lines of the words besides those of the parts, where there is little room, and all of them where there is enough.
const FEW: u16 = 4;
const MANY: u16 = 11;
/// Cells of what tells of answers.
const ANSWERS: u16 = 44;
const GAP: u16 = 2;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    pub graphs: Vec<Rect>,
    pub answers: Rect,
    pub health: Rect,
    pub machine: Rect,
}

/// `parts` is how many things the daemon relies on.
pub fn split(area: Rect, parts: u16) -> Layout {
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let words = if area.height >= TALL { MANY.max(parts + 6) } else { FEW + parts };
    let above = Rect { height: area.height.saturating_sub(words + 1), ..area };
    let below = Rect { y: above.bottom() + 1, height: words.min(area.height), ..area };
    let below = Rect { height: below.height.min(area.bottom().saturating_sub(below.y)), ..below };
    let columns = if area.width >= WIDE { 3 } else { 2 };
    let graphs = grid(above, columns);
    if area.height < TALL {
        return Layout {
            graphs,
            answers: Rect { height: 2.min(below.height), ..below },
            health: rows(below, 3, parts),
            machine: rows(below, 3 + parts, 1),
        };
    }
    let answers = Rect { width: ANSWERS.min(below.width), ..below };
    let rest = Rect { x: answers.right() + GAP, width: below.width.saturating_sub(ANSWERS + GAP), ..below };
    if area.width < WIDE {
        return Layout {
            graphs,
            answers,
            health: rows(rest, 0, parts + 1),
            machine: rows(rest, parts + 2, 4),
        };
    }
    let health = Rect { width: rest.width * 3 / 5, ..rest };
    let machine = Rect { x: health.right() + GAP, width: rest.width - health.width - GAP, ..rest };
    Layout { graphs, answers, health, machine }
}

/// Some lines of an area.
fn rows(area: Rect, first: u16, count: u16) -> Rect {
    let y = (area.y + first).min(area.bottom());
    Rect { y, height: count.min(area.bottom() - y), ..area }
}

/// Two lines of graphs, row by row.
fn grid(area: Rect, columns: u16) -> Vec<Rect> {
    // A line that is left over goes to the first row.
    let heights = [area.height.div_ceil(2), area.height / 2];
    let width = area.width.saturating_sub(GAP * (columns - 1)) / columns;
    let mut graphs = Vec::new();
    let mut y = area.y;
    for height in heights {
        for column in 0..columns {
            let x = area.x + column * (width + GAP);
            let width = if column + 1 == columns { area.right().saturating_sub(x) } else { width };
            graphs.push(Rect { x, y, width, height });
        }
        y += height;
    }
    graphs
}

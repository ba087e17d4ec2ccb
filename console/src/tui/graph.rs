//! A graph of what moved: the area under a line, one column of dots a moment, the newest at the right edge.

use ratatui::{buffer::Buffer, layout::Rect};

use super::theme::{Look, Tone};

/// Dots of a braille cell, from the bottom: of its left half, and of its right half.
const LEFT: [u32; 4] = [0x40, 0x04, 0x02, 0x01];
const RIGHT: [u32; 4] = [0x80, 0x20, 0x10, 0x08];
const BLANK: u32 = 0x2800;

/// How many moments fit into so many cells.
pub fn moments(cells: u16, look: &Look) -> usize {
    usize::from(cells) * if look.theme.symbols.has_braille { 2 } else { 1 }
}

/// Draws as many points as fit; where nothing is known, nothing is drawn. `top` is what reaches the upper edge.
pub fn draw(buffer: &mut Buffer, area: Rect, points: &[Option<u64>], top: u64, look: &Look) {
    let levels_a_cell: u64 = if look.theme.symbols.has_braille { 4 } else { 8 };
    let levels = u64::from(area.height) * levels_a_cell;
    let heights: Vec<Option<u64>> =
        points.iter().map(|point| point.map(|value| height(value, top, levels))).collect();
    let a_cell = moments(1, look);
    for (pair, x) in heights.chunks(a_cell).zip(area.x..area.right()) {
        for (row, y) in (area.y..area.bottom()).rev().enumerate() {
            let below = row as u64 * levels_a_cell;
            let above = |height: Option<u64>| height.map(|it| it.saturating_sub(below).min(levels_a_cell));
            let left = pair.first().copied().flatten();
            let right = pair.get(1).copied().flatten();
            let glyph = match a_cell {
                2 => braille(above(left), above(right), row == 0),
                _ => block(above(left), row == 0, look),
            };
            let tone = match left.max(right).unwrap_or_default() {
                0 => Tone::Border,
                highest if highest <= below + levels_a_cell => Tone::Graph,
                _ => Tone::Filling,
            };
            let style = look.style(tone);
            if let (Some(glyph), Some(cell)) = (glyph, buffer.cell_mut((x, y))) {
                cell.set_char(glyph).set_style(style);
            }
        }
    }
}

/// What is more than nothing can be seen.
fn height(value: u64, top: u64, levels: u64) -> u64 {
    let height = u128::from(value) * u128::from(levels) / u128::from(top.max(1));
    let height = u64::try_from(height).unwrap_or(levels).min(levels);
    height.max(u64::from(value > 0))
}

fn braille(left: Option<u64>, right: Option<u64>, is_ground: bool) -> Option<char> {
    let dots = |height: Option<u64>, dots: [u32; 4]| -> u32 {
        // The ground is drawn even where nothing happened.
        let height = height.map_or(0, |height| height.max(u64::from(is_ground)));
        (0..height).zip(dots).map(|(_, dot)| dot).sum()
    };
    let both = dots(left, LEFT) + dots(right, RIGHT);
    (both > 0).then(|| char::from_u32(BLANK + both)).flatten()
}

fn block(height: Option<u64>, is_ground: bool, look: &Look) -> Option<char> {
    let height = height?.max(u64::from(is_ground));
    let place = usize::try_from(height).ok()?.checked_sub(1)?;
    look.theme.symbols.bars.get(place)?.chars().next()
}

/// A bar of a share in thousandths: as many full cells as it has.
pub fn bar(thousandths: u64, cells: u64, look: &Look) -> String {
    let full = (thousandths.min(1000) * cells + 500) / 1000;
    let full = full.max(u64::from(thousandths > 0)).min(cells);
    let [on, off] = look.theme.symbols.bar;
    let many = |count: u64, glyph: &str| glyph.repeat(usize::try_from(count).unwrap_or_default());
    format!("{}{}", many(full, on), many(cells - full, off))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::{
        testing::NOW,
        theme::{Theme, ThemeName},
    };

    fn drawn(points: &[Option<u64>], cells: (u16, u16), is_ascii: bool) -> Vec<String> {
        let theme = Theme::new(ThemeName::Dark, is_ascii);
        let look = Look { theme: &theme, now: NOW, status: None, work: None };
        let area = Rect::new(0, 0, cells.0, cells.1);
        let mut buffer = Buffer::empty(area);
        draw(&mut buffer, area, points, 8, &look);
        crate::tui::testing::text(&buffer).lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_greatest_reaches_the_edge_and_nothing_is_the_ground() {
        let points = [Some(0), Some(0), Some(8), Some(4), Some(1), None, None, None];
        assert_eq!(drawn(&points, (4, 2), false), [" ⡇", "⣀⣿⡀"]);
    }

    #[test]
    fn without_braille_a_column_is_one_moment() {
        assert_eq!(drawn(&[Some(0), Some(4), Some(8)], (3, 1), true), ["_:#"]);
    }

    #[test]
    fn a_share_that_is_not_nothing_has_a_cell() {
        let theme = Theme::new(ThemeName::Dark, true);
        let look = Look { theme: &theme, now: NOW, status: None, work: None };
        for (share, shown) in [(0, "...."), (1, "#..."), (500, "##.."), (999, "####"), (5000, "####")] {
            assert_eq!(bar(share, 4, &look), shown);
        }
    }
}

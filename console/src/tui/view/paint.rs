//! Words into cells. Every text passes [`put`], which makes it safe: whoever wrote it, it can't steer the terminal.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
    widgets::{Block, Clear, Widget},
};
use shared::terminal::safe;

use crate::tui::{
    format,
    theme::{Look, Tone},
};

/// Writes a text into at most so many cells; says how many it took.
pub fn put(buffer: &mut Buffer, (x, y): (u16, u16), room: u16, text: &str, style: (Style, &Look)) -> u16 {
    let area = buffer.area;
    if room == 0 || x >= area.right() || y >= area.bottom() {
        return 0;
    }
    let (style, look) = style;
    let room = room.min(area.right() - x);
    let fitted = format::fit(&safe(text), usize::from(room), look.theme.symbols.ellipsis);
    // Only words are underlined: a line under the gap beside them would look like a mistake.
    let words = fitted.trim_end();
    let (rest, room) = (fitted.get(words.len()..).unwrap_or_default(), usize::from(room));
    let (end, _) = buffer.set_stringn(x, y, words, room, style);
    let room = room - usize::from(end - x);
    let (end, _) = buffer.set_stringn(end, y, rest, room, style.remove_modifier(Modifier::UNDERLINED));
    end - x
}

/// Writes a text at the right edge of an area's first line.
pub fn put_right(buffer: &mut Buffer, area: Rect, text: &str, style: (Style, &Look)) {
    let width = u16::try_from(format::width(&safe(text))).unwrap_or(area.width).min(area.width);
    put(buffer, (area.right() - width, area.y), width, text, style);
}

/// A line of pieces, from the left.
pub fn line(buffer: &mut Buffer, area: Rect, pieces: &[(String, Tone)], look: &Look) -> u16 {
    let mut x = area.x;
    for (text, tone) in pieces {
        let room = area.right().saturating_sub(x);
        x += put(buffer, (x, area.y), room, text, (look.style(*tone), look));
    }
    x - area.x
}

/// Lines from the `scroll`th on, as many as fit.
pub fn lines(buffer: &mut Buffer, area: Rect, lines: &[Vec<(String, Tone)>], scroll: usize, look: &Look) {
    for (pieces, y) in lines.iter().skip(scroll).zip(area.y..area.bottom()) {
        line(buffer, Rect { y, height: 1, ..area }, pieces, look);
    }
}

pub fn line_width(pieces: &[(String, Tone)]) -> u16 {
    let width: usize = pieces.iter().map(|(text, _)| format::width(&safe(text))).sum();
    u16::try_from(width).unwrap_or(u16::MAX)
}

/// A line of pieces at the right edge.
pub fn line_right(buffer: &mut Buffer, area: Rect, pieces: &[(String, Tone)], look: &Look) -> u16 {
    let width = line_width(pieces).min(area.width);
    line(buffer, Rect { x: area.right() - width, width, ..area }, pieces, look)
}

/// Sentences in the middle of an area, broken into lines that fit.
pub fn sentences(buffer: &mut Buffer, area: Rect, sentences: &[(String, Tone)], look: &Look) {
    let room = usize::from(area.width.saturating_sub(4)).min(100);
    let lines: Vec<(String, Tone)> = sentences
        .iter()
        .flat_map(|(text, tone)| wrap(&safe(text), room).into_iter().map(|line| (line, *tone)))
        .collect();
    let height = u16::try_from(lines.len()).unwrap_or(area.height).min(area.height);
    let top = area.y + (area.height - height) / 2;
    for ((text, tone), y) in lines.iter().zip(top..top + height) {
        let width = u16::try_from(format::width(text)).unwrap_or(area.width).min(area.width);
        let x = area.x + (area.width - width) / 2;
        put(buffer, (x, y), width, text, (look.style(*tone), look));
    }
}

/// Breaks a text at spaces, and within a word that is too long for a line.
pub fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let mut word = word;
        while format::width(word) > room {
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            // A character that is wider than a line gets one all the same.
            let cut = format::head(word, room).len().max(word.chars().next().map_or(0, char::len_utf8));
            let (head, tail) = word.split_at(cut);
            lines.push(head.to_owned());
            word = tail;
        }
        let gap = usize::from(!line.is_empty());
        if format::width(&line) + gap + format::width(word) > room {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// A frame with a title; what was under it is cleared.
pub fn frame(buffer: &mut Buffer, area: Rect, title: (&str, Tone), look: &Look) -> Rect {
    framed(buffer, area, &[(format!(" {} ", title.0), title.1)], look)
}

/// A frame whose title has pieces of several tones.
pub fn framed(buffer: &mut Buffer, area: Rect, title: &[(String, Tone)], look: &Look) -> Rect {
    Clear.render(area, buffer);
    let block =
        Block::bordered().border_set(look.theme.symbols.border).border_style(look.style(Tone::Border));
    let inside = block.inner(area);
    block.render(area, buffer);
    let top = Rect { x: area.x + 2, width: area.width.saturating_sub(4), height: 1, ..area };
    // The title does not take over the border's colour.
    let under = Rect { width: line_width(title).min(top.width), ..top };
    buffer.set_style(under.intersection(buffer.area), Style::reset());
    line(buffer, top, title, look);
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_in_words_that_are_too_long() {
        assert_eq!(wrap("the daemon has stopped", 10), ["the daemon", "has", "stopped"]);
        assert_eq!(
            wrap("at /run/sallyport/admin.sock now", 8),
            ["at", "/run/sal", "lyport/a", "dmin.soc", "k now"]
        );
        assert_eq!(wrap("日本語日本語", 5), ["日本", "語日", "本語"]);
        assert!(wrap("", 5).is_empty());
    }
}

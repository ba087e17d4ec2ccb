//! Text that others wrote (host names, user agents, addresses), made safe to show on a terminal: it can neither move the
//! cursor nor turn the direction of what stands around it.

use std::{borrow::Cow, fmt::Write};

/// The text, with every character that steers a terminal or hides written out, as in `\u{1b}`.
pub fn safe(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_unsafe(character) {
            let _ = write!(shown, "{}", character.escape_default());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// The same for JSON, which stays the same JSON: what is not safe can stand in its strings only, and is escaped there.
pub fn safe_json(json: &str) -> Cow<'_, str> {
    // Below U+007F a writer of JSON escapes by itself, and writes line ends between its fields.
    let must_go = |character: char| character >= '\u{7f}' && is_unsafe(character);
    if !json.chars().any(must_go) {
        return Cow::Borrowed(json);
    }
    let mut shown = String::with_capacity(json.len() + 8);
    for character in json.chars() {
        if must_go(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Control characters (C0, DEL, C1), line separators, and the format characters that turn text around or can't be seen.
/// The joiners U+200C and U+200D stay: Persian names and emoji need them.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::{safe, safe_json};

    #[test]
    fn plain_text_passes_as_it_is() {
        for text in
            ["", "ada@example.com", "Łukasz’s MacBook Pro", "نام‌خانوادگی", "👩‍💻 東京", r"C:\Users\u{1b}"]
        {
            assert_eq!(safe(text), text);
        }
    }

    #[test]
    fn nothing_steers_the_terminal() {
        for (text, shown) in [
            ("\x1b[2J\x1b]0;owned\x07", r"\u{1b}[2J\u{1b}]0;owned\u{7}"),
            ("\u{9b}31mred", r"\u{9b}31mred"),
            ("one\r\ntwo\tthree\x08\x7f", r"one\r\ntwo\tthree\u{8}\u{7f}"),
            ("user\u{202e}moc.elpmaxe", r"user\u{202e}moc.elpmaxe"),
            ("\u{2066}a\u{2069}\u{200f}\u{61c}", r"\u{2066}a\u{2069}\u{200f}\u{61c}"),
            ("a\u{2028}b\u{200b}c\u{feff}", r"a\u{2028}b\u{200b}c\u{feff}"),
            ("tag\u{e0041}", r"tag\u{e0041}"),
        ] {
            assert_eq!(safe(text), shown);
        }
    }

    #[test]
    fn json_stays_the_same_json() {
        for text in ["plain\n\tü", "\u{9b}31m\u{7f}\u{202e}\u{e0041}\u{200b}"] {
            let json = serde_json::to_string_pretty(&[text]).unwrap();
            let shown = safe_json(&json);
            assert_eq!(serde_json::from_str::<[String; 1]>(&shown).unwrap(), [text]);
            assert!(shown.chars().all(|c| c == '\n' || safe(&c.to_string()) == c.to_string()), "{shown}");
        }
    }

    #[test]
    fn what_is_safe_stays_as_it_is() {
        let once = safe("\x1b[31m\u{202e}").into_owned();
        assert_eq!(safe(&once), once);
    }
}

//! How wide columns are for what is in them.

use ratatui::buffer::Buffer;
use shared::time::Timestamp;

use super::*;
use crate::tui::{
    testing::text,
    theme::{Theme, ThemeName},
};

#[derive(Debug, Clone)]
struct Host(&'static str);

impl Row for Host {
    type Id = &'static str;

    fn id(&self) -> &'static str {
        self.0
    }

    fn text(&self) -> Option<String> {
        None
    }

    fn columns() -> &'static [Column<Self>] {
        const COLUMNS: &[Column<Host>] = &[
            Column::new("HOST", (5, 20), |host: &Host, _: &Look| Cell::plain(host.0)),
            Column::new("RUNS", (4, 4), |_: &Host, _: &Look| Cell::plain("7"))
                .right()
                .sorted(|one, other| one.0.cmp(other.0)),
            Column::new("NOTE", (4, 99), |_: &Host, _: &Look| Cell::none()),
        ];
        COLUMNS
    }
}

fn table() -> Table<Host> {
    let mut table = Table::new(None);
    table.replace(vec![Host("one"), Host("two"), Host("three"), Host("far.below.example")]);
    table.settle(AREA);
    table
}

fn drawn(table: &Table<Host>) -> String {
    let theme = Theme::new(ThemeName::None, false);
    let mut buffer = Buffer::empty(AREA);
    table.draw(
        AREA,
        &mut buffer,
        &Look { theme: &theme, now: Timestamp::default(), status: None, work: None },
    );
    text(&buffer)
}

#[test]
fn columns_get_wider_for_what_comes_into_sight_and_never_narrower() {
    let mut table = table();
    let needs = |table: &Table<Host>| table.needs[0];
    assert_eq!(needs(&table), 5);
    table.go(Motion::Last);
    table.settle(AREA);
    assert_eq!(needs(&table), 17);
    assert!(drawn(&table).contains("far.below.ex"), "{}", drawn(&table));
    table.go(Motion::First);
    table.settle(AREA);
    assert_eq!(needs(&table), 17);
    table.settle(Rect { width: 30, ..AREA });
    assert_eq!(needs(&table), 5, "another width begins anew");
}

#[test]
fn a_title_has_room_for_its_arrow() {
    let mut table = table();
    table.sort_by_next(true);
    table.settle(AREA);
    assert!(drawn(&table).contains("RUNS↓"), "{}", drawn(&table));
}

mod width;

use ratatui::layout::Rect;

use super::*;
use crate::tui::theme::{Look, Tone};

/// Room for the titles and three rows.
const AREA: Rect = Rect::new(0, 0, 40, 4);

#[derive(Debug, Clone)]
struct Pet(u32, &'static str, u32);

impl Row for Pet {
    type Id = u32;

    fn id(&self) -> u32 {
        self.0
    }

    fn text(&self) -> Option<String> {
        Some(self.1.to_owned())
    }

    fn columns() -> &'static [Column<Self>] {
        const COLUMNS: &[Column<Pet>] = &[
            Column::new("NAME", (10, 10), |pet: &Pet, _: &Look| Cell::plain(pet.1))
                .sorted(|a, b| a.1.cmp(b.1)),
            Column::new("AGE", (5, 5), |pet: &Pet, _: &Look| Cell::new(pet.2.to_string(), Tone::Dim))
                .right()
                .sorted(|a, b| a.2.cmp(&b.2)),
        ];
        COLUMNS
    }
}

fn table() -> Table<Pet> {
    let mut table = Table::new(Some(Sort { column: 0, is_descending: false }));
    table.replace(vec![Pet(1, "dog", 3), Pet(2, "cat", 9), Pet(3, "bird", 1), Pet(4, "ant", 5)]);
    table.settle(AREA);
    table
}

fn names(table: &Table<Pet>) -> Vec<&'static str> {
    table.shown_rows().map(|pet| pet.1).collect()
}

#[test]
fn the_selection_stays_on_its_object_while_rows_move() {
    let mut table = table();
    table.go(Motion::Down);
    assert_eq!(table.selected().unwrap().1, "bird");
    table.update(vec![Pet(3, "wren", 1), Pet(5, "asp", 2)]);
    table.settle(AREA);
    assert_eq!(names(&table), ["ant", "asp", "cat", "dog", "wren"]);
    assert_eq!((table.selected().unwrap().1, table.position, table.offset), ("wren", 4, 2));
}

#[test]
fn when_the_selected_row_goes_the_one_in_its_place_is_selected() {
    let mut table = table();
    table.go(Motion::Last);
    table.replace(vec![Pet(2, "cat", 9), Pet(4, "ant", 5)]);
    table.settle(AREA);
    assert_eq!(table.selected().unwrap().1, "cat");
    table.replace(Vec::new());
    table.settle(AREA);
    assert!(table.selected().is_none() && table.chosen().is_empty());
    table.go(Motion::Down);
    assert_eq!(table.standing(), Standing::default());
}

#[test]
fn a_click_on_a_title_sorts_and_again_turns_it_round() {
    let mut table = table();
    assert_eq!(table.click(40, 16, 0), Click::Title);
    table.settle(AREA);
    assert_eq!(names(&table), ["cat", "ant", "dog", "bird"]);
    assert_eq!(table.click(40, 16, 0), Click::Title);
    table.settle(AREA);
    assert_eq!(names(&table), ["bird", "dog", "ant", "cat"]);
    assert_eq!(table.click(40, 39, 0), Click::Nothing);
}

#[test]
fn an_action_is_for_the_marked_rows_that_can_be_seen() {
    let mut table = table();
    assert_eq!(table.chosen().len(), 1);
    table.mark();
    table.mark();
    assert_eq!(table.chosen().iter().map(|pet| pet.1).collect::<Vec<_>>(), ["ant", "bird"]);
    table.set_filter(Filter::new("!ant"));
    table.settle(AREA);
    assert_eq!(table.chosen().iter().map(|pet| pet.1).collect::<Vec<_>>(), ["bird"]);
    table.mark_all();
    assert_eq!(table.standing().marked, 4);
    table.mark_all();
    assert_eq!(table.standing().marked, 0);
}

#[test]
fn marks_of_rows_that_are_gone_are_gone() {
    let mut table = table();
    table.mark_all();
    table.replace(vec![Pet(2, "cat", 9)]);
    table.settle(AREA);
    assert_eq!(table.standing(), Standing { position: 1, shown: 1, all: 1, marked: 1 });
}

#[test]
fn the_wheel_moves_the_rows_and_keeps_the_selection_in_sight() {
    let mut table = table();
    table.go(Motion::Wheel(1));
    assert_eq!((table.offset, table.position), (1, 1));
    table.go(Motion::Wheel(100));
    assert_eq!((table.offset, table.position), (1, 1));
    assert_eq!(table.click(40, 5, 3), Click::Row { was_selected: false });
    assert_eq!(table.selected().unwrap().1, "dog");
    table.go(Motion::Wheel(-100));
    assert_eq!((table.offset, table.position), (0, 2));
}

#[test]
fn keys_sort_by_the_columns_that_can_be_seen() {
    let mut table = table();
    table.sort_by_next(true);
    table.settle(AREA);
    assert_eq!(names(&table), ["cat", "ant", "dog", "bird"], "figures begin with the greatest");
    table.sort_by_next(true);
    table.settle(AREA);
    assert_eq!(names(&table), ["ant", "bird", "cat", "dog"]);
    table.reverse();
    table.settle(AREA);
    assert_eq!(names(&table), ["dog", "cat", "bird", "ant"]);
}

#[test]
fn until_a_row_is_chosen_the_first_one_is_selected() {
    let mut table = table();
    table.update(vec![Pet(9, "aardvark", 1)]);
    table.settle(AREA);
    assert_eq!(table.selected().unwrap().1, "aardvark");
    table.hold();
    table.update(vec![Pet(10, "aal", 1)]);
    table.settle(AREA);
    assert_eq!((table.selected().unwrap().1, table.position), ("aardvark", 1));
}

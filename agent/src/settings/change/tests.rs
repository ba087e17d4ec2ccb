use serde_json::json;

use super::*;

fn wanted(gateway: &str) -> Vec<Wanted> {
    let one =
        |path: &[&str], value| Wanted { path: path.iter().map(|&name| name.to_owned()).collect(), value };
    vec![
        one(&["apiKeyHelper"], json!("agent get-token")),
        one(&["env", "GATEWAY"], json!(gateway)),
        one(&["env", "UPDATES"], json!("1")),
    ]
}

fn applied(text: Option<&str>, earlier: Option<&Change>, gateway: &str) -> Edited {
    let edited = apply(text, &wanted(gateway), earlier).unwrap();
    assert!(holds(&edited.text, &wanted(gateway)).unwrap(), "{}", edited.text);
    edited
}

const OWN: &str =
    "{\n\t\"model\" : \"opus\",\n\t\"env\": { \"UPDATES\": \"0\", \"MINE\": \"1\" },\n\t\"z\": [ ]\n}";

#[test]
fn every_byte_comes_back() {
    for before in [None, Some(""), Some("  \n"), Some("{}"), Some("\u{feff}{\"env\":{}}"), Some(OWN)] {
        let edited = applied(before, None, "a");
        assert!(!edited.text.starts_with(MARK));
        let undone = undo(Some(&edited.text), &edited.change).unwrap();
        assert_eq!(undone, Undone { text: before.map(str::to_owned), kept: vec![], is_whole: true });
    }
}

#[test]
fn what_is_not_ours_stays_where_it_is() {
    let edited = applied(Some(OWN), None, "a");
    let text = "{\n\t\"model\" : \"opus\",\n\t\"env\": { \"UPDATES\": \"1\", \"MINE\": \"1\", \"GATEWAY\": \"a\" },\n\t\"z\": [ ],\n\t\"apiKeyHelper\": \"agent get-token\"\n}";
    assert_eq!(edited.text, text);
}

#[test]
fn every_byte_comes_back_after_several_changes() {
    let first = applied(Some(OWN), None, "a");
    let second = applied(Some(&first.text), Some(&first.change), "b");
    assert_eq!(undo(Some(&second.text), &second.change).unwrap().text.unwrap(), OWN);
}

#[test]
fn a_change_that_was_only_recorded_is_undone_as_well() {
    let first = applied(Some(OWN), None, "a");
    assert_eq!(undo(Some(OWN), &first.change).unwrap().text.unwrap(), OWN);
    let second = applied(Some(&first.text), Some(&first.change), "b");
    let undone = undo(Some(&first.text), &second.change).unwrap();
    assert_eq!(undone.kept, Vec::<String>::new());
    assert_eq!(parse(&undone.text.unwrap()), parse(OWN));
}

#[test]
fn of_a_text_that_someone_edited_only_what_is_ours_goes() {
    let edited = applied(Some(OWN), None, "a");
    let theirs =
        edited.text.replace("\"opus\"", "\"haiku\"").replace("\"GATEWAY\": \"a\"", "\"GATEWAY\": \"mine\"");
    let undone = undo(Some(&theirs), &edited.change).unwrap();
    assert_eq!((undone.kept, undone.is_whole), (vec!["env.GATEWAY".to_owned()], false));
    let text = OWN.replace("\"opus\"", "\"haiku\"").replace("\"1\" }", "\"1\", \"GATEWAY\": \"mine\" }");
    assert_eq!(undone.text.unwrap(), text);
}

#[test]
fn what_someone_added_to_a_file_of_ours_is_left_alone() {
    let edited = applied(None, None, "a");
    let theirs = edited.text.replacen('{', "{\n  \"model\": \"opus\",", 1);
    let undone = undo(Some(&theirs), &edited.change).unwrap();
    assert_eq!(parse(&undone.text.unwrap()).unwrap(), json!({"model": "opus"}));
    let formatted = edited.text.replace('\n', "\n ");
    let undone = undo(Some(&formatted), &edited.change).unwrap();
    assert_eq!((undone.text, undone.is_whole), (None, true));
}

#[test]
fn a_file_that_is_gone_stays_gone() {
    let edited = applied(Some(OWN), None, "a");
    assert_eq!(undo(None, &edited.change).unwrap(), Undone { text: None, kept: vec![], is_whole: false });
}

#[test]
fn what_cannot_be_read_is_refused_with_its_place() {
    for (text, place) in [
        ("{\"a\": 1,}", "line 1, column 9: trailing comma"),
        ("[]", "line 1, column 1: an object belongs here, in braces"),
        ("{\n\"env\": 1}", "line 2, column 8: an object belongs here, in braces"),
        ("{} {}", "line 1, column 4: trailing characters"),
    ] {
        assert_eq!(apply(Some(text), &wanted("a"), None).unwrap_err().to_string(), place);
    }
    let deep = "[".repeat(500);
    assert!(apply(Some(&deep), &wanted("a"), None).is_err());
}

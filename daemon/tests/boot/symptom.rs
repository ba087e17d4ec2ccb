//! No symptom of docs/troubleshooting.md is made up: what it quotes stands in a test, too, which sees a program say it.

use std::{fs, path::Path};

use super::root;

/// Where programs are made to say what they say.
const TESTS: [&str; 3] = ["daemon/tests", "agent/tests", "console/tests"];
/// Shorter pieces, such as `policy`, prove nothing.
const SHORTEST: usize = 7;

#[test]
fn every_symptom_of_the_guide_is_provoked_by_a_test() {
    let guide = fs::read_to_string(root().join("docs/troubleshooting.md")).unwrap();
    let mut tests = String::new();
    for folder in TESTS {
        collect(&root().join(folder), &mut tests);
    }
    let quoted: Vec<&str> = guide.lines().filter_map(first_cell).flat_map(quotes).collect();
    assert!(quoted.len() > 50, "{quoted:?}");
    let missing: Vec<&str> = quoted.into_iter().filter(|quote| !tests.contains(quote)).collect();
    assert!(missing.is_empty(), "no test sees these: {missing:#?}");
}

/// What is seen, in a row of a table.
fn first_cell(line: &str) -> Option<&str> {
    line.strip_prefix("| ")?.split(" | ").next()
}

/// The pieces of what stands in backticks, without what varies.
fn quotes(cell: &str) -> Vec<&str> {
    let (mut quotes, mut rest) = (Vec::new(), cell);
    while let Some(at) = rest.find('`') {
        let marks = rest[at..].bytes().take_while(|byte| *byte == b'`').count();
        let (fence, behind) = rest[at..].split_at(marks);
        let Some((quote, behind)) = behind.split_once(fence) else { break };
        quotes.extend(quote.split('…').map(str::trim).filter(|piece| piece.len() >= SHORTEST));
        rest = behind;
    }
    quotes
}

/// The text of all tests, as the programs' words are written in it.
fn collect(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, text);
        } else if path.extension().is_some_and(|kind| kind == "rs" || kind == "sh") {
            text.push_str(&fs::read_to_string(&path).unwrap().replace("\\\"", "\""));
        }
    }
}

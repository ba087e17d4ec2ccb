//! The numbers of Entra in docs/troubleshooting.md: the agent says what the guide says that it says.

use std::{collections::BTreeSet, fs, sync::Arc};

use tokio::task::JoinSet;

use crate::{device_code::enter, workstation::Workstation};

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs");
const MARK: &str = "AADSTS";

fn guide(name: &str) -> String {
    fs::read_to_string(format!("{DOCS}/{name}.md")).unwrap()
}

/// The numbers that a text names.
fn numbers(text: &str) -> Vec<&str> {
    let behind = text.split(MARK).skip(1);
    let numbers = behind.map(|rest| &rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())]);
    numbers.filter(|number| !number.is_empty()).collect()
}

/// Numbers, and what the agent may say about them.
fn rows(guide: &str) -> Vec<(Vec<&str>, Vec<&str>)> {
    let rows = guide.lines().filter_map(|line| line.strip_prefix("| ")).filter(|row| row.starts_with(MARK));
    let cells = rows.map(|row| row.split(" | ").collect::<Vec<_>>());
    cells.map(|cells| (numbers(cells[0]), cells[1].split('`').skip(1).step_by(2).collect())).collect()
}

async fn assert_told(here: Arc<Workstation>, number: String, sentences: Vec<String>) {
    let mut running = here.start(&["login", "--method", "device-code"]);
    enter(&here, &mut running, &format!("blocked.{number}")).await;
    let (code, said) = running.end().await;
    assert_eq!(code, Some(4), "{said}");
    let is_told = sentences.iter().any(|sentence| said.contains(sentence.as_str()));
    assert!(is_told && said.contains(&format!("({MARK}{number})")), "{number}: {sentences:?}, not {said}");
    assert!(said.contains("\nhint: "), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_number_is_told_in_the_words_of_the_guide() {
    let (here, guide) = (Arc::new(Workstation::new().await), guide("troubleshooting"));
    let rows = rows(&guide);
    assert!(rows.len() > 5, "{rows:?}");
    let mut told = JoinSet::new();
    for (numbers, sentences) in rows {
        for number in numbers {
            let sentences = sentences.iter().map(ToString::to_string).collect();
            told.spawn(assert_told(here.clone(), number.to_owned(), sentences));
        }
    }
    told.join_all().await;
}

#[test]
fn every_number_of_the_guide_to_entra_is_explained() {
    let (entra, troubleshooting) = (guide("entra"), guide("troubleshooting"));
    let rows = rows(&troubleshooting);
    let explained: BTreeSet<&str> = rows.iter().flat_map(|(numbers, _)| numbers.iter().copied()).collect();
    let named: BTreeSet<&str> = numbers(&entra).into_iter().collect();
    assert!(!named.is_empty() && named.is_subset(&explained), "{:?}", named.difference(&explained));
}

use std::collections::BTreeMap;

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::os::{Family as _, UnitState, fake::Fake};

/// A machine that somebody has used before.
struct Machine {
    os: Fake,
    root: TempDir,
}

impl Machine {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("home/.local/bin")).unwrap();
        fs::create_dir(root.path().join("home/.claude")).unwrap();
        fs::write(root.path().join("home/.claude/settings.json"), "{ \"model\": \"opus\" }").unwrap();
        fs::write(root.path().join("home/.claude/get-token.sh"), "mine").unwrap();
        fs::write(root.path().join("old"), "the old program").unwrap();
        let os = Fake::default();
        os.link(&root.path().join("home/.local/bin/claude"), &root.path().join("old")).unwrap();
        Self { os, root }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join("home").join(path)
    }

    fn journal(&self) -> Journal<'_> {
        Journal::open(&self.os, &self.path(".claude")).unwrap()
    }

    fn install(&self, gateway: &str) -> Result<Outcome, JournalError> {
        let mut journal = self.journal();
        let program = self.path(".local/share/claude/versions/2");
        let mut outcome = journal.file(&program, b"the new program", Access::Runnable)?;
        outcome = outcome.and(journal.link(&self.path(".local/bin/claude"), &program)?);
        outcome = outcome.and(journal.file(&self.path(".claude/get-token.sh"), b"ours", Access::Runnable)?);
        outcome = outcome.and(journal.file(&self.path("unit"), b"unit", Access::Private)?);
        let wanted = [Wanted { path: vec!["env".to_owned(), "GATEWAY".to_owned()], value: json!(gateway) }];
        outcome = outcome.and(journal.settings(&self.path(".claude/settings.json"), &wanted, None)?);
        journal.unit("unit.timer", &self.path("unit"))?;
        self.os.enable(crate::os::Unit { name: "unit.timer", file: &self.path("unit") }).unwrap();
        Ok(outcome)
    }

    /// Everything that is on the disk: folders, files and links.
    fn snapshot(&self) -> BTreeMap<PathBuf, String> {
        let mut found = BTreeMap::new();
        list(self.root.path(), &mut found);
        found
    }
}

fn list(folder: &Path, found: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if let Ok(target) = fs::read_link(&path) {
            found.insert(path, format!("-> {}", target.display()));
        } else if path.is_dir() {
            found.insert(path.clone(), "folder".to_owned());
            list(&path, found);
        } else {
            let content = fs::read_to_string(&path).unwrap();
            found.insert(path, content);
        }
    }
}

#[test]
fn everything_comes_back() {
    let machine = Machine::new();
    let before = machine.snapshot();
    assert_eq!(machine.install("a").unwrap(), Outcome::Done);
    let version = machine.path(".local/share/claude/versions/2");
    assert!(machine.os.is_linked(&machine.path(".local/bin/claude"), &version));
    assert_eq!(machine.install("b").unwrap(), Outcome::Done);
    let report = machine.journal().undo().unwrap();
    assert!(report.is_whole(), "{report:?}");
    assert_eq!(machine.snapshot(), before);
    assert_eq!(
        machine.os.state(crate::os::Unit { name: "unit.timer", file: Path::new("") }).unwrap(),
        UnitState::Absent
    );
}

#[test]
fn doing_it_again_changes_nothing() {
    let machine = Machine::new();
    machine.install("a").unwrap();
    let after = machine.snapshot();
    assert_eq!(machine.install("a").unwrap(), Outcome::Unchanged);
    assert_eq!(machine.snapshot(), after);
}

/// Whatever was written down, and then not done because the power went.
#[test]
fn steps_that_never_came_to_pass_are_undone_to_nothing() {
    let machine = Machine::new();
    let before = machine.snapshot();
    machine.install("a").unwrap();
    let steps = machine.journal().record.steps.clone();
    assert!(machine.journal().undo().unwrap().is_whole());
    for noted in 0..=steps.len() {
        let mut journal = machine.journal();
        journal.record.steps = steps.iter().take(noted).cloned().collect();
        journal.save().unwrap();
        assert!(journal.undo().unwrap().is_whole(), "{noted}");
        assert_eq!(machine.snapshot(), before, "{noted}");
    }
}

#[test]
fn something_that_was_to_be_moved_aside_is_moved_the_next_time() {
    let machine = Machine::new();
    let [script, program] = [".claude/get-token.sh", ".local/bin/claude"].map(|path| machine.path(path));
    fs::remove_file(&program).unwrap();
    fs::write(&program, "not a link").unwrap();
    let before = machine.snapshot();
    for path in [&script, &program] {
        machine.journal().note(Step::Kept { path: path.clone(), kept: aside(path) }).unwrap();
    }
    machine.install("a").unwrap();
    assert_eq!(fs::read_to_string(&script).unwrap(), "ours");
    assert!(machine.os.is_linked(&program, &machine.path(".local/share/claude/versions/2")));
    machine.journal().undo().unwrap();
    assert_eq!(machine.snapshot(), before);
}

#[test]
fn rights_that_were_still_to_be_given_are_given_the_next_time() {
    let machine = Machine::new();
    let path = machine.path("managed-settings.json");
    let wanted = [Wanted { path: vec!["a".to_owned()], value: json!(1) }];
    let set = |access| machine.journal().settings(&path, &wanted, access).unwrap();
    assert_eq!(set(None), Outcome::Done);
    assert!(!machine.os.is_exposed(&path).unwrap(), "as one leaves it who is killed");
    assert_eq!(set(Some(Access::Readable)), Outcome::Unchanged);
    // Wine forgets entries for groups.
    assert!(cfg!(windows) || machine.os.is_exposed(&path).unwrap());
}

/// Killed after the second name was given, and before ours took the place.
#[test]
fn what_was_only_kept_aside_is_there_once_again() {
    let machine = Machine::new();
    let before = machine.snapshot();
    let path = machine.path(".claude/get-token.sh");
    machine.journal().cover(&path).unwrap();
    assert!(machine.journal().undo().unwrap().is_whole());
    assert_eq!(machine.snapshot(), before);
}

#[test]
fn a_folder_that_someone_uses_stays() {
    let machine = Machine::new();
    machine.install("a").unwrap();
    fs::write(machine.path(".local/share/claude/theirs"), "").unwrap();
    machine.journal().undo().unwrap();
    assert!(machine.path(".local/share/claude/theirs").exists());
    assert!(!machine.path(".local/share/claude/versions").exists());
}

#[test]
fn only_one_at_a_time_holds_a_journal() {
    let machine = Machine::new();
    let _held = machine.journal();
    let refused = Journal::open(&machine.os, &machine.path(".claude")).unwrap_err();
    assert!(matches!(refused, JournalError::Busy), "{refused}");
}

#[test]
fn what_cannot_be_undone_stays_written_down() {
    let machine = Machine::new();
    let before = machine.snapshot();
    machine.install("a").unwrap();
    let settings = machine.path(".claude/settings.json");
    let ours = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, format!("{ours},")).unwrap();
    assert!(!machine.journal().undo().unwrap().is_whole());
    assert!(Journal::is_there(&machine.path(".claude")));
    fs::write(&settings, ours).unwrap();
    assert!(machine.journal().undo().unwrap().is_whole());
    assert_eq!(machine.snapshot(), before);
}

#[test]
fn a_journal_that_is_none_is_refused() {
    let machine = Machine::new();
    fs::write(machine.path(".claude").join(FILE), "{\"steps\": [{\"step\": \"dance\"}]}").unwrap();
    let refused = Journal::open(&machine.os, &machine.path(".claude")).unwrap_err().to_string();
    assert!(refused.contains("is no journal of this agent: unknown variant `dance`"), "{refused}");
}

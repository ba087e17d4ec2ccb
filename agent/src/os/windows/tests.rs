use super::*;

#[test]
fn the_user_and_the_machine_have_ids_that_stay() {
    let account = Windows.account().unwrap();
    assert!(account.id.starts_with("S-1-5-"), "{account:?}");
    assert_eq!(Windows.account().unwrap(), account);
    let machine = Windows.machine_id().unwrap();
    assert_eq!(Windows.machine_id().unwrap(), machine);
    assert!(machine.len() >= 32, "{machine}");
}

#[test]
fn the_processor_is_the_machines_own() {
    assert_eq!(platform("AMD64"), Some(Platform::Win32X64));
    assert_eq!(platform("arm64"), Some(Platform::Win32Arm64));
    assert_eq!(platform("x86"), None);
    assert!(Windows.platform().is_some());
}

#[test]
fn a_program_is_copied_over_another_one_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let [at, program] = ["claude.exe", "2.1.330"].map(|name| folder.path().join(name));
    fs::write(&at, "an older one").unwrap();
    fs::write(&program, "a newer one").unwrap();
    assert!(!Windows.is_linked(&at, &program));
    Windows.link(&at, &program).unwrap();
    assert!(Windows.is_linked(&at, &program));
    Windows.remove(&at).unwrap();
    assert!(!at.exists());
}

//! A disk that is full, or a home that is read-only: a sentence, and the session lives on.

use std::{fs, path::Path};

use crate::workstation::{Ended, Workstation, program};

/// All that a disk of 16 KiB has beside the tokens.
const BALLAST: usize = 12_000;
/// Disks on which there is no room: for the lock, for a new file, for what is in it.
const FULL: [&str; 3] = ["nr_inodes=3", "nr_inodes=4", "size=16k"];

/// The program with its folder mounted in some way, in a namespace of its own.
async fn mounted(here: &Workstation, options: &str, arguments: &str) -> Ended {
    let (folder, keep) = (here.home.path().join(".claude"), here.home.path().join("keep.json"));
    fs::copy(here.token_file(), &keep).unwrap();
    let (folder, keep, program) = (folder.display(), keep.display(), program());
    let script = format!(
        "mount -t tmpfs none {folder} && cp -p {keep} {folder}/token.json && head -c {BALLAST} /dev/zero > {folder}/ballast \
         && mount -o remount,{options} {folder} && exec {program} {arguments}"
    );
    let mut command = here.around(Path::new("/usr/bin/unshare"), &["-rm", "sh", "-c", &script]);
    command.env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin").output().await.unwrap().into()
}

/// What is told, and that nothing was asked for that can't be kept.
async fn assert_told(options: &str, words: &[&str]) {
    let here = Workstation::signed_in(-1).await;
    mounted(&here, options, "get-token").await.assert_refused(1, words);
    assert_eq!(here.refreshes("renewed").await, 0, "{options}");
    let login = mounted(&here, options, "login --method device-code").await;
    assert_eq!(login.code, Some(1), "{}", login.stderr);
    assert!(words.iter().all(|word| login.stderr.contains(word)), "{options}: {}", login.stderr);
    assert!(!login.stderr.contains("enter the code"), "nobody signs in for nothing: {}", login.stderr);
    for seconds in [120, 3600] {
        let here = Workstation::signed_in(seconds).await;
        assert_eq!(
            mounted(&here, options, "get-token").await.token(),
            here.token(),
            "{options}, {seconds} s left"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a mount namespace"]
async fn the_home_is_read_only() {
    assert_told("ro", &["token.json` can't be written: the file system is read-only", "make the folder"])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a mount namespace"]
async fn the_disk_is_full() {
    for options in FULL {
        assert_told(options, &["token.json` can't be written: the disk is full", "make room"]).await;
    }
}

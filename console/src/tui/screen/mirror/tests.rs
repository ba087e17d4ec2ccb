mod condition;
mod job;

use crossterm::event::KeyCode;
use shared::{platform::Platform, release::Digest, time::Timestamp};

use crate::{
    mirror::{Action, Entry, Kept, KeptBinary, SOURCE, Survey},
    tui::{
        effect::{Answer, Folder, Query},
        testing::{Daemon, NOW, Play, SIZES, keep, snapshots},
        theme::{Theme, ThemeName, Tone},
    },
};

const SIGNER: &str = "31DDDE24DDFAB679F42D7BD2BAA929FF1A7ECACE";

fn kept(version: &str, there: &[Platform]) -> Kept {
    let binaries = Platform::ALL.map(|platform| KeptBinary {
        platform,
        size: 251_303_072,
        checksum: Digest::of(platform.as_str().as_bytes()),
        is_there: there.contains(&platform),
    });
    Kept {
        version: version.parse().unwrap(),
        is_served: false,
        channels: Vec::new(),
        binaries: binaries.to_vec(),
        published: Some(Entry {
            at: Timestamp(NOW.0 - 7_200_000),
            action: Action::Mirror,
            version: version.parse().unwrap(),
            before: None,
            uid: 1000,
            user: Some("ada".to_owned()),
            reason: Some("the fix for macOS".to_owned()),
            signer: Some(SIGNER.to_owned()),
        }),
        problem: None,
    }
}

fn survey(versions: Vec<Kept>) -> Answer {
    let served = versions.iter().find(|kept| kept.is_served).map(|kept| kept.version.clone());
    let folder = "/var/lib/sallyport/install_artifacts".into();
    Answer::Mirror(Box::new(Folder {
        survey: Survey { folder, served, versions, unfinished: 0, asked: Some(Timestamp(NOW.0 - 180_000)) },
        source: SOURCE.to_owned(),
        signer: Ok(format!("Anthropic, {SIGNER}")),
        keep: 3,
    }))
}

fn ready(_: &Query) -> Answer {
    let served = Kept { is_served: true, channels: vec!["latest"], ..kept("2.1.330", &Platform::ALL) };
    let some =
        Kept { channels: vec!["stable"], ..kept("2.1.321", &[Platform::LinuxX64, Platform::Win32X64]) };
    let mut unsigned = kept("2.1.88", &[Platform::LinuxX64]);
    unsigned.published = unsigned.published.map(|entry| Entry { signer: None, ..entry });
    let problem = Some("the manifest can't be read: EOF".to_owned());
    let broken = Kept { binaries: Vec::new(), published: None, problem, ..kept("2.1.9", &[]) };
    survey(vec![served, some, unsigned, broken])
}

fn empty(_: &Query) -> Answer {
    survey(Vec::new())
}

#[test]
fn it_looks_as_it_did() {
    snapshots("mirror", ready, empty);
}

#[test]
fn what_is_served_what_is_broken_and_what_nobody_signed_stand_out() {
    let play = Play::open("mirror", SIZES[2], Daemon::Answers(ready));
    let theme = Theme::new(ThemeName::Dark, false);
    for (text, tone) in [("served, latest", Tone::Good), ("broken", Tone::Bad), ("nobody", Tone::Warn)] {
        assert_eq!(play.style(text).fg, theme.style(tone).fg, "{text}");
    }
}

#[test]
fn a_version_opens_with_its_digests() {
    let mut play = Play::open("mirror", SIZES[1], Daemon::Answers(ready));
    play.press(KeyCode::Enter);
    assert!(play.text().contains(&Digest::of(b"linux-x64").to_string()), "{}", play.text());
    keep("mirror_detail", &play);
}

#[test]
fn a_folder_is_looked_at_every_five_seconds() {
    let mut play = Play::open("mirror", SIZES[1], Daemon::Answers(ready));
    play.wait(6);
    assert_eq!(play.asked.iter().filter(|query| **query == Query::Mirror).count(), 2);
}

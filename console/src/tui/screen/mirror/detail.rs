//! Everything about one version: its binaries, their sizes and digests, and what was found when it was verified.

use shared::platform::Platform;

use super::{Checked, Release, columns};
use crate::{
    format::megabytes,
    mirror::KeptBinary,
    tui::{
        format::moment,
        popup::Detail,
        theme::{Look, Tone},
    },
};

pub fn detail(release: &Release, look: &Look) -> Detail {
    let kept = &release.kept;
    let published = kept.published.as_ref();
    let (state, tone) = columns::state(release);
    let detail = Detail::new(format!("Version {}", kept.version))
        .toned("state", state, tone)
        .maybe("published", published.map(|entry| moment(entry.at, look.now)))
        .maybe("source asked", release.asked.map(|at| moment(at, look.now)))
        .maybe("action", published.map(|entry| format!("{}, by {}", entry.action, entry.who())))
        .maybe("reason", published.and_then(|entry| entry.reason.clone()))
        .maybe("signed by", published.and_then(|entry| entry.signer.clone()));
    let detail = match &release.checked {
        Some(checked) => verified(detail, checked, look),
        None => detail.toned("verified", "not since this console was opened: `v` does", Tone::Dim),
    };
    let detail = match &kept.problem {
        Some(problem) => detail.toned("problem", problem.clone(), Tone::Bad),
        None => detail.heading("Binaries, with their SHA-256 digests"),
    };
    let broken = release.checked.as_ref().map_or(&[][..], |checked| checked.found.broken.as_slice());
    kept.binaries.iter().fold(detail, |detail, it| binary(detail, it, broken))
}

fn verified(detail: Detail, checked: &Checked, look: &Look) -> Detail {
    let at = moment(checked.at, look.now);
    if checked.found.problems.is_empty() {
        return detail.toned("verified", format!("whole, {at}"), Tone::Good);
    }
    let detail = detail.toned("verified", format!("not whole, {at}"), Tone::Bad);
    let problems = checked.found.problems.iter();
    problems.fold(detail, |detail, problem| detail.toned("problem", problem.clone(), Tone::Bad))
}

fn binary(detail: Detail, binary: &KeptBinary, broken: &[Platform]) -> Detail {
    let KeptBinary { platform, size, checksum, is_there } = binary;
    if !is_there {
        return detail.toned(platform.as_str(), "not mirrored", Tone::Dim);
    }
    let tone = if broken.contains(platform) { Tone::Bad } else { Tone::Plain };
    detail.toned(platform.as_str(), format!("{}, {checksum}", megabytes(*size)), tone)
}

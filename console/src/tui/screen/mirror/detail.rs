//! Everything about one version: its binaries, their sizes and digests.

use super::columns;
use crate::{
    mirror::{Kept, KeptBinary},
    tui::{
        format::moment,
        popup::Detail,
        theme::{Look, Tone},
    },
};

pub fn detail(kept: &Kept, look: &Look) -> Detail {
    let (state, tone) = columns::state(kept);
    let detail = Detail::new(format!("Version {}", kept.version))
        .toned("state", state, tone)
        .maybe("published", kept.published.map(|at| moment(at, look.now)))
        .maybe("signed by", kept.signer.clone())
        .toned("", "`sallyport mirror verify` checks signatures and digests", Tone::Dim);
    let detail = match &kept.problem {
        Some(problem) => detail.toned("problem", problem.clone(), Tone::Bad),
        None => detail.heading("Binaries, with their SHA-256 digests"),
    };
    kept.binaries.iter().fold(detail, binary)
}

fn binary(detail: Detail, binary: &KeptBinary) -> Detail {
    let KeptBinary { platform, size, checksum, is_there } = binary;
    if *is_there {
        return detail.pair(platform.as_str(), format!("{}, {checksum}", columns::megabytes(*size)));
    }
    detail.toned(platform.as_str(), "not mirrored", Tone::Dim)
}

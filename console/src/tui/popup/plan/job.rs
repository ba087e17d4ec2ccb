//! The form of a mirror: why, which version, for which platforms.

use std::collections::BTreeSet;

use shared::platform::Platform;

use super::{Problem, REASON, text};
use crate::{
    mirror::Wanted,
    tui::{effect::Job, popup::Field},
};

const DOWNGRADE: &str = "a downgrade";
const NO_PLATFORM: &str = "mark one platform at least: Space marks, Left and Right move";

pub fn reason() -> Field {
    Field::new(REASON, "", "for `sallyport mirror history`")
}

pub fn fields(platforms: &BTreeSet<Platform>) -> Vec<Field> {
    let marks = Platform::ALL.map(|platform| (platform.as_str(), platforms.contains(&platform)));
    vec![
        reason(),
        Field::new("version", "latest", "latest, stable, or one such as 2.1.330"),
        Field::marks("platforms", marks),
        Field::marks("allow", [(DOWNGRADE, false)]),
    ]
}

pub fn order(typed: &[String], reason: String) -> Result<Job, Problem> {
    let wanted: Wanted = text(typed, 1).trim().parse().map_err(|message| Problem { field: 1, message })?;
    let marked = text(typed, 2).split_whitespace().filter_map(|name| name.parse().ok());
    let platforms: BTreeSet<Platform> = marked.collect();
    match platforms.len() {
        0 => Err(Problem::new(2, NO_PLATFORM)),
        marked => Ok(Job::Mirror {
            wanted,
            // An older release may have fewer: all marked are all that it has.
            platforms: if marked == Platform::ALL.len() { BTreeSet::new() } else { platforms },
            allow_downgrade: !text(typed, 3).is_empty(),
            reason,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mirror::Channel;

    fn ordered(texts: [&str; 3]) -> Result<Job, Problem> {
        let [version, platforms, allow] = texts.map(str::to_owned);
        order(&[String::new(), version, platforms, allow], "new release".to_owned())
    }

    #[test]
    fn the_form_as_it_opens_mirrors_the_latest_for_what_is_marked() {
        let marked = [Platform::LinuxX64, Platform::Win32X64].into();
        let typed: Vec<String> = fields(&marked).iter().map(Field::text).collect();
        let wanted = Wanted::Channel(Channel::Latest);
        let reason = || "new release".to_owned();
        let job = Job::Mirror { wanted, platforms: marked, allow_downgrade: false, reason: reason() };
        assert_eq!(order(&typed, reason()).unwrap(), job);
    }

    #[test]
    fn all_marked_are_all_that_a_release_has() {
        let all = Platform::ALL.map(Platform::as_str).join(" ");
        let job = ordered(["2.1.88", &all, DOWNGRADE]).unwrap();
        let wanted = Wanted::Version("2.1.88".parse().unwrap());
        let Job::Mirror { wanted: got, platforms, allow_downgrade, .. } = job else { panic!("{job:?}") };
        assert_eq!((got, platforms, allow_downgrade), (wanted, BTreeSet::new(), true));
    }

    #[test]
    fn what_is_no_version_and_no_platform_at_all_are_refused_at_their_fields() {
        assert_eq!(ordered(["newest", "linux-x64", ""]).unwrap_err().field, 1);
        assert_eq!(ordered(["latest", "", ""]).unwrap_err().field, 2);
    }
}

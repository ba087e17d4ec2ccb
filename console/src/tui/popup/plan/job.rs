//! The form of a mirror: which version, for which platforms.

use std::collections::BTreeSet;

use shared::platform::Platform;

use super::{Problem, text};
use crate::{
    mirror::Wanted,
    tui::{effect::Job, popup::Field},
};

const DOWNGRADE: &str = "a downgrade";
const NO_PLATFORM: &str = "mark one platform at least: Space marks, Left and Right move";

pub fn fields(platforms: &BTreeSet<Platform>) -> Vec<Field> {
    let marks = Platform::ALL.map(|platform| (platform.as_str(), platforms.contains(&platform)));
    vec![
        Field::new("version", "latest", "latest, stable, or one such as 2.1.330"),
        Field::marks("platforms", marks),
        Field::marks("allow", [(DOWNGRADE, false)]),
    ]
}

pub fn order(typed: &[String]) -> Result<Job, Problem> {
    let wanted: Wanted = text(typed, 0).trim().parse().map_err(|message| Problem { field: 0, message })?;
    let marked = text(typed, 1).split_whitespace().filter_map(|name| name.parse().ok());
    let platforms: BTreeSet<Platform> = marked.collect();
    match platforms.len() {
        0 => Err(Problem::new(1, NO_PLATFORM)),
        marked => Ok(Job::Mirror {
            wanted,
            // An older release may have fewer: all marked are all that it has.
            platforms: if marked == Platform::ALL.len() { BTreeSet::new() } else { platforms },
            allow_downgrade: !text(typed, 2).is_empty(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mirror::Channel;

    fn ordered(texts: [&str; 3]) -> Result<Job, Problem> {
        order(&texts.map(str::to_owned))
    }

    #[test]
    fn the_form_as_it_opens_mirrors_the_latest_for_what_is_marked() {
        let marked = [Platform::LinuxX64, Platform::Win32X64].into();
        let typed: Vec<String> = fields(&marked).iter().map(Field::text).collect();
        let wanted = Wanted::Channel(Channel::Latest);
        let job = Job::Mirror { wanted, platforms: marked, allow_downgrade: false };
        assert_eq!(order(&typed).unwrap(), job);
    }

    #[test]
    fn all_marked_are_all_that_a_release_has() {
        let all = Platform::ALL.map(Platform::as_str).join(" ");
        let job = ordered(["2.1.88", &all, DOWNGRADE]).unwrap();
        let wanted = Wanted::Version("2.1.88".parse().unwrap());
        assert_eq!(job, Job::Mirror { wanted, platforms: BTreeSet::new(), allow_downgrade: true });
    }

    #[test]
    fn what_is_no_version_and_no_platform_at_all_are_refused_at_their_fields() {
        assert_eq!(ordered(["newest", "linux-x64", ""]).unwrap_err().field, 0);
        assert_eq!(ordered(["latest", "", ""]).unwrap_err().field, 1);
    }
}

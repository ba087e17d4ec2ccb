//! Names of users and groups, as `/etc/passwd` and `/etc/group` have them: a number where they have none.

use std::fs;

pub(super) fn user(id: u32) -> String {
    find(&fs::read_to_string("/etc/passwd").unwrap_or_default(), id)
}

pub(super) fn group(id: u32) -> String {
    find(&fs::read_to_string("/etc/group").unwrap_or_default(), id)
}

fn find(file: &str, id: u32) -> String {
    let id = id.to_string();
    let named = file.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == id).then(|| name.to_owned())
    });
    named.unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_a_name_or_stays_a_number() {
        let file =
            "root:x:0:0:root:/root:/bin/bash\nsallyport:x:998:998::/var/lib/sallyport:/usr/sbin/nologin\n";
        assert_eq!((find(file, 998), find(file, 7)), ("sallyport".to_owned(), "7".to_owned()));
    }
}

//! Entra's error numbers that a user of ours can meet, in words that say what to do
//! (<https://learn.microsoft.com/entra/identity-platform/reference-error-codes>).

/// What a number means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) sentence: &'static str,
    pub(super) hint: &'static str,
}

const ADMINISTRATORS: &str = "tell your administrators the number";
const OTHER_WAY: &str =
    "sign in another way, with `--method browser` or `--method azure-cli`, or ask your administrators";

/// The number that a description starts with, or names.
pub(super) fn code(description: &str) -> Option<u32> {
    let (_, rest) = description.split_once("AADSTS")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..digits)?.parse().ok()
}

pub(super) fn meaning(code: u32) -> Option<Meaning> {
    let (sentence, hint) = of_application(code).or_else(|| of_user(code)).or_else(|| of_tenant(code))?;
    Some(Meaning { sentence, hint })
}

/// How the application is registered.
fn of_application(code: u32) -> Option<(&'static str, &'static str)> {
    Some(match code {
        50_011 => (
            "the application does not allow a sign-in that comes back to this machine",
            "an administrator adds the redirect URI `http://127.0.0.1` (mobile and desktop) to the application; \
             until then use `--method device-code`",
        ),
        500_113 => (
            "the application has no redirect URI at all",
            "an administrator adds `http://127.0.0.1` (mobile and desktop) to the application; until then use \
             `--method device-code`",
        ),
        7_000_218 => (
            "the application is not registered as a public client",
            "an administrator sets `Allow public client flows` of the application to yes",
        ),
        700_016 => (
            "the tenant does not know the application",
            "see that `ENTRA_CLIENT_ID` and `ENTRA_TENANT_ID` are the right ones",
        ),
        65_001 => (
            "nobody has consented yet to the application's use",
            "sign in with `--method browser` and consent, or let an administrator consent for everybody",
        ),
        90_094 => ("only an administrator may consent to the application", "let an administrator consent"),
        50_105 => (
            "the application is assigned to some users only, and you are not one of them",
            "ask your administrators to assign it to you or to a group of yours",
        ),
        _ => return None,
    })
}

/// What the user lacks.
fn of_user(code: u32) -> Option<(&'static str, &'static str)> {
    Some(match code {
        50_076 | 50_079 => (
            "Entra wants a second factor",
            "sign in with `--method browser`, where it can ask for it; with Azure CLI, run `az login` again",
        ),
        50_126 => ("the user name or the password is wrong", "try again"),
        50_057 => ("your account is disabled", ADMINISTRATORS),
        50_055 => ("your password has expired", "change it in the browser, then try again"),
        50_053 => ("your account is locked after too many attempts", "wait, or ask your administrators"),
        50_020 => (
            "your account is not one of this tenant",
            "sign in with your work account; `ENTRA_TENANT_ID` says of which tenant",
        ),
        65_004 => ("you declined to consent to the application's use", "run the command again and accept"),
        50_158 => ("Entra wants to ask you something more", "sign in with `--method browser`"),
        50_173 | 700_082 | 70_043 | 70_008 | 70_019 => {
            ("the sign-in has expired", "sign in again; with Azure CLI, run `az login` first")
        }
        _ => return None,
    })
}

/// What the tenant forbids, and where it is.
fn of_tenant(code: u32) -> Option<(&'static str, &'static str)> {
    Some(match code {
        53_003 => ("a Conditional Access policy of your organisation blocks this sign-in", OTHER_WAY),
        53_000 => (
            "your organisation wants a device that complies with its rules, and this one does not",
            "enrol the device, or mend what it lacks",
        ),
        53_001 | 530_003 => (
            "your organisation wants a device that it manages, and this way of signing in does not show one",
            OTHER_WAY,
        ),
        53_004 => ("you have to register for multi-factor authentication first", "do so in the browser"),
        90_002 => ("there is no such tenant", "see that `ENTRA_TENANT_ID` is the right one"),
        90_033 => ("Entra can't do it right now", "try again in a moment"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_found_in_a_description() {
        assert_eq!(code("AADSTS50105: Your administrator has configured …"), Some(50_105));
        assert_eq!(code("ERROR: AADSTS700082: The refresh token has expired"), Some(700_082));
        assert_eq!(code("something else"), None);
        assert_eq!(code("AADSTS: none"), None);
    }

    #[test]
    fn what_a_tenant_blocks_is_told_with_what_to_do() {
        for number in [
            50_105, 53_003, 65_001, 50_076, 50_079, 7_000_218, 700_016, 50_011, 90_094, 500_113, 530_003,
            70_043, 700_082,
        ] {
            let Meaning { sentence, hint } = meaning(number).unwrap();
            assert!(
                !sentence.ends_with('.') && !hint.ends_with('.') && !sentence.is_empty() && !hint.is_empty()
            );
        }
        assert_eq!(meaning(1), None);
    }
}

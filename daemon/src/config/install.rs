//! What the install server serves, and under which addresses workstations reach the services.

use http::Uri;

use super::{
    Install, PublicUrls,
    problem::Bad,
    reader::Reader,
    rule,
    value::{self, Value},
};

pub(super) fn install(read: &mut Reader) -> Install {
    Install {
        artifacts_dir: read
            .key("install.artifacts_dir")
            .variable("CLAUDE_CODE_INSTALL_ARTIFACTS_DIR")
            .default("install_artifacts")
            .path()
            .read(value::path),
        key: read.key("install.key").path().optional(rule::readable),
        allow_unsigned: read.key("install.allow_unsigned").default("false").read(value::flag),
        public: public_urls(read),
    }
}

fn public_urls(read: &mut Reader) -> PublicUrls {
    PublicUrls {
        auth: read.key("auth.public_url").optional(public_url),
        gateway: read.key("gateway.public_url").optional(public_url),
        install: read.key("install.public_url").optional(public_url),
    }
}

/// A base URL that is handed to workstations, in scripts too: of characters that mean nothing to any shell.
fn public_url(written: &Value) -> Result<String, Bad> {
    let text = value::text(written)?;
    let hint = "write it like `https://claude.example.com:8080`, as workstations reach it";
    let url: Option<Uri> = text.parse().ok();
    let is_harmless = text.chars().all(|c| c.is_ascii_alphanumeric() || ".:/_~-[]".contains(c));
    let is_url = url.is_some_and(|url| {
        matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some_and(|host| !host.is_empty())
    });
    if is_harmless && is_url {
        return Ok(text.trim_end_matches('/').to_owned());
    }
    Err(Bad::new(format!("`{text}` is not a base URL"), hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_for_workstations_means_nothing_to_a_shell() {
        let read = |text: &str| public_url(&Value::Text(text.to_owned()));
        assert_eq!(read("https://claude.example.com/x/").unwrap(), "https://claude.example.com/x");
        assert_eq!(read("http://[::1]:8080").unwrap(), "http://[::1]:8080");
        for bad in [
            "claude.example.com",
            "ftp://x",
            "https://",
            "https://x'y",
            "https://x?y",
            "https://$x",
            "https://a b",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}

//! Which model Bedrock's `CountTokens` is asked about.

/// Where an inference profile may run; its id is this, a dot and the id of the foundation model.
const GEOGRAPHIES: [&str; 10] = ["us", "us-gov", "eu", "apac", "global", "jp", "au", "ca", "sa", "me"];

/// The foundation model behind a model's name, as far as the name tells: `CountTokens` takes no inference profile.
/// None for application inference profiles, provisioned and imported models.
pub fn foundation(model: &str) -> Option<&str> {
    let id = match model.strip_prefix("arn:") {
        None => model,
        Some(arn) => {
            let (start, id) = arn.rsplit_once('/')?;
            let (_, kind) = start.rsplit_once(':')?;
            matches!(kind, "foundation-model" | "inference-profile").then_some(id)?
        }
    };
    match id.split_once('.') {
        Some((place, foundation)) if GEOGRAPHIES.contains(&place) => Some(foundation),
        _ => Some(id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_counted_as_its_foundation_model() {
        let haiku = "anthropic.claude-haiku-4-5-20251001-v1:0";
        for prefix in [
            "",
            "us.",
            "eu.",
            "apac.",
            "global.",
            "us-gov.",
            "arn:aws:bedrock:us-east-1::foundation-model/",
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.",
        ] {
            assert_eq!(foundation(&format!("{prefix}{haiku}")), Some(haiku), "{prefix}");
        }
        assert_eq!(foundation("zai.glm-4.7"), Some("zai.glm-4.7"));
    }

    #[test]
    fn what_hides_its_model_has_no_foundation() {
        for kind in ["application-inference-profile", "provisioned-model", "imported-model"] {
            assert_eq!(foundation(&format!("arn:aws:bedrock:us-east-1:1:{kind}/abc")), None);
        }
        assert_eq!(foundation("arn:aws:bedrock"), None);
    }
}

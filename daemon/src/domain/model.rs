//! What the name of a model tells: where it runs, and which model it is.

/// Where a request may be processed, which the price depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Anywhere: the profiles that begin with `global.`.
    Global,
    /// In one region, or in one geography (`us.`, `eu.` …).
    Regional,
    /// AWS `GovCloud`.
    Government,
}

/// A name that says which model it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known<'a> {
    pub place: Place,
    /// The id of the foundation model, `anthropic.claude-…`.
    pub foundation: &'a str,
}

/// Where an inference profile may run; its id is this, a dot and the id of the foundation model.
const GEOGRAPHIES: [&str; 10] = ["us", "us-gov", "eu", "apac", "global", "jp", "au", "ca", "sa", "me"];

impl<'a> Known<'a> {
    /// Reads a model id, an inference profile or an ARN of either. None for application inference profiles,
    /// provisioned and imported models: their names hide what they run.
    pub fn parse(name: &'a str) -> Option<Self> {
        let (is_government, id) = match name.strip_prefix("arn:") {
            None => (false, name),
            Some(arn) => {
                let (start, id) = arn.rsplit_once('/')?;
                let (_, kind) = start.rsplit_once(':')?;
                (start.starts_with("aws-us-gov:"), is_telling(kind).then_some(id)?)
            }
        };
        let (geography, foundation) = match id.split_once('.') {
            Some((place, foundation)) if GEOGRAPHIES.contains(&place) => (place, foundation),
            _ => ("", id),
        };
        let place = match geography {
            "global" => Place::Global,
            "us-gov" => Place::Government,
            _ if is_government => Place::Government,
            _ => Place::Regional,
        };
        Some(Self { place, foundation })
    }
}

/// The foundation model behind a model's name, as far as the name tells.
pub fn foundation(name: &str) -> Option<&str> {
    Known::parse(name).map(|known| known.foundation)
}

fn is_telling(kind: &str) -> bool {
    matches!(kind, "foundation-model" | "inference-profile")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_its_model_and_its_place() {
        let haiku = "anthropic.claude-haiku-4-5-20251001-v1:0";
        for (prefix, place) in [
            ("", Place::Regional),
            ("us.", Place::Regional),
            ("eu.", Place::Regional),
            ("apac.", Place::Regional),
            ("global.", Place::Global),
            ("us-gov.", Place::Government),
            ("arn:aws:bedrock:us-east-1::foundation-model/", Place::Regional),
            ("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.", Place::Regional),
            ("arn:aws:bedrock:us-east-1:123456789012:inference-profile/global.", Place::Global),
            ("arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/", Place::Government),
        ] {
            let known = Known { place, foundation: haiku };
            assert_eq!(Known::parse(&format!("{prefix}{haiku}")), Some(known), "{prefix}");
        }
        assert_eq!(foundation("zai.glm-4.7"), Some("zai.glm-4.7"));
    }

    #[test]
    fn what_hides_its_model_is_not_known() {
        for kind in ["application-inference-profile", "provisioned-model", "imported-model"] {
            assert_eq!(Known::parse(&format!("arn:aws:bedrock:us-east-1:1:{kind}/abc")), None);
        }
        assert_eq!(Known::parse("arn:aws:bedrock"), None);
    }
}

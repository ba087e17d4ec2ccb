//! `sallyportd iam-policy`: the least that AWS must allow the daemon, from its configuration.

use std::{collections::BTreeSet, process::ExitCode};

use clap::Args;
use serde_json::{Value, json};

use super::{complain, print};
use crate::config::{Config, Given, Reading};

/// Prefixes of inference profiles that cross regions.
const GEOGRAPHIES: [&str; 9] = ["us", "us-gov", "eu", "apac", "jp", "au", "ca", "global", "sa"];

#[derive(Debug, Args)]
pub(super) struct IamArgs {
    /// The AWS account of the inference profiles; without it, any
    #[arg(long, value_name = "ID", default_value = "*", value_parser = account)]
    account: String,
}

fn account(text: &str) -> Result<String, String> {
    let is_account = text == "*" || (text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()));
    if is_account { Ok(text.to_owned()) } else { Err("an account has twelve digits".to_owned()) }
}

/// Prints the policy.
pub(super) fn policy(given: &Given, arguments: &IamArgs) -> ExitCode {
    match Reading::of(given).config {
        Ok(config) => print(&format!("{:#}", document(&config, &arguments.account))),
        Err(problems) => complain(&problems.to_string()),
    }
}

fn document(config: &Config, account: &str) -> Value {
    let place = Place { region: &config.bedrock.region, account };
    let mut models = config.models();
    if models.contains("*") {
        models = BTreeSet::from(["*".to_owned()]);
    }
    let resources: BTreeSet<String> = models.iter().flat_map(|model| place.resources(model)).collect();
    let profiles: BTreeSet<&String> =
        resources.iter().filter(|resource| resource.contains("inference-profile/")).collect();
    let allow = |id: &str, actions: &[&str], resources: Value| json!({ "Sid": id, "Effect": "Allow", "Action": actions, "Resource": resources });
    let infer = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream", "bedrock:CountTokens"];
    let mut statements = vec![allow("Infer", &infer, json!(resources))];
    if !profiles.is_empty() {
        statements.push(allow("DescribeProfiles", &["bedrock:GetInferenceProfile"], json!(profiles)));
    }
    // It knows no resources.
    statements.push(allow("ListProfiles", &["bedrock:ListInferenceProfiles"], json!("*")));
    if config.bedrock.api_key.is_some() {
        statements.push(allow("UseApiKey", &["bedrock:CallWithBearerToken"], json!("*")));
    }
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// Where resources are.
struct Place<'a> {
    region: &'a str,
    account: &'a str,
}

impl Place<'_> {
    /// A profile is used together with the model behind it, in whatever region it sends a request to.
    fn resources(&self, model: &str) -> Vec<String> {
        if model.starts_with("arn:") {
            return vec![model.to_owned()];
        }
        let behind = GEOGRAPHIES.iter().find_map(|prefix| model.strip_prefix(prefix)?.strip_prefix('.'));
        match behind {
            Some(behind) => vec![self.profile(model), self.model("*", behind)],
            // A pattern may mean either.
            None if model.starts_with('*') => vec![self.profile(model), self.model("*", model)],
            None => vec![self.model(self.region, model)],
        }
    }

    fn model(&self, region: &str, model: &str) -> String {
        format!("arn:{}:bedrock:{region}::foundation-model/{model}", self.partition())
    }

    fn profile(&self, profile: &str) -> String {
        let Self { region, account } = self;
        format!("arn:{}:bedrock:{region}:{account}:inference-profile/{profile}", self.partition())
    }

    fn partition(&self) -> &'static str {
        match self.region {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resources(toml: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("sallyport.toml"), toml).unwrap();
        let variables = [
            ("INTERNAL_JWT_SECRET", "q8Zr0m1xV5pLw7TnB3cYd9HsKfJgUaEi"),
            ("ENTRA_TENANT_ID", "6c4e3f2a-0000-4000-8000-000000000001"),
            ("ENTRA_CLIENT_ID", "6c4e3f2a-0000-4000-8000-000000000002"),
        ];
        let environment = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let given = Given { environment, directory: folder.path().to_owned(), ..Given::default() };
        let config = Reading::of(&given).config.unwrap();
        let statements = document(&config, "123456789012");
        let infer = statements["Statement"][0]["Resource"].as_array().unwrap();
        infer.iter().map(|resource| resource.as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn whoever_restricts_nothing_needs_everything() {
        assert_eq!(
            resources(""),
            [
                "arn:aws:bedrock:*::foundation-model/*",
                "arn:aws:bedrock:us-east-1:123456789012:inference-profile/*"
            ]
        );
    }

    #[test]
    fn a_profile_needs_the_model_behind_it_in_every_region_it_may_choose() {
        let toml = "[bedrock]\nregion = 'eu-west-1'\nmodel_id = 'anthropic.claude-haiku-4-5'\n\
                    [gateway]\nmodels = ['opus']\n[gateway.aliases]\nopus = 'eu.anthropic.claude-opus-4-8'\n";
        assert_eq!(
            resources(toml),
            [
                "arn:aws:bedrock:*::foundation-model/anthropic.claude-opus-4-8",
                "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-opus-4-8",
                "arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-haiku-4-5",
            ]
        );
    }

    #[test]
    fn policies_narrow_it_down() {
        let toml = "[bedrock]\nregion = 'us-gov-west-1'\n\
                    [[policy]]\nname = 'few'\ngroups = ['few']\nmodels = ['us-gov.anthropic.claude-*']\n\
                    [[policy]]\nname = 'none'\ngroups = ['*']\ndeny = true\n";
        assert_eq!(
            resources(toml),
            [
                "arn:aws-us-gov:bedrock:*::foundation-model/anthropic.claude-*",
                "arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:inference-profile/us-gov.anthropic.claude-*",
            ]
        );
    }

    #[test]
    fn an_account_has_twelve_digits() {
        assert!(account("123456789012").is_ok() && account("*").is_ok());
        assert!(account("12345").is_err() && account("12345678901x").is_err());
    }
}

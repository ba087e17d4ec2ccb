//! What to do in AWS about an answer that says no. AWS's sentences name what happened, seldom where to mend it.

use crate::gateway::bedrock::{Blame, UpstreamError, UpstreamRefusal};

/// What happened, what to do, and whether it may pass by itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Advice {
    pub what: String,
    pub hint: String,
    pub may_pass: bool,
}

const NETWORK: &str = "see whether this machine reaches it: name resolution, firewall, `HTTPS_PROXY`, a VPC endpoint and its \
                       security group";
const AUTHORITIES: &str = "a proxy may open TLS: put its certificate authority into the system's store, or let `SSL_CERT_FILE` \
                           name a file that has it";
pub(super) const NO_CREDENTIALS: &str = "give this machine a role, or set `AWS_PROFILE`, `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or \
                              `credentials_file` under `[bedrock]`, for the daemon's user";
const API_KEY: &str = "make a new key under `API keys` in Bedrock's console, and set `BEDROCK_API_KEY`";
const POLICY: &str =
    "`sallyportd iam-policy` prints the policy that the daemon's role or user needs: attach it in IAM";
const MARKETPLACE: &str = "the first use of a model subscribes the account to it: let somebody with `aws-marketplace:Subscribe` and \
                           `aws-marketplace:ViewSubscriptions` use it once, in the `Model catalog` of Bedrock's console";
const ORGANISATION: &str = "a service control policy or a permissions boundary denies it: ask whoever looks after your AWS \
                            organisation";

/// Advice about an answer to a request in `region`.
pub(super) fn on(error: &UpstreamError, region: &str) -> Advice {
    let said = error.to_string();
    let advise = |hint: &str, may_pass| Advice { what: said.clone(), hint: hint.to_owned(), may_pass };
    match error {
        UpstreamError::Refused(refused) => on_refusal(refused, region),
        UpstreamError::Credentials(_) => advise(NO_CREDENTIALS, false),
        UpstreamError::Connect(why) if why.contains("certificate") => advise(AUTHORITIES, false),
        UpstreamError::Connect(_) | UpstreamError::ConnectTimeout(_) => advise(NETWORK, false),
        UpstreamError::FirstByteTimeout(_) | UpstreamError::IdleTimeout(_) | UpstreamError::Cut(_) => {
            advise("try again; if it stays so, see https://health.aws.amazon.com", true)
        }
        UpstreamError::Request(_) => advise("see `[bedrock]` in the configuration", false),
    }
}

fn on_refusal(refused: &UpstreamRefusal, region: &str) -> Advice {
    let what = format!("AWS says `{}`: {}", refused.kind, refused.message);
    let advise = |hint: String, may_pass| Advice { what: what.clone(), hint, may_pass };
    match refused.blame() {
        Blame::Permission => advise(permission(&refused.message), false),
        Blame::Credentials => advise(credentials(refused).to_owned(), false),
        Blame::Nobody => advise(NETWORK.to_owned(), false),
        Blame::Request => match refused.status.as_u16() {
            429 | 408 | 500.. => advise(busy(refused, region), true),
            _ => advise(request(refused, region), false),
        },
    }
}

fn permission(message: &str) -> String {
    let has = |words: &str| message.to_ascii_lowercase().contains(words);
    if has("explicit deny") || has("service control policy") || has("permissions boundary") {
        return ORGANISATION.to_owned();
    }
    // Before the next one: this sentence, too, says that somebody is not authorized to perform something.
    if has("marketplace") {
        return MARKETPLACE.to_owned();
    }
    if has("not authorized to perform") {
        return POLICY.to_owned();
    }
    if has("legacy") {
        return "AWS retires this model for whoever has not used it lately: configure a newer one".to_owned();
    }
    if has("not available for this account") {
        return "AWS has it for some accounts only: configure another one, or ask AWS Sales".to_owned();
    }
    format!("{MARKETPLACE}; {POLICY}")
}

fn credentials(refused: &UpstreamRefusal) -> &'static str {
    let has = |words: &str| refused.message.contains(words);
    match refused.kind.as_str() {
        _ if has("API Key") || has("bearer token") => API_KEY,
        "ExpiredTokenException" | "ExpiredToken" => {
            "these are temporary credentials: get new ones, or let the daemon use a role, which renews itself"
        }
        "InvalidSignatureException" if has("expired") || has("not yet current") => {
            "this machine's clock is wrong: set it right, and let it be kept right (NTP)"
        }
        "InvalidSignatureException" => {
            "the secret key is not the one of this access key: set both anew, from one place"
        }
        "MissingAuthenticationTokenException" => NO_CREDENTIALS,
        _ => {
            "the access key is unknown, deleted or inactive, or its session token is missing: see IAM's console"
        }
    }
}

fn request(refused: &UpstreamRefusal, region: &str) -> String {
    let has = |words: &str| refused.message.to_ascii_lowercase().contains(words);
    if has("on-demand throughput") {
        return "use the model's inference profile in its place: its id with `us.`, `eu.`, `apac.` or `global.` before it".to_owned();
    }
    if has("identifier is invalid") || has("could not resolve") {
        return format!(
            "there is no such model in {region}: compare with `aws bedrock list-inference-profiles --region {region}`, and \
             correct `BEDROCK_MODEL_ID`, `[gateway.aliases]` or the policy"
        );
    }
    if has("use case") {
        return "fill in the use case form of Anthropic in Bedrock's console (`Model catalog`), once for the account, and wait a \
                quarter of an hour"
            .to_owned();
    }
    if has("operation not allowed") {
        return "AWS has not enabled Bedrock for this account: open a case with AWS support".to_owned();
    }
    if has("end of its life") || refused.kind == "ResourceNotFoundException" {
        return format!("the model is not, or no longer, to be had in {region}: configure another one");
    }
    if refused.kind == "ServiceQuotaExceededException" {
        return format!("raise the model's quota under `Service Quotas` in AWS's console, region {region}");
    }
    format!("see the model's page in Bedrock's console, region {region}")
}

fn busy(refused: &UpstreamRefusal, region: &str) -> String {
    match refused.kind.as_str() {
        "ThrottlingException" => {
            format!(
                "it works, and its quota is used up for now: see `Service Quotas` in AWS's console, region {region}"
            )
        }
        "ModelNotReadyException" => "AWS is getting the model ready: try again in a minute".to_owned(),
        _ => "AWS is in trouble: try again, and see https://health.aws.amazon.com".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::StatusCode;

    use super::*;

    fn hint(status: u16, kind: &str, message: &str) -> String {
        let (kind, message) = (kind.to_owned(), message.to_owned());
        let status = StatusCode::from_u16(status).unwrap();
        let refused = UpstreamRefusal { status, kind, message, retry_after: None, body: Bytes::new() };
        on(&refused.into(), "eu-west-1").hint
    }

    #[test]
    fn every_refusal_of_access_has_its_own_way_out() {
        for (message, words) in [
            ("You don't have access to the model with the specified model ID.", "`Model catalog`"),
            (
                "Model access is denied due to IAM user or service role is not authorized to perform the required AWS \
                 Marketplace actions (aws-marketplace:ViewSubscriptions, aws-marketplace:Subscribe)",
                "`aws-marketplace:Subscribe`",
            ),
            ("anthropic.claude-opus-5 is not available for this account.", "some accounts only"),
            (
                "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: bedrock:InvokeModel on resource: y \
                 because no identity-based policy allows the bedrock:InvokeModel action",
                "`sallyportd iam-policy`",
            ),
            (
                "User: x is not authorized to perform: bedrock:InvokeModel with an explicit deny in a service control policy",
                "a service control policy",
            ),
            (
                "Access denied. This Model is marked by provider as Legacy and you have not been using it",
                "a newer one",
            ),
        ] {
            let hint = hint(403, "AccessDeniedException", message);
            assert!(hint.contains(words), "{message}\n{hint}");
        }
    }

    #[test]
    fn every_refusal_of_credentials_says_which_part_of_them_is_wrong() {
        for (kind, message, words) in [
            (
                "ExpiredTokenException",
                "The security token included in the request is expired",
                "get new ones",
            ),
            (
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
                "deleted",
            ),
            ("InvalidSignatureException", "Signature expired: 20251124T080000Z is now earlier than", "clock"),
            ("InvalidSignatureException", "The request signature we calculated does not match", "secret key"),
            (
                "AccessDeniedException",
                "Authentication failed: Please make sure your API Key is valid.",
                "API keys",
            ),
        ] {
            let hint = hint(403, kind, message);
            assert!(hint.contains(words), "{message}\n{hint}");
        }
    }

    #[test]
    fn every_refusal_of_a_model_says_what_to_configure() {
        let (invalid, missing) = ("ValidationException", "ResourceNotFoundException");
        for (status, kind, message, words) in [
            (400, invalid, "The provided model identifier is invalid.", "no such model in eu-west-1"),
            (400, invalid, "Invocation of model ID x with on-demand throughput isn’t supported.", "`us.`"),
            (404, missing, "Model use case details have not been submitted", "use case form"),
            (404, missing, "This model version has reached the end of its life.", "another one"),
            (400, invalid, "Operation not allowed", "AWS support"),
            (400, "ServiceQuotaExceededException", "too much", "raise"),
        ] {
            let hint = hint(status, kind, message);
            assert!(hint.contains(words), "{message}\n{hint}");
        }
    }

    #[test]
    fn what_may_pass_by_itself_is_told_apart() {
        let passes = |status: u16, kind: &str| {
            let refused = UpstreamRefusal {
                status: StatusCode::from_u16(status).unwrap(),
                kind: kind.to_owned(),
                message: String::new(),
                retry_after: None,
                body: Bytes::new(),
            };
            on(&refused.into(), "us-east-1").may_pass
        };
        assert!(passes(429, "ThrottlingException") && passes(503, "ServiceUnavailableException"));
        assert!(!passes(403, "AccessDeniedException") && !passes(400, "ValidationException"));
    }
}

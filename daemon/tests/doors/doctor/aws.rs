//! What AWS refuses, and where in AWS it is mended.

use super::world::Ward;

#[tokio::test]
async fn without_credentials_no_model_is_asked() {
    let mut ward = Ward::new().await;
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        ward.set(name, "");
    }
    ward.set("AWS_EC2_METADATA_DISABLED", "true");
    let report = ward.doctor(&[]).await;
    report.has("problem  aws            no AWS credentials: ");
    report.has("hint: give this machine a role, or set `AWS_PROFILE`");
    report.has("warning  model          no model was asked");
    assert_eq!((report.code, ward.bedrock.counts().seen), (Some(1), 0));
}

/// Models that AWS refuses: what is said, and what to do.
const REFUSED: [(&str, &str, &str); 7] = [
    (
        "sandbox.denied",
        "problem  model          `sandbox.denied`: AWS says `AccessDeniedException`: You don't have access",
        "hint: the first use of a model subscribes the account to it: let somebody with `aws-marketplace:Subscribe`",
    ),
    (
        "sandbox.marketplace",
        "`sandbox.marketplace`: AWS says `AccessDeniedException`: Model access is denied due to IAM user",
        "use it once, in the `Model catalog` of Bedrock's console\n",
    ),
    (
        "sandbox.use-case",
        "`sandbox.use-case`: AWS says `ResourceNotFoundException`: Model use case details have not been submitted",
        "hint: fill in the use case form of Anthropic in Bedrock's console (`Model catalog`), once for the account",
    ),
    (
        "sandbox.on-demand",
        "`sandbox.on-demand`: AWS says `ValidationException`: Invocation of model ID sandbox.on-demand with on-demand",
        "hint: use the model's inference profile in its place: its id with `us.`, `eu.`, `apac.` or `global.` before it",
    ),
    (
        "meta.llama3",
        "`meta.llama3`: AWS says `ValidationException`: The provided model identifier is invalid.",
        "hint: there is no such model in us-east-1: compare with `aws bedrock list-inference-profiles",
    ),
    (
        "sandbox.missing",
        "`sandbox.missing`: AWS says `ResourceNotFoundException`: This model version has reached the end",
        "hint: the model is not, or no longer, to be had in us-east-1",
    ),
    (
        "sandbox.throttled",
        "warning  model          `sandbox.throttled`: AWS says `ThrottlingException`: Too many requests",
        "hint: it works, and its quota is used up for now",
    ),
];

#[tokio::test]
async fn a_model_that_aws_refuses_says_what_to_do_there() {
    for (model, said, hint) in REFUSED {
        let mut ward = Ward::new().await;
        ward.set("BEDROCK_MODEL_ID", model);
        for arguments in [&[][..], &["--live"]] {
            let report = ward.doctor(arguments).await;
            report.has(said);
            report.has(hint);
            assert_eq!(report.code, Some(i32::from(!said.starts_with("warning"))), "{}", report.text);
        }
    }
}

#[tokio::test]
async fn credentials_that_aws_does_not_take_are_told_apart() {
    for (name, value, said, hint) in [
        (
            "AWS_SECRET_ACCESS_KEY",
            "another/secret+access/key9876543210zyxwvu",
            "AWS says `InvalidSignatureException`: The request signature we calculated does not match",
            "hint: the secret key is not the one of this access key",
        ),
        (
            "AWS_ACCESS_KEY_ID",
            "AKIANOBODYKNOWSTHIS1",
            "AWS says `UnrecognizedClientException`: The security token included in the request is invalid.",
            "hint: the access key is unknown, deleted or inactive",
        ),
    ] {
        let mut ward = Ward::new().await;
        ward.set(name, value);
        let report = ward.doctor(&[]).await;
        report.has(said);
        report.has(hint);
    }
}

#[tokio::test]
async fn only_live_asks_for_an_answer_and_tells_its_price() {
    let ward = Ward::new().await;
    ward.doctor(&[]).await;
    let invoked = || ward.bedrock.requests().iter().filter(|seen| seen.path.ends_with("/invoke")).count();
    assert_eq!(invoked(), 0);
    let report = ward.doctor(&["--live"]).await;
    report.has("ok       model          `anthropic.claude-3-5-sonnet-20241022-v1:0` answered in ");
    report.has(" tokens in, 1 out, $0.0");
    assert_eq!((invoked(), report.code), (1, Some(0)));
}

#[tokio::test]
async fn an_endpoint_that_nobody_reaches_is_a_problem() {
    let mut ward = Ward::new().await;
    ward.set("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "http://127.0.0.1:9");
    let report = ward.doctor(&[]).await;
    report.has("problem  aws            http://127.0.0.1:9/ can't be reached: no connection to the upstream");
    report.has(
        "hint: see whether this machine reaches it: name resolution, firewall, `HTTPS_PROXY`, a VPC endpoint",
    );
}

//! Each model that the configuration names: what is known of it for nothing, or what it answers.

use std::{collections::BTreeSet, time::Instant};

use bytes::Bytes;
use http::HeaderMap;
use serde::Deserialize;
use serde_json::json;
use shared::{finding::Finding, id::ModelId, usage::Tokens};

use super::{Patient, advice};
use crate::{
    config::Config,
    domain::price::Prices,
    gateway::bedrock::{Action, Ask, Bedrock, Known, UpstreamError},
    http::Body,
};

pub(super) const CHECK: &str = "model";
/// Most models that are asked; whoever names more of them sees the first ones.
const MOST: usize = 50;
/// Far more than an answer of one token has.
const ANSWER_LIMIT: usize = 1 << 20;
const LIVE: &str = "`sallyportd doctor --live` asks it";

/// The part of an answer that costs.
#[derive(Deserialize)]
struct Answered {
    usage: Usage,
}

#[derive(Deserialize)]
struct Usage {
    input_tokens: u64,
    output_tokens: u64,
}

pub(super) fn names(config: &Config) -> BTreeSet<String> {
    config.named_models().into_iter().take(MOST).collect()
}

pub(super) async fn examine(patient: &Patient, bedrock: &Bedrock, model: &ModelId) -> Vec<Finding> {
    let config = patient.config();
    let prompt = prompt(&config.bedrock.anthropic_version);
    let asked = if patient.live {
        invoke(config, bedrock, model, prompt).await
    } else {
        inquire(bedrock, model, prompt).await
    };
    vec![asked.unwrap_or_else(|error| refused(model, &error, &config.bedrock.region))]
}

/// The least that can be asked: one short word, one token.
fn prompt(version: &str) -> Bytes {
    let message = json!({ "role": "user", "content": "hi" });
    json!({ "anthropic_version": version, "max_tokens": 1, "messages": [message] }).to_string().into()
}

async fn inquire(bedrock: &Bedrock, model: &ModelId, prompt: Bytes) -> Result<Finding, UpstreamError> {
    match bedrock.inquire(model, prompt).await {
        Ok(Known::Counts) => Ok(Finding::ok(CHECK, format!("`{model}` is there: it counts tokens; {LIVE}"))),
        Ok(Known::Profile(status)) if status == "ACTIVE" => {
            Ok(Finding::ok(CHECK, format!("`{model}` is there: its inference profile is active; {LIVE}")))
        }
        Ok(Known::Profile(status)) => {
            let what = format!("the inference profile `{model}` is there, and `{status}`");
            Ok(Finding::warning(CHECK, what, "see it in Bedrock's console"))
        }
        Err(UpstreamError::Refused(refused)) if refused.message.contains("support counting") => {
            let what = format!(
                "`{model}` can't be asked for nothing: AWS knows it, and it counts no tokens; {LIVE}"
            );
            Ok(Finding::ok(CHECK, what))
        }
        Err(error) => Err(error),
    }
}

async fn invoke(
    config: &Config,
    bedrock: &Bedrock,
    model: &ModelId,
    prompt: Bytes,
) -> Result<Finding, UpstreamError> {
    let began = Instant::now();
    let ask = Ask::model(model, Action::Invoke, HeaderMap::new(), Body::from(prompt));
    let body = bedrock.send(ask).await?.body.collect(ANSWER_LIMIT).await?;
    let took = began.elapsed().as_millis();
    let Ok(Answered { usage }) = serde_json::from_slice(&body) else {
        let what = format!("`{model}` answered in {took} ms, in no form that we know");
        return Ok(Finding::warning(
            CHECK,
            what,
            "it may be no model of Anthropic: requests to it can't be metered",
        ));
    };
    let Usage { input_tokens: input, output_tokens: output } = usage;
    let prices = Prices::new(config.prices.clone(), &config.gateway.aliases);
    let cost = prices.quote(model).tariff.cost(Tokens { input, output, ..Tokens::default() });
    let what = format!("`{model}` answered in {took} ms: {input} tokens in, {output} out, {cost}");
    Ok(Finding::ok(CHECK, what))
}

fn refused(model: &ModelId, error: &UpstreamError, region: &str) -> Finding {
    let advice = advice::on(error, region);
    let what = format!("`{model}`: {}", advice.what);
    if advice.may_pass {
        Finding::warning(CHECK, what, advice.hint)
    } else {
        Finding::problem(CHECK, what, advice.hint)
    }
}

//! Inference profiles, as Bedrock's control plane lists them, as far as the caller may use them.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};

use super::{
    ANSWER_LIMIT, Dialect, Gateway, Refusal, Visit,
    bedrock::{Answer, Ask},
    header, native, policy,
};
use crate::{
    http::{Call, Response, Route, route},
    traffic::Purpose,
};

const PATH: &str = "/inference-profiles";
const PROFILES: &str = "inferenceProfileSummaries";

pub(super) fn routes(gateway: &Arc<Gateway>) -> Route {
    let list = route::exact(Method::GET, PATH, gateway, |gateway, call| async move {
        let visit = Visit::new(&gateway, Dialect::Bedrock, Purpose::List);
        let outcome = profiles(&gateway, &call).await;
        visit.answer(&gateway, outcome, call).await
    });
    let one = route::under(Method::GET, "/inference-profiles/", gateway, |gateway, call| async move {
        let visit = Visit::new(&gateway, Dialect::Bedrock, Purpose::List);
        let outcome = profiles(&gateway, &call).await;
        visit.answer(&gateway, outcome, call).await
    });
    route::any_of([list, one])
}

/// `GET /inference-profiles?type=…` and `GET /inference-profiles/{id}`.
async fn profiles(gateway: &Gateway, call: &Call) -> Result<Response, Refusal> {
    let (caller, rules) = (gateway.identify(call)?, gateway.rules());
    if let Some(id) = call.path.strip_prefix("/inference-profiles/") {
        rules.resolve(&caller, &policy::decode(id)?)?;
    }
    let ask = Ask::control(call.path.clone(), call.query.clone(), header::onward(&call.headers));
    let Answer { status, headers, body } = gateway.bedrock.send(ask).await?;
    let body = body.collect(ANSWER_LIMIT).await?;
    let body = usable(&body, |name| rules.resolve(&caller, name).is_ok()).unwrap_or(body);
    Ok(native::whole(status, &headers, body))
}

/// The list without the profiles that may not be used. None if nothing is to be left out, or it is no list.
fn usable(body: &Bytes, may_use: impl Fn(&str) -> bool) -> Option<Bytes> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Profile {
        inference_profile_id: String,
        inference_profile_arn: Option<String>,
    }
    let mut answer: BTreeMap<String, &RawValue> = serde_json::from_slice(body).ok()?;
    let profiles: Vec<&RawValue> = serde_json::from_str(answer.get(PROFILES)?.get()).ok()?;
    let is_usable = |profile: &&&RawValue| {
        let Ok(profile) = serde_json::from_str::<Profile>(profile.get()) else { return false };
        may_use(&profile.inference_profile_id)
            || profile.inference_profile_arn.is_some_and(|arn| may_use(&arn))
    };
    let kept: Vec<_> = profiles.iter().filter(is_usable).collect();
    if kept.len() == profiles.len() {
        return None;
    }
    let kept = to_raw_value(&kept).ok()?;
    answer.insert(PROFILES.to_owned(), &kept);
    serde_json::to_vec(&answer).ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"{ "nextToken": "t", "inferenceProfileSummaries": [
        {"inferenceProfileId":"us.anthropic.claude-opus-4-8","inferenceProfileArn":"arn:1","new": 1.50},
        {"inferenceProfileId":"us.meta.llama","inferenceProfileArn":"arn:2"},
        {"inferenceProfileId":"mine","inferenceProfileArn":"arn:3"} ] }"#;

    #[test]
    fn profiles_that_may_not_be_used_are_left_out_and_the_rest_stays_as_it_came() {
        let left = usable(&Bytes::from(LIST), |name| name.contains("claude") || name == "arn:3").unwrap();
        assert_eq!(
            left,
            concat!(
                r#"{"inferenceProfileSummaries":[{"inferenceProfileId":"us.anthropic.claude-opus-4-8","#,
                r#""inferenceProfileArn":"arn:1","new": 1.50},"#,
                r#"{"inferenceProfileId":"mine","inferenceProfileArn":"arn:3"}],"nextToken":"t"}"#
            )
        );
    }

    #[test]
    fn what_may_all_be_used_and_what_is_no_list_is_left_alone() {
        assert_eq!(usable(&Bytes::from(LIST), |_| true), None);
        for other in ["", "{}", r#"{"message":"no"}"#, r#"{"inferenceProfileSummaries":{}}"#] {
            assert_eq!(usable(&Bytes::from(other), |_| false), None, "{other}");
        }
    }
}

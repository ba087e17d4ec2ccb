"""boto3's bedrock-runtime client, unmodified, through the gateway.

Environment: GATEWAY, AWS_BEARER_TOKEN_BEDROCK (one of our tokens). Prints what the answers say they cost, as JSON.
"""

import json
import os

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError

MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
FOUNDATION = "anthropic.claude-haiku-4-5-20251001-v1:0"
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/team-a"
WEATHER = {
    "name": "get_weather",
    "description": "The weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
client = boto3.client(
    "bedrock-runtime",
    region_name="us-east-1",
    endpoint_url=os.environ["GATEWAY"],
    config=Config(retries={"total_max_attempts": 1}),
)
spent = {"input": 0, "output": 0}


def body(words, **more):
    messages = words if isinstance(words, list) else [{"role": "user", "content": words}]
    return {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 200, "messages": messages, **more}


def spend(input_tokens, output_tokens):
    assert input_tokens > 0 and output_tokens > 0
    spent["input"] += input_tokens
    spent["output"] += output_tokens


def invoke(request, model=MODEL):
    answer = client.invoke_model(modelId=model, body=json.dumps(request))
    assert answer["contentType"] == "application/json"
    message = json.loads(answer["body"].read())
    spend(message["usage"]["input_tokens"], message["usage"]["output_tokens"])
    return message


def stream(request, model=MODEL):
    answer = client.invoke_model_with_response_stream(modelId=model, body=json.dumps(request))
    return [json.loads(event["chunk"]["bytes"]) for event in answer["body"]]


def deltas(events, kind, key):
    return [event["delta"][key] for event in events if event.get("delta", {}).get("type") == kind]


def invoke_model_answers():
    for model in (MODEL, PROFILE):
        message = invoke(body("hello boto"), model)
        assert message["content"] == [{"type": "text", "text": "You said: hello boto"}], message
        assert message["stop_reason"] == "end_turn"


def invoke_model_calls_a_tool_and_takes_its_result():
    asked = body('call: get_weather {"city": "Oslo"}', tools=[WEATHER])
    message = invoke(asked)
    [call] = message["content"]
    assert (call["name"], call["input"], message["stop_reason"]) == ("get_weather", {"city": "Oslo"}, "tool_use")
    result = {"type": "tool_result", "tool_use_id": call["id"], "content": "rain"}
    turns = asked["messages"] + [
        {"role": "assistant", "content": message["content"]},
        {"role": "user", "content": [result]},
    ]
    assert invoke(body(turns, tools=[WEATHER]))["content"][0]["text"] == "The tool answered: rain"


def the_stream_says_the_same():
    events = stream(body("hello boto"))
    texts = deltas(events, "text_delta", "text")
    assert len(texts) > 1 and "".join(texts) == "You said: hello boto", texts
    assert [event["type"] for event in events[:2]] == ["message_start", "content_block_start"]
    metrics = events[-1]["amazon-bedrock-invocationMetrics"]
    start = events[0]["message"]["usage"]["input_tokens"]
    assert metrics["inputTokenCount"] == start
    spend(metrics["inputTokenCount"], metrics["outputTokenCount"])


def the_stream_calls_a_tool():
    events = stream(body('call: get_weather {"city": "Oslo"}', tools=[WEATHER]))
    assert json.loads("".join(deltas(events, "input_json_delta", "partial_json"))) == {"city": "Oslo"}
    metrics = events[-1]["amazon-bedrock-invocationMetrics"]
    spend(metrics["inputTokenCount"], metrics["outputTokenCount"])


def count_tokens_counts_what_an_invocation_costs():
    request = body("how much is this")
    counted = client.count_tokens(
        modelId=FOUNDATION, input={"invokeModel": {"body": json.dumps(request).encode()}}
    )
    assert counted["inputTokens"] == invoke(request)["usage"]["input_tokens"]


def refusals_are_the_sdks_own_exceptions():
    for model, expected in [
        ("sandbox.throttled", client.exceptions.ThrottlingException),
        ("sandbox.missing", client.exceptions.ResourceNotFoundException),
        ("sandbox.unavailable", client.exceptions.ServiceUnavailableException),
        ("meta.llama3-8b-instruct-v1:0", client.exceptions.ValidationException),
    ]:
        for ask in (client.invoke_model, client.invoke_model_with_response_stream):
            try:
                ask(modelId=model, body=json.dumps(body("hello")))
            except expected as error:
                assert error.response["Error"]["Message"], error
            else:
                raise AssertionError(f"{model} answered")


def an_exception_in_the_stream_is_raised():
    seen = []
    answer = client.invoke_model_with_response_stream(
        modelId="sandbox.exception-throttling.2", body=json.dumps(body("hello"))
    )
    try:
        for event in answer["body"]:
            seen.append(event)
    except EventStreamError as error:
        assert "throttlingException" in str(error), error
    else:
        raise AssertionError("the stream ended well")
    assert len(seen) == 2


def a_wrong_token_is_refused():
    os.environ["AWS_BEARER_TOKEN_BEDROCK"] = "not-a-token"
    stranger = boto3.client("bedrock-runtime", region_name="us-east-1", endpoint_url=os.environ["GATEWAY"])
    try:
        stranger.invoke_model(modelId=MODEL, body=json.dumps(body("hello")))
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 401, error.response
    else:
        raise AssertionError("a stranger was answered")


invoke_model_answers()
invoke_model_calls_a_tool_and_takes_its_result()
the_stream_says_the_same()
the_stream_calls_a_tool()
count_tokens_counts_what_an_invocation_costs()
refusals_are_the_sdks_own_exceptions()
an_exception_in_the_stream_is_raised()
a_wrong_token_is_refused()
print(json.dumps(spent))

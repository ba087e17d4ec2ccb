"""The official `anthropic` package, unmodified: `Anthropic` and `AnthropicBedrock` through the gateway.

Environment: GATEWAY, TOKEN. Prints what the answers say they cost, as JSON.
"""

import json
import os

import anthropic
from anthropic import Anthropic, AnthropicBedrock

MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
GATEWAY, TOKEN = os.environ["GATEWAY"], os.environ["TOKEN"]
WEATHER = {
    "name": "get_weather",
    "description": "The weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
CALL = 'call: get_weather {"city": "Oslo"}'
spent = {"input": 0, "output": 0}


def ask(words, **more):
    messages = words if isinstance(words, list) else [{"role": "user", "content": words}]
    return {"model": MODEL, "max_tokens": 200, "messages": messages, **more}


def spend(message):
    usage = message.usage
    assert usage.input_tokens > 0 and usage.output_tokens > 0, usage
    spent["input"] += usage.input_tokens
    spent["output"] += usage.output_tokens
    return message


def a_message_is_answered(client):
    message = spend(client.messages.create(**ask("hello sdk")))
    assert [block.text for block in message.content] == ["You said: hello sdk"], message
    assert (message.stop_reason, message.role) == ("end_turn", "assistant")


def a_stream_says_the_same(client):
    with client.messages.stream(**ask("hello sdk")) as stream:
        texts = list(stream.text_stream)
        message = spend(stream.get_final_message())
    assert len(texts) > 1 and "".join(texts) == "You said: hello sdk", texts
    assert message.content[0].text == "You said: hello sdk"
    assert message.stop_reason == "end_turn"


def raw_events_come_in_order(client):
    events = list(client.messages.create(**ask("hello sdk"), stream=True))
    kinds = [event.type for event in events if event.type != "ping"]
    assert kinds[:2] == ["message_start", "content_block_start"], kinds
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"], kinds
    spent["input"] += events[0].message.usage.input_tokens
    spent["output"] += events[-2].usage.output_tokens


def a_tool_is_called_and_its_result_taken(client):
    message = spend(client.messages.create(**ask(CALL, tools=[WEATHER])))
    take_result(client, message)


def a_streamed_tool_call_is_the_same(client):
    with client.messages.stream(**ask(CALL, tools=[WEATHER], tool_choice={"type": "any"})) as stream:
        message = spend(stream.get_final_message())
    take_result(client, message)


def take_result(client, message):
    [call] = message.content
    assert (call.type, call.name, call.input) == ("tool_use", "get_weather", {"city": "Oslo"}), call
    assert message.stop_reason == "tool_use"
    turns = [
        {"role": "user", "content": CALL},
        {"role": "assistant", "content": message.content},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "rain"}]},
    ]
    answer = spend(client.messages.create(**ask(turns, tools=[WEATHER])))
    assert answer.content[0].text == "The tool answered: rain"


def thinking_comes_first(client):
    thinking = {"type": "enabled", "budget_tokens": 1024}
    with client.messages.stream(**ask("hello", max_tokens=2048) | {"thinking": thinking}) as stream:
        message = spend(stream.get_final_message())
    assert [block.type for block in message.content] == ["thinking", "text"]
    assert message.content[0].signature


def limits_and_stop_sequences_are_kept(client):
    message = spend(client.messages.create(**ask("one two three", stop_sequences=["two"])))
    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", "two")
    message = spend(client.messages.create(**ask("one two three") | {"max_tokens": 2}))
    assert (message.stop_reason, message.usage.output_tokens) == ("max_tokens", 2)


def refusals_are_the_sdks_own_exceptions(client):
    for model, expected in [
        ("sandbox.throttled", anthropic.RateLimitError),
        ("sandbox.missing", anthropic.NotFoundError),
        ("sandbox.too-long", anthropic.BadRequestError),
        ("sandbox.unavailable", anthropic.InternalServerError),
    ]:
        try:
            client.messages.create(**ask("hello") | {"model": model})
        except expected as error:
            assert error.message, error
        else:
            raise AssertionError(f"{model} answered")


def a_wrong_token_is_refused(client):
    try:
        client.messages.create(**ask("hello"))
    except anthropic.AuthenticationError as error:
        assert error.status_code == 401
    else:
        raise AssertionError("a stranger was answered")


def tokens_are_counted(client):
    asked = {"model": MODEL, "messages": [{"role": "user", "content": "how much is this"}]}
    assert client.messages.count_tokens(**asked).input_tokens > 0


def models_are_listed(client):
    models = list(client.models.list())
    assert models and all(model.id and model.type == "model" for model in models), models


def a_failing_stream_is_an_error(client):
    failing = ask("hello") | {"model": "sandbox.exception-throttling.3"}
    try:
        list(client.messages.create(**failing, stream=True))
    except anthropic.APIError as error:
        assert error.body, error
    else:
        raise AssertionError("the stream ended well")


def both(client):
    a_message_is_answered(client)
    a_stream_says_the_same(client)
    raw_events_come_in_order(client)
    a_tool_is_called_and_its_result_taken(client)
    a_streamed_tool_call_is_the_same(client)
    thinking_comes_first(client)
    limits_and_stop_sequences_are_kept(client)
    refusals_are_the_sdks_own_exceptions(client)


direct = Anthropic(base_url=GATEWAY, auth_token=TOKEN, api_key=None, max_retries=0)
both(direct)
a_message_is_answered(Anthropic(base_url=GATEWAY, api_key=TOKEN, max_retries=0))
tokens_are_counted(direct)
models_are_listed(direct)
a_failing_stream_is_an_error(direct)
a_wrong_token_is_refused(Anthropic(base_url=GATEWAY, auth_token="not-a-token", api_key=None, max_retries=0))

bedrock = AnthropicBedrock(base_url=GATEWAY, api_key=TOKEN, aws_region="us-east-1", max_retries=0)
both(bedrock)
print(json.dumps(spent))

"""The official `openai` package, unmodified, through the gateway's chat completions.

Environment: GATEWAY, TOKEN. Prints what the answers say they cost, as JSON.
"""

import json
import os

import openai
from pydantic import BaseModel

MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
GATEWAY, TOKEN = os.environ["GATEWAY"], os.environ["TOKEN"]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {
    "type": "function",
    "function": {"name": "get_weather", "description": "The weather of a city", "parameters": PARAMETERS},
}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
client = openai.OpenAI(base_url=f"{GATEWAY}/v1", api_key=TOKEN, max_retries=0)
spent = {"input": 0, "output": 0}


def ask(words, **more):
    messages = words if isinstance(words, list) else [{"role": "user", "content": words}]
    return {"model": MODEL, "messages": messages, **more}


def spend(usage):
    assert usage.prompt_tokens > 0 and usage.completion_tokens > 0, usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    spent["input"] += usage.prompt_tokens
    spent["output"] += usage.completion_tokens


def create(words, **more):
    answer = client.chat.completions.create(**ask(words, **more))
    spend(answer.usage)
    return answer.choices[0]


def stream(words, **more):
    asked = ask(words, **more, stream=True, stream_options={"include_usage": True})
    chunks = list(client.chat.completions.create(**asked))
    [usage] = [chunk.usage for chunk in chunks if chunk.usage]
    spend(usage)
    return [choice for chunk in chunks for choice in chunk.choices]


def a_chat_is_answered():
    system = {"role": "system", "content": "be kind"}
    developer = {"role": "developer", "content": "be brief"}
    choice = create([system, developer, {"role": "user", "content": "hello chat"}])
    assert (choice.message.content, choice.finish_reason) == ("You said: hello chat", "stop"), choice
    assert choice.message.role == "assistant"


def a_stream_says_the_same():
    choices = stream("hello chat")
    texts = [choice.delta.content for choice in choices if choice.delta.content]
    assert len(texts) > 1 and "".join(texts) == "You said: hello chat", texts
    assert [choice.finish_reason for choice in choices if choice.finish_reason] == ["stop"]


def a_tool_is_called_and_its_result_taken():
    words = 'call: get_weather {"city": "Oslo"}'
    choice = create(words, tools=[WEATHER])
    [call] = choice.message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "Oslo"})
    assert choice.finish_reason == "tool_calls"
    result = {"role": "tool", "tool_call_id": call.id, "content": "rain"}
    turns = [{"role": "user", "content": words}, choice.message.model_dump(exclude_none=True), result]
    assert create(turns, tools=[WEATHER]).message.content == "The tool answered: rain"


def two_tools_are_called_in_one_stream():
    words = 'call: get_weather {"city": "Oslo"}\ncall: get_weather {"city": "Rome"}'
    choices = stream(words, tools=[WEATHER])
    calls = {}
    for part in (part for choice in choices for part in choice.delta.tool_calls or []):
        call = calls.setdefault(part.index, {"arguments": ""})
        call["arguments"] += part.function.arguments or ""
        call["name"] = part.function.name or call.get("name")
        call["id"] = part.id or call.get("id")
    assert [json.loads(call["arguments"])["city"] for call in calls.values()] == ["Oslo", "Rome"], calls
    assert all(call["name"] == "get_weather" and call["id"] for call in calls.values())
    assert choices[-1].finish_reason == "tool_calls"


def a_named_tool_must_be_called():
    named = {"type": "function", "function": {"name": "get_weather"}}
    for choice in (named, "required"):
        [call] = create("hello", tools=[WEATHER], tool_choice=choice).message.tool_calls
        assert json.loads(call.function.arguments) == {"city": "sandbox"}


def an_image_is_passed_on():
    content = [
        {"type": "text", "text": "what is this"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
    ]
    assert create([{"role": "user", "content": content}]).message.content == "You said: what is this"


def limits_and_stops_are_kept():
    assert create("one two three", max_completion_tokens=2).finish_reason == "length"
    assert create("one two three", max_tokens=2).finish_reason == "length"
    stopped = create("one two three", stop=["two"])
    assert (stopped.message.content.strip(), stopped.finish_reason) == ("You said: one", "stop")


def an_answer_follows_a_schema():
    class Place(BaseModel):
        city: str
        days: int

    answer = client.chat.completions.parse(**ask("where", response_format=Place))
    spend(answer.usage)
    assert answer.choices[0].message.parsed == Place(city="sandbox", days=1), answer


def models_are_listed():
    models = list(client.models.list())
    assert models and all(model.id for model in models), models


def refusals_are_the_sdks_own_exceptions():
    for model, expected in [
        ("sandbox.throttled", openai.RateLimitError),
        ("sandbox.missing", openai.NotFoundError),
        ("sandbox.too-long", openai.BadRequestError),
        ("sandbox.unavailable", openai.InternalServerError),
    ]:
        try:
            client.chat.completions.create(**ask("hello") | {"model": model})
        except expected as error:
            assert error.message, error
        else:
            raise AssertionError(f"{model} answered")


def a_wrong_token_is_refused():
    stranger = openai.OpenAI(base_url=f"{GATEWAY}/v1", api_key="not-a-token", max_retries=0)
    try:
        stranger.chat.completions.create(**ask("hello"))
    except openai.AuthenticationError as error:
        assert error.status_code == 401
    else:
        raise AssertionError("a stranger was answered")


a_chat_is_answered()
a_stream_says_the_same()
a_tool_is_called_and_its_result_taken()
two_tools_are_called_in_one_stream()
a_named_tool_must_be_called()
an_image_is_passed_on()
limits_and_stops_are_kept()
an_answer_follows_a_schema()
models_are_listed()
refusals_are_the_sdks_own_exceptions()
a_wrong_token_is_refused()
print(json.dumps(spent))

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import completion_create_params
from pydantic import ConfigDict, TypeAdapter, with_config

from outwait.core.ask import Ask, Message, Output, Reasoning, Sampling, Tool, ToolChoice
from outwait.core.part import Text
from outwait.core.plan import Candidate
from outwait.core.request import Call
from outwait.dialects.openai_chat import word as module
from outwait.dialects.openai_chat.ask import ask
from outwait.dialects.openai_chat.tables import DROPS
from outwait.dialects.openai_chat.word import _reasoning, word
from outwait.dialects.provider import Quirks
from outwait.dialects.providers import PROVIDERS

HI = (Message("user", (Text("hi"),)),)


def worded(provider: str = "openai", streamed: bool = False, **fields: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    made = word(Ask("m", HI, **fields), Candidate("c", "openai", "up", streamed, provider=provider))
    body: dict[str, Any] = json.loads(made.body)
    assert set(made.dropped) <= DROPS.keys()
    assert body.pop("model") == "up"
    assert body.pop("messages") == [{"role": "user", "content": "hi"}]
    return body, made.dropped


@pytest.mark.parametrize(
    "provider, stream, streamed, told",
    [
        ("openai", False, False, {}),
        ("openai", True, False, {"stream": True, "stream_options": {"include_usage": True}}),
        ("openai", False, True, {"stream": True, "stream_options": {"include_usage": True}}),
    ],
)
def test_streams(provider: str, stream: bool, streamed: bool, told: dict[str, Any]) -> None:
    assert worded(provider, streamed, stream=stream) == (told, ())


def test_a_provider_that_cannot_tell_usage_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    row = replace(PROVIDERS["compatible"], quirks=Quirks(usage=False))
    monkeypatch.setattr(module, "PROVIDERS", {"compatible": row})
    assert worded("compatible", True)[0] == {"stream": True}


@pytest.mark.parametrize("provider, name", [("openai", "max_completion_tokens"), ("deepseek", "max_tokens")])
def test_the_limit_has_the_providers_name(provider: str, name: str) -> None:
    assert worded(provider, limit=7) == ({name: 7}, ())


def test_the_models_instructions_go_to_who_takes_them() -> None:
    turn = (Message("developer", (Text("x"),)),)
    roles = [
        json.loads(word(Ask("m", turn), Candidate("c", "openai", "m", provider=provider)).body)["messages"][0]["role"]
        for provider in ("openai", "deepseek")
    ]
    assert roles == ["developer", "system"]


@pytest.mark.parametrize(
    "provider, reasoning, told, dropped",
    [
        ("openai", Reasoning("high"), {"reasoning_effort": "high"}, ()),
        ("openai", Reasoning(budget=2000), {"reasoning_effort": "low"}, ()),
        ("openai", Reasoning(budget=0), {"reasoning_effort": "none"}, ()),
        ("openai", Reasoning(budget=-1), {}, ()),
        ("openai", Reasoning(show=True, summary="auto"), {}, ("reasoning.summary", "reasoning.show")),
        ("openrouter", Reasoning("low", 99, False), {"reasoning": {"effort": "low", "exclude": True}}, ()),
        ("openrouter", Reasoning(budget=99), {"reasoning": {"max_tokens": 99}}, ()),
        ("openrouter", Reasoning(budget=0), {"reasoning": {"enabled": False}}, ()),
        ("openrouter", Reasoning(budget=-1), {"reasoning": {"enabled": True}}, ()),
        ("openrouter", Reasoning(summary="auto"), {}, ("reasoning.summary",)),
        ("deepseek", Reasoning("none"), {"thinking": {"type": "disabled"}}, ()),
        ("deepseek", Reasoning(show=True), {}, ()),
        ("deepseek", Reasoning(show=False), {}, ("reasoning.show",)),
        ("deepseek", Reasoning(budget=-1), {"thinking": {"type": "enabled"}}, ()),
        ("deepseek", Reasoning("high"), {"thinking": {"type": "enabled"}}, ("reasoning.effort",)),
        ("qwen", Reasoning("low"), {"enable_thinking": True, "thinking_budget": 2048}, ()),
        ("qwen", Reasoning("low", 99), {"enable_thinking": True, "thinking_budget": 99}, ()),
        ("qwen", Reasoning(budget=-1), {"enable_thinking": True}, ()),
        ("qwen", Reasoning("none"), {"enable_thinking": False}, ()),
    ],
)
def test_every_provider_is_told_in_its_way_how_hard_to_think(
    provider: str, reasoning: Reasoning, told: dict[str, Any], dropped: tuple[str, ...]
) -> None:
    assert worded(provider, reasoning=reasoning) == (told, dropped)


def test_a_provider_without_a_switch_is_told_nothing() -> None:
    assert _reasoning(Reasoning("high"), None) == ({}, ["reasoning"])
    assert _reasoning(Reasoning(show=True), None) == ({}, ["reasoning.show"])


@pytest.mark.parametrize(
    "fields, told",
    [
        ({"user": "u" * 64}, {"user": "u" * 64}),
        ({"user": "u" * 65}, {"user": hashlib.sha256(b"u" * 65).hexdigest()}),
        ({"tier": "standard_only"}, {"service_tier": "default"}),
        ({"tier": "flex"}, {"service_tier": "flex"}),
        ({"sampling": Sampling(top_k=4, logprobs=False)}, {"logprobs": False}),
        ({"output": Output("schema", {"a": 1})},
         {"response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"a": 1}}}}),
        ({"choice": ToolChoice("named", ("f", "g"))},
         {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [
             {"type": "function", "function": {"name": "f"}}, {"type": "function", "function": {"name": "g"}}]}}}),
        ({"choice": ToolChoice("named", ("f",)), "tools": (Tool("f", custom=True),)},
         {"tool_choice": {"type": "custom", "custom": {"name": "f"}},
          "tools": [{"type": "custom", "custom": {"name": "f"}}]}),
        ({"choice": ToolChoice(parallel=False)}, {"parallel_tool_calls": False}),
    ],
)  # fmt: skip
def test_values_that_differ(fields: dict[str, Any], told: dict[str, Any]) -> None:
    assert worded(**fields) == (told, ())


def test_cache_marks_of_tools() -> None:
    tools = (Tool("f", cache={"type": "e"}), Tool("g"))
    marked, dropped = worded("openrouter", tools=tools)
    assert marked["tools"][0]["cache_control"] == {"type": "e"}
    assert dropped == ()
    plain, dropped = worded("openai", tools=tools)
    assert "cache_control" not in plain["tools"][0]
    assert dropped == ("tools.cache",)


# What a client may send, so that nothing of it is lost on the way to the neutral request and back.

NAME = st.sampled_from(["f", "g", "h"])
WORDS = st.text(max_size=4)
URL = st.sampled_from(["https://example.com/a.png", "data:image/png;base64,AAAA"])


def objects(needed: dict[str, Any], **others: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(needed, optional=others)


def const(value: Any) -> st.SearchStrategy[Any]:
    return st.just(value)


TEXT_PART = objects({"type": const("text"), "text": WORDS}, prompt_cache_breakpoint=const({"mode": "explicit"}))
IMAGE = objects({"url": URL}, detail=st.sampled_from(["auto", "low", "high"]))
PART = st.one_of(
    TEXT_PART,
    objects({"type": const("image_url"), "image_url": IMAGE}),
    objects({
        "type": const("input_audio"),
        "input_audio": objects({"data": const("AAAA"), "format": st.sampled_from(["wav", "mp3"])}),
    }),
    objects({
        "type": const("file"),
        "file": objects({"file_data": const("data:application/pdf;base64,AAAA"), "filename": const("a.pdf")})
        | objects({"file_data": const("AAAA")}, filename=const("a.pdf"))
        | objects({"file_id": const("file-1")}),
    }),
)  # fmt: skip
TEXTS = WORDS | st.lists(TEXT_PART, min_size=1, max_size=2)
TOOL_CALL = st.one_of(
    objects({
        "id": const("c1"), "type": const("function"),
        "function": objects({"name": NAME, "arguments": const('{"a":1}')}),
    }),
    objects({"id": const("c2"), "type": const("custom"), "custom": objects({"name": NAME, "input": WORDS})}),
)  # fmt: skip
REFUSAL_PART = objects({"type": const("refusal"), "refusal": WORDS})
MESSAGE = st.one_of(
    objects({"role": st.sampled_from(["system", "developer"]), "content": TEXTS}, name=const("n")),
    objects({"role": const("user"), "content": WORDS | st.lists(PART, min_size=1, max_size=3)}, name=const("n")),
    objects(
        {"role": const("assistant"), "content": WORDS | st.lists(TEXT_PART | REFUSAL_PART, min_size=1, max_size=2)},
        name=const("n"),
        refusal=WORDS,
        audio=const({"id": "a"}),
        tool_calls=st.lists(TOOL_CALL, min_size=1, max_size=2),
    ),
    objects({"role": const("assistant"), "content": const(None), "tool_calls": st.lists(TOOL_CALL, min_size=1)}),
    objects({"role": const("tool"), "tool_call_id": const("c1"), "content": TEXTS}),
)
SCHEMA = const({"type": "object", "properties": {"a": {"type": "integer"}}})
TOOL = st.one_of(
    objects({
        "type": const("function"),
        "function": objects({"name": NAME}, description=WORDS, parameters=SCHEMA, strict=st.booleans()),
    }),
    objects({
        "type": const("custom"),
        "custom": objects({"name": const("custom")}, description=WORDS, format=st.sampled_from([
            {"type": "text"}, {"type": "grammar", "grammar": {"syntax": "regex", "definition": "a+"}},
        ])),
    }),
)  # fmt: skip
NAMED = objects({"type": const("function"), "function": objects({"name": NAME})})
CHOICE = st.one_of(
    st.sampled_from(["none", "auto", "required"]),
    NAMED,
    const({"type": "custom", "custom": {"name": "custom"}}),
    objects({
        "type": const("allowed_tools"),
        "allowed_tools": objects({
            "mode": st.sampled_from(["auto", "required"]), "tools": st.lists(NAMED, min_size=1, max_size=2),
        }),
    }),
)  # fmt: skip
FORMAT = st.one_of(
    const({"type": "text"}),
    const({"type": "json_object"}),
    objects({
        "type": const("json_schema"),
        "json_schema": objects({"name": const("n")}, description=WORDS, schema=SCHEMA, strict=st.booleans()),
    }),
)  # fmt: skip
REQUEST = objects(
    {"model": const("m"), "messages": st.lists(MESSAGE, min_size=1, max_size=4)},
    audio=const({"voice": "v", "format": "wav"}),
    frequency_penalty=st.floats(-2, 2),
    functions=const([{"name": "f"}]),
    logit_bias=const({"50256": -100}),
    logprobs=st.booleans(),
    max_completion_tokens=st.integers(1, 99),
    max_tokens=st.integers(1, 99),
    metadata=const({"a": "b"}),
    modalities=const(["text", "audio"]),
    n=st.integers(1, 4),
    parallel_tool_calls=st.booleans(),
    prediction=const({"type": "content", "content": "x"}),
    presence_penalty=st.integers(-2, 2),
    prompt_cache_key=WORDS,
    reasoning_effort=st.sampled_from(["none", "minimal", "low", "medium", "high", "xhigh", "max"]),
    response_format=FORMAT,
    safety_identifier=WORDS,
    seed=st.integers(-(2**63), 2**63),
    service_tier=st.sampled_from(["auto", "default", "flex", "priority"]),
    stop=WORDS | st.lists(WORDS, min_size=1, max_size=4),
    store=st.booleans(),
    stream=st.booleans(),
    stream_options=objects({}, include_usage=const(True), include_obfuscation=st.booleans()),
    temperature=st.floats(0, 2),
    tool_choice=CHOICE,
    tools=st.lists(TOOL, min_size=1, max_size=3),
    top_logprobs=st.integers(0, 20),
    top_p=st.floats(0, 1),
    user=WORDS,
    verbosity=st.sampled_from(["low", "medium", "high"]),
    web_search_options=const({"search_context_size": "low"}),
)


def sound(body: dict[str, Any]) -> bool:
    """Whether a custom tool that must be called is there."""
    chosen = body.get("tool_choice")
    custom = isinstance(chosen, dict) and chosen["type"] == "custom"
    return not custom or any(tool["type"] == "custom" for tool in body.get("tools", ()))


SOUND = REQUEST.filter(sound)


def canonical(body: dict[str, Any]) -> dict[str, Any]:
    """`body` in the one form of those that the protocol calls equal."""
    made = {key: value for key, value in body.items() if value is not None and (key, value) != ("stream", False)}
    if isinstance(made.get("stop"), str):
        made["stop"] = [made["stop"]]
    old = made.pop("max_tokens", None)
    if old is not None:
        made.setdefault("max_completion_tokens", old)
    if "safety_identifier" in made and "user" not in made:
        made["user"] = made.pop("safety_identifier")
    options = dict(made.pop("stream_options", {}))
    options.pop("include_usage", None)  # counted whether the client asked for it or not
    if made.get("stream"):
        options["include_usage"] = True
    made["messages"] = [_message(message) for message in made["messages"]]
    return {**made, **({"stream_options": options} if options else {})}


def _message(message: dict[str, Any]) -> dict[str, Any]:
    made = {key: value for key, value in message.items() if value is not None}
    content = made.pop("content", None)
    parts = [{"type": "text", "text": content}] if isinstance(content, str) and content else content or []
    if (refusal := made.pop("refusal", None)) is not None:
        parts = [*parts, {"type": "refusal", "refusal": refusal}]
    return {**made, "content": [part for part in parts if part != {"type": "text", "text": ""} or len(parts) > 1]}


PARAMS = TypeAdapter(
    with_config(ConfigDict(extra="forbid"))(completion_create_params.CompletionCreateParamsNonStreaming)
)


@given(SOUND)
def test_a_request_comes_back_as_it_was(body: dict[str, Any]) -> None:
    read = ask(Call("openai", "chat.completions", "m", bool(body.get("stream")), json.dumps(body).encode()))
    again = word(read, Candidate("c", "openai", "m"))
    assert canonical(json.loads(again.body)) == canonical(body)
    assert again.dropped == ()


def walk(value: object) -> None:
    """Look at everything, since lists are only validated then."""
    if isinstance(value, Mapping):
        value = value.values()
    if isinstance(value, Iterable) and not isinstance(value, str):
        for item in value:
            walk(item)


@given(SOUND)
def test_what_is_worded_is_what_the_sdk_would_send(body: dict[str, Any]) -> None:
    read = ask(Call("openai", "chat.completions", "m", False, json.dumps({**body, "stream": False}).encode()))
    walk(PARAMS.validate_python(json.loads(word(read, Candidate("c", "openai", "m")).body)))

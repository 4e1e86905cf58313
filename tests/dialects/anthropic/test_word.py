from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from outwait.core.ask import Ask, Message, Output, Reasoning, Sampling, Tool, ToolChoice
from outwait.core.fault import Refusal
from outwait.core.part import Text, Thought, ToolCall, ToolResult
from outwait.core.plan import Candidate
from outwait.core.request import Call
from outwait.dialects.anthropic.ask import ask
from outwait.dialects.anthropic.word import closed, word

HI = (Message("user", (Text("hi"),)),)
CALLED = (*HI, Message("assistant", (ToolCall("t", "f", "{}"),)), Message("tool", (ToolResult("t", ()),)))
SIGNED = (
    *HI,
    Message("assistant", (Thought("x", "s", dialect="anthropic"), ToolCall("t", "f", "{}"))),
    Message("tool", (ToolResult("t", ()),)),
)
F, G = Tool("f", schema={"type": "object"}), Tool("g")
OLD, FIVE, BOUND = "claude-sonnet-4-20250514", "claude-opus-5", "claude-opus-5-5"
VALID = TypeAdapter(MessageCreateParamsNonStreaming)


def worded(
    model: str, messages: tuple[Message, ...] = HI, provider: str = "anthropic", **fields: Any
) -> tuple[dict[str, Any], tuple[str, ...]]:
    endpoint = fields.pop("endpoint", "messages")
    candidate = Candidate("c", "anthropic", model, endpoint=endpoint, provider=provider)
    made = word(Ask("asked", messages, **fields), candidate)
    body: dict[str, Any] = json.loads(made.body)
    return body, made.dropped


def test_the_smallest() -> None:
    body, dropped = worded(FIVE)
    assert body == {"model": FIVE, "max_tokens": 32000, "messages": [{"role": "user", "content": "hi"}]}
    assert dropped == ()


@pytest.mark.parametrize("streamed, stream", [(True, False), (False, True)])
def test_streams(streamed: bool, stream: bool) -> None:
    candidate = Candidate("c", "anthropic", FIVE, streamed=streamed, endpoint="messages")
    assert json.loads(word(Ask("m", HI, stream=stream), candidate).body)["stream"] is True


@pytest.mark.parametrize("provider, version", [("bedrock", "bedrock-2023-05-31"), ("vertex", "vertex-2023-10-16")])
def test_where_the_url_says_the_model(provider: str, version: str) -> None:
    body, _ = worded(FIVE, provider=provider, stream=True)
    assert body["anthropic_version"] == version
    assert body.keys().isdisjoint({"model", "stream"})


def test_a_count_has_only_what_counts() -> None:
    body, _ = worded(
        FIVE, endpoint="messages.count_tokens", stream=True, stop=("x",), user="u", tier="auto", tools=(F,), limit=5
    )
    assert body.keys() == {"model", "messages", "tools"}


def test_no_words_at_all() -> None:
    with pytest.raises(Refusal) as caught:
        worded(FIVE, (Message("user", (Text(" "),)),))
    assert caught.value.fault.param == "messages"


@pytest.mark.parametrize(
    "model, choice, told, names, dropped",
    [
        (FIVE, None, None, "fg", False),
        (FIVE, ToolChoice("auto"), {"type": "auto"}, "fg", False),
        (FIVE, ToolChoice("none", parallel=False), {"type": "none"}, "fg", False),
        (FIVE, ToolChoice("required"), {"type": "any"}, "fg", False),
        (FIVE, ToolChoice("named", ("f",)), {"type": "tool", "name": "f"}, "fg", False),
        (FIVE, ToolChoice("named", ("f", "g")), {"type": "any"}, "fg", False),
        (FIVE, ToolChoice("named", ("g", "x")), {"type": "any"}, "g", False),
        (FIVE, ToolChoice(parallel=False), {"type": "auto", "disable_parallel_tool_use": True}, "fg", False),
        (FIVE, ToolChoice(parallel=True), None, "fg", False),
        (BOUND, ToolChoice("required"), {"type": "auto"}, "fg", True),
        (
            BOUND,
            ToolChoice("named", ("f",), parallel=True),
            {"type": "auto", "disable_parallel_tool_use": False},
            "f",
            True,
        ),
    ],
)
def test_choices(model: str, choice: ToolChoice | None, told: Any, names: str, dropped: bool) -> None:
    body, left = worded(model, tools=(F, G), choice=choice)
    assert body.get("tool_choice") == told
    assert "".join(tool["name"] for tool in body["tools"]) == names
    assert ("choice" in left) is dropped


def test_a_choice_without_tools() -> None:
    assert "tool_choice" not in worded(FIVE, choice=ToolChoice("auto"))[0]
    assert worded(FIVE, choice=ToolChoice("required"))[0]["tool_choice"] == {"type": "any"}


@pytest.mark.parametrize(
    "model, strict, told, dropped",
    [(FIVE, True, True, False), (FIVE, False, False, False), (OLD, True, None, True), (OLD, False, None, False)],
)
def test_strict_tools(model: str, strict: bool, told: bool | None, dropped: bool) -> None:
    body, left = worded(model, tools=(Tool("f", "d", {"properties": {}}, strict),))
    tool = body["tools"][0]
    assert tool.get("strict") is told
    closing = {"additionalProperties": False} if told else {}
    assert tool["input_schema"] == {"type": "object", "properties": {}, **closing}
    assert ("tools.strict" in left) is dropped


def test_a_tool_for_free_text_is_refused() -> None:
    with pytest.raises(Refusal) as caught:
        worded(FIVE, tools=(Tool("f", custom=True),))
    assert caught.value.fault.param == "tools"


@pytest.mark.parametrize(
    "messages, choice, thinks",
    [
        (HI, None, True),
        (SIGNED, None, True),
        (CALLED, None, False),
        ((*HI, Message("assistant", (Text("The"),))), None, False),
        (HI, ToolChoice("required"), False),
        (HI, ToolChoice("named", ("f",)), False),
        (HI, ToolChoice("auto"), True),
    ],
)
def test_thinking_gives_way(messages: tuple[Message, ...], choice: ToolChoice | None, thinks: bool) -> None:
    body, left = worded(OLD, messages, tools=(F,), choice=choice, reasoning=Reasoning("low"), limit=100)
    assert ("thinking" in body) is thinks
    assert body["max_tokens"] == (2148 if thinks else 100)
    assert ("reasoning" in left) is not thinks


def test_adaptive_thinking_does_not() -> None:
    body, left = worded("claude-opus-4-8", CALLED, reasoning=Reasoning("low"), limit=1 << 20)
    assert (body["thinking"], body["output_config"]) == ({"type": "adaptive"}, {"effort": "low"})
    assert (body["max_tokens"], left) == (128_000, ())


@pytest.mark.parametrize(
    "model, reasoning, sampling, told, dropped",
    [
        (OLD, None, Sampling(0.5, 0.5, 5), {"temperature": 0.5, "top_p": 0.5, "top_k": 5}, ()),
        (OLD, None, Sampling(1.5), {"temperature": 1}, ("sampling.temperature",)),
        (OLD, Reasoning("low"), Sampling(1, 0.95, 5), {"temperature": 1, "top_p": 0.95}, ("sampling.top_k",)),
        (OLD, Reasoning("low"), Sampling(0.5, 0.5), {}, ("sampling.temperature", "sampling.top_p")),
        ("claude-haiku-4-5", None, Sampling(0, 0.5), {"temperature": 0}, ("sampling.top_p",)),
        ("claude-haiku-4-5", None, Sampling(top_p=0.5), {"top_p": 0.5}, ()),
        (FIVE, None, Sampling(1, 1, 5), {}, ("sampling.temperature", "sampling.top_p", "sampling.top_k")),
    ],
)
def test_sampling(
    model: str, reasoning: Reasoning | None, sampling: Sampling, told: dict[str, Any], dropped: tuple[str, ...]
) -> None:
    body, left = worded(model, sampling=sampling, reasoning=reasoning)
    assert {key: body[key] for key in ("temperature", "top_p", "top_k") if key in body} == told
    assert left == dropped


def test_a_model_nobody_knows_gets_what_was_asked_for() -> None:
    body, left = worded("kimi-k3", limit=1 << 20, sampling=Sampling(0.5, 0.5))
    assert (body["max_tokens"], body["temperature"], body["top_p"], left) == (1 << 20, 0.5, 0.5, ())


def test_the_form_of_the_answer() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "object"}}}
    body, left = worded(FIVE, output=Output("schema", schema, "n"), reasoning=Reasoning("low"))
    form = body["output_config"].pop("format")
    assert (body["output_config"], left) == ({"effort": "low"}, ())
    assert form["schema"]["properties"]["a"]["additionalProperties"] is False
    assert worded(FIVE, output=Output("json"))[1] == ("output",)
    assert worded(FIVE, output=Output("text"))[1] == ()
    with pytest.raises(Refusal) as caught:
        worded(OLD, output=Output("schema", schema))
    assert caught.value.fault.param == "output"


def test_only_open_objects_are_closed() -> None:
    schema = {
        "anyOf": [{"type": "object", "additionalProperties": True}, {"type": "array", "items": {"type": "object"}}],
        "enum": [{"type": "object"}],
        "maxItems": 3,
    }
    assert closed(schema) == {
        "anyOf": [
            {"type": "object", "additionalProperties": True},
            {"type": "array", "items": {"type": "object", "additionalProperties": False}},
        ],
        "enum": [{"type": "object"}],
        "maxItems": 3,
    }


@pytest.mark.parametrize(
    "tier, told", [("auto", "auto"), ("default", "standard_only"), ("priority", "auto"), ("flex", None)]
)
def test_tiers(tier: str, told: str | None) -> None:
    body, left = worded(FIVE, tier=tier)
    assert body.get("service_tier") == told
    assert left == (() if told else ("tier",))


# ------------------------------------------------------------------------------------------- there and back again
words = st.text(min_size=1, max_size=6).filter(lambda text: bool(text.strip()))
idents = st.from_regex(r"[a-z0-9_-]{1,8}", fullmatch=True)
mark = st.fixed_dictionaries({}, optional={"cache_control": st.sampled_from([{"type": "ephemeral", "ttl": "1h"}])})
plain = st.recursive(st.booleans() | st.integers(-9, 9) | st.text(max_size=4), lambda more: st.lists(more, max_size=2))


def block(kind: str, fields: dict[str, Any], **optional: Any) -> st.SearchStrategy[dict[str, Any]]:
    base = st.fixed_dictionaries({"type": st.just(kind), **fields}, optional=optional)
    return st.builds(lambda one, other: one | other, base, mark)


def source(kind: str, **fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(kind), **fields})


text = block("text", {"text": words})
media = st.one_of(
    block("image", {"source": source("base64", media_type=st.just("image/png"), data=st.just("QQ=="))}),
    block("image", {"source": source("url", url=words) | source("file", file_id=words)}),
    block(
        "document",
        {
            "source": source("base64", media_type=st.just("application/pdf"), data=st.just("QQ=="))
            | source("text", media_type=st.just("text/plain"), data=words)
            | source("content", content=st.lists(source("text", text=words), min_size=1, max_size=2))
            | source("url", url=words)
        },
        title=words,
        context=words,
        citations=st.just({"enabled": True}),
    ),
)
cited = source(
    "page_location",
    cited_text=words,
    document_index=st.just(0),
    document_title=st.none() | words,
    start_page_number=st.just(1),
    end_page_number=st.just(2),
)
spoken = block("text", {"text": words}, citations=st.lists(cited, min_size=1, max_size=2))
thought = source("thinking", thinking=words, signature=words) | source("redacted_thinking", data=words)


@st.composite
def exchanges(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A conversation that ends with the user's turn."""
    first = draw(st.lists(text | media, min_size=1, max_size=3))
    said: list[dict[str, Any]] = [{"role": "user", "content": first}]
    for _ in range(draw(st.integers(0, 2))):
        calls = [
            {"type": "tool_use", "id": ident, "name": draw(words), "input": draw(st.dictionaries(words, plain))}
            for ident in draw(st.lists(idents, max_size=2, unique=True))
        ]
        content = [*draw(st.lists(thought, min_size=1, max_size=2)), *draw(st.lists(spoken, max_size=2)), *calls]
        results = [
            draw(block("tool_result", {"tool_use_id": st.just(call["id"])}, is_error=st.just(True)))
            | ({"content": draw(st.lists(text | media, min_size=1, max_size=2))} if draw(st.booleans()) else {})
            for call in calls
        ]
        after = draw(st.lists(text, min_size=not results, max_size=1))
        said += [{"role": "assistant", "content": content}, {"role": "user", "content": [*results, *after]}]
    return said


tools = st.lists(
    st.builds(
        lambda one, other: one | other,
        st.fixed_dictionaries(
            {"name": idents, "input_schema": st.just({"type": "object", "properties": {"a": {"type": "string"}}})},
            optional={"description": words, "eager_input_streaming": st.booleans()},
        ),
        mark,
    ),
    min_size=1,
    max_size=2,
    unique_by=lambda tool: str(tool["name"]),
)
choices = st.fixed_dictionaries(
    {"type": st.sampled_from(["auto", "any"])}, optional={"disable_parallel_tool_use": st.booleans()}
) | st.just({"type": "none"})
common: dict[str, Any] = {
    "system": st.lists(text, min_size=1, max_size=2),
    "stop_sequences": st.lists(words, min_size=1, max_size=2),
    "metadata": st.fixed_dictionaries({"user_id": words}),
    "service_tier": st.sampled_from(["auto", "standard_only"]),
    "stream": st.just(True),
    "container": words,
    "future_field": plain,
}
shown = st.fixed_dictionaries({}, optional={"display": st.sampled_from(["summarized", "omitted"])})
schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": False}
old = st.one_of(
    st.fixed_dictionaries(
        {"tools": tools},
        optional={
            "tool_choice": choices,
            "temperature": st.floats(0, 1),
            "top_p": st.floats(0, 1),
            "top_k": st.just(3),
        },
    ),
    st.fixed_dictionaries(
        {
            "thinking": st.builds(
                lambda one, other: one | other, source("enabled", budget_tokens=st.integers(1024, 9999)), shown
            )
        },
        optional={"temperature": st.just(1), "tools": tools},
    ),
    st.fixed_dictionaries({"thinking": st.just({"type": "disabled"})}),
)  # fmt: skip
new = st.fixed_dictionaries(
    {"tools": tools},
    optional={
        "tool_choice": choices,
        "thinking": st.builds(lambda other: {"type": "adaptive"} | other, shown) | st.just({"type": "disabled"}),
        "output_config": st.fixed_dictionaries(
            {},
            optional={
                "effort": st.sampled_from(["low", "medium", "high", "xhigh", "max"]),
                "format": st.just({"type": "json_schema", "schema": schema}),
                "task_budget": plain,
            },
        ).filter(bool),
    },
)
families = st.one_of(st.tuples(st.just(OLD), old), st.tuples(st.just(FIVE), new))


def normal(value: Any) -> Any:
    """`value` with a lone text as the string that means the same, as the protocol itself has it."""
    if isinstance(value, dict):
        return {
            key: [{"type": "text", "text": inner}]
            if key in {"content", "system"} and isinstance(inner, str)
            else normal(inner)
            for key, inner in value.items()
        }
    return [normal(one) for one in value] if isinstance(value, list) else value


@given(
    said=exchanges(),
    family=families,
    rest=st.fixed_dictionaries({}, optional=common),
    limit=st.integers(10_000, 64_000),
)
def test_a_request_comes_back_as_it_was(
    said: list[dict[str, Any]], family: tuple[str, dict[str, Any]], rest: dict[str, Any], limit: int
) -> None:
    model, fields = family
    body = {"model": model, "max_tokens": limit, "messages": said, **fields, **rest}
    call = Call("anthropic", "messages", model, "stream" in body, json.dumps(body).encode())
    made = word(ask(call), Candidate("c", "anthropic", model, endpoint="messages"))
    told = json.loads(made.body)
    assert normal(told) == normal(body)
    assert made.dropped == ()


def walked(value: Any) -> int:
    """How many values there are in `value`; looking at them is what makes pydantic judge them."""
    if isinstance(value, dict):
        return sum(walked(inner) for inner in value.values())
    return 1 if isinstance(value, str) or not isinstance(value, Iterable) else sum(walked(inner) for inner in value)


@given(said=exchanges(), fields=new)
def test_the_sdks_own_types_agree(said: list[dict[str, Any]], fields: dict[str, Any]) -> None:
    body = {"model": FIVE, "max_tokens": 9, "messages": said, **fields}
    call = Call("anthropic", "messages", FIVE, False, json.dumps(body).encode())
    told = json.loads(word(ask(call), Candidate("c", "anthropic", FIVE, endpoint="messages")).body)
    assert walked(VALID.validate_python(told)) > len(said)

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.examples import examples

from outwait.core.ask import Ask, Message, Output, Reasoning, Tool, ToolChoice
from outwait.core.fault import Refusal
from outwait.core.part import Text
from outwait.core.plan import Candidate
from outwait.core.request import Call
from outwait.dialects.gemini.ask import ask
from outwait.dialects.gemini.word import word
from outwait.dialects.gemini.word_contents import PLACEHOLDER

HI = (Message("user", (Text("hi"),)),)


def worded(asked: Ask, model: str = "gemini-3-flash", **how: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(word(asked, candidate(model, **how)).body)
    return found


def candidate(model: str, endpoint: str = "generate_content", provider: str = "gemini") -> Candidate:
    return Candidate("c", "gemini", model, endpoint=endpoint, provider=provider)


def refused(asked: Ask) -> str | None:
    with pytest.raises(Refusal) as caught:
        worded(asked)
    assert caught.value.fault.code == "not_expressible"
    return caught.value.fault.param


def test_tools() -> None:
    tools = (Tool("f", "d", {"type": "object"}, strict=True, cache={"type": "ephemeral"}), Tool("g"))
    made = word(Ask("m", HI, tools=tools), candidate("m"))
    assert json.loads(made.body)["tools"] == [
        {
            "functionDeclarations": [
                {"name": "f", "description": "d", "parametersJsonSchema": {"type": "object"}},
                {"name": "g"},
            ]
        }
    ]
    assert made.dropped == ("tools.strict", "tools.cache")
    assert refused(Ask("m", HI, tools=(Tool("f", custom=True),))) == "tools"


@pytest.mark.parametrize(
    "choice, calling",
    [
        (None, None),
        (ToolChoice(parallel=True), None),
        (ToolChoice("none", parallel=False), {"mode": "NONE"}),
        (ToolChoice("auto"), {"mode": "AUTO"}),
        (ToolChoice("auto", ("f",)), {"mode": "VALIDATED", "allowedFunctionNames": ["f"]}),
        (ToolChoice("required"), {"mode": "ANY"}),
        (ToolChoice("named", ("f",)), {"mode": "ANY", "allowedFunctionNames": ["f"]}),
    ],
)
def test_choices(choice: ToolChoice | None, calling: dict[str, Any] | None) -> None:
    made = worded(Ask("m", HI, tools=(Tool("f"),), choice=choice))
    assert made.get("toolConfig") == (None if calling is None else {"functionCallingConfig": calling})
    assert "toolConfig" not in worded(Ask("m", HI, choice=choice))


def test_one_call_at_a_time_cannot_be_asked_for() -> None:
    made = word(Ask("m", HI, tools=(Tool("f"),), choice=ToolChoice("required", parallel=False)), candidate("m"))
    assert json.loads(made.body)["toolConfig"] == {"functionCallingConfig": {"mode": "ANY"}}
    assert made.dropped == ("choice.parallel",)


@pytest.mark.parametrize(
    "output, config",
    [
        (Output("text"), {"responseMimeType": "text/plain"}),
        (Output("json"), {"responseMimeType": "application/json"}),
        (
            Output("schema", {"type": "object"}, "n", "d", strict=True),
            {"responseMimeType": "application/json", "responseJsonSchema": {"description": "d", "type": "object"}},
        ),
        (Output("schema"), {"responseMimeType": "application/json"}),
    ],
)
def test_outputs(output: Output, config: dict[str, Any]) -> None:
    assert worded(Ask("m", HI, output=output))["generationConfig"] == config


def test_thinking() -> None:
    made = word(Ask("m", HI, reasoning=Reasoning("low", summary="detailed")), candidate("gemini-3-pro"))
    assert json.loads(made.body)["generationConfig"]["thinkingConfig"] == {
        "includeThoughts": True,
        "thinkingLevel": "LOW",
    }
    assert made.dropped == ("reasoning.summary",)
    made = word(Ask("m", HI, reasoning=Reasoning("low")), candidate("gemini-2.0-flash"))
    assert made.dropped == ("reasoning",)
    assert json.loads(made.body) == worded(Ask("m", HI))
    assert worded(Ask("m", HI, reasoning=Reasoning("none")), "gemini-2.0-flash") == worded(Ask("m", HI))


def test_counting() -> None:
    asked = Ask("m", (Message("system", (Text("s"),)), *HI), tools=(Tool("f"),), choice=ToolChoice("auto"), limit=5)
    made = worded(asked, "up", endpoint="models.count_tokens")
    nested = made.pop("generateContentRequest")
    assert made == {}
    assert nested["model"] == "models/up"
    assert nested.keys() == {"model", "contents", "systemInstruction", "tools", "toolConfig"}
    flat = worded(asked, "up", endpoint="models.count_tokens", provider="vertex")
    assert flat.keys() == {"contents", "systemInstruction", "tools"}


# ---------------------------------------------------------------------------------------------- there and back again
WORDS = st.text(min_size=1, max_size=8)
NAMES = st.from_regex(r"[a-z][a-z_]{0,6}", fullmatch=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=5,
)
OBJECTS = st.dictionaries(st.text(max_size=5), VALUES, max_size=3)
SIGNED = st.fixed_dictionaries({}, optional={"thoughtSignature": st.just("c2ln")})


def part(kind: str, inside: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return inside.map(lambda value: {kind: value})


TEXTS = part("text", WORDS)
MEDIA = part(
    "inlineData",
    st.fixed_dictionaries({"mimeType": st.sampled_from(["image/png", "application/pdf"]), "data": st.just("aa+/")}),
) | part(
    "fileData",
    st.fixed_dictionaries(
        {"mimeType": st.just("video/mp4"), "fileUri": st.sampled_from(["https://x.y/z", "gs://b/f", "files/f"])}
    ),
)
RESPONSES = (
    OBJECTS
    | st.fixed_dictionaries({"output": st.text(max_size=5) | st.just('{"a":1}')})
    | st.fixed_dictionaries({"error": st.text(max_size=5)})
)


@st.composite
def turns(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A conversation: asked, thought, called, answered."""
    made: list[dict[str, Any]] = []
    for turn in range(draw(st.integers(1, 3))):
        asked = draw(st.lists(TEXTS | MEDIA, min_size=1, max_size=3))
        if not made or made[-1]["role"] == "model":
            made.append({"role": "user", "parts": asked})
        elif draw(st.booleans()):
            made[-1]["parts"] += asked  # behind the results of functions
        said: list[dict[str, Any]] = []
        if draw(st.booleans()):
            said.append({"text": draw(WORDS), "thought": True} | draw(SIGNED))
        said += draw(st.lists(TEXTS | st.just({"text": "", "thoughtSignature": "c2ln"}), max_size=2))
        names = draw(st.lists(NAMES, max_size=2))
        calls: list[dict[str, Any]] = [
            {"functionCall": {"id": f"{turn}.{at}", "name": name, "args": draw(OBJECTS)}}
            for at, name in enumerate(names)
        ]
        for at, call in enumerate(calls):
            # On the first one a new model must have a signature; one that stands loose before it belongs to it.
            signed = {"thoughtSignature": "c2ln"} if at == 0 else draw(SIGNED)
            said.append(call | signed)
        if not said:
            said.append(draw(TEXTS))
        made.append({"role": "model", "parts": said})
        if calls:
            results: list[dict[str, Any]] = []
            for call in calls:
                told = {"id": call["functionCall"]["id"], "name": call["functionCall"]["name"]}
                more = {"parts": draw(st.lists(MEDIA, min_size=1, max_size=2))} if draw(st.booleans()) else {}
                results.append({"functionResponse": {**told, "response": draw(RESPONSES), **more}})
            made.append({"role": "user", "parts": results})
    return made


THINKING = st.fixed_dictionaries(
    {"thinkingLevel": st.sampled_from(["MINIMAL", "LOW", "MEDIUM", "HIGH"])},
    optional={"includeThoughts": st.booleans()},
) | st.fixed_dictionaries({"includeThoughts": st.booleans()})
CONFIG = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.floats(0, 2),
        "topP": st.floats(0, 1),
        "topK": st.integers(1, 40),
        "seed": st.integers(0, 99),
        "presencePenalty": st.floats(-2, 2),
        "frequencyPenalty": st.floats(-2, 2),
        "responseLogprobs": st.booleans(),
        "logprobs": st.integers(0, 20),
        "candidateCount": st.integers(1, 8),
        "maxOutputTokens": st.integers(1, 999),
        "stopSequences": st.lists(WORDS, min_size=1, max_size=3),
        "thinkingConfig": THINKING,
        "responseModalities": st.lists(st.sampled_from(["TEXT", "IMAGE", "AUDIO"]), min_size=1, max_size=2),
        "speechConfig": OBJECTS,
        "mediaResolution": st.just("MEDIA_RESOLUTION_LOW"),
        "imageConfig": OBJECTS,
    },
)
FORMED: st.SearchStrategy[dict[str, Any]] = (
    st.just({})
    | st.fixed_dictionaries({"responseMimeType": st.sampled_from(["text/plain", "application/json"])})
    | st.fixed_dictionaries({"responseMimeType": st.just("application/json"), "responseJsonSchema": OBJECTS})
)
DECLARED = st.fixed_dictionaries(
    {"name": NAMES}, optional={"description": WORDS, "parametersJsonSchema": OBJECTS, "response": OBJECTS}
)
CALLING = (
    st.fixed_dictionaries({"mode": st.sampled_from(["AUTO", "ANY", "NONE", "VALIDATED"])})
    | st.fixed_dictionaries(
        {"mode": st.sampled_from(["ANY", "VALIDATED"]), "allowedFunctionNames": st.lists(NAMES, min_size=1, max_size=2)}
    )
    | st.just({"mode": "AUTO", "streamFunctionCallArguments": True})
)
TOOLED: st.SearchStrategy[dict[str, Any]] = st.just({}) | st.fixed_dictionaries(
    {
        "tools": st.lists(DECLARED, min_size=1, max_size=3, unique_by=lambda tool: str(tool["name"])).map(
            lambda declared: [{"functionDeclarations": declared}]
        )
    },
    optional={"toolConfig": CALLING.map(lambda calling: {"functionCallingConfig": calling})},
)
REST = st.fixed_dictionaries(
    {},
    optional={
        "safetySettings": st.just([{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}]),
        "cachedContent": st.just("cachedContents/c"),
        "labels": st.just({"a": "b"}),
        "serviceTier": st.just("flex"),
        "store": st.booleans(),
        "systemInstruction": st.fixed_dictionaries({"parts": st.lists(TEXTS, min_size=1, max_size=2)}),
    },
)


def whole(value: dict[str, Any]) -> dict[str, Any]:
    """`value` without what says nothing: an object without fields is the same to Google as none."""
    return {key: item for key, item in value.items() if item != {}}


@settings(max_examples=examples(80), deadline=None)
@given(turns(), CONFIG, FORMED, TOOLED, REST)
def test_what_is_read_and_worded_is_what_was_asked(
    contents: list[dict[str, Any]],
    config: dict[str, Any],
    formed: dict[str, Any],
    tooled: dict[str, Any],
    rest: dict[str, Any],
) -> None:
    body = {"contents": contents, "generationConfig": config | formed, **tooled, **rest}
    made = worded(ask(Call("gemini", "generate_content", "m", False, json.dumps(body).encode())))
    assert whole(made) == whole(body)


def test_budgets_and_old_spellings_come_back_in_the_new_one() -> None:
    body = {
        "system_instruction": {"parts": [{"text": "s"}]},
        "contents": [
            {"parts": [{"text": "a"}]},
            {"role": "model", "parts": [{"function_call": {"name": "f", "args": {}}}]},
            {"role": "function", "parts": [{"function_response": {"name": "f", "response": {"a": 1}}}]},
        ],
        "tools": {"function_declarations": [{"name": "f", "parameters": {"type": "OBJECT"}}]},
        "generation_config": {
            "thinking_config": {"thinking_budget": 512},
            "response_mime_type": "application/json",
            "response_schema": {"type": "STRING"},
        },
    }
    asked = ask(Call("gemini", "generate_content", "m", False, json.dumps(body).encode()))
    call = {"functionCall": {"id": "call_1", "name": "f", "args": {}}}
    result = {"functionResponse": {"id": "call_1", "name": "f", "response": {"a": 1}}}
    assert worded(asked, "gemini-2.5-flash") == {
        "systemInstruction": {"parts": [{"text": "s"}]},
        "contents": [
            {"role": "user", "parts": [{"text": "a"}]},
            {"role": "model", "parts": [call]},
            {"role": "user", "parts": [result]},
        ],
        "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"type": "object"}}]}],
        "generationConfig": {
            "thinkingConfig": {"thinkingBudget": 512},
            "responseMimeType": "application/json",
            "responseJsonSchema": {"type": "string"},
        },
    }
    assert worded(asked)["contents"][1]["parts"] == [call | {"thoughtSignature": PLACEHOLDER}]

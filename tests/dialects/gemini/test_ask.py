from __future__ import annotations

import json
from typing import Any

import pytest

from outwait.core.ask import Ask, Message, Output, Reasoning, Sampling, Tool, ToolChoice
from outwait.core.fault import Refusal
from outwait.core.part import Text
from outwait.core.request import Call
from outwait.dialects.gemini.ask import ask

HI = {"contents": [{"parts": [{"text": "hi"}]}]}
SAID = Message("user", (Text("hi"),))


def asks(body: Any, endpoint: str = "generate_content", stream: bool = False) -> Ask:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ask(Call("gemini", endpoint, "m", stream, raw))


def config(**fields: Any) -> Ask:
    return asks(HI | {"generationConfig": fields})


def refused(body: Any, endpoint: str = "generate_content") -> tuple[str, str | None]:
    with pytest.raises(Refusal) as caught:
        asks(body, endpoint)
    return caught.value.fault.code, caught.value.fault.param


def test_the_least() -> None:
    assert asks(HI) == Ask("m", (SAID,))
    assert asks(HI, stream=True) == Ask("m", (SAID,), stream=True, usage=True)
    assert asks({"contents": []}).messages == ()


@pytest.mark.parametrize(
    "system, messages",
    [
        ("be brief", (Message("system", (Text("be brief"),)), SAID)),
        ({"parts": [{"text": "a"}, {"text": "b"}]}, (Message("system", (Text("a"), Text("b"))), SAID)),
        ({"role": "system", "parts": ["a"]}, (Message("system", (Text("a"),)), SAID)),
        ({"parts": {"text": "a"}}, (Message("system", (Text("a"),)), SAID)),
        ({"parts": []}, (SAID,)),
    ],
)
def test_instructions(system: Any, messages: tuple[Message, ...]) -> None:
    assert asks(HI | {"system_instruction": system}).messages == messages


def test_counting() -> None:
    assert asks(HI, "models.count_tokens").messages == (SAID,)
    nested = {
        "generateContentRequest": HI | {"model": "models/m", "tools": [{"functionDeclarations": [{"name": "f"}]}]}
    }
    asked = asks(nested, "models.count_tokens")
    assert (asked.messages, asked.tools, asked.rest) == ((SAID,), (Tool("f"),), {})


def test_configuration() -> None:
    asked = config(
        temperature=0.5,
        topP=0.9,
        topK=40,
        seed=7,
        frequencyPenalty=0.1,
        presencePenalty=0.2,
        responseLogprobs=True,
        logprobs=3,
        candidateCount=2,
        maxOutputTokens=100,
        stopSequences=["x"],
        responseModalities=["TEXT", "IMAGE"],
        speechConfig={"a": 1},
    )
    assert asked.sampling == Sampling(0.5, 0.9, 40, 7, 0.1, 0.2, None, True, 3)
    assert (asked.count, asked.limit, asked.stop, asked.modalities) == (2, 100, ("x",), ("text", "image"))
    assert asked.rest == {"generationConfig.speechConfig": {"a": 1}}


@pytest.mark.parametrize(
    "fields, output",
    [
        ({}, None),
        ({"responseMimeType": "text/plain"}, Output("text")),
        ({"responseMimeType": "application/json"}, Output("json")),
        (
            {"responseMimeType": "application/json", "responseSchema": {"type": "OBJECT"}},
            Output("schema", {"type": "object"}),
        ),
        ({"response_json_schema": {"type": "object"}}, Output("schema", {"type": "object"})),
        ({"_responseJsonSchema": {"type": "object"}}, Output("schema", {"type": "object"})),
    ],
)
def test_outputs(fields: dict[str, Any], output: Output | None) -> None:
    assert config(**fields).output == output


@pytest.mark.parametrize(
    "thinking, reasoning",
    [
        ({}, None),
        ({"thinkingLevel": "low"}, Reasoning("low")),
        ({"thinkingLevel": "THINKING_LEVEL_UNSPECIFIED"}, None),
        ({"thinking_budget": -1, "includeThoughts": True}, Reasoning(budget=-1, show=True)),
    ],
)
def test_thinking(thinking: dict[str, Any], reasoning: Reasoning | None) -> None:
    assert config(thinkingConfig=thinking).reasoning == reasoning


def test_tools() -> None:
    asked = asks(
        HI
        | {
            "tools": [
                {
                    "functionDeclarations": [
                        {
                            "name": "f",
                            "description": "d",
                            "parameters": {"type": "OBJECT"},
                            "response": {"type": "STRING"},
                        },
                        {
                            "name": "g",
                            "parameters_json_schema": {"type": "object"},
                            "responseJsonSchema": {},
                            "behavior": "BLOCKING",
                        },
                    ]
                },
                {"function_declarations": {"name": "h"}},
            ]
        }
    )
    assert asked.tools == (Tool("f", "d", {"type": "object"}), Tool("g", None, {"type": "object"}), Tool("h"))
    assert asked.rest == {
        "tools.functionDeclarations.response": {"f": {"response": {"type": "STRING"}}, "g": {"responseJsonSchema": {}}},
        "tools.functionDeclarations.behavior": {"g": {"behavior": "BLOCKING"}},
    }


MODE = "toolConfig.functionCallingConfig.mode"


@pytest.mark.parametrize(
    "calling, choice, rest",
    [
        ({}, None, {}),
        ({"mode": "AUTO"}, ToolChoice("auto"), {}),
        ({"mode": "none"}, ToolChoice("none"), {}),
        ({"mode": "ANY"}, ToolChoice("required"), {}),
        ({"mode": "ANY", "allowed_function_names": ["f", "g"]}, ToolChoice("named", ("f", "g")), {}),
        ({"mode": "VALIDATED"}, ToolChoice("auto"), {MODE: "VALIDATED"}),
        ({"mode": "VALIDATED", "allowedFunctionNames": ["f"]}, ToolChoice("auto", ("f",)), {}),
        ({"x": 1}, None, {"toolConfig.functionCallingConfig.x": 1}),
    ],
)
def test_choices(calling: dict[str, Any], choice: ToolChoice | None, rest: dict[str, Any]) -> None:
    asked = asks(HI | {"toolConfig": {"functionCallingConfig": calling}})
    assert (asked.choice, asked.rest) == (choice, rest)


def test_the_rest() -> None:
    asked = asks(HI | {"safety_settings": [1], "cachedContent": "c", "new": 1, "toolConfig": {"retrievalConfig": {}}})
    assert asked.rest == {"safetySettings": [1], "cachedContent": "c", "new": 1, "toolConfig.retrievalConfig": {}}


@pytest.mark.parametrize(
    "body, code, param",
    [
        (b"{", "invalid_json", None),
        (b"[]", "invalid_value", "contents"),
        ({"contents": 7}, "invalid_value", "contents"),
        ({"contents": [7]}, "invalid_value", "contents[0]"),
        ({"systemInstruction": 7}, "invalid_value", "systemInstruction"),
        (
            {"systemInstruction": {"parts": [{"inlineData": {}}]}},
            "not_expressible",
            "systemInstruction.parts[0].inlineData",
        ),
        ({"systemInstruction": {"parts": [7]}}, "invalid_value", "systemInstruction.parts[0]"),
        ({"generationConfig": 7}, "invalid_value", "generationConfig"),
        ({"generationConfig": {"temperature": "x"}}, "invalid_value", "generationConfig.temperature"),
        (
            {"generationConfig": {"responseMimeType": "text/x.enum"}},
            "not_expressible",
            "generationConfig.responseMimeType",
        ),
        ({"generationConfig": {"responseSchema": 7}}, "invalid_value", "generationConfig.responseSchema"),
        ({"generationConfig": {"thinkingConfig": {"x": 1}}}, "not_expressible", "generationConfig.thinkingConfig.x"),
        (
            {"generationConfig": {"thinkingConfig": {"thinkingLevel": "x"}}},
            "invalid_value",
            "generationConfig.thinkingConfig.thinkingLevel",
        ),
        (
            {"generationConfig": {"thinkingConfig": {"thinkingBudget": -2}}},
            "invalid_value",
            "generationConfig.thinkingConfig.thinkingBudget",
        ),
        ({"tools": [{"googleSearch": {}}]}, "not_expressible", "tools[0].googleSearch"),
        ({"tools": [{"functionDeclarations": [{}]}]}, "invalid_value", "tools[0].functionDeclarations[0].name"),
        (
            {"tools": [{"functionDeclarations": [{"name": "f", "x": 1}]}]},
            "not_expressible",
            "tools[0].functionDeclarations[0].x",
        ),
        ({"toolConfig": {"functionCallingConfig": {"mode": "MAYBE"}}}, "invalid_value", MODE),
        (
            {"toolConfig": {"functionCallingConfig": {"mode": "AUTO", "allowedFunctionNames": ["f"]}}},
            "invalid_value",
            "toolConfig.functionCallingConfig.allowedFunctionNames",
        ),
    ],
)
def test_refusals(body: Any, code: str, param: str | None) -> None:
    assert refused(body) == (code, param)


def test_embeddings_are_not_translated() -> None:
    assert refused(HI, "embed_content")[0] == "not_expressible"

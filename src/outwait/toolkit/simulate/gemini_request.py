"""Gemini requests as Google takes them: the question in a body and its path, or what is wrong with it.

Promises: a body that the provider would refuse for its shape is refused with the field named; the answers of functions
stand in the turn right after the calls, as many as there were and with their names; contents of one role are one turn;
thoughts come back as signed.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any, Final

from outwait.toolkit.simulate import shape
from outwait.toolkit.simulate.answer import Question, signature
from outwait.toolkit.simulate.dialect import PLAIN, BadCallError, Envelope
from outwait.toolkit.simulate.shape import (
    ANY,
    BOOLEAN,
    INTEGER,
    NUMBER,
    OBJECT,
    STRING,
    Many,
    Misshapen,
    Plain,
    Record,
    Word,
)  # fmt: skip

# Signatures that the provider takes from those who have none: these words, or their base64, since the field is bytes.
_WORDS: Final = ("skip_thought_signature_validator", "context_engineering_is_the_way_to_go")
DUMMIES: Final = (*_WORDS, *(base64.b64encode(word.encode()).decode() for word in _WORDS))
SIGNED: Final = signature("gemini")

_PART: Final = Record(
    {
        "text": STRING, "thought": BOOLEAN, "thoughtSignature": STRING,
        "inlineData": Record({"mimeType": STRING, "data": STRING, "displayName": STRING}, ("mimeType", "data")),
        "fileData": Record({"mimeType": STRING, "fileUri": STRING, "displayName": STRING}, ("fileUri",)),
        "functionCall": Record({"id": STRING, "name": STRING, "args": OBJECT}),
        "functionResponse": Record({"id": STRING, "name": STRING, "response": OBJECT, "parts": Many(OBJECT),
                                    "willContinue": BOOLEAN, "scheduling": STRING}),
        "executableCode": OBJECT, "codeExecutionResult": OBJECT, "videoMetadata": OBJECT, "mediaResolution": ANY,
        "partMetadata": OBJECT, "toolCall": OBJECT, "toolResponse": OBJECT,
    }
)  # fmt: skip
_DATA: Final = ("text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode",
                "codeExecutionResult", "toolCall", "toolResponse")  # fmt: skip
_CONTENT: Final = Record({"role": STRING, "parts": Many(_PART)})
_FUNCTION: Final = Record(
    {"name": STRING, "description": STRING, "parameters": OBJECT, "parametersJsonSchema": ANY, "response": OBJECT,
     "responseJsonSchema": ANY, "behavior": STRING},
    ("name",),
)  # fmt: skip
_TOOL: Final = Record(
    {"functionDeclarations": Many(_FUNCTION), "googleSearch": OBJECT, "googleSearchRetrieval": OBJECT,
     "codeExecution": OBJECT, "urlContext": OBJECT, "computerUse": OBJECT, "fileSearch": OBJECT, "googleMaps": OBJECT,
     "mcpServers": Many(OBJECT)}
)  # fmt: skip
_THINKING: Final = Record({"includeThoughts": BOOLEAN, "thinkingBudget": Plain("integer", -1), "thinkingLevel": STRING})
_GENERATION: Final = Record(
    {
        "stopSequences": Many(STRING), "responseMimeType": STRING, "responseSchema": OBJECT,
        "responseJsonSchema": ANY, "_responseJsonSchema": ANY, "responseModalities": Many(STRING),
        "candidateCount": Plain("integer", 1, 8), "maxOutputTokens": Plain("integer", 1),
        "temperature": Plain("number", 0, 2), "topP": Plain("number", 0, 1), "topK": NUMBER, "seed": INTEGER,
        "presencePenalty": NUMBER, "frequencyPenalty": NUMBER, "responseLogprobs": BOOLEAN,
        "logprobs": Plain("integer", 0, 20), "enableEnhancedCivicAnswers": BOOLEAN, "speechConfig": OBJECT,
        "thinkingConfig": _THINKING, "imageConfig": OBJECT, "mediaResolution": STRING, "responseFormat": OBJECT,
    }
)  # fmt: skip
_CALLING: Final = Record(
    {"mode": Word(("MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED")), "allowedFunctionNames": Many(STRING),
     "streamFunctionCallArguments": BOOLEAN}
)  # fmt: skip
_BODY: Final = Record(
    {
        "contents": Many(_CONTENT), "systemInstruction": _CONTENT, "generationConfig": _GENERATION,
        "tools": Many(_TOOL),
        "toolConfig": Record({"functionCallingConfig": _CALLING, "retrievalConfig": OBJECT,
                              "includeServerSideToolInvocations": BOOLEAN}),
        "safetySettings": Many(Record({"category": STRING, "threshold": STRING, "method": STRING})),
        "cachedContent": STRING, "model": STRING, "labels": OBJECT, "store": BOOLEAN, "serviceTier": STRING,
    }
)  # fmt: skip
_COUNTED: Final = Record({"contents": Many(_CONTENT), "generateContentRequest": _BODY, "model": STRING})
EMBED: Final[Mapping[str, shape.Shape]] = {
    "model": STRING, "content": _CONTENT, "taskType": STRING, "title": STRING,
    "outputDimensionality": Plain("integer", 1, 3072), "embedContentConfig": OBJECT,
}  # fmt: skip
_EMBED: Final = Record(EMBED, ("content",))
_EMBED_BATCH: Final = Record({"requests": Many(Record(EMBED, ("model", "content")), least=1)}, ("requests",))


def ask(body: Mapping[str, object], envelope: Envelope = PLAIN) -> Question:
    """The question in a decoded request body. Raises BadCallError."""
    given = shaped(body, _BODY)
    contents = given.get("contents") or ()
    if not contents:
        raise _bad("GenerateContentRequest.contents: contents is not specified", "contents")
    _conversation(contents)
    settings = given.get("generationConfig") or {}
    tools = [each for tool in given.get("tools") or () for each in tool.get("functionDeclarations") or ()]
    asked = [_text(content) for content in contents if content.get("role", "user") == "user"]
    results = _results(contents)
    prompt = (_text(given.get("systemInstruction") or {}), *(_text(content) for content in contents), *results)
    return Question(
        model=envelope.model,
        stream=False,
        text=asked[-1] if asked else "",
        words=sum(len(text.split()) for text in prompt),
        count=settings.get("candidateCount") or 1,
        most=settings.get("maxOutputTokens"),
        logprobs=settings.get("responseLogprobs") is True,
        tops=settings.get("logprobs") or 0,
        tools=tuple(tool["name"] for tool in tools),
        results=results,
        body=given,
    )


def ask_count(body: Mapping[str, object], envelope: Envelope = PLAIN) -> Question:
    """The question whose tokens are to be counted. Raises BadCallError."""
    given = shaped(body, _COUNTED)
    return ask(given.get("generateContentRequest") or {"contents": given.get("contents")}, envelope)


def ask_embed(body: Mapping[str, object], envelope: Envelope = PLAIN) -> Question:
    """A text to be embedded. Raises BadCallError."""
    given = shaped(body, _EMBED)
    return _embedded([given], envelope)


def ask_embed_batch(body: Mapping[str, object], envelope: Envelope = PLAIN) -> Question:
    """Texts to be embedded. Raises BadCallError."""
    given = shaped(body, _EMBED_BATCH)
    for index, each in enumerate(given["requests"]):
        if each["model"].removeprefix("models/") != envelope.model:
            raise _bad(f"BatchEmbedContentsRequest.requests[{index}].model: must be the model of the path", "requests")
    return _embedded(given["requests"], envelope)


def _embedded(requests: Sequence[dict[str, Any]], envelope: Envelope) -> Question:
    texts = [_text(each["content"]) for each in requests]
    if not all(texts):
        raise _bad("EmbedContentRequest.content: content is empty", "content")
    words = sum(len(text.split()) for text in texts)
    return Question(envelope.model, stream=False, text=texts[-1], words=words, body={"requests": requests})


def shaped(body: Mapping[str, object], form: Record) -> dict[str, Any]:
    """`body` in the shape of `form`, snake_case names taken as the camelCase ones they stand for."""
    given: dict[str, Any] = {_camel(name): _camels(value) for name, value in body.items()}
    try:
        shape.check(given, form)
    except Misshapen as wrong:
        raise BadCallError(_worded(wrong), wrong.bracketed()) from wrong
    return given


# Objects whose keys are the caller's own.
_OWN: Final = frozenset({"args", "response", "parameters", "parametersJsonSchema", "responseSchema", "labels",
                         "responseJsonSchema", "_responseJsonSchema", "partMetadata"})  # fmt: skip


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest) if head not in ("", "x") else name


def _camels(value: object) -> object:
    if isinstance(value, list):
        return [_camels(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        (known := _camel(name)): each if known in _OWN and not isinstance(each, list) else _camels(each)
        for name, each in value.items()
    }


# -- the conversation


def _conversation(contents: Sequence[Mapping[str, Any]]) -> None:
    turns: list[tuple[bool, int, list[Mapping[str, Any]]]] = []  # the model's?, index of the first content, parts
    for index, content in enumerate(contents):
        role, parts = content.get("role") or "user", content.get("parts") or ()
        if role not in ("user", "model", "function"):
            raise _bad("Please use a valid role: user, model.", "contents")
        if not parts:
            raise _bad(f"GenerateContentRequest.contents[{index}].parts: contents.parts must not be empty.", "contents")
        for number, part in enumerate(parts):
            _part(part, f"GenerateContentRequest.contents[{index}].parts[{number}]")
        if not turns or turns[-1][0] != (role == "model"):
            turns.append((role == "model", index, []))
        turns[-1][2].extend(parts)
    called: list[tuple[str, str | None]] = []
    for models, index, parts in turns:
        _paired(called, [part["functionResponse"] for part in parts if part.get("functionResponse")], index)
        calls = [part["functionCall"] for part in parts if part.get("functionCall")]
        if calls and (not models or index == 0):
            text = "function call turn comes immediately after a user turn or after a function response turn."
            raise _bad(f"Please ensure that {text}", "contents")
        called = [(call["name"], call.get("id")) for call in calls]
    _paired(called, [], len(contents))


def _part(part: Mapping[str, Any], where: str) -> None:
    if sum(part.get(name) is not None for name in _DATA) != 1:
        raise _bad(f"{where}.data: required oneof field 'data' must have one initialized field", "contents")
    for name in ("functionCall", "functionResponse"):
        if part.get(name) is not None and not part[name].get("name"):
            kind = "function_call" if name == "functionCall" else "function_response"
            raise _bad(f"{where}.{kind}.name: Name cannot be empty.", "contents")
    if part.get("functionResponse") is not None and part["functionResponse"].get("response") is None:
        raise _bad(f"{where}.function_response.response: response must be set", "contents")
    data = (part.get("inlineData") or {}).get("data")
    if data is not None:
        _decoded(data, f"{where}.inline_data.data")
    sealed = part.get("thoughtSignature")
    if sealed is not None and sealed not in DUMMIES and _decoded(sealed, where) != base64.b64decode(SIGNED):
        raise _bad("Thought signature is not valid.", "contents")


def _decoded(text: str, where: str) -> bytes:
    try:
        plain = text.replace("-", "+").replace("_", "/")
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error as error:
        raise _bad(f"Invalid value at '{where}' (TYPE_BYTES), Base64 decoding failed", "contents") from error


def _paired(called: Sequence[tuple[str, str | None]], answers: Sequence[Mapping[str, Any]], index: int) -> None:
    if answers and not called:
        raise _bad(
            "Please ensure that function response turn comes immediately after a function call turn.", "contents"
        )
    if len(answers) != len(called):
        raise _bad(
            "Please ensure that the number of function response parts is equal to the number of function call parts of "
            "the function call turn.", "contents",
        )  # fmt: skip
    left = list(called)
    for answer in answers:
        found = [each for each in left if each[0] == answer["name"] and answer.get("id") in (None, each[1])]
        if not found:
            ident = f" and id {answer['id']}" if answer.get("id") else ""
            text = f"function_response named {answer['name']}{ident} answers no function call of the turn before."
            raise _bad(f"GenerateContentRequest.contents[{index}]: {text}", "contents")
        left.remove(found[0])


def _results(contents: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What the functions answered in the last turn: their `result` or `output` if that is a text, else all as JSON."""
    last = takewhile(lambda content: content.get("role") != "model", reversed(contents))
    parts = [part for content in reversed(list(last)) for part in content["parts"]]
    return tuple(_answered(part["functionResponse"]["response"]) for part in parts if part.get("functionResponse"))


def _answered(response: Mapping[str, object]) -> str:
    told = next((response[name] for name in ("result", "output") if len(response) == 1 and name in response), None)
    return told if isinstance(told, str) else json.dumps(response)


def _text(content: Mapping[str, Any]) -> str:
    return "\n".join(part["text"] for part in content.get("parts") or () if part.get("text"))


def _bad(text: str, param: str) -> BadCallError:
    return BadCallError(f"* {text}" if text.startswith("GenerateContentRequest") else text, param)


def _worded(wrong: Misshapen) -> str:
    above = Misshapen(wrong.path[:-1], wrong.fault).bracketed()
    if wrong.fault == shape.UNKNOWN:
        at = f" at '{above}'" if above else ""
        return f'Invalid JSON payload received. Unknown name "{wrong.path[-1]}"{at}: Cannot find field.'
    if wrong.fault == shape.MISSING:
        return f"* {wrong.bracketed()}: required field is missing"
    return f"Invalid value at '{wrong.bracketed()}': expected {wrong.expected}"

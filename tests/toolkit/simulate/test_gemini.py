from __future__ import annotations

import json
from typing import Any

import pytest
from google.genai.types import GenerateContentResponse
from tests.toolkit.simulate.conftest import asked, events, played

from outwait.toolkit.simulate.answer import Answer
from outwait.toolkit.simulate.dialect import Envelope, Speech
from outwait.toolkit.simulate.gemini import GEMINI, GEMINI_ARRAY, GEMINI_SSE

NAMES = ["fast", "think-2s", "tools-2", "think-1s+tools-3", "refusal", "logprobs", "empty", "big-40kb", "cached-1"]
MANY = {"generationConfig": {"candidateCount": 2, "responseLogprobs": True, "logprobs": 2}}


def made(name: str, speech: Speech = GEMINI, /, **body: object) -> Answer:
    contents = [{"role": "user", "parts": [{"text": "tell me"}]}]
    return asked(speech, name, {"contents": contents, **body}, Envelope(model=name))


def chunks(said: Answer) -> list[Any]:
    stream = b"".join(played(GEMINI_SSE, said))
    assert stream.endswith(b"\r\n\r\n")
    assert b"event:" not in stream
    return [data for _, data in events(stream)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("body", [{}, MANY])
def test_replies_and_chunks_validate_against_the_sdks_types(name: str, body: dict[str, object]) -> None:
    whole = GEMINI.whole(made(name, **body))
    for each in [json.loads(whole), *chunks(made(name, GEMINI_SSE, **body))]:
        GenerateContentResponse.model_validate_json(json.dumps(each))  # the type forbids fields it does not know


@pytest.mark.parametrize("name", NAMES)
def test_the_stream_adds_up_to_the_reply(name: str) -> None:
    whole = json.loads(GEMINI.whole(made(name, **MANY)))
    told = chunks(made(name, GEMINI_SSE, **MANY))
    assert told[-1]["usageMetadata"] == whole["usageMetadata"]
    counts = [chunk["usageMetadata"]["totalTokenCount"] for chunk in told]
    assert counts == sorted(counts)
    for candidate in whole["candidates"]:
        mine = [each for chunk in told for each in chunk["candidates"] if each["index"] == candidate["index"]]
        parts = [part for each in mine for part in each["content"].get("parts", ())]
        assert _joined(parts) == _joined(candidate["content"].get("parts", ()))
        reasons = [each["finishReason"] for each in mine if "finishReason" in each]
        assert reasons == [candidate["finishReason"]]
        tokens = [each for one in mine for each in one.get("logprobsResult", {}).get("chosenCandidates", ())]
        assert tokens == candidate.get("logprobsResult", {}).get("chosenCandidates", [])


def _joined(parts: Any) -> tuple[str, str, list[Any], list[str]]:
    thoughts = "".join(part["text"] for part in parts if part.get("thought"))
    text = "".join(part.get("text", "") for part in parts if not part.get("thought"))
    calls = [part["functionCall"] for part in parts if "functionCall" in part]
    return thoughts, text, calls, [part["thoughtSignature"] for part in parts if "thoughtSignature" in part][:1]


@pytest.mark.parametrize("name", NAMES)
def test_the_array_holds_the_same_chunks(name: str) -> None:
    stream = b"".join(played(GEMINI_ARRAY, made(name, GEMINI_ARRAY)))
    assert json.loads(stream) == chunks(made(name, GEMINI_SSE))


def test_an_array_with_an_error_or_a_ping_in_it_is_still_json() -> None:
    assert GEMINI_ARRAY.thread is not None
    thread = GEMINI_ARRAY.thread()
    said = made("fast", GEMINI_ARRAY)
    told = [GEMINI_ARRAY.ping, *list(GEMINI_ARRAY.telling(said))[:2], GEMINI_ARRAY.error_event(503, None, "no", said)]
    first, second, error = json.loads(b"".join(thread(each) for each in told))
    assert (first["responseId"], second["responseId"]) == ("1", "1")
    assert error == {"error": {"code": 503, "message": "no", "status": "UNAVAILABLE"}}
    assert json.loads(GEMINI_ARRAY.error(400, None, "no", None)) == [
        {"error": {"code": 400, "message": "no", "status": "INVALID_ARGUMENT"}}
    ]


def test_it_says_why_it_stopped() -> None:
    reasons = {
        name: json.loads(GEMINI.whole(made(name)))["candidates"][0]["finishReason"]
        for name in ("fast", "tools-1", "refusal")
    }
    assert reasons == {"fast": "STOP", "tools-1": "STOP", "refusal": "SAFETY"}
    cut = json.loads(GEMINI.whole(made("fast", generationConfig={"maxOutputTokens": 3})))
    assert cut["candidates"][0]["finishReason"] == "MAX_TOKENS"


def test_usage_tells_what_was_cached_and_thought() -> None:
    usage = json.loads(GEMINI.whole(made("think-2s+long-4+cached-1")))["usageMetadata"]
    assert (usage["promptTokenCount"], usage["cachedContentTokenCount"]) == (2, 1)
    assert (usage["candidatesTokenCount"], usage["thoughtsTokenCount"], usage["totalTokenCount"]) == (4, 8, 14)


def test_only_the_first_call_after_thoughts_is_signed() -> None:
    parts = json.loads(GEMINI.whole(made("think-1s+tools-2")))["candidates"][0]["content"]["parts"]
    assert ["thoughtSignature" in part for part in parts] == [False, True, False]


@pytest.mark.parametrize(
    "status,code,name,text",
    [
        (429, None, "RESOURCE_EXHAUSTED", "no"),
        (429, "insufficient_quota", "RESOURCE_EXHAUSTED", "current quota"),
        (400, "context_length_exceeded", "INVALID_ARGUMENT", "input token count"),
        (502, None, "INTERNAL", "no"),
        (418, None, "INVALID_ARGUMENT", "no"),
    ],
)
def test_errors_have_the_providers_shape(status: int, code: str | None, name: str, text: str) -> None:
    error = json.loads(GEMINI.error(status, code, "no", None))["error"]
    assert (error["code"], error["status"], text in error["message"]) == (status, name, True)
    assert events(GEMINI_SSE.error_event(status, code, "no")) == [("", {"error": error})]


def test_the_key_has_three_places() -> None:
    assert GEMINI.key(Envelope(headers={"x-goog-api-key": "a"}, query={"key": "b"})) == "a"
    assert GEMINI.key(Envelope(query={"key": "b"})) == "b"
    assert GEMINI.key(Envelope(headers={"authorization": "Bearer c"})) == "c"

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types import Completion, ImageEditCompletedEvent, ImageGenCompletedEvent
from openai.types.audio import TranscriptionTextDeltaEvent, TranscriptionTextDoneEvent

from outwait.dialects.passthrough import fold

USAGE = {"prompt_tokens": 1, "total_tokens": 5, "completion_tokens": 4}


def folded(*chunks: object) -> dict[str, Any]:
    gathered = fold.Fold()
    for chunk in chunks:
        gathered.add(b"", json.dumps(chunk).encode())
    made: dict[str, Any] = json.loads(gathered.body())
    return made


def events(told: bytes) -> list[dict[str, Any]]:
    lines = [line for line in told.split(b"\n") if line.startswith(b"data: {")]
    return [json.loads(line.removeprefix(b"data: ")) for line in lines]


def chunk(index: int, text: str, reason: str | None = None, logprobs: object = None, **more: object) -> dict[str, Any]:
    choice = {"index": index, "text": text, "finish_reason": reason, "logprobs": logprobs}
    return {"id": "cmpl-1", "object": "text_completion", "created": 7, "model": "m", "choices": [choice], **more}


def test_chunks_become_one_completion() -> None:
    whole = folded(
        chunk(1, "b"),
        chunk(0, "a", logprobs={"tokens": ["a"], "token_logprobs": [-1.0], "text_offset": [0]}),
        chunk(0, "A", logprobs={"tokens": ["A"], "token_logprobs": [-2.0], "top_logprobs": None, "text_offset": [1]}),
        chunk(0, "", "stop", usage=None),
        chunk(1, "", "length", system_fingerprint="f"),
        {"id": "cmpl-1", "object": "text_completion", "choices": [], "usage": USAGE},
    )
    made = Completion.model_validate(whole)
    assert [(each.index, each.text, each.finish_reason) for each in made.choices] == [
        (0, "aA", "stop"),
        (1, "b", "length"),
    ]
    assert made.choices[0].logprobs is not None
    assert made.choices[0].logprobs.tokens == ["a", "A"]
    assert made.choices[0].logprobs.token_logprobs == [-1.0, -2.0]
    assert made.choices[0].logprobs.top_logprobs is None
    assert (made.system_fingerprint, made.usage and made.usage.total_tokens) == ("f", 5)


def test_odd_chunks() -> None:
    whole = folded(
        {"choices": [3, {"index": None, "text": None, "note": 1}]},
        {"choices": None, "model": "m"},
        {"choices": [{"text": "x", "logprobs": {"tokens": "odd"}, "note": None}], "model": None},
        {"choices": [{"text": "y", "logprobs": {"tokens": None}}]},
    )
    assert whole["model"] == "m"
    assert whole["choices"] == [
        {"index": 0, "text": "xy", "logprobs": {"tokens": "odd"}, "finish_reason": None, "note": 1}
    ]
    with pytest.raises(ValueError, match="no object"):
        fold.Fold().add(b"", b"[]")


def test_a_stream_that_nobody_asked_for() -> None:
    stand_in = fold.Unasked()
    with pytest.raises(ValueError, match="none was asked for"):
        stand_in.add(b"", b"{}")
    assert stand_in.body() == b""


@pytest.mark.parametrize("include_usage", [True, False])
def test_a_completion_becomes_chunks(include_usage: bool) -> None:
    whole = {**chunk(0, "hello", "stop"), "usage": USAGE}
    told = fold.completion(include_usage)(json.dumps(whole).encode())
    assert told.endswith(b"data: [DONE]\n\n")
    first, *rest = events(told)
    assert first == chunk(0, "hello", "stop")
    Completion.model_validate(first)
    assert [(each["choices"], each["usage"]) for each in rest] == ([([], USAGE)] if include_usage else [])


def test_what_is_no_object_cannot_be_unfolded() -> None:
    for unfold in (fold.completion(include_usage=False), fold.pictures("image_edit.completed")):
        with pytest.raises(ValueError, match="no object"):
            unfold(b"[1]")


@pytest.mark.parametrize(
    "kind, made",
    [("image_generation.completed", ImageGenCompletedEvent), ("image_edit.completed", ImageEditCompletedEvent)],
)
def test_pictures_become_events(kind: str, made: type[ImageGenCompletedEvent | ImageEditCompletedEvent]) -> None:
    usage = {
        "input_tokens": 1,
        "output_tokens": 2,
        "total_tokens": 3,
        "input_tokens_details": {"image_tokens": 0, "text_tokens": 1},
    }
    facts = {"background": "opaque", "output_format": "png", "quality": "low", "size": "1024x1024"}
    body = {"created": 9, **facts, "data": [{"b64_json": "YQ=="}, {"b64_json": "Yg=="}], "usage": usage}
    told = fold.pictures(kind)(json.dumps(body).encode())
    assert told.count(b"event: %s\n" % kind.encode()) == 2
    first, last = events(told)
    assert "usage" not in first
    event = made.model_validate(last, strict=True)
    assert (event.b64_json, event.created_at, event.usage.total_tokens, event.size) == ("Yg==", 9, 3, "1024x1024")


def test_pictures_of_other_providers() -> None:
    assert events(fold.pictures("k")(b'{"images":[{"url":"u"},2]}')) == [{"type": "k", "created_at": 0, "url": "u"}]
    for body in (b'{"data":[]}', b'{"data":"x"}', b'{"data":[1]}'):
        with pytest.raises(ValueError, match="cannot be unfolded"):
            fold.pictures("k")(body)


def test_transcriptions_become_events() -> None:
    usage = {"type": "tokens", "input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
    delta, done = events(fold.transcript(json.dumps({"text": "hi", "usage": usage, "duration": 3}).encode()))
    assert TranscriptionTextDeltaEvent.model_validate(delta, strict=True).delta == "hi"
    end = TranscriptionTextDoneEvent.model_validate(done, strict=True)
    assert (end.text, end.usage and end.usage.total_tokens) == ("hi", 3)


@pytest.mark.parametrize(
    "body, text",
    [
        (b'{"text":"","usage":{"type":"duration","seconds":3}}', ""),
        (b'{"text":"x","usage":null}', "x"),
        (b"plain words\n", "plain words\n"),
        (b"half a \xff", "half a \ufffd"),
    ],
)
def test_what_whisper_says_to_a_client_that_asked_for_a_stream(body: bytes, text: str) -> None:
    *before, done = events(fold.transcript(body))
    assert done["type"] == "transcript.text.done"
    assert done["text"] == "".join(each["delta"] for each in before) == text
    assert done.get("usage") is None


def test_a_transcription_without_text() -> None:
    with pytest.raises(ValueError, match="without a text"):
        fold.transcript(b'{"segments":[]}')

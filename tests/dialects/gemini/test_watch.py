from __future__ import annotations

import pytest

from outwait.core.reply import Usage
from outwait.dialects.gemini.chunk import EMPTY, MUSING
from outwait.dialects.gemini.watch import Watch

WORDS = b'{"candidates":[{"content":{"parts":[{"text":"hi"}]},"index":0}]}'
STOP = b'{"candidates":[{"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":1}}'


def watch() -> Watch:
    return Watch("generate_content")


def test_a_stream() -> None:
    seen = watch()
    assert seen.event(b"", WORDS)
    assert (seen.begun, seen.content, seen.progress, seen.complete) == (True, True, True, False)
    assert seen.event(b"", STOP)
    assert (seen.complete, seen.finished, seen.wordless) == (True, False, False)
    assert seen.usage == Usage(1)
    assert seen.event(b"", b'{"candidates":[{"index":0}],"usageMetadata":{"promptTokenCount":1}}')
    assert (seen.complete, seen.progress) == (True, False)
    assert seen.event(b"", b'{"usageMetadata":{"promptTokenCount":2}}')
    assert (seen.usage, seen.progress) == (Usage(2), True)


def test_every_candidate_must_end() -> None:
    seen = watch()
    seen.event(
        b"", b'{"candidates":[{"index":0,"finishReason":"STOP"},{"index":1,"content":{"parts":[{"text":"a"}]}}]}'
    )
    assert (seen.complete, seen.wordless) == (False, False)
    seen.event(b"", b'{"candidates":[{"index":1,"finishReason":"MAX_TOKENS"}]}')
    assert (seen.complete, seen.wordless) == (True, True)


@pytest.mark.parametrize("data", [b"", b"{}", b" {} ", b"[]", b"ping", EMPTY, MUSING])
def test_pings(data: bytes) -> None:
    seen = watch()
    assert not seen.event(b"", data)
    assert not seen.event(b"ping", b'{"a":1}')
    assert (seen.begun, seen.progress, seen.content) == (False, False, False)


def test_a_signature_alone_is_progress_but_no_words() -> None:
    seen = watch()
    seen.event(b"", WORDS)
    assert seen.event(b"", b'{"candidates":[{"index":0,"content":{"parts":[{"text":"","thoughtSignature":"s"}]}}]}')
    assert seen.progress
    assert seen.event(b"", b'{"candidates":[{"index":0,"content":{"parts":[{"text":""}]}}]}')
    assert not seen.progress


def test_done_ends() -> None:
    seen = watch()
    assert not seen.event(b"", b"[DONE]")
    assert seen.finished
    assert not seen.complete


def test_a_refused_prompt_is_whole_without_words() -> None:
    seen = watch()
    assert seen.event(b"", b'{"promptFeedback":{"blockReason":"SAFETY"}}')
    assert (seen.complete, seen.wordless, seen.content) == (True, True, False)


@pytest.mark.parametrize(
    "name, data, code",
    [
        (b"", b'{"error":{"code":500,"message":"x","status":"INTERNAL"}}', "upstream_error"),
        (b"error", b"words", "upstream_error"),
        (b"error", b"", "upstream_error"),
        (b"", b"words", "upstream_bad_response"),
        (b"", b"[1]", "upstream_bad_response"),
    ],
)
def test_faults(name: bytes, data: bytes, code: str) -> None:
    seen = watch()
    assert not seen.event(name, data)
    assert seen.fault is not None
    assert seen.fault.code == code


@pytest.mark.parametrize(
    "body, code, complete",
    [
        (WORDS, None, True),
        (b"[" + WORDS + b"]", None, False),
        (b"[" + WORDS + b"," + STOP + b"]", None, True),
        (b'[{"error":{"code":400,"message":"x","status":"INVALID_ARGUMENT"}}]', "upstream_error", False),
        (b'{"error":{"code":400,"message":"x","status":"INVALID_ARGUMENT"}}', "upstream_error", False),
        (b'{"usageMetadata":{}}', "upstream_empty", False),
        (b"[]", "upstream_empty", False),
        (b"[1]", "upstream_bad_response", False),
        (b"<html>", "upstream_bad_response", False),
        (WORDS[:-5], "upstream_truncated", False),
        (b"[" + WORDS + b",", "upstream_truncated", False),
    ],
)
def test_whole_bodies(body: bytes, code: str | None, complete: bool) -> None:
    seen = watch()
    seen.whole(body)
    assert (seen.fault.code if seen.fault else None) == code
    assert seen.complete is complete


@pytest.mark.parametrize(
    "endpoint, body",
    [
        ("models.count_tokens", b'{"totalTokens":0}'),
        ("embed_content", b'{"embedding":{"values":[1]},"usageMetadata":{"promptTokenCount":3}}'),
        ("batch_embed_contents", b'{"embeddings":[{"values":[1]}]}'),
    ],
)
def test_what_is_no_generation(endpoint: str, body: bytes) -> None:
    seen = Watch(endpoint)
    seen.whole(body)
    assert seen.fault is None
    assert (seen.complete, seen.content) == (True, True)
    assert seen.usage == (Usage(3) if endpoint == "embed_content" else None)
    other = Watch(endpoint)
    other.whole(b'{"x":1}')
    assert other.fault is not None


def test_strays() -> None:
    seen = watch()
    found = seen.stray(b'{"error":{"code":400,"message":"x","status":"INVALID_ARGUMENT"}}')
    assert found is not None
    assert found.status == 400
    assert seen.stray(b"<html>") is None

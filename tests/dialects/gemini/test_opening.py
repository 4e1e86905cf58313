from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from google.genai import errors
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import fault
from outwait.core.plan import Heartbeat
from outwait.core.request import Call
from outwait.dialects.gemini.opening import reply_head, voice
from outwait.dialects.profiles import UNKNOWN, profile

SSE = "/v1beta/models/m:streamGenerateContent?alt=sse"
ARRAY = "/v1beta/models/m:streamGenerateContent"
THINKS = b'{"generation_config":{"thinkingConfig":{"include_thoughts":true}}}'
PLAIN = b'data: {"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"index":0}]}\r\n\r\n'
THOUGHT = b'data: {"candidates":[{"content":{"parts":[{"text":" ","thought":true}],"role":"model"},"index":0}]}\r\n\r\n'
ANSWER = (
    b'data: {"candidates":[{"content":{"parts":[{"text":"hi"}],"role":"model"},"finishReason":"STOP","index":0}]}'
    b"\r\n\r\n"
)


def call(path: str = SSE, body: bytes = b"{}", stream: bool = True, **headers: str) -> Call:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return Call("gemini", "generate_content", "m", stream, body, sent, path=path)


def beat(asked: Call, mode: str = "auto", enabled: bool = True) -> bytes:
    return voice(asked, Heartbeat(mode=mode, enabled=enabled), profile(asked.headers)).beat()


@pytest.mark.parametrize(
    "asked, mode, said",
    [
        (call(user_agent="google-genai-sdk/3.4.0 gl-python/3.11"), "auto", b"\n"),
        (call(x_goog_api_client="google-genai-sdk/1.0 gl-python/3.9"), "auto", b"\n"),
        (call(user_agent="litellm/1.80"), "comment", b"\n"),
        (call(user_agent="google-genai-sdk/1.0 gl-node/22"), "auto", PLAIN),
        (call(), "comment", PLAIN),
        (call(), "whitespace", b"\n"),
        (call(user_agent="gl-python"), "event", PLAIN),
        (call(body=THINKS), "auto", THOUGHT),
        (call(body=b'{"generationConfig":{"thinkingConfig":{"includeThoughts":false}}}'), "auto", PLAIN),
        (call(body=b'{"generationConfig":{}}'), "auto", PLAIN),
        (call(), "off", b""),
        (call(), "headers", b""),
        (call(ARRAY), "off", b""),
        (call(stream=False), "auto", b"\n"),
        (call(stream=False), "off", b""),
    ],
)
def test_beats(asked: Call, mode: str, said: bytes) -> None:
    assert beat(asked, mode) == said
    assert beat(asked, mode, enabled=False) == b""
    assert voice(asked, Heartbeat(), UNKNOWN).edits is (asked.path == ARRAY)


def test_an_answer_in_events_is_left_alone() -> None:
    speaker = voice(call(), Heartbeat(), UNKNOWN)
    assert (speaker.beat(), speaker.say(ANSWER), speaker.beat()) == (PLAIN, ANSWER, PLAIN)


def test_heads() -> None:
    assert reply_head(call()).content_type == "text/event-stream; charset=utf-8"
    assert reply_head(call(ARRAY)).content_type == "application/json"
    assert reply_head(call(stream=False)).content_type == "application/json"


@pytest.mark.parametrize("mode", ["whitespace", "event"])
@pytest.mark.parametrize("body", [b"{}", THINKS])
def test_the_sdk_reads_on_through_beats(
    streamed: Callable[[bytes], list[Any]], chatted: Callable[[bytes], list[Any]], mode: str, body: bytes
) -> None:
    said = beat(call(body=body), mode)
    chunks = streamed(said + said + ANSWER + said)
    assert "".join(chunk.text or "" for chunk in chunks) == "hi"
    history = chatted(said + ANSWER)
    assert [content.role for content in history].count("model") >= 1
    assert any(part.text == "hi" for content in history for part in content.parts or ())


@pytest.mark.parametrize("code, kind", [("idle_timeout", errors.ServerError), ("rate_limited", errors.ClientError)])
def test_the_sdk_raises_a_late_error(
    streamed: Callable[[bytes], list[Any]], code: str, kind: type[errors.APIError]
) -> None:
    speaker = voice(call(), Heartbeat(), UNKNOWN)
    with pytest.raises(kind) as caught:
        streamed(b"\n" + ANSWER + speaker.fail(fault(code), "ow_1"))
    assert caught.value.status in {"DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"}


def test_a_late_error_of_a_json_reply() -> None:
    assert json.loads(voice(call(stream=False), Heartbeat(), UNKNOWN).fail(fault("idle_timeout"), "x"))["error"]


@pytest.mark.parametrize("beats", [0, 1, 3])
@given(cuts=st.lists(st.integers(0, 40), max_size=5))
def test_an_array_is_one_whatever_is_said_in_between(beats: int, cuts: list[int]) -> None:
    answer = b'[{"a":1},\r\n{"b":2}]'
    at = sorted({cut % len(answer) for cut in cuts} | {0, len(answer)})
    speaker = voice(call(ARRAY), Heartbeat(), UNKNOWN)
    said = b"".join(speaker.beat() for _ in range(beats)) + speaker.say(b"")
    for start, end in itertools.pairwise(at):
        said += speaker.say(answer[start:end])
    assert json.loads(said) == [{"a": 1}, {"b": 2}]
    assert said.startswith(b"[\n" if beats else b"[{")
    assert speaker.beat() == b"\n"


@pytest.mark.parametrize("beats", [0, 2])
@pytest.mark.parametrize("said", [(), (b'[{"a":1}',), (b"[", b'{"a":1}')])
def test_an_array_ends_with_the_error(beats: int, said: tuple[bytes, ...]) -> None:
    speaker = voice(call(ARRAY), Heartbeat(), UNKNOWN)
    out = b"".join(speaker.beat() for _ in range(beats))
    out += b"".join(speaker.say(piece) for piece in said) + speaker.fail(fault("idle_timeout"), "ow_1")
    *elements, last = json.loads(out)
    assert elements == ([{"a": 1}] if said else [])
    assert last["error"]["status"] == "DEADLINE_EXCEEDED"

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.delta import Began, Called, Counted, Delta, Mused, Said, Stopped
from outwait.core.plan import Candidate
from outwait.core.reply import Usage
from outwait.core.request import Call
from outwait.dialects import dialect
from outwait.dialects.openai_chat.decode import Decoder
from outwait.dialects.sse import Splitter


def decoder(body: bytes = b"{}") -> Decoder:
    return Decoder(Call("anthropic", "messages", "m", True, body), Candidate("c", "openai", "up"))


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, index: Any = 0, **beside: Any) -> bytes:
    choice = {"index": index, "delta": delta or {}, "finish_reason": finish}
    told = {"id": "r", "object": "chat.completion.chunk", "created": 7, "model": "up", "choices": [choice]}
    return json.dumps({**told, **beside}).encode()


def state(decode: dialect.Decoder) -> tuple[bool, bool]:
    return decode.finished, decode.complete


def events(decode: Decoder, *payloads: bytes) -> list[Delta]:
    return [delta for payload in payloads for delta in decode.event(b"", payload)]


USAGE = {
    "prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14,
    "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2},
    "completion_tokens_details": {"reasoning_tokens": 3},
}  # fmt: skip
COUNTED = Counted(Usage(9, 5, 4, 3, 2))


def test_a_stream() -> None:
    decode = decoder()
    made = events(
        decode,
        chunk({"role": "assistant", "content": ""}),
        chunk({"reasoning_content": "hm"}),
        chunk({"content": "hi"}),
        chunk({}, "stop"),
        chunk(choices=[], usage=USAGE),
    )
    assert state(decode) == (False, True)
    assert events(decode, b"[DONE]") == []
    assert made == [Began("r", "up", 7), Mused("hm"), Said("hi"), Stopped("stop", told="stop"), COUNTED]
    assert state(decode) == (True, True)
    assert decode.fault is None
    assert events(decode, chunk({"content": "more"})) == []


@pytest.mark.parametrize("place", [{"usage": USAGE}, {"x_groq": {"usage": USAGE}}])
def test_usage_counts_wherever_it_stands(place: dict[str, Any]) -> None:
    last: dict[str, Any] = {"index": 0, "delta": {}, "finish_reason": "stop"}
    if "usage" in place:  # Moonshot's way: in the choice itself
        told = chunk(choices=[last | place])
    else:
        told = chunk(choices=[last], **place)
    decode = decoder()
    assert events(decode, chunk({"content": "hi"}), told)[-1] == COUNTED
    assert events(decode, chunk(choices=[], usage=USAGE)) == []


def test_what_the_end_closes() -> None:
    decode = decoder()
    made = events(
        decode, chunk({"content": "a"}), chunk({"tool_calls": [{"index": 0, "function": {"name": "f"}}]}, index=1)
    )
    assert not decode.complete
    made += events(decode, b"[DONE]")
    assert made == [
        Began("r", "up", 7), Said("a"),
        Stopped("stop"), Called(0, 1, "call_r_1_0", "f"), Stopped("tool_calls", 1),
    ]  # fmt: skip
    assert decode.complete


def test_choices_are_told_apart() -> None:
    made = events(
        decoder(), chunk({"content": "a"}, index=1), chunk({"content": "b"}, index=None), chunk({"content": "c"})
    )
    assert made[1:] == [Said("a", 1), Said("b", 0), Said("c", 0)]


def test_a_first_chunk_of_filters_says_nothing() -> None:
    decode = decoder()
    assert events(decode, b'{"id":"","choices":[],"created":0,"model":"","prompt_filter_results":[]}') == []
    assert events(decode, chunk({"content": "a"}, id=None, model=3, created="x")) == [Began(), Said("a")]


@pytest.mark.parametrize("payload", [b"", b"{}", b"ping", b"null"])
def test_pings_are_no_progress(payload: bytes) -> None:
    decode = decoder()
    assert decode.event(b"", payload) == ()
    assert not decode.progress
    decode.event(b"", chunk({"content": "a"}))
    assert decode.progress


@pytest.mark.parametrize(
    "name, payload, code, cause",
    [
        (b"", b'{"error":{"message":"slow down","code":429}}', "upstream_error", "rate_limited"),
        (b"error", b"overloaded", "upstream_error", "overloaded"),
        (b"", chunk({}, "error"), "upstream_error", "upstream_error"),
        (b"", b"<html>", "upstream_bad_response", "bad_response"),
    ],
)
def test_errors_inside_a_stream(name: bytes, payload: bytes, code: str, cause: str) -> None:
    decode = decoder()
    assert decode.event(name, payload) == ()
    assert decode.fault is not None
    assert (decode.fault.code, decode.fault.cause) == (code, cause)
    assert not decode.complete
    assert decode.event(b"", b"[DONE]") == ()


def test_a_chunk_nested_too_deep() -> None:
    decode = decoder()
    assert decode.event(b"", b'{"choices":[{"index":0}],"x":' + b"[" * 200 + b"]" * 200 + b"}") == ()
    assert decode.fault is not None
    assert decode.fault.detail == "a chunk is nested too deep"


def test_what_is_no_chunk_but_no_error_either() -> None:
    decode = decoder()
    assert decode.event(b"message", b'{"choices":[{"index":0,"delta":{"content":"a"}},7]}') == (Began(), Said("a"))


def completion(**beside: Any) -> bytes:
    message = {"role": "assistant", "content": "hi", "reasoning_content": "hm"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return json.dumps({"id": "r", "created": 7, "model": "up", "choices": [choice], "usage": USAGE, **beside}).encode()


def test_a_completion() -> None:
    decode = decoder()
    made = decode.whole(completion())
    assert made == (Began("r", "up", 7), Mused("hm"), Said("hi"), Stopped("stop", told="stop"), COUNTED)
    assert (decode.finished, decode.complete, decode.progress, decode.content) == (True, True, True, True)


def test_a_completion_without_a_reason_to_end() -> None:
    made = decoder().whole(b'{"choices":[{"message":{"content":"hi"}},{"message":{"content":"ho"}}]}')
    assert made == (Began(), Said("hi"), Said("ho", 1), Stopped("stop"), Stopped("stop", 1))


@pytest.mark.parametrize(
    "body, code",
    [
        (b"", "upstream_empty"),
        (b'{"choices":[{"message":{"content":""},"finish_reason":"stop"}]}', "upstream_empty"),
        (completion()[:-9], "upstream_truncated"),
        (b"<html>", "upstream_bad_response"),
        (b'{"error":{"message":"m"}}', "upstream_error"),
        (completion(x=[[[]]]).replace(b"[[[]]]", b"[" * 200 + b"]" * 200), "upstream_bad_response"),
    ],
)
def test_bodies_that_are_no_answer(body: bytes, code: str) -> None:
    decode = decoder()
    assert decode.whole(body) == ()
    assert decode.fault is not None
    assert decode.fault.code == code
    assert not decode.complete


# From the documentation of providers, shortened.
TRANSCRIPTS = {
    "deepseek": (
        (b': keep-alive\n\ndata: {"id":"1f6","object":"chat.completion.chunk","created":1718345013,"model":"deepseek-r"'
        b',"system_fingerprint":"fp","choices":[{"index":0,"delta":{"role":"assistant","content":null,'
        b'"reasoning_content":"So"},"logprobs":null,"finish_reason":null}]}\n\n'
        b'data: {"id":"1f6","choices":[{"index":0,"delta":{"content":"4","reasoning_content":null},'
        b'"finish_reason":null}]}\n\n'
        b'data: {"id":"1f6","choices":[{"index":0,"delta":{"content":"","reasoning_content":null},'
        b'"finish_reason":"stop"}],"usage":{"prompt_tokens":17,"completion_tokens":9,"total_tokens":26,'
        b'"prompt_cache_hit_tokens":5,"prompt_cache_miss_tokens":12}}\n\ndata: [DONE]\n\n'),
        [
            Began("1f6", "deepseek-r", 1718345013), Mused("So"), Said("4"), Stopped("stop", told="stop"),
            Counted(Usage(17, 9, 5)),
        ],
    ),
    "openrouter": (
        (b': OPENROUTER PROCESSING\n\ndata: {"id":"gen-1","provider":"X","model":"a/b","created":1,"choices":[{'
        b'"index":0,"delta":{"role":"assistant","content":"","reasoning":"Hm","reasoning_details":[{"type":"reasoning.text",'
        b'"text":"Hm","format":"anthropic-claude-v1","index":0}]},"finish_reason":null,"native_finish_reason":null}]}\n\n'
        b'data: {"id":"gen-1","choices":[{"index":0,"delta":{"content":"","reasoning":null,"reasoning_details":[{'
        b'"type":"reasoning.text","signature":"c2ln","format":"anthropic-claude-v1","index":0}]}}]}\n\n'
        b'data: {"id":"gen-1","choices":[{"index":0,"delta":{"content":"A"},"finish_reason":"stop",'
        b'"native_finish_reason":"end_turn"}]}\n\ndata: [DONE]\n\n'),
        [
            Began("gen-1", "a/b", 1), Mused("Hm"),
            Mused(signature='{"type":"reasoning.text","signature":"c2ln","format":"anthropic-claude-v1"}',
                  dialect="openai"),
            Said("A"), Stopped("stop", told="stop"),
        ],
    ),
    "mistral": (
        (b'data: {"id":"c","model":"magistral","created":2,"choices":[{"index":0,"delta":{"role":"assistant","content":'
        b'[{"type":"thinking","thinking":[{"type":"text","text":"Let"}]}]},"finish_reason":null}]}\n\n'
        b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"Yes"},"finish_reason":null}]}\n\n'
        b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"","tool_calls":[{"id":"D1","function":{"name":"f",'
        b'"arguments":"{}"},"index":0}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":1,'
        b'"total_tokens":3,"completion_tokens":2}}\n\ndata: [DONE]\n\n'),
        [
            Began("c", "magistral", 2), Mused("Let"), Said("Yes"), Called(0, 0, "D1", "f", "{}"),
            Stopped("tool_calls", told="tool_calls"), Counted(Usage(1, 2)),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TRANSCRIPTS)
@given(cuts=st.lists(st.integers(0, 2000), max_size=8))
def test_providers_in_any_pieces(name: str, cuts: list[int]) -> None:
    data, expected = TRANSCRIPTS[name]
    at = sorted({cut % len(data) for cut in cuts} | {0, len(data)})
    decode, splitter = decoder(), Splitter()
    made = [
        delta
        for start, end in itertools.pairwise(at)
        for event in splitter.feed(data[start:end])
        for delta in decode.event(*event)
    ]
    assert made == expected
    assert decode.finished
    assert decode.complete


JUNK = st.recursive(
    st.none() | st.integers(-1, 2) | st.sampled_from(["", "a", "stop", "data:x", "data:image/png;base64,AA"]),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(
        st.sampled_from([
            "index", "delta", "content", "tool_calls", "function", "name", "arguments", "id", "finish_reason", "audio",
            "images", "image_url", "url", "annotations", "url_citation", "reasoning_details", "signature", "usage",
            "logprobs", "data", "type", "choices",
        ]),
        inner,
        max_size=3,
    ),
    max_leaves=8,
)  # fmt: skip


@given(st.lists(st.dictionaries(st.sampled_from(["choices", "id", "usage", "created"]), JUNK), max_size=3))
def test_nonsense_is_read_or_told(chunks: list[dict[str, Any]]) -> None:
    decode = decoder()
    made = events(decode, *(json.dumps(each).encode() for each in chunks), b"[DONE]")
    assert decode.fault is not None or decode.finished
    stopped = [delta.choice for delta in made if isinstance(delta, Stopped)]
    assert len(stopped) == len(set(stopped))

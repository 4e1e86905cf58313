from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.reply import Ending, Head, Usage
from outwait.core.request import Call
from outwait.dialects.openai_chat.reply import JsonReader

CALL = Call("openai", "chat.completions", "m", False, b'{"model":"m"}')


def completion(message: dict[str, Any] | None = None, finish: str = "stop", **other: Any) -> bytes:
    choice = {"index": 0, "message": message or {}, "finish_reason": finish}
    return json.dumps({"id": "c", "choices": [choice], **other}).encode()


GOOD = completion({"role": "assistant", "content": "hi"}, usage={"prompt_tokens": 3, "completion_tokens": 4})


def run(parts: list[bytes], hold: int | None = 1000) -> tuple[bytes, Ending, JsonReader]:
    read = JsonReader(CALL, Head(200, "application/json"), hold)
    out = b"".join(read.feed(part) for part in parts)
    return out, read.end(), read


def code_of(ending: Ending) -> str | None:
    return None if ending.fault is None else ending.fault.code


def test_a_body_is_given_as_it_came_when_it_is_whole() -> None:
    out, ending, read = run([b"\n \n", GOOD[:10], GOOD[10:] + b"\n"])
    assert out == b""
    assert ending == Ending(GOOD + b"\n", usage=Usage(3, 4))
    assert read.content
    assert read.finished


def test_white_space_is_no_progress() -> None:
    read = JsonReader(CALL, Head(200, "application/json"))
    seen = []
    for part in (b"\n", b" \r\n", b"{", b"  \n", b'"a"'):
        read.feed(part)
        seen.append(read.progress)
    assert seen == [False, False, True, False, True]


@pytest.mark.parametrize(
    "body, code",
    [
        (b"", "upstream_empty"),
        (b" \n ", "upstream_empty"),
        (b"{}", "upstream_empty"),
        (b'{"choices":[]}', "upstream_empty"),
        (b'{"choices":null}', "upstream_empty"),
        (completion({"role": "assistant", "content": ""}), "upstream_empty"),
        (completion({"content": None, "tool_calls": []}, "tool_calls"), "upstream_empty"),
        (b'{"error":{"message":"m","code":429}}', "upstream_error"),
        (completion({"content": ""}, "error"), "upstream_error"),
        (b'{"error":{"message":"insufficient_quota"}}', "upstream_quota"),
        (b'{"error":' + b"[" * 300 + b"]" * 300 + b"}", "upstream_bad_response"),
        (GOOD[:-1], "upstream_truncated"),
        (GOOD[:30], "upstream_truncated"),
        (b"{", "upstream_truncated"),
        (b"<html>", "upstream_bad_response"),
        (b"[]", "upstream_bad_response"),
        (b'{"a":tru}', "upstream_bad_response"),
        (GOOD + b"x", "upstream_bad_response"),
    ],
)
def test_what_is_no_answer(body: bytes, code: str) -> None:
    out, ending, read = run([body])
    assert (out, ending.data) == (b"", b"")
    assert code_of(ending) == code
    assert read.fault is ending.fault
    assert not read.finished


@pytest.mark.parametrize(
    "body",
    [
        completion({"content": ""}, "length"),
        completion({}, "content_filter"),
        completion({"content": None, "refusal": "no"}),
        completion({"content": None, "tool_calls": [{"id": "c", "function": {"name": "f"}}]}, "tool_calls"),
        completion({"audio": {"id": "a", "data": "QQ"}}),
        b'{"choices":[{"message":{"content":"\\ud83d"}}]}',
    ],
)
def test_what_is_an_answer(body: bytes) -> None:
    assert run([body])[1].data == body


def test_a_long_body_flows() -> None:
    body = completion({"content": "x" * 5000}, usage={"prompt_tokens": 9}, more="y" * 100)
    parts = [body[at : at + 700] for at in range(0, len(body), 700)]
    out, ending, read = run(parts)
    assert out == body
    assert ending == Ending(b"", usage=Usage(9))
    assert read.content


@pytest.mark.parametrize(
    "body, code", [(b'{"a":"' + b"x" * 2000, "upstream_truncated"), (b"x" * 2000, "upstream_bad_response")]
)
def test_a_long_body_that_is_no_answer(body: bytes, code: str) -> None:
    assert code_of(run([body])[1]) == code


def test_a_body_that_is_deeper_than_can_be_looked_at() -> None:
    assert code_of(run([b'{"a":' + b"[" * 100_000], hold=None)[1]) == "upstream_bad_response"


def test_the_usage_in_a_long_body_is_no_text_of_it() -> None:
    body = completion({"content": "x" * 2000}, other='say "usage": {"prompt_tokens": 5}')
    assert run([body])[1] == Ending()
    assert run([b'{"a":"' + b"x" * 2000 + b'","usage": nope}'])[1] == Ending()


@given(st.lists(st.binary(max_size=20) | st.sampled_from([GOOD, b"{", b"}", b" \n", b'{"error":"x"}']), max_size=6))
def test_junk_is_an_answer_or_a_fault(parts: list[bytes]) -> None:
    out, ending, _ = run(parts, hold=200)
    assert code_of(ending) is None or str(code_of(ending)).startswith("upstream_")
    body = b"".join(parts)
    whole, told, _ = run([body], hold=200)
    assert (whole + told.data, told.fault) == (out + ending.data, ending.fault)


class Asking(JsonReader):
    """Takes no completion for an ordinary one."""

    def _judge_plain(self, body: bytes) -> bool:
        del body
        return False


COUNT = st.none() | st.integers(-2, 9) | st.sampled_from((1 << 53, (1 << 53) - 1, 1 << 70, 1.0, True, "7", []))
DETAILS = st.dictionaries(st.sampled_from(("cached_tokens", "reasoning_tokens", "other")), COUNT, max_size=2)
USAGE = st.dictionaries(
    st.sampled_from(("prompt_tokens", "completion_tokens", "prompt_cache_hit_tokens", "total_tokens")),
    COUNT,
    max_size=3,
).flatmap(
    lambda counts: st.dictionaries(
        st.sampled_from(("prompt_tokens_details", "completion_tokens_details")), st.none() | DETAILS | COUNT, max_size=2
    ).map(lambda details: counts | details)
)
TEXT = st.none() | st.sampled_from(("", "hi", "漢字", "\ud83d", 7, [], [{"type": "text", "text": "hi"}]))
MESSAGE = st.dictionaries(st.sampled_from(("content", "role", "refusal", "tool_calls")), TEXT, max_size=3)
CHOICES = st.lists(
    st.fixed_dictionaries(
        {"message": MESSAGE | TEXT},
        optional={"finish_reason": st.sampled_from(("stop", "error", "length", "", None, 3, {})), "index": COUNT},
    )
    | TEXT,
    max_size=2,
)
COMPLETION = st.fixed_dictionaries(
    {"choices": CHOICES | TEXT},
    optional={
        "usage": USAGE | COUNT,
        "error": st.sampled_from((None, "", "no", {}, {"message": "no"})),
        "object": st.sampled_from(("error", "chat.completion", None)),
    },
)


@given(COMPLETION, st.booleans())
def test_an_ordinary_answer_is_judged_like_any_other(value: dict[str, Any], ascii_only: bool) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode(errors="surrogatepass")
    quick, slow = (made(CALL, Head(200, "application/json")) for made in (JsonReader, Asking))
    for read in (quick, slow):
        read.feed(body)
    assert quick.end() == slow.end()
    assert (quick.content, quick.usage, quick.fault) == (slow.content, slow.usage, slow.fault)

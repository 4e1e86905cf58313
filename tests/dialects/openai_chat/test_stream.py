from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.examples import examples

from outwait.core.reply import Ending, Head
from outwait.core.request import Call
from outwait.dialects.openai_chat.stream import StreamReader

DONE = b"data: [DONE]\n\n"


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, index: int = 0, **other: Any) -> bytes:
    choice = {"index": index, "delta": delta or {}, "finish_reason": finish}
    return json.dumps({"id": "c", "choices": [choice], **other}).encode()


def event(payload: bytes) -> bytes:
    return b"data: " + payload + b"\n\n"


ROLE = event(chunk({"role": "assistant", "content": ""}))
WORD = event(chunk({"content": "hi"}))
STOP = event(chunk(finish="stop"))
USAGE = event(b'{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}')
ERROR = event(b'{"error":{"message":"m","code":502}}')
BLANK = event(chunk({"content": ""}))


def reader(n: int = 1, limit: int = 1 << 20) -> StreamReader:
    return StreamReader(
        Call("openai", "chat.completions", "m", True, b'{"model":"m","n":%d}' % n), Head(200, "x"), limit
    )


def run(parts: list[bytes], **made: int) -> tuple[bytes, Ending, StreamReader]:
    read = reader(**made)
    out = b""
    for part in parts:
        out += read.feed(part)
        if read.fault is not None:
            break
    return out, read.end(), read


def test_plain_events_are_passed_as_the_same_object() -> None:
    read = reader()
    assert read.feed(ROLE) == b""
    assert read.feed(WORD) == ROLE + WORD
    for piece in (WORD, WORD + WORD, STOP, WORD + WORD + USAGE):
        assert read.feed(piece) is piece
    assert read.feed(DONE) == DONE
    assert read.finished
    assert read.feed(b"data: more\n\n") == b""
    assert read.end() == Ending(b"", usage=read.usage)
    assert read.usage is not None
    assert (read.usage.input, read.usage.output) == (1, 2)


def test_one_piece_that_holds_all_is_the_answer() -> None:
    whole = ROLE + WORD + STOP + DONE
    assert run([whole])[:2] == (whole, Ending())


def test_nothing_is_given_before_the_first_words() -> None:
    out, ending, read = run([ROLE, b": ping\n\n", STOP, DONE])
    assert out == b""
    assert ending.fault is not None
    assert ending.fault.code == "upstream_empty"
    assert not read.content


def test_a_long_prelude_flows() -> None:
    blanks = BLANK * 1000
    out, ending, _ = run([blanks, BLANK, DONE])
    assert out == blanks + BLANK  # and no [DONE] for an answer that is none
    assert ending.fault is not None


@pytest.mark.parametrize("reason", ["content_filter", "length"])
def test_no_words_for_a_reason_is_an_answer(reason: str) -> None:
    stop = event(chunk(finish=reason))
    assert run([ROLE, stop, DONE])[:2] == (ROLE + stop + DONE, Ending())
    assert run([ROLE, stop])[:2] == (b"", Ending(ROLE + stop + DONE))


@pytest.mark.parametrize(
    "delta",
    [
        {"content": "x"},
        {"reasoning_content": "x"},
        {"reasoning": "x"},
        {"refusal": "x"},
        {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f"}}]},
        {"audio": {"id": "a"}},
        {"content": [{"type": "text", "text": "x"}]},
        {"brand_new": "x"},
    ],
)
def test_what_counts_as_content(delta: dict[str, Any]) -> None:
    read = reader()
    assert read.feed(event(chunk(delta))) != b""
    assert read.content


@pytest.mark.parametrize(
    "data, progress",
    [
        (b": keep-alive\n\n", False),
        (b"\n\n", False),
        (b"data:\n\n", False),
        (b"data: {}\n\n", False),
        (b"data: ping\n\n", False),
        (b"event: keepalive\ndata: {}\n\n", False),
        (b'event: ping\ndata: {"type":"ping"}\n\n', False),
        (BLANK, False),
        (b'data: {"ch', True),
        (WORD, True),
        (STOP, True),
        (USAGE, True),
        (DONE, True),
    ],
)
def test_progress(data: bytes, progress: bool) -> None:
    read = reader()
    read.feed(WORD)
    read.feed(data)
    assert read.progress is progress
    read.feed(b": again\n\n")
    if not data.endswith(b"ch"):
        assert not read.progress


def test_the_first_role_is_progress_and_no_other() -> None:
    read = reader()
    seen = []
    for _ in range(3):
        read.feed(ROLE)
        seen.append(read.progress)
    assert seen == [True, False, False]


def test_fields_that_hurt_clients_are_dropped() -> None:
    data = b": c\nid: 7\nretry: 5\nevent: message\n" + WORD.replace(b"\n", b"\r\n") + b": OPENROUTER PROCESSING\n\n"
    assert run([data, STOP])[0] == WORD + STOP


def test_a_named_event_of_the_future_keeps_its_name() -> None:
    named = b"event: x_future\n" + WORD
    assert run([WORD, named, STOP])[0] == WORD + named + STOP
    assert run([WORD, STOP, named[:-2]])[1] == Ending(named + DONE)


def test_a_missing_end_is_given_when_all_choices_ended() -> None:
    assert run([WORD, STOP])[1] == Ending(DONE)
    assert run([WORD, STOP[:-2]])[1] == Ending(STOP + DONE)
    assert run([WORD, b"data: [DONE]"])[1] == Ending(DONE)


@pytest.mark.parametrize("last", [b"", WORD, STOP[:-9], b"data: {", event(chunk(finish="stop", index=1))])
def test_a_cut_stream_is_never_whole(last: bytes) -> None:
    out, ending, _ = run([WORD, last])
    assert DONE not in out
    assert ending.fault is not None
    assert ending.fault.code == "upstream_truncated"


def test_all_choices_that_were_asked_for_must_end() -> None:
    other = event(chunk({"content": "b"}, "stop", index=1))
    assert run([WORD, STOP], n=2)[1].fault is not None
    assert run([WORD, STOP, other], n=2)[1] == Ending(DONE)


@pytest.mark.parametrize(
    "bad",
    [
        ERROR,
        event(b'{"error":"text"}'),
        event(b'{"object":"error","message":"m","code":500}'),
        event(chunk({"content": ""}, "error")),
        event(chunk({"content": ""}, "error", error={"code": 502, "message": "m"})),
        b"event: error\ndata: boom\n\n",
        b'event: error\ndata: {"message":"boom"}\n\n',
        b"event: error\ndata: {}\n\n",
    ],
)  # fmt: skip
def test_errors_told_in_the_stream(bad: bytes) -> None:
    for parts in ([WORD + bad + WORD], [WORD, bad, WORD], [WORD, bad + DONE]):
        out, ending, read = run(parts)
        assert out == WORD
        assert ending.fault is read.fault is not None
        assert read.fault.code == "upstream_error"
        assert read.fault.upstream is not None
        assert not read.finished


@pytest.mark.parametrize("bad", [b"data: <html>\n\n", b'data: {"a":\n\n', b"data: 7\n\n", b"data: \xff\n\n"])
def test_nonsense_is_a_bad_response(bad: bytes) -> None:
    out, ending, _ = run([WORD + bad])
    assert out == WORD
    assert ending.fault is not None
    assert ending.fault.code == "upstream_bad_response"


def test_an_event_without_end_is_a_bad_response() -> None:
    out, ending, _ = run([WORD, b"data: " + b"x" * 600, b"x" * 600], limit=1000)
    assert out == WORD
    assert ending.fault is not None
    assert ending.fault.code == "upstream_bad_response"


@pytest.mark.parametrize(
    "body, code",
    [
        (b"", "upstream_empty"),
        (b": ping\n\n", "upstream_empty"),
        (b'{\n"error": {"message": "no"}\n}', "upstream_error"),
        (b"<html>\nno</html>", "upstream_bad_response"),
    ],
)
def test_what_never_was_a_stream(body: bytes, code: str) -> None:
    ending = run([body])[1]
    assert ending.fault is not None
    assert ending.fault.code == code


def test_half_a_character_is_passed_on() -> None:
    half = b'data: {"choices":[{"index":0,"delta":{"content":"\\ud83d"}}]}\n\n'
    assert run([half])[0] == half


EVENTS = st.sampled_from(
    [ROLE, WORD, STOP, USAGE, ERROR, BLANK, DONE, b": ping\n\n", b"\n", b"id: 3\n", b"event: message\n",
     b"data: {}\n\n",
     event(chunk({"content": "b"}, index=1)), WORD.replace(b"\n", b"\r\n"), b"data: <\n\n", b'{"error":1}\n',
     b"data: " + chunk({"content": "two"})[:-1] + b"\ndata: }\n\n", b"event: error\n", WORD[:-1], b"data:" + WORD[6:]]
)  # fmt: skip


@settings(max_examples=examples(300))
@given(st.lists(EVENTS, max_size=8), st.lists(st.integers(0, 900), max_size=12), st.integers(1, 2))
def test_any_split_gives_the_same(events: list[bytes], cuts: list[int], n: int) -> None:
    data = b"".join(events)
    at = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    parts = [data[start:end] for start, end in itertools.pairwise(at)]
    whole, split = run([data], n=n), run(parts, n=n)
    assert split[:2] == whole[:2]
    assert flags(split[2]) == flags(whole[2])
    assert whole[0] == b"" or whole[0].endswith(b"\n\n")
    assert bytewise(data, n) == whole[:2]


class Asking(StreamReader):
    """Takes no chunk for a plain one, and makes no mould of one."""

    @property
    def _tries(self) -> int:
        return 0

    @_tries.setter
    def _tries(self, tries: int) -> None:
        del tries


DELTAS = st.dictionaries(
    st.sampled_from(("content", "role", "refusal", "reasoning_content", "tool_calls", "brand_new")),
    st.sampled_from(("hi", "漢", "\ud83d", "", None, 7, ["x"])),
    max_size=2,
) | st.sampled_from(({"content": "hi"}, None, "hi"))
PARTS = st.fixed_dictionaries(
    {"delta": DELTAS},
    optional={
        "index": st.sampled_from((0, 0, 0, 1, None, 0.0)),
        "finish_reason": st.sampled_from((None, "", "stop", "error")),
        "message": DELTAS,
        "logprobs": st.none(),
    },
)
CHUNKS = st.builds(
    lambda choices, other: {"choices": choices, **other},
    st.lists(PARTS, min_size=1, max_size=1) | st.lists(PARTS, max_size=2) | st.none(),
    st.fixed_dictionaries(
        {},
        optional={
            "usage": st.sampled_from((None, {}, {"prompt_tokens": 3})),
            "error": st.sampled_from((None, {}, {"message": "no"})),
            "object": st.sampled_from(("chat.completion.chunk", "error", None)),
        },
    ),
)
PAYLOADS = CHUNKS.flatmap(
    lambda value: st.sampled_from(
        [json.dumps(value).encode(), json.dumps(value, ensure_ascii=False).encode(errors="surrogatepass")]
    )
) | st.sampled_from((
    b"[DONE]", b"{}", b"", b'{"choices":', b"[]}", b'{"a":1}{"b":2}', b'{"choices":[],\r"a":{}}', b"ping", b" ",
    b' {"choices":[{"delta":{"content":"hi"}}]} ', b'{"choices":[{"delta":{"content":"hi"},\n"index":0}]}',
))  # fmt: skip


@settings(max_examples=examples(300))
@given(st.lists(st.lists(PAYLOADS, min_size=1, max_size=4), max_size=6), st.sampled_from([b"\n\n", b"\n"]))
def test_plain_chunks_are_judged_like_any_other(pieces: list[list[bytes]], last: bytes) -> None:
    call = Call("openai", "chat.completions", "m", True, b'{"model":"m"}')
    quick, slow = (made(call, Head(200, "x")) for made in (StreamReader, Asking))
    for data in (WORD, *(b"\n\n".join(b"data: " + payload for payload in piece) + last for piece in pieces)):
        assert quick.feed(data) == slow.feed(data)
        assert (quick.progress, flags(quick)) == (slow.progress, flags(slow))
    assert quick.end() == slow.end()


@given(st.lists(PAYLOADS, min_size=1, max_size=5))
def test_several_events_in_one_piece_are_those_events(payloads: list[bytes]) -> None:
    parts = [event(payload) for payload in payloads]
    assert run([WORD, b"".join(parts)])[:2] == run([WORD, *parts])[:2]


SAID = st.sampled_from((
    b'"hi"', b'" "', b'""', '"漢"'.encode(), b'"a\\nb"', b'"\\""', b'"\\\\"', '"\u00a0"'.encode(), b'"\\ud83d"',
    b"null", b'"\x7f"', b'"x","content":"y"', b'"\xff"', b'"\xed\xa0\x80"', b'"\x00"', b'"\x1f"', b'"\t"', b'"\\q"',
    b'"x"y"', b'"x', b'"a\nb"', b'"a\rb"',
))  # fmt: skip
MOULDS = st.sampled_from(
    (
        b'{"choices":[{"index":0,"delta":{"content":%b},"finish_reason":null}]}',
        b'{"choices":[{"delta":{"content": %b}}]}',
        b'{"choices":[{"delta":{"content":%b},"finish_reason":"stop"}]}',
        b'{"content":%b,"choices":[{"delta":{"content":"x"}}]}',
        b'{"content":%b,"choices":[{"delta":{"content" : "x"}}]}',
        b'{"choices":[{"delta":{"content":%b}}],"usage":{}}',
        b'{"choices":[{"delta":{"content":%b,"tool_calls":null}}],"usage":null}',
        b'{"choices":[{"delta":{"role":%b}}]}',
    )
)


@settings(max_examples=examples(300))
@given(MOULDS, st.lists(SAID | MOULDS, max_size=6), st.integers(0, 3))
def test_chunks_of_one_mould_are_judged_like_any_other(shape: bytes, run: list[bytes], junk: int) -> None:
    call = Call("openai", "chat.completions", "m", True, b'{"model":"m"}')
    quick, slow = (made(call, Head(200, "x")) for made in (StreamReader, Asking))
    said = []
    for words in (b'"hi"', *run):
        if b"%b" in words:
            shape = words
        else:
            said.append(event(shape % words))
    cut = event(shape % b'"cut"')
    for data in (WORD, *said, *[b": beat\n\n", cut[:-9], cut[-9:]][:junk], *said, *said):
        assert quick.feed(data) == slow.feed(data)
        assert (quick.progress, flags(quick)) == (slow.progress, flags(slow))
    assert quick.end() == slow.end()


def test_a_stream_that_speaks_in_another_way_is_left_alone() -> None:
    read = reader()
    read.feed(WORD)
    odd = event(chunk({"content": "x", "brand_new": 1}))
    for _ in range(9):
        assert read.feed(odd) == odd
        assert read.progress
    assert read._tries == 0
    assert read.feed(WORD + WORD) == WORD + WORD


def flags(read: StreamReader) -> tuple[object, ...]:
    return read.content, read.finished, read.usage, read.fault


def bytewise(data: bytes, n: int) -> tuple[bytes, Ending]:
    return run([data[at : at + 1] for at in range(len(data))], n=n)[:2]


@given(st.lists(st.binary(max_size=30) | EVENTS, max_size=8))
def test_junk_never_raises(parts: list[bytes]) -> None:
    out, ending, _ = run(parts)
    assert out == b"" or out.endswith(b"\n\n")
    assert ending.fault is None or ending.fault.code.startswith("upstream_")

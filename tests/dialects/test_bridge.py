"""The bridge, between two toy dialects: `word` says what goes up, the reader what comes down, and which end it was."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.ask import Ask, Message, Wording
from outwait.core.delta import Answer, Began, Counted, Delta, Said, Stopped
from outwait.core.fault import Fault, Refusal, fault
from outwait.core.part import Text
from outwait.core.plan import Candidate
from outwait.core.reply import Ending, Head, Usage
from outwait.core.request import Call
from outwait.dialects import bridge
from outwait.dialects.dialect import Dialect, Reader, Translation
from outwait.dialects.gather import deltas_of

UP = Candidate("c", "up", "big", endpoint="talk")
WORDS = (
    b'data: {"begin":1}\n\n: ping\n\ndata: {"say":"a"}\n\n'
    b'data: {"say":"b"}\n\ndata: {"count":3}\n\ndata: {"stop":"stop"}\n\n'
)


class ToyDecoder:
    """`begin`, `say`, `count`, `stop`, `error` and `done`, one of them an event."""

    def __init__(self) -> None:
        self.finished = self.complete = self.progress = False
        self.fault: Fault | None = None

    def event(self, name: bytes, data: bytes) -> Sequence[Delta]:
        told: dict[str, Any] = json.loads(data)
        self.progress = name != b"ping"
        if "error" in told:
            self.fault = fault("upstream_error")
        self.finished = self.complete = self.complete or "done" in told
        self.complete = self.complete or "stop" in told
        return [MADE[key](value) for key, value in told.items() if key in MADE]

    def whole(self, body: bytes) -> Sequence[Delta]:
        try:
            return [delta for event in json.loads(body) for delta in self.event(b"", json.dumps(event).encode())]
        except ValueError:
            self.fault = fault("upstream_truncated")
            return []


MADE: dict[str, Any] = {
    "begin": lambda _: Began(),
    "say": Said,
    "count": lambda count: Counted(Usage(count)),
    "stop": Stopped,
}


class ToyEncoder:
    def feed(self, delta: Delta) -> bytes:
        if isinstance(delta, Said):
            return delta.text.encode()
        return b"<" if isinstance(delta, Began) else b""

    def end(self) -> bytes:
        return b">"


def ask(call: Call) -> Ask:
    if call.body == b"bad":
        raise Refusal(fault("invalid_value"))
    rest = {"extra": 1} if call.body == b"extra" else {}
    return Ask(call.model, (Message("user", (Text(call.body.decode()),)),), call.stream, rest=rest)


def word(asked: Ask, candidate: Candidate) -> Wording:
    assert not asked.rest
    if asked.stream is False:
        raise Refusal(fault("not_expressible", param="messages"))
    return Wording(f"{candidate.model}: {asked.messages[0].parts}".encode(), ("messages.inner",))


def whole(_call: Call, answer: Answer) -> bytes:
    return "".join(delta.text for delta in deltas_of(answer) if isinstance(delta, Said)).encode()


def unused(*_: object) -> Any:
    raise AssertionError


TOY = Translation(
    ask,
    word,
    lambda *_: ToyDecoder(),
    lambda _: ToyEncoder(),
    whole,
    {"messages": "talk"},
    frozenset(),
    {},
    {"extra": "why"},
)


def dialect(name: str, translation: Translation | None = TOY) -> Dialect:
    return Dialect(
        name, unused, unused, unused, lambda _: Head(200, "text/toy"), unused, unused, unused, translation=translation
    )


OWN, TARGET, MUTE = dialect("own"), dialect("up"), dialect("mute", None)


def call(*, stream: bool = True, body: bytes = b"hi", endpoint: str = "talk") -> Call:
    return Call("own", endpoint, "model", stream, body)


def reader(*, stream: bool = True, kind: str = "text/event-stream", endpoint: str = "talk") -> Reader:
    return bridge.reader(call(stream=stream, endpoint=endpoint), OWN, TARGET, UP, {"content-type": kind})


def read(data: bytes, **how: Any) -> tuple[bytes, Ending]:
    made = reader(**how)
    out = made.feed(data)
    return out, made.end()


def test_what_goes_up_is_worded_and_what_was_left_out_is_told() -> None:
    worded = bridge.word(call(body=b"extra"), OWN, TARGET, UP)
    assert worded == Wording(b"big: (Text(text='extra', citations=(), cache=None),)", ("extra", "talk.inner"))
    with pytest.raises(Refusal):
        bridge.word(call(body=b"bad"), OWN, TARGET, UP)


def test_what_cannot_be_said_is_told_by_the_clients_name() -> None:
    with pytest.raises(Refusal) as refused:
        bridge.word(call(stream=False), OWN, TARGET, UP)
    assert refused.value.fault.param == "talk"


@pytest.mark.parametrize("own, target", [(OWN, MUTE), (MUTE, TARGET)])
def test_a_dialect_without_a_translation_is_not_translated(own: Dialect, target: Dialect) -> None:
    with pytest.raises(Refusal, match="cannot be translated"):
        bridge.word(call(), own, target, UP)


def test_a_ping_is_no_progress() -> None:
    made = reader()
    assert made.feed(b"event: ping\ndata: {}\n\n") == b""
    assert not made.progress
    made.feed(b'data: {"say":"a"}\n\n')
    assert made.progress


@given(st.lists(st.integers(0, len(WORDS)), max_size=6))
def test_a_stream_says_the_same_however_it_is_cut(cuts: list[int]) -> None:
    made = reader()
    edges = [0, *sorted(cuts), len(WORDS)]
    out = b"".join(made.feed(WORDS[a:b]) for a, b in itertools.pairwise(edges))
    ending = made.end()
    assert (out + ending.data, ending.fault, ending.usage) == (b"<ab>", None, Usage(3))


def test_nothing_is_told_before_the_first_words() -> None:
    made = reader()
    told = [
        (made.feed(data), made.progress, made.content)
        for data in (b'data: {"begin":1}\n\n', b": ping\n\n", b'data: {"sa', b'y":"a"}\n\n', b'data: {"say":"b"}\n\n')
    ]
    assert told == [
        (b"", True, False),
        (b"", False, False),
        (b"", True, False),
        (b"<a", True, True),
        (b"b", True, True),
    ]
    assert made.head == Head(200, "text/toy")


@pytest.mark.parametrize(
    "data, code",
    [
        (b'data: {"begin":1}\n\ndata: {"say":"a"}\n\n', "upstream_truncated"),
        (b'data: {"say":"a"}\n\ndata: {"st', "upstream_truncated"),
        (b'data: {"begin":1}\n\ndata: {"stop":"stop"}\n\n', "upstream_empty"),
        (b"", "upstream_empty"),
        (b": ping\n\n", "upstream_empty"),
        (b"<html>\n", "upstream_bad_response"),
        (b'data: {"say":"a"}\n\ndata: {"error":1}\n\n', "upstream_error"),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
def test_what_is_no_whole_answer_never_ends_well(data: bytes, code: str, stream: bool) -> None:
    _, ending = read(data, stream=stream)
    assert ending.fault is not None
    assert ending.fault.code == code
    assert ending.data == b""


def test_an_event_that_only_lacks_its_blank_line_counts() -> None:
    _, ending = read(b'data: {"say":"a"}\n\ndata: {"stop":"stop"}')
    assert ending == Ending(b">")


def test_a_reason_may_stand_for_words() -> None:
    _, ending = read(b'data: {"begin":1}\n\ndata: {"stop":"refusal"}\n\n')
    assert ending == Ending(b"<>")


def test_after_the_end_nothing_counts() -> None:
    made = reader()
    assert made.feed(b'data: {"say":"a"}\n\ndata: {"done":1}\n\ndata: {"say":"b"}\n\n') == b"a"
    assert made.finished
    assert made.feed(b'data: {"error":1}\n\n') == b""
    assert made.end() == Ending(b">")


def test_an_endless_event_is_no_answer() -> None:
    made = reader()
    made.feed(b'data: {"say":"' + b"a" * (8 << 20))
    assert made.fault is not None
    assert made.end().fault is made.fault


def test_a_long_prelude_flows() -> None:
    made = reader()
    assert made.feed(b'data: {"begin":1}\n\n' * 70_000) == b"<" * 70_000


def test_a_stream_is_gathered_for_a_client_that_wants_one_reply() -> None:
    assert read(WORDS, stream=False) == (b"", Ending(b"ab", usage=Usage(3)))


JSON = b' [{"begin":1},{"say":"ab"},{"count":3},{"stop":"stop"}] '


@pytest.mark.parametrize("stream, told", [(True, b"<ab>"), (False, b"ab")])
def test_a_reply_in_one_piece_serves_both(stream: bool, told: bytes) -> None:
    assert read(JSON, stream=stream, kind="application/json") == (b"", Ending(told, usage=Usage(3)))


def test_white_space_is_no_progress() -> None:
    made = reader(stream=False, kind="application/json")
    made.feed(b"\n")
    assert not made.progress
    made.feed(b"[")
    assert made.progress


@pytest.mark.parametrize(
    "data, code",
    [
        (b"", "upstream_empty"),
        (b" \n", "upstream_empty"),
        (b"[", "upstream_truncated"),
        (b'[{"error":1}]', "upstream_error"),
        (b'[{"stop":"stop"}]', "upstream_empty"),
        (b'[{"say":"a"}]', "upstream_truncated"),
    ],
)
def test_a_bad_reply_in_one_piece_is_a_fault(data: bytes, code: str) -> None:
    _, ending = read(data, stream=False, kind="application/json")
    assert ending.fault is not None
    assert ending.fault.code == code


def test_a_count_needs_no_words_and_is_no_usage() -> None:
    how = {"stream": False, "kind": "application/json", "endpoint": "messages.count_tokens"}
    assert read(b'[{"count":3},{"stop":"stop"}]', **how)[1] == Ending(b"")

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from outwait.client.blocks import HEARTBEATS, Block, Cutter
from outwait.core.plan import Heartbeat
from outwait.core.request import Call
from outwait.dialects.passthrough.table import PASSTHROUGH
from outwait.dialects.profiles import BY_AGENT, BY_STAINLESS, UNKNOWN
from outwait.dialects.sse import Splitter
from outwait.dialects.table import DIALECTS

STREAM = (
    b": ping\n\n"
    b'data: {"a":1}\n\n'
    b'event: ping\ndata: {"type": "ping"}\n\n'
    b"\n"
    b'event: b\r\ndata: {"b":\r\ndata: 2}\r\n\r\n'
    b"\n\n"
    b"data: [DONE]\n\n"
)


def blocks(*pieces: bytes) -> tuple[list[Block], bytes]:
    cutter = Cutter()
    found = [block for piece in pieces for block in cutter.feed(piece)]
    return found, cutter.rest()


def test_blocks_are_told_from_heartbeats() -> None:
    found, rest = blocks(STREAM)
    assert rest == b""
    assert [block.data for block in found if block.event] == [b'{"a":1}', b'{"b":\n2}', b"[DONE]"]
    assert [block.name for block in found if block.event] == [b"", b"b", b""]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_pieces_do_not_matter(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    found, rest = blocks(*(STREAM[a:b] for a, b in pairwise(places)))
    assert b"".join(block.raw for block in found) + rest == STREAM
    assert [block for block in found if block.event] == [block for block in blocks(STREAM)[0] if block.event]


def test_blank_lines_go_on_at_once() -> None:
    """Heartbeats of some clients are blank lines: they must not wait for the next event."""
    found, rest = blocks(b"data: 1\r\n\r\n", b"\n", b"\n", b"dat")
    assert [block.raw for block in found] == [b"data: 1\r\n\r\n", b"\n", b"\n"]
    assert rest == b"dat"


def test_what_has_no_end_is_held() -> None:
    cutter = Cutter()
    assert cutter.feed(b'data: {"a"') == []
    assert cutter.feed(b":1}\n") == []
    assert [block.data for block in cutter.feed(b"\nda")] == [b'{"a":1}']
    assert cutter.rest() == b"da"
    assert cutter.rest() == b""


def test_a_long_event_is_looked_at_once() -> None:
    cutter = Cutter()
    assert cutter.feed(b"data: ") == []
    for _ in range(2000):
        assert cutter.feed(b"x" * 1000) == []
    assert [len(block.data) for block in cutter.feed(b"\n\n")] == [2_000_000]


def test_an_event_without_words_is_one() -> None:
    assert [block.event for block in blocks(b"data:\n\nevent: x\n\nid: 3\n\n: c\n\n")[0]] == [True, True, False, False]


def test_the_heartbeats_of_the_gateway_are_known() -> None:
    """Every mode, dialect and profile: what a gateway says in a silent stream counts as no event."""
    calls = {
        "openai": [("chat.completions", "/v1/chat/completions", b'{"model":"m","stream":true,"messages":[]}')],
        "anthropic": [("messages", "/v1/messages", b'{"model":"m","stream":true,"max_tokens":9,"messages":[]}')],
        "passthrough": [("completions", "/v1/completions", b'{"model":"m","stream":true,"prompt":"p"}')],
        "gemini": [
            ("generate_content", "/v1beta/models/m:streamGenerateContent?alt=sse", body)
            for body in (
                b'{"contents":[]}',
                b'{"contents":[],"generationConfig":{"thinkingConfig":{"includeThoughts":true}}}',
            )
        ],
    }
    dialects = {**DIALECTS, "passthrough": PASSTHROUGH}
    profiles = [UNKNOWN, *(profile for _, profile in BY_AGENT), *BY_STAINLESS.values()]
    heard = set()
    for name, made in calls.items():
        dialect = dialects[name]
        for _, path, body in made:
            call: Call = dialect.read("POST", path, {"content-type": "application/json"}, body)
            for profile in profiles:
                for mode in ("auto", "comment", "event", "whitespace"):
                    voice = dialect.voice(call, Heartbeat(mode=mode, every=60), profile)
                    beats = [voice.beat() for _ in range(5)]
                    payloads = {data for _, data in Splitter().feed(b"".join(beats)) if b"message_start" not in data}
                    assert payloads <= HEARTBEATS, (name, mode, profile)
                    heard |= payloads
    assert heard == HEARTBEATS

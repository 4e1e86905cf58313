from __future__ import annotations

import itertools
import json
from typing import Any

import anthropic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outwait.core.fault import fault
from outwait.core.plan import Heartbeat
from outwait.core.request import Call
from outwait.dialects.anthropic import opening
from outwait.dialects.anthropic.fold import line, unfold
from outwait.dialects.anthropic.opening import NUDGE, PING, MessagesVoice
from outwait.dialects.profiles import UNKNOWN, Profile, profile

COUNTS = {"input_tokens": 11, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 2, "output_tokens": 1}
MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m-1",
    "content": [
        {"type": "text", "text": "say message_start and message_delta"},
        {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": [1]}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": COUNTS | {"output_tokens": 7},
}
PIECES = [
    line("message_start", message=MESSAGE | {"content": [], "stop_reason": None, "usage": COUNTS}),
    *(piece + b"\n\n" for piece in unfold(json.dumps(MESSAGE).encode()).split(b"\n\n")[1:-3]),
    line("message_delta", delta={"stop_reason": "tool_use", "stop_sequence": None}, usage={"output_tokens": 7}),
    line("message_stop"),
]
STREAM = b"".join(PIECES)


def call(stream: bool) -> Call:
    return Call("anthropic", "messages", "m", stream, b"{}")


@pytest.mark.parametrize(
    "stream, mode, beat",
    [
        (True, "comment", b": ping\n\n"),
        (True, "whitespace", b"\n"),
        (True, "headers", b""),
        (True, "off", b""),
        (False, "auto", b"\n"),
        (False, "event", b"\n"),
        (False, "off", b""),
    ],
)
def test_plain_beats(stream: bool, mode: str, beat: bytes) -> None:
    voice = opening.voice(call(stream), Heartbeat(mode=mode), UNKNOWN)
    assert (voice.beat(), voice.edits) == (beat, False)


def test_a_heartbeat_that_is_switched_off_has_no_bytes() -> None:
    assert opening.voice(call(stream=True), Heartbeat(enabled=False), UNKNOWN).beat() == b""


@pytest.mark.parametrize(
    "mode, known, every, nudge",
    [
        ("auto", UNKNOWN, 15, 0),
        ("event", UNKNOWN, 15, 8),
        ("auto", profile({"user-agent": "claude-cli/2.0"}), 15, 8),
        ("auto", Profile("x", messages="delta"), 200, 1),
        ("event", UNKNOWN, 50, 2),
    ],
)
def test_how_often_a_client_that_counts_events_is_nudged(mode: str, known: Profile, every: float, nudge: int) -> None:
    voice = opening.voice(call(stream=True), Heartbeat(mode=mode, every=every), known)
    assert isinstance(voice, MessagesVoice)
    assert voice._nudge == nudge


def test_an_answer_that_begins_by_itself_is_left_alone() -> None:
    voice = MessagesVoice("m", 0)
    before = voice.edits
    assert voice.say(PIECES[0]) == PIECES[0]
    assert (before, voice.edits) == (True, False)
    assert voice.say(b"anything") == b"anything"
    assert voice.beat() == PING


def test_a_late_beginning_is_left_out_and_its_counts_are_told_at_the_end(heard: Any) -> None:
    voice = MessagesVoice("asked", 0)
    said = [voice.beat(), voice.beat(), voice.say(PIECES[0]), voice.beat()]
    assert said[1] == PING
    assert said[2] == b""
    said += [voice.say(piece) for piece in PIECES[1:-1]]
    assert not voice.edits
    said.append(voice.say(PIECES[-1]))
    message, events = heard(b"".join(said), events=True)
    assert [event.type for event in events].count("message_start") == 1
    assert (message.id, message.model, message.stop_reason) == ("msg_outwait", "asked", "tool_use")
    assert message.content[0].text == MESSAGE["content"][0]["text"]
    assert message.content[1].input == {"a": [1]}
    usage = message.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (11, 5, 7)


@pytest.mark.parametrize("opened", [True, False])
@pytest.mark.parametrize("nudge", [0, 1, 3])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_any_split_gives_the_same_bytes(opened: bool, nudge: int, cuts: list[int]) -> None:
    def spoken(at: list[int]) -> bytes:
        voice = MessagesVoice("m", nudge)
        said = voice.beat() if opened else b""
        for start, end in itertools.pairwise(at):
            data = STREAM[start:end]
            said += voice.say(data) if voice.edits else data
        return said

    whole = spoken([0, len(STREAM)])
    assert spoken(sorted({0, len(STREAM), *cuts})) == whole
    assert whole.count(b"event: message_start") == 1
    if not opened:
        assert whole == STREAM


@pytest.mark.parametrize("opened", [True, False])
def test_nudges_do_no_harm_wherever_they_come(opened: bool, heard: Any) -> None:
    voice = MessagesVoice("m", 1)
    said = voice.beat() if opened else b""
    for piece in PIECES:
        said += voice.say(piece) if voice.edits else piece
        said += voice.beat()
    assert said.count(NUDGE) == len(PIECES) - 2
    assert said.endswith(PING + PIECES[-1] + PING)
    message = heard(said)
    assert message.stop_reason == "tool_use"
    assert message.content[1].input == {"a": [1]}
    assert (message.usage.input_tokens, message.usage.output_tokens) == (11, 7)


def test_the_counts_go_with_the_first_delta_even_if_it_is_another_gateways() -> None:
    voice = MessagesVoice("m", 2)
    voice.beat()
    voice.say(PIECES[0])
    first = voice.say(NUDGE)
    assert b'"input_tokens":11' in first
    assert voice.edits
    assert voice.say(NUDGE) == NUDGE


@pytest.mark.parametrize(
    "odd",
    [
        b"event: message_start\ndata: {\n\n",
        b'event: x\ndata: ["message_start"]\n\n',
        b'event: x\ndata: {"message_delta"\n\n',
    ],
)
def test_what_cannot_be_read_passes(odd: bytes) -> None:
    voice = MessagesVoice("m", 0)
    voice.beat()
    assert voice.say(odd) == odd


def test_a_beginning_without_counts() -> None:
    voice = MessagesVoice("m", 0)
    voice.beat()
    assert voice.say(line("message_start", message=None)) == b""
    delta = line("message_delta", delta=None, usage={})
    assert voice.say(delta) == delta


def test_a_late_failure_raises_the_sdks_error(heard: Any) -> None:
    voice = MessagesVoice("m", 0)
    failed = fault("upstream_reset")
    with pytest.raises(anthropic.APIStatusError) as caught:
        heard(voice.beat() + voice.fail(failed, "ow_1"))
    body = caught.value.body
    assert isinstance(body, dict)
    assert body["type"] == "error"
    assert body["error"]["type"] == "api_error"
    assert body["request_id"] == "ow_1"


def test_heads() -> None:
    assert opening.reply_head(call(stream=True)).content_type == "text/event-stream; charset=utf-8"
    assert opening.reply_head(call(stream=False)).content_type == "application/json"


@pytest.mark.parametrize("after, begins", [(0, True), (3, False)])
def test_a_client_that_came_back_has_seen_the_beginning(after: int, begins: bool) -> None:
    voice = opening.voice(call(stream=True), Heartbeat(), UNKNOWN)
    voice.resume(after, ())
    assert (b"message_start" in voice.beat()) is begins

"""Scripts are played over real sockets; their spans are fractions of a second."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
from tests.toolkit.simulate.conftest import Heard, events, hear, run

from outwait.toolkit.simulate import player

Both = pytest.mark.parametrize("stream", [True, False])
LEEWAY = 0.02


def test_silence_is_silence_to_the_last_byte(say: Callable) -> None:
    for stream in (True, False):
        heard = say("silent-150ms", stream)
        assert heard.pieces[0][0] >= 0.15 - LEEWAY
        assert (heard.status, heard.whole) == (200, True)


@Both
def test_the_head_may_go_first(say: Callable, stream: bool) -> None:
    heard = say("head-then-silent-150ms", stream)
    assert heard.early.startswith(b"HTTP/1.1 200 OK")
    assert heard.early.endswith(b"\r\n\r\n")
    assert heard.pieces[1][0] >= 0.15 - LEEWAY
    assert heard.whole


def test_a_stream_stalls_after_its_pieces(say: Callable) -> None:
    heard = say("stall-200ms-after-5", True)
    assert heard.seconds >= 0.2 - LEEWAY
    assert heard.early.count(b"data: ") == 1 + 5  # the role, and five pieces
    assert heard.raw.count(b"data: ") == 1 + 40 + 1 + 1
    assert heard.whole


def test_a_json_reply_stalls_in_its_middle(say: Callable) -> None:
    heard = say("stall-200ms-after-5", False)
    assert heard.seconds >= 0.2 - LEEWAY
    assert b'"id"' in heard.early
    assert b'"usage"' not in heard.early
    assert json.loads(heard.body)["usage"]


@Both
def test_a_drip_takes_the_same_time_streamed_or_not(say: Callable, stream: bool) -> None:
    heard = say("drip-10ms+long-20", stream)
    assert 0.2 - LEEWAY <= heard.seconds < 1
    assert heard.whole
    if stream:
        assert len(heard.pieces) >= 10
    else:
        assert heard.pieces[0][0] >= 0.2 - LEEWAY


def test_thinking_drips_before_the_answer(say: Callable) -> None:
    heard = say("think-500ms", True)
    thoughts = [at for at, data in heard.pieces if b"reasoning_content" in data]
    assert len(thoughts) == 2
    assert heard.raw.count(b'"role"') == 1
    answer = min(at for at, data in heard.pieces if b'"content":"' in data and b'"role"' not in data)
    assert answer >= 0.5 - LEEWAY


def test_a_json_reply_brings_its_reasoning_along(say: Callable) -> None:
    heard = say("think-100ms", False)
    assert json.loads(heard.body)["choices"][0]["message"]["reasoning_content"]
    assert heard.pieces[0][0] >= 0.1 - LEEWAY


@pytest.mark.parametrize("stream,ping", [(True, b": keep-alive\n\n"), (False, b"\n")])
def test_pings_come_at_once_and_each_second(
    say: Callable, monkeypatch: pytest.MonkeyPatch, stream: bool, ping: bytes
) -> None:
    assert player._PING_EVERY == 1.0
    monkeypatch.setattr(player, "_PING_EVERY", 0.1)
    heard = say("pings-150ms", stream)
    assert heard.body.startswith(ping * 2)
    assert heard.body[len(ping) * 2 :].startswith((b"data: ", b"{"))
    assert heard.seconds >= 0.15 - LEEWAY


@Both
def test_an_error_has_its_status_while_the_head_is_not_out(say: Callable, stream: bool) -> None:
    heard = say("error-504-after-100ms", stream)
    assert (heard.status, heard.whole) == (504, True)
    assert heard.pieces[0][0] >= 0.1 - LEEWAY
    assert json.loads(heard.body)["error"]["type"] == "timeout"
    assert b"retry-after: 2" in say("error-429-retry-after-2", stream).head


@Both
def test_an_error_after_the_head_is_told_inside(say: Callable, stream: bool) -> None:
    heard = say("head+error-429", stream)
    assert (heard.status, heard.whole) == (200, True)
    told = heard.body.removeprefix(b"data: ") if stream else heard.body
    assert json.loads(told)["error"]["code"] == "rate_limit_exceeded"


def test_an_error_in_the_stream_comes_after_its_pieces(say: Callable) -> None:
    heard = say("error-in-stream-after-3", True)
    events = heard.body.split(b"\n\n")
    assert len(events) == 1 + 3 + 1 + 1
    assert json.loads(events[-2].removeprefix(b"data: "))["error"]
    assert heard.whole


@Both
@pytest.mark.parametrize("name", ["reset", "reset-after-3", "reset-after-100ms", "head+reset"])
def test_a_reset_is_a_reset(say: Callable, name: str, stream: bool) -> None:
    heard = say(name, stream)
    assert heard.reset
    assert (b"HTTP/1.1 200" in heard.raw) == (name in ("reset-after-3", "head+reset"))
    if name == "reset-after-3" and stream:
        assert heard.raw.count(b"data: ") == 1 + 3


@Both
@pytest.mark.parametrize("name", ["close-after-3", "head+close", "drip-2ms+close-after-3"])
def test_a_close_is_a_fin_in_the_middle(say: Callable, name: str, stream: bool) -> None:
    heard = say(name, stream)
    assert not heard.reset
    assert not heard.raw.endswith(b"0\r\n\r\n")
    assert heard.raw.startswith(b"HTTP/1.1 200")


def test_a_close_before_the_head_says_nothing(say: Callable) -> None:
    heard = say("close", True)
    assert (heard.raw, heard.reset) == (b"", False)


def test_an_end_by_time_cuts_a_dripping_answer(say: Callable) -> None:
    heard = say("drip-20ms+close-after-200ms", True)
    assert 0.2 - LEEWAY <= heard.seconds < 1
    assert 5 <= heard.raw.count(b'"content":" ') < 12


def test_an_end_by_time_waits_when_the_answer_is_quicker(say: Callable) -> None:
    heard = say("drip-1ms+long-3+close-after-200ms", True)
    assert heard.seconds >= 0.2 - LEEWAY
    assert b'finish_reason":"stop' not in heard.raw
    assert say("drip-1ms+long-3+close-after-200ms", False).raw == b""


def test_a_truncated_stream_ends_well_without_its_answer_ending(say: Callable) -> None:
    heard = say("truncate-after-4", True)
    assert heard.whole
    assert b"[DONE]" not in heard.raw
    assert heard.raw.count(b"data: ") == 1 + 4


@pytest.mark.parametrize("name", ["truncate", "head+truncate"])
def test_a_truncated_reply_is_short_of_what_its_head_says(say: Callable, name: str) -> None:
    heard = say(name, False)
    assert not heard.whole
    assert b'"id"' in heard.raw
    assert not heard.reset


@Both
def test_other_bodies(say: Callable, stream: bool) -> None:
    page = say("html-502", stream)
    assert (page.status, page.whole) == (502, True)
    assert b"<h1>502 Bad Gateway</h1>" in page.body
    assert say("garbage", stream).body.startswith(b"<<<<")
    assert say("head+garbage", stream).body.startswith(b"<<<<")
    assert say("empty-body", stream).body == b""
    assert say("head+empty-body", stream).whole
    assert not say("garbage-http", stream).raw.startswith(b"HTTP")


def test_only_streams_are_refused(say: Callable) -> None:
    heard = say("refuse-stream", True)
    assert heard.status == 400
    assert json.loads(heard.body)["error"]["param"] == "stream"
    assert say("refuse-stream", False).status == 200


def test_a_long_answer_has_all_its_pieces(say: Callable) -> None:
    assert say("long-2000", True).body.count(b"data: ") == 1 + 2000 + 1 + 1
    assert len(json.loads(say("big-1mb", False).body)["choices"][0]["message"]["content"]) == 1 << 20


# -- what differs between protocols


@dataclass(frozen=True)
class Protocol:
    """`ping`: what it says meanwhile, first or behind `opening`. `failure`: in a stream's error."""

    name: str
    path: str
    body: Mapping[str, object]
    opening: tuple[str, ...]
    ping: bytes
    failure: bytes
    piece: bytes
    end: bytes


HELLO = ({"role": "user", "content": "hi"},)
PROTOCOLS = (
    Protocol(
        "responses", "/v1/responses", {"input": "hi", "stream": True}, ("response.created", "response.in_progress"),
        b'event: keepalive\ndata: {"type":"keepalive","sequence_number":2}\n\n', b"event: response.failed\n",
        b"event: response.output_text.delta", b"event: response.completed",
    ),
    Protocol(
        "messages", "/v1/messages", {"messages": HELLO, "max_tokens": 9, "stream": True}, ("message_start", "ping"),
        b'event: ping\ndata: {"type":"ping"}\n\n', b"event: error\n", b"event: content_block_delta",
        b"event: message_stop",
    ),
    Protocol(
        "gemini", "/v1beta/models/{model}:streamGenerateContent?alt=sse", {"contents": ({"parts": ({"text": "hi"},)},)},
        (), b"\r\n", b'data: {"error":', b'data: {"candidates":', b'"finishReason"',
    ),
    Protocol(
        "gemini-array", "/v1beta/models/{model}:streamGenerateContent", {"contents": ({"parts": ({"text": "hi"},)},)},
        (), b"\n", b'{"error":', b'{"candidates":', b'"finishReason"',
    ),
)  # fmt: skip
Each = pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.name)


def told(protocol: Protocol, model: str) -> Heard:
    body = dict(protocol.body) if "{model}" in protocol.path else {"model": model, **protocol.body}
    headers = {"anthropic-version": "2023-06-01"}
    path = protocol.path.format(model=model.replace("+", "%2B"))
    return run(lambda url: hear(url, json.dumps(body).encode(), path, headers=headers))


@Each
def test_each_protocol_pings_in_its_own_way(protocol: Protocol, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(player, "_PING_EVERY", 0.01)
    heard = told(protocol, "pings-15ms+long-3")
    assert heard.whole
    assert protocol.ping in heard.body
    if protocol.opening:
        names = [name for name, _ in events(heard.body[: heard.body.index(protocol.ping)])]
        assert names == list(protocol.opening)[: len(names)]
        assert names
    else:
        assert heard.body.startswith(protocol.ping)


@Each
def test_each_protocol_tells_a_failure_behind_its_pieces(protocol: Protocol) -> None:
    heard = told(protocol, "error-in-stream-after-3")
    assert heard.whole
    assert heard.body.count(protocol.piece) == 3
    assert protocol.failure in heard.body[heard.body.rindex(protocol.piece) :]
    if protocol.name == "gemini-array":
        assert "error" in json.loads(heard.body)[-1]


@Each
def test_each_protocol_tells_a_failure_before_its_pieces(protocol: Protocol) -> None:
    heard = told(protocol, "head-then-error-503")
    assert (heard.status, heard.whole) == (200, True)
    assert protocol.failure in heard.body
    assert protocol.piece not in heard.body


@Each
def test_each_protocol_has_statuses_of_its_own(protocol: Protocol) -> None:
    heard = told(protocol, "error-429-retry-after-2")
    assert (heard.status, b"retry-after: 2" in heard.head) == (429, True)
    assert b"Rate limit" in heard.body


@Each
@pytest.mark.parametrize("fate", ["truncate-after-3", "reset-after-3", "close-after-3", "drip-100ms+close-after-350ms"])
def test_each_protocol_breaks_as_it_is_told(protocol: Protocol, fate: str) -> None:
    heard = told(protocol, fate)
    assert heard.body.count(protocol.piece) == 3
    assert protocol.end not in heard.body
    assert heard.reset == (fate == "reset-after-3")


@Each
def test_each_protocol_drips(protocol: Protocol) -> None:
    heard = told(protocol, "think-20ms+drip-5ms+long-8")
    assert heard.seconds >= 0.06 - LEEWAY
    assert protocol.end in heard.pieces[-1][1] + heard.pieces[-2][1]


def test_several_thoughts_share_the_reasoning() -> None:
    heard = told(PROTOCOLS[1], "think-500ms-then-silent-10ms-then-think-250ms")
    names = [data["delta"]["type"] for name, data in events(heard.body) if name == "content_block_delta"]
    assert names[:4] == ["thinking_delta"] * 3 + ["signature_delta"]
    assert names.count("thinking_delta") == 3


def test_sound_can_only_be_cut() -> None:
    body = json.dumps({"model": "error-in-stream-after-2", "input": "a b c", "voice": "alloy"}).encode()
    heard = run(lambda url: hear(url, body, "/v1/audio/speech"))
    assert b"content-type: audio/mpeg" in heard.head
    assert len(heard.body) == 2 * 417
    assert not heard.whole


def test_nothing_is_said_where_nothing_can_be() -> None:
    body = json.dumps({"model": "pings-20ms", "input": "a b c", "voice": "alloy"}).encode()
    heard = run(lambda url: hear(url, body, "/v1/audio/speech"))
    assert heard.early.endswith(b"\r\n\r\n")
    assert len(heard.body) == 3 * 417

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from outwait.core.fault import Stage as Phase
from outwait.core.request import Call

if TYPE_CHECKING:
    from .conftest import Peer, Play, Stage

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
WHOLE = ["head", "body", "end"]
CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


# ------------------------------------------------------------------------------------------------------------- reports
def test_a_call_on_a_new_connection(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        attempt, notes = stage.open(b'{"model": "m"}')
        assert notes.told == []  # a dial reports from the loop
        await notes.over.wait()
        assert notes.told == ["resolved", "connected", "sent", *WHOLE]
        assert (notes.status, notes.data, notes.reused) == (200, b"hello", False)
        assert stage.peers[0].body == b'{"model": "m"}'
        assert stage.peers[0].head.startswith(b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:")
        assert attempt.over

    play(scenario, play.answers)


def test_a_pooled_connection_is_used_without_a_task_and_at_once(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.call()
        assert stage.upstream.idle == 1
        tasks = len(asyncio.all_tasks())
        notes = stage.open()[1]
        assert notes.told == ["connected", "sent"]
        assert notes.reused
        assert len(asyncio.all_tasks()) == tasks
        await notes.over.wait()
        assert notes.told[2:] == WHOLE
        assert len(stage.peers) == 1

    play(scenario, play.answers)


def test_calls_at_the_same_time_use_connections_of_their_own(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        heard = await asyncio.gather(*(stage.call() for _ in range(5)))
        assert [notes.data for notes in heard] == [b"hello"] * 5
        assert stage.upstream.idle == len(stage.peers) == 5

    play(scenario, *[play.answers] * 5)


def test_what_the_client_says_of_itself_passes_by_list(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        headers = {"traceparent": "00-1", "authorization": "Bearer client", "cookie": "a=b"}
        await stage.call(call=Call("openai", "chat.completions", "m", stream=False, body=b"{}", headers=headers))
        head = stage.peers[0].head
        assert b"\r\ntraceparent: 00-1\r\n" in head
        assert b"Authorization: Bearer channel-key\r\n" in head
        assert b"client" not in head
        assert b"ookie" not in head

    play(scenario, play.answers, api_keys=("channel-key",))


# ---------------------------------------------------------------------------------------------------------------- pool
def test_fresh_dials_anew_and_closes_the_idle_ones(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.call()
        notes = await stage.call(fresh=True)
        assert not notes.reused
        assert len(stage.peers) == 2
        await stage.peers[0].finished.wait()
        assert stage.upstream.idle == 1

    play(scenario, play.once, play.answers)


def test_a_connection_the_server_closed_is_dropped_and_not_used(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.call()
        await stage.pooled(0)
        notes = await stage.call()
        assert (notes.reused, notes.data) == (False, b"hello")

    play(scenario, lambda peer: peer.answer(), play.answers)


def test_a_pooled_connection_that_dies_under_the_request_is_stale(play: Play) -> None:
    async def dies(peer: Peer) -> None:
        await peer.answer()
        await peer.request()
        peer.reset()

    async def scenario(stage: Stage) -> None:
        await stage.call()
        notes = await stage.call()
        assert notes.fault is not None
        assert (notes.fault.code, notes.fault.hint, notes.fault.stage) == ("upstream_reset", "stale", Phase.SENT)
        notes = await stage.call(fresh=True)
        assert notes.data == b"hello"

    play(scenario, dies, play.answers)


def test_connection_close_is_obeyed(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        notes = await stage.call()
        assert notes.told[-1] == "end"
        assert stage.upstream.idle == 0
        await stage.peers[0].finished.wait()

    play(scenario, lambda peer: play.once(peer, OK.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")))


def test_after_close_nothing_is_kept(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.call()
        notes = stage.open()[1]
        stage.upstream.close()
        await notes.over.wait()
        assert notes.data == b"hello"
        assert stage.upstream.idle == 0

    play(scenario, play.answers)


# ---------------------------------------------------------------------------------------------------- the request body
def test_a_large_body_is_sent_whole_and_told_as_it_goes(play: Play) -> None:
    body = bytes(range(256)) * 80_000  # 20 MB
    go: list[asyncio.Event] = []

    async def slow(peer: Peer) -> None:
        await go[0].wait()
        await peer.answer()

    async def scenario(stage: Stage) -> None:
        go.append(asyncio.Event())
        attempt, notes = stage.open(body)
        await notes.until("wrote")
        assert 0 < attempt.left() <= len(body) + 1000
        go[0].set()
        await notes.over.wait()
        assert notes.told[-4:] == ["sent", *WHOLE]
        assert len(notes.lefts) >= 3
        assert notes.lefts == sorted(notes.lefts, reverse=True)
        assert stage.peers[0].body == body
        assert stage.upstream.idle == 1

    play(scenario, slow)


def test_an_answer_before_the_body_was_sent(play: Play) -> None:
    async def impatient(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.say(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno")
        await peer.gone()

    async def scenario(stage: Stage) -> None:
        notes = await stage.call(bytes(30_000_000))
        assert (notes.status, notes.data, notes.fault) == (413, b"no", None)
        assert "sent" not in notes.told
        assert stage.upstream.idle == 0
        await stage.peers[0].finished.wait()

    play(scenario, impatient)


def test_a_break_while_sending(play: Play) -> None:
    async def breaks(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        peer.reset()

    async def scenario(stage: Stage) -> None:
        notes = await stage.call(bytes(30_000_000))
        assert notes.fault is not None
        assert (notes.fault.code, notes.fault.stage) == ("upstream_reset", Phase.SENDING)

    play(scenario, breaks)


# ------------------------------------------------------------------------------------------------------------ steering
def test_a_paused_attempt_really_stops_the_upstream(play: Play) -> None:
    chunk = b"10000\r\n" + bytes(65536) + b"\r\n"
    said = 0

    async def floods(peer: Peer) -> None:
        nonlocal said
        await peer.request()
        await peer.say(CHUNKED_HEAD)
        for said in range(1, 401):  # noqa: B007 - how far it came is the point
            await peer.say(chunk)
        await peer.say(b"0\r\n\r\n")

    async def scenario(stage: Stage) -> None:
        attempt, notes = stage.open()
        await notes.until("body")
        attempt.pause()
        heard, before = len(notes.data), -1
        while before != said:  # until the flood stands still
            before = said
            await asyncio.sleep(0.05)
        assert said < 400
        assert len(notes.data) == heard
        attempt.resume()
        await notes.over.wait()
        assert len(notes.data) == 400 * 65536
        assert stage.upstream.idle == 1

    play(scenario, floods)


def test_cancel_closes_at_once(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        attempt, notes = stage.open()
        await notes.until("sent")
        attempt.cancel()
        attempt.cancel()
        await stage.peers[0].finished.wait()
        assert notes.told[-1] == "sent"
        assert stage.upstream.idle == 0

    play(scenario, play.silent)


@pytest.mark.parametrize("after", ["", "resolved"])
def test_cancel_while_dialing(play: Play, after: str) -> None:
    async def scenario(stage: Stage) -> None:
        attempt, notes = stage.open()
        if after:
            await notes.until(after)
        heard = list(notes.told)
        attempt.cancel()
        await asyncio.sleep(0.02)
        assert notes.told == heard

    play(scenario, play.silent)


def test_leaving_after_the_last_word_keeps_the_connection(play: Play) -> None:
    go: list[asyncio.Event] = []

    async def done_before_the_end(peer: Peer) -> None:
        await peer.answer(CHUNKED_HEAD + b"5\r\nhello\r\n")
        await go[0].wait()
        await peer.say(b"0\r\n\r\n")
        await peer.answer()

    async def scenario(stage: Stage) -> None:
        go.append(asyncio.Event())
        attempt, notes = stage.open()
        await notes.until("body")
        attempt.pause()
        attempt.leave()
        go[0].set()
        await stage.pooled(1)
        assert notes.told[-1] == "body"
        again = await stage.call()
        assert (again.reused, again.data) == (True, b"hello")

    play(scenario, done_before_the_end)


# --------------------------------------------------------------------------------------------------------------- judge
def test_judge_takes_the_channels_secrets_out(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        fault = stage.upstream.judge(stage.candidate, 400, {}, b'{"error": {"message": "the pass phrase is wrong"}}')
        assert fault.upstream is not None
        assert b"pass phrase" not in fault.upstream.body
        unknown = replace(stage.candidate, channel="gone")
        assert stage.upstream.judge(unknown, 429, {"retry-after": "3"}, b"").retry_after == 3.0

    play(scenario, api_keys=("pass phrase",))

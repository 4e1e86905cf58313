from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from tests.app.conftest import Reply
from tests.edge.conftest import CHANNEL, KEYS, House, house, story, until

from outwait.core.fault import Refusal
from outwait.core.plan import Heartbeat
from outwait.edge.probe import PATH, Asked, read
from outwait.edge.probing import ProbeBounds

BOUNDS = ProbeBounds(max_silence=60.0)


# ------------------------------------------------------------------------------------------------- what is asked for
@pytest.mark.parametrize(
    "query, asked",
    [
        ("silence=5", Asked("stream", 5.0)),
        ("silence=1m&form=json&head=early", Asked("json", 60.0, "early")),
        ("silence=5s&beat=500ms", Asked("stream", 5.0, "late", 0.5, 0.5)),
        ("silence=5&beat=1&after=0", Asked("stream", 5.0, "late", 1.0, 0.0)),
        ("form=upload", Asked("upload")),
        ("silence=0", Asked("stream", 0.0)),
    ],
)
def test_what_is_asked_for(query: str, asked: Asked) -> None:
    assert read(query, BOUNDS) == asked


@pytest.mark.parametrize(
    "query, param, said",
    [
        ("", "silence", "Silence is missing: how long to be silent, up to 1m."),
        ("silence=61", "silence", "Silence is from 0s to 1m here, not 61."),
        ("silence=long", "silence", "Silence: a duration is a number of seconds or something like"),
        ("silence=-1", "silence", "Silence: a duration is"),
        ("silence=1&silence=2", "silence", "Silence is given twice."),
        ("silence=1&form=audio", "form", "Form is one of stream, json, upload, not 'audio'."),
        ("silence=1&head=now", "head", "Head is one of early, late, not 'now'."),
        ("silence=1&beat=0", "beat", "Beat is from 100ms to 5m here, not 0."),
        ("silence=1&beat=1&after=301", "after", "After is from 0s to 5m here, not 301."),
        ("silence=1&after=1", "after", "After goes with beat: the seconds between heartbeats."),
        ("form=upload&silence=3", "silence", "Silence means nothing to an upload: the client makes its silence."),
        ("silence=1&pause=2", "pause", "'pause' means nothing here; known are form, head, silence, beat and after."),
    ],
)
def test_what_is_wrong_is_named(query: str, param: str, said: str) -> None:
    with pytest.raises(Refusal) as refused:
        read(query, BOUNDS)
    assert (refused.value.fault.code, refused.value.fault.param) == ("invalid_value", param)
    assert refused.value.fault.message.startswith(said)


# ------------------------------------------------------------------------------------------------- what is answered
async def probe(door: House, query: str) -> Reply:
    """A probe on a connection that ends with it."""
    return await door.ask(f"{PATH}?{query}", method="POST")


def final(reply: Reply) -> dict[str, Any]:
    last = reply.body.strip().splitlines()[-1]
    told: dict[str, Any] = json.loads(last.removeprefix("data: "))
    return told


@story
async def test_a_silent_stream_has_the_head_of_an_answer() -> None:
    async with house() as door:
        reply = await probe(door, "silence=200ms&head=early")
        assert (reply.status, reply.whole) == (200, True)
        assert {name: reply.headers[name] for name in ("content-type", "cache-control", "x-accel-buffering")} == {
            "content-type": "text/event-stream", "cache-control": "no-cache, no-transform", "x-accel-buffering": "no",
        }  # fmt: skip
        assert reply.headers["transfer-encoding"] == "chunked"
        assert reply.body.startswith(": probe\n\ndata: ")
        told = final(reply)
        assert (told["object"], told["form"], told["beats"]) == ("probe", "stream", 0)
        assert 0.2 <= told["silence"] < 1
        assert told["id"] == reply.headers["x-outwait-exchange"]
        assert door.entries == []  # nothing of it is for the ledger


@story
async def test_heartbeats_of_a_stream() -> None:
    async with house() as door:
        reply = await probe(door, "silence=550ms&beat=150ms&after=100ms")
        assert reply.body.startswith(": ping\n\n" * 3)
        assert final(reply)["beats"] == reply.body.count(": ping\n\n") == 3  # after 100, 250 and 400 ms
        assert reply.whole


@story
async def test_a_json_answer() -> None:
    async with house() as door:
        plain = await probe(door, "silence=100ms&form=json")
        assert (plain.status, plain.headers["content-type"]) == (200, "application/json")
        assert "content-length" in plain.headers  # as a JSON answer without heartbeats comes
        assert json.loads(plain.body)["form"] == "json"
        early = await probe(door, "silence=100ms&form=json&head=early")
        assert early.body.startswith(' {"object"')
        beaten = await probe(door, "silence=350ms&form=json&beat=100ms")
        assert beaten.body.startswith("\n\n\n{")
        assert json.loads(beaten.body)["beats"] == 3


@story
async def test_an_upload_is_told_how_long_it_took() -> None:
    async with house() as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        key = b"ow-" + b"test" * 6
        head = b"POST /v1/probe?form=upload HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: 4\r\n"
        writer.write(head + b"authorization: Bearer " + key + b"\r\n\r\nab")
        await asyncio.sleep(0.2)
        writer.write(b"cd")
        reply = Reply(await reader.read())
        writer.close()
        told = json.loads(reply.body)
        assert (told["form"], told["size"]) == ("upload", 4)
        assert 0.15 < told["waited"] < 1


@story
async def test_what_may_be_asked_for_is_told() -> None:
    async with house(
        CHANNEL + KEYS + "server: {probe: {max_silence: 30s, per_key: 3}}\nheartbeat: {every: 7s}\n"
    ) as door:
        told = json.loads((await door.ask(PATH)).body)
        assert (told["object"], told["max_silence"], told["per_key"]) == ("probe.bounds", 30.0, 3)
        assert told["per"] == "worker"
        assert told["body_rate"] == 1024
        usual = Heartbeat()
        assert told["heartbeat"] == {
            "enabled": True, "after": usual.after, "json_after": usual.json_after, "every": 7.0,
        }  # fmt: skip
        assert (await probe(door, "silence=31s")).status == 400


# ----------------------------------------------------------------------------------------------------- who may not
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_it_takes_a_key(method: str) -> None:
    @story
    async def told() -> None:
        async with house() as door:
            reply = await door.ask(f"{PATH}?silence=0", method=method, key="ow-nobody")
            assert (reply.status, reply.error["code"]) == (401, "invalid_api_key")

    told()


@story
async def test_any_key_may() -> None:
    async with house() as door:
        reply = await door.ask(f"{PATH}?silence=0", method="POST", key="ow-small")
        assert reply.status == 200


@story
async def test_it_can_be_switched_off() -> None:
    async with house(CHANNEL + KEYS + "server: {probe: off}\n") as door:
        for method in ("GET", "POST"):
            reply = await door.ask(f"{PATH}?silence=0", method=method)
            assert (reply.status, reply.error["code"]) == (404, "not_found")
            assert "server.probe.enabled" in reply.error["message"]


@story
async def test_so_many_at_a_time() -> None:
    async with house(CHANNEL + KEYS + "server: {probe: {per_key: 1}}\n") as door:
        first = asyncio.ensure_future(probe(door, "silence=500ms"))
        await until(lambda: count(door))
        second = await probe(door, "silence=0")
        assert (second.status, second.error["code"], second.headers["retry-after"]) == (429, "rate_limited", "5")
        assert (await first).whole
        assert (await probe(door, "silence=0")).status == 200


def count(door: House) -> int:
    probing = door.gateway.door.probing
    return 0 if probing is None else probing.count


# -------------------------------------------------------------------------------------------- before its time it ends
@story
async def test_a_client_that_leaves_ends_it() -> None:
    async with house() as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        key = "ow-" + "test" * 6
        head = f"POST {PATH}?silence=60s&head=early HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {key}\r\n\r\n"
        writer.write(head.encode())
        await reader.readuntil(b"probe\n\n")
        assert count(door) == 1
        writer.close()
        await until(lambda: count(door) == 0)


@pytest.mark.parametrize(
    "query, status, whole",
    [
        ("silence=60s", 503, True),
        ("silence=60s&head=early", 200, True),
        ("silence=60s&form=json", 503, True),
        ("silence=60s&form=json&head=early", 200, False),
    ],
)
def test_a_shutdown_ends_it_and_says_so(query: str, status: int, whole: bool) -> None:
    """As a late failure is told: a stream by an event, a JSON answer by an error that is cut."""

    @story
    async def told() -> None:
        async with house() as door:
            asking = asyncio.ensure_future(probe(door, query))
            await until(lambda: count(door))
            began = asyncio.get_running_loop().time()
            await door.gateway.close(60.0)
            reply = await asking
            assert asyncio.get_running_loop().time() - began < 5
            assert (reply.status, reply.whole) == (status, whole)
            assert "gateway_draining" in reply.body if whole else True

    told()


@story
async def test_while_draining_none_begins() -> None:
    async with house() as door:
        door.gateway.door.draining = True
        reply = await probe(door, "silence=0")
        assert (reply.status, reply.error["code"]) == (503, "gateway_draining")

"""Handlers that are no tasks: they answer at once, or later from the outlet's callbacks."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from outwait.wire.request import Request

GET = b"GET /x HTTP/1.1\r\nhost: a\r\n\r\n"


def answers(request: Request) -> None:
    request.outlet.send(200, b"", request.body)


def test_a_plain_handler_needs_no_task(knock: Any) -> None:
    tasks: list[int] = []

    def handler(request: Request) -> None:
        tasks.append(len(asyncio.all_tasks()))
        answers(request)

    async def story(door: Any) -> None:
        client = await door.connect()
        for _ in range(3):
            await client.send(GET)
            await client.reply()
            assert door.server.handling == 0
        assert len(set(tasks)) == 1

    knock(story, handler)


def test_a_plain_handler_that_fails(knock: Any, caplog: pytest.LogCaptureFixture) -> None:
    def fails(request: Request) -> None:
        if request.query:
            request.outlet.open(200, b"")
            request.outlet.write(b"half")
        raise ValueError("spilled")

    async def story(door: Any) -> None:
        client = await door.connect()
        for _ in range(2):
            await client.send(GET)
            reply = await client.reply()
            assert (reply.status, reply.code) == (500, "internal_error")
        await client.send(GET.replace(b"/x", b"/x?late"))
        reply = await client.reply()
        assert (reply.end, reply.body) == ("cut", b"half")
        assert door.server.handling == 0

    knock(story, fails)
    assert "spilled" in caplog.text
    caplog.clear()


def test_an_answer_that_comes_later_is_waited_for(knock: Any) -> None:
    asked: list[Request] = []

    async def story(door: Any) -> None:
        clients = [await door.connect() for _ in range(2)]
        for client in clients:
            await client.send(GET)
        await knock.until(lambda: len(asked) == 2)
        assert door.server.handling == 2
        door.server.drain()
        assert not await door.server.wait_idle(0.02)
        for request, client in zip(asked, clients, strict=True):
            answers(request)
            reply = await client.reply()
            assert (reply.status, reply.headers["connection"]) == (200, "close")
            client.close()
        assert door.server.handling == 0
        assert await door.server.wait_idle(1.0)

    knock(story, asked.append)


def test_close_tells_answers_that_come_too_late(knock: Any) -> None:
    asked: list[Request] = []
    gone: list[bool] = []

    def handler(request: Request) -> None:
        asked.append(request)
        request.outlet.on_gone = lambda: gone.append(request.outlet.gone)

    async def story(door: Any) -> None:
        client = await door.connect()
        await client.send(GET)
        await knock.until(lambda: asked)
        assert not await door.server.close(0.02)
        assert gone == [True]
        assert (door.server.connections, door.server.handling) == (0, 0)
        answers(asked[0])  # to nobody
        assert await client.closed() == b""

    knock(story, handler)


def test_a_task_counts_until_it_ends_though_its_response_is_over(knock: Any) -> None:
    go = asyncio.Event()

    async def handler(request: Request) -> None:
        answers(request)
        await go.wait()

    async def story(door: Any) -> None:
        client, _ = await door.ask(GET)
        client.close()
        await knock.until(lambda: door.server.connections == 0)
        assert door.server.handling == 1
        assert not await door.server.wait_idle(0.01)
        go.set()
        assert await door.server.wait_idle(1.0)

    knock(story, handler)


@pytest.mark.parametrize("backlog", [16_384, 100])
def test_pipelined_requests_answered_at_once_do_not_keep_others_waiting(knock: Any, backlog: int) -> None:
    """One read may hold thousands of requests: they are answered in turns, in order, and on a flat stack."""
    turns = 0
    seen: list[bytes] = []

    def handler(request: Request) -> None:
        seen.append(request.body)
        answers(request)

    async def story(door: Any) -> None:
        nonlocal turns
        client = await door.connect()
        sent = b"".join(b"POST /p HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\n%04d" % n for n in range(3000))
        writing = asyncio.ensure_future(client.send(sent))
        most = last = 0
        while len(seen) < 3000:
            await asyncio.sleep(0)
            most, last = max(most, len(seen) - last), len(seen)
        for number in range(3000):
            assert (await client.reply()).body == b"%04d" % number
        await writing
        assert most <= 64
        client.close()
        await knock.until(lambda: door.server.connections == 0)  # it was still listening

    knock(story, handler, backlog_bytes=backlog)


def test_what_was_found_for_a_head_is_there_for_the_next_request_with_it(knock: Any) -> None:
    memos: list[dict[str, Any]] = []

    def handler(request: Request) -> None:
        memos.append(request.memo)
        answers(request)

    async def story(door: Any) -> None:
        post = b"POST /p HTTP/1.1\r\nhost: a\r\nauthorization: %b\r\ncontent-length: %d\r\n\r\n%b"
        for body in (b"", b"hello", b"h" * 100):
            client = await door.connect()
            for who in (b"a", b"b", b"a"):
                await client.send(post % (who, len(body), body))
                assert (await client.reply()).body == body
        assert len({id(memo) for memo in memos}) == 2
        assert memos[0] is memos[2] is memos[5]
        assert memos[1] is memos[4]

    knock(story, handler)

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import anyio
import httpx2
import pytest
from tests.client.plays import BODY, CHAT, DOCUMENT, EVENTS, ID, WHOLE, answer, broken, page, probe, reply
from tests.client.scripted import Play, Server, Time

from outwait.client.async_transport import AsyncReattachingTransport
from outwait.client.course import Reattach
from outwait.testing.virtual import run

Ask = Callable[[httpx2.AsyncClient], Any]


def asked(
    ask: Ask, *plays: Play | Exception, reattach: Reattach | None = None, time: Time | None = None
) -> tuple[Any, Server]:
    """What `ask` gives, with a client whose server plays these."""
    time = time or Time()
    server = Server(time, *plays)

    async def whole() -> Any:
        rules = reattach or Reattach(gateway=True)
        transport = AsyncReattachingTransport(server, rules, clock=time, sleep=time.pause, luck=lambda: 0.5)
        async with httpx2.AsyncClient(transport=transport, timeout=100) as client:
            return await ask(client)

    told = run(whole())
    assert server.closed
    return told, server


async def streamed(client: httpx2.AsyncClient) -> bytes:
    async with client.stream("POST", CHAT, json=BODY) as response:
        return b"".join([piece async for piece in response.aiter_raw()])


async def posted(client: httpx2.AsyncClient) -> httpx2.Response:
    return await client.post(CHAT, json=BODY)


def test_a_broken_stream_goes_on_behind_what_was_passed_on() -> None:
    told, server = asked(streamed, answer(EVENTS[0], EVENTS[1][:9], broken()), answer(*EVENTS[1:]))
    assert told == WHOLE
    assert server.targets[1] == f"GET /v1/exchanges/{ID}/stream?starting_after=1"
    assert all(each.closed for each in server.played)


def test_what_an_inner_transport_lets_through_is_a_broken_line_too() -> None:
    told, _ = asked(streamed, answer(EVENTS[0], anyio.EndOfStream()), ConnectionResetError(), answer(*EVENTS[1:]))
    assert told == WHOLE


def test_a_broken_json_reply_is_had_whole() -> None:
    told, _ = asked(posted, reply(b"\n", broken()), reply(DOCUMENT))
    assert told.content == DOCUMENT


def test_a_call_that_broke_before_its_head_is_found_by_its_name() -> None:
    told, server = asked(streamed, probe(), broken(), page(), answer(WHOLE), reattach=Reattach())
    assert told == WHOLE
    assert len({each.headers["idempotency-key"] for each in server.asked if each.method == "POST"}) == 1


def test_it_is_given_up_with_the_first_error() -> None:
    time = Time()
    with pytest.raises(httpx2.ReadError) as caught:
        asked(
            streamed,
            answer(EVENTS[0], broken()),
            *[broken(httpx2.ConnectError)] * 2,
            reattach=Reattach(2, gateway=True),
            time=time,
        )
    assert ID in caught.value.__notes__[0]
    assert time.slept == [0.05, 0.1]


def test_with_another_server_it_is_a_plain_transport() -> None:
    told, server = asked(streamed, Play(status=404), Play([WHOLE]), reattach=Reattach())
    assert told == WHOLE
    with pytest.raises(httpx2.ReadError):
        asked(streamed, Play(status=404), broken(), reattach=Reattach())
    told, server = asked(lambda client: client.get("http://a/v1/models"), Play([b"{}"]))
    assert (told.content, len(server.asked)) == (b"{}", 1)


def test_who_leaves_ends_it() -> None:
    async def leave(client: httpx2.AsyncClient) -> None:
        async with client.stream("POST", CHAT, json=BODY) as response:
            assert await anext(response.aiter_raw()) == EVENTS[0]

    _, server = asked(leave, answer(*EVENTS))
    assert server.played[0].closed


def test_what_is_no_trouble_of_the_line_gets_through() -> None:
    with pytest.raises(ZeroDivisionError):
        asked(posted, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        asked(posted, reply(b"\n", ZeroDivisionError()))


def test_an_inner_transport_of_the_wrong_kind_is_told() -> None:
    class Odd(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            return httpx2.Response(200, stream=cast("httpx2.AsyncByteStream", object()))

    async def ask() -> None:
        async with httpx2.AsyncClient(transport=AsyncReattachingTransport(Odd())) as client:
            await client.post(CHAT, json=BODY)

    with pytest.raises(TypeError, match="inner transport"):
        run(ask())

"""Over real loopback sockets: what a receiver may do to an attempt."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import uvloop
from openai import OpenAI
from openai.types.webhooks import ResponseCompletedWebhookEvent
from tests.notify.conftest import KEY, SECRET, Outbox, counter, webhook

from outwait.notify import post, sign
from outwait.notify.event import events_for
from outwait.notify.post import Answer, Post, Unanswered
from outwait.notify.sender import Means, Sender
from outwait.notify.webhook import Webhook
from outwait.wire import tls
from outwait.wire.endpoint import Endpoint

PEM = str(Path(__file__).parents[1] / "wire" / "localhost.pem")
BODY = b'{"id":"evt_1"}'
Serve = Callable[["Visit"], Awaitable[None]]


class Visit:
    """One request as a receiver sees it."""

    def __init__(self, head: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        request_line, *lines = head.decode("latin-1").split("\r\n")[:-2]
        self.request_line = request_line
        self.headers = dict(line.split(": ", 1) for line in lines)
        self.body = body
        self.writer = writer

    def answer(self, head: str, body: bytes = b"") -> None:
        self.writer.write(f"HTTP/1.1 {head}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)


class Receiver:
    """A server that plays `serve` to each request."""

    def __init__(self, serve: Serve) -> None:
        self.serve = serve
        self.visits: list[Visit] = []
        self.open = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            self.visits.append(Visit(head, await reader.readexactly(size), writer))
            await self.serve(self.visits[-1])
            await writer.drain()
            await reader.read()  # until the sender closes
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.close()


def play(
    serve: Serve, scenario: Callable[[Receiver, Webhook], Awaitable[None]], context: ssl.SSLContext | None = None
) -> None:
    async def story() -> None:
        receiver = Receiver(serve)
        server = await asyncio.start_server(receiver, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        url = f"{'http' if context is None else 'https'}://127.0.0.1:{port}/hook?a=b"
        try:
            async with asyncio.timeout(10):
                await scenario(receiver, webhook(url=url, headers={"x-mine": "1"}, ca_file=PEM))
                while receiver.open:  # noqa: ASYNC110 - the server's own tasks tell nobody that they end
                    await asyncio.sleep(0.001)
        finally:
            server.close()

    uvloop.run(story())


async def attempt(hook: Webhook) -> Answer:
    return await Post().send(hook, sign.headers("wh_1", 5.0, BODY, [KEY]), BODY)


async def why(hook: Webhook) -> str:
    with pytest.raises(Unanswered) as caught:
        await attempt(hook)
    return str(caught.value)


async def accept(visit: Visit) -> None:
    visit.answer("200 OK", b"thanks")


def test_what_is_sent() -> None:
    async def scenario(receiver: Receiver, hook: Webhook) -> None:
        assert await attempt(hook) == Answer(200)
        (visit,) = receiver.visits
        assert visit.request_line == "POST /hook?a=b HTTP/1.1"
        assert visit.body == BODY
        agent = visit.headers.pop("user-agent")
        assert agent.startswith("outwait/")
        assert visit.headers == {
            "host": f"127.0.0.1:{hook.endpoint.port}",
            "accept": "*/*",
            "x-mine": "1",
            "accept-encoding": "identity",
            "content-type": "application/json",
            "connection": "close",
            **sign.headers("wh_1", 5.0, BODY, [KEY]),
            "content-length": str(len(BODY)),
        }

    play(accept, scenario)


def test_a_redirect_is_told_and_not_followed() -> None:
    async def serve(visit: Visit) -> None:
        visit.answer("307 Temporary Redirect\r\nlocation: /elsewhere\r\nretry-after: 7")

    async def scenario(receiver: Receiver, hook: Webhook) -> None:
        assert await attempt(hook) == Answer(307, "7")
        assert len(receiver.visits) == 1

    play(serve, scenario)


def test_silence_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "ATTEMPT", 0.05)

    async def serve(visit: Visit) -> None:
        """Say nothing."""

    async def scenario(receiver: Receiver, hook: Webhook) -> None:
        assert await why(hook) == "there was no answer within 0.05 s"

    play(serve, scenario)


def test_a_drip_does_not_stretch_an_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "ATTEMPT", 0.1)

    async def serve(visit: Visit) -> None:
        for letter in "HTTP/1.1 200 OK\r\nx: " + "y" * 1000:
            visit.writer.write(letter.encode())
            await visit.writer.drain()
            await asyncio.sleep(0.01)

    async def scenario(receiver: Receiver, hook: Webhook) -> None:
        assert await why(hook) == "there was no answer within 0.1 s"

    play(serve, scenario)


def test_a_body_that_does_not_end_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "ATTEMPT", 0.05)

    async def serve(visit: Visit) -> None:
        visit.writer.write(b"HTTP/1.1 202 Accepted\r\ncontent-length: 10\r\n\r\nhm")

    async def scenario(receiver: Receiver, hook: Webhook) -> None:
        assert await attempt(hook) == Answer(202)

    play(serve, scenario)


def test_of_a_long_body_no_more_is_read_than_needed() -> None:
    wrote = 0

    async def serve(visit: Visit) -> None:
        nonlocal wrote
        visit.writer.write(b"HTTP/1.1 500 Oh\r\ncontent-length: 1000000000\r\n\r\n")
        while True:
            visit.writer.write(bytes(65_536))
            wrote += 65_536
            await visit.writer.drain()

    async def scenario(receiver: Receiver, hook: Webhook) -> None:
        assert await attempt(hook) == Answer(500)

    play(serve, scenario)
    assert wrote < 50_000_000


@pytest.mark.parametrize(
    "said, words",
    [
        (b"", "before any byte came"),
        (b"HTTP/1.1 200", "in the head"),
        (b"SMTP ready\r\n\r\n", "bad_response: Expected HTTP"),
    ],
)
def test_what_is_no_answer(said: bytes, words: str) -> None:
    async def serve(visit: Visit) -> None:
        visit.writer.write(said)
        visit.writer.close()

    async def scenario(receiver: Receiver, hook: Webhook) -> None:
        assert words in await why(hook)

    play(serve, scenario)


def test_a_cut_in_the_body_changes_nothing() -> None:
    async def serve(visit: Visit) -> None:
        visit.writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhm")
        visit.writer.close()

    async def scenario(receiver: Receiver, hook: Webhook) -> None:
        assert await attempt(hook) == Answer(200)

    play(serve, scenario)


def test_addresses_that_are_never_connected_to() -> None:
    async def scenario(receiver: Receiver, hook: Webhook) -> None:
        inside = replace(hook, endpoint=Endpoint("169.254.169.254", 443, tls=True))
        assert "169.254.169.254, a link-local address" in await why(inside)
        outside = replace(hook, endpoint=Endpoint("192.88.99.1", 80, tls=False))
        assert "no private address" in await why(outside)
        assert receiver.visits == []

    play(accept, scenario)


def test_nobody_is_there() -> None:
    async def scenario(receiver: Receiver, hook: Webhook) -> None:
        assert "connect_refused" in await why(replace(hook, endpoint=Endpoint("127.0.0.1", 1, tls=False)))

    play(accept, scenario)


def test_over_tls_the_receiver_must_be_who_it_says() -> None:
    async def scenario(receiver: Receiver, hook: Webhook) -> None:
        assert await attempt(hook) == Answer(200)
        stranger = replace(hook, endpoint=hook.endpoint._replace(ca_file=None))
        assert "tls" in await why(stranger)
        assert len(receiver.visits) == 1

    play(accept, scenario, tls.server_context(PEM))


def test_files_of_authorities_are_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(Path(PEM).read_text())

    async def scenario(receiver: Receiver, hook: Webhook) -> None:
        mine = replace(hook, endpoint=hook.endpoint._replace(ca_file=str(file)))
        sender = Post()
        assert (await sender.send(mine, {}, BODY)).status == 200
        file.write_text("none")
        assert (await sender.send(mine, {}, BODY)).status == 200
        sender.renew()
        with pytest.raises(Unanswered, match="ca_file"):
            await sender.send(mine, {}, BODY)

    play(accept, scenario, tls.server_context(PEM))


def test_a_cancelled_attempt_closes_its_connection() -> None:
    async def serve(visit: Visit) -> None:
        """Say nothing."""

    async def scenario(receiver: Receiver, hook: Webhook) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await attempt(hook)

    play(serve, scenario)


def test_from_the_outbox_to_the_sdk() -> None:
    """500, then 200; an event of another webhook that is slow does not hold it up."""
    counts: list[str] = []

    async def serve(visit: Visit) -> None:
        if visit.request_line.startswith("POST /slow"):
            await asyncio.sleep(0.1)
        if len([each for each in receiver_visits if each.request_line == visit.request_line]) == 1:
            visit.answer("500 Oh")
        else:
            visit.answer("200 OK")

    receiver_visits: list[Visit] = []

    async def scenario(receiver: Receiver, hook: Webhook) -> None:
        nonlocal receiver_visits
        receiver_visits = receiver.visits
        loop = asyncio.get_running_loop()

        def now() -> float:  # fifty seconds to the second: the pauses between attempts pass quickly
            return 1_800_000_000.0 + loop.time() * 50

        slow = replace(hook, name="slow", head=hook.head.replace(b"/hook", b"/slow"))
        outbox = Outbox(now)
        means = Means(Post().send, now, lambda: 0.999, counts.append)
        sender = Sender(outbox, [hook, slow], means)
        outbox.put(*events_for([hook, slow], "app", "response.completed", "resp_1", now(), counter()))
        sender.wake()
        while len(counts) < 4:
            await asyncio.sleep(0.01)
            sender.wake()
        await sender.close()
        first, second = (visit for visit in receiver.visits if "/hook" in visit.request_line)
        assert first.body == second.body
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        client = OpenAI(api_key="none", webhook_secret=SECRET)
        for visit in (first, second):
            stamp = int(visit.headers["webhook-timestamp"])
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("time.time", lambda stamp=stamp: stamp)
                event = client.webhooks.unwrap(visit.body, visit.headers)
            assert isinstance(event, ResponseCompletedWebhookEvent)
            assert event.data.id == "resp_1"

    play(serve, scenario)
    assert counts == ["failed", "failed", "delivered", "delivered"]

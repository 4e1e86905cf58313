"""The gateway of one worker on a loopback port, in the test's own loop, with the entries it records."""

from __future__ import annotations

import asyncio
import functools
import io
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ParamSpec

from tests.app.conftest import Reply, chat, get

from outwait.app import gateway
from outwait.config.load import loads
from outwait.core.entry import Entry
from outwait.ledger.logs import Logs
from outwait.wire import listen

P = ParamSpec("P")
CHANNEL = "channels: [{name: one, base_url: 'http://127.0.0.1:9/v1', models: ['gpt-*', m1, org/m2]}]\n"
KEYS = "keys: [{name: dev, key: ow-%s}, {name: small, key: ow-small, models: ['m*']}]\n" % ("test" * 6)


def story(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an async test on a loop of its own."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), 20))

    return run


class House:
    """`gateway`: the parts; `entries`: what was recorded, oldest first."""

    def __init__(self, made: gateway.Gateway, port: int) -> None:
        self.gateway = made
        self.port = port
        self.entries: list[Entry] = []
        made.door.record = self.entries.append

    async def send(self, request: bytes) -> Reply:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        try:
            return Reply(await reader.read())
        finally:
            writer.close()

    async def ask(self, path: str, *headers: str, method: str = "GET", key: str | None = None) -> Reply:
        request = get(path, *headers, method=method)
        if key is not None:
            lines = [line for line in request.split(b"\r\n") if not line.startswith(b"authorization")]
            request = b"\r\n".join([lines[0], b"authorization: Bearer " + key.encode(), *lines[1:]])
        return await self.send(request)

    async def chat(self, model: str, *, stream: bool = False) -> Reply:
        return await self.send(chat(model, stream=stream))


@asynccontextmanager
async def house(text: str = CHANNEL + KEYS, side_door: Path | None = None, **environ: str) -> AsyncIterator[House]:
    logs = Logs("error", stream=io.StringIO())
    made = gateway.build(loads(text, env=environ), logs, gateway.Site(worker=5, side_door=side_door))
    side = await listen.start_side(made.server, listen.bind_side(side_door)) if side_door else None
    (sock,) = listen.bind("127.0.0.1", 0)
    listener = await listen.start(made.server, sock)
    try:
        yield House(made, sock.getsockname()[1])
    finally:
        listener.close()
        await made.close(0.0)
        if side is not None:
            side.close()

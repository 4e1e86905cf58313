"""The gateway of one worker on a loopback port, in the test's own loop, with the entries it records."""

from __future__ import annotations

import asyncio
import functools
import io
import json
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ParamSpec

from tests.app.conftest import Reply, chat, get

from outwait.app import gateway
from outwait.app.storage import Storage, open_store
from outwait.config.load import loads
from outwait.core.entry import Entry
from outwait.ledger.logs import Logs
from outwait.toolkit.simulate.server import Simulator
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

    async def state(self, ident: str) -> Any:
        """What is told of an exchange."""
        return json.loads((await self.ask(f"/v1/exchanges/{ident}")).body)

    async def leave(self, request: bytes, mark: bytes = b"") -> str:
        """Ask, read on until `mark` is among what came, and go; returns the exchange's id."""
        registry = self.gateway.door.registry
        before = {each.id for each in registry}
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        await until(lambda: {each.id for each in registry} - before)
        (ident,) = {each.id for each in registry} - before
        seen = b""
        while mark not in seen:
            data = await reader.read(65536)
            assert data, seen
            seen += data
        writer.close()
        exchange = registry.get(ident)
        await until(lambda: exchange is None or not exchange.replay.readers)
        return ident

    async def ended(self, ident: str) -> None:
        """Wait until an exchange is over, and all that is to be kept of it is on the disk."""
        exchange = self.gateway.door.registry.get(ident)
        await until(lambda: exchange is None or exchange.settled)
        await self.storage.keeper.quiet()

    @property
    def storage(self) -> Storage:
        assert self.gateway.storage is not None
        return self.gateway.storage

    @property
    def counted(self) -> dict[str, float]:
        """Every series without labels that is not 0."""
        self.gateway.recorder.flush()
        page = self.gateway.metrics.render().decode()
        return {name: float(told) for name, told in re.findall(r"^(\w+) ([\d.]+)$", page, re.MULTILINE) if float(told)}

    async def kill(self) -> None:
        """As if the process was killed: nothing more is written, and the system tells others that it is over."""
        door = self.gateway.door
        door.keeper = door.registry.keeper = door.registry.manifest = None
        for exchange in door.registry:
            exchange.keep = exchange.on_handle = None
        kept, self.gateway.storage = self.storage, None
        kept.life.end()
        for part in (kept.upkeep, kept.keeper, kept.sender, kept.store):
            await part.close()


async def until(true: Callable[[], object]) -> None:
    while not true():  # noqa: ASYNC110 - real sockets have no event for it
        await asyncio.sleep(0.002)


@asynccontextmanager
async def house(
    text: str = CHANNEL + KEYS,
    side_door: Path | None = None,
    *,
    data_dir: Path | None = None,
    forgetful: bool = False,
    **environ: str,
) -> AsyncIterator[House]:
    """`data_dir`: where answers are kept; the next house there finds what this one kept. Without one they are in memory
    only, as if the store never took any; `forgetful`: not even there, as with `keep_results: off`.
    """
    logs = Logs("error", stream=io.StringIO())
    if data_dir is not None:
        text += f"data_dir: {data_dir}\n"
    settings = loads(text, env=environ)
    store = None if data_dir is None else await open_store(settings, check=False)
    made = gateway.build(settings, logs, gateway.Site(worker=5, side_door=side_door, store=store))
    if made.storage is not None:
        await made.storage.upkeep.bury()
    elif not forgetful:
        made.door.registry.keeps = lambda _: True
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


@asynccontextmanager
async def provider(more: str = "") -> AsyncIterator[tuple[str, Simulator]]:
    """A simulated provider, and the configuration of gateways before it."""
    model = Simulator()
    url = await model.start()
    try:
        yield f"channels: [{{name: sim, base_url: '{url}'}}]\n{KEYS}heartbeat: {{enabled: false}}\n{more}", model
    finally:
        await model.stop()

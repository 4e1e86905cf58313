"""Probes of a simulated provider, and of servers on loopback that play a script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from outwait.toolkit.check.clocks import spans
from outwait.toolkit.check.probe import Probe
from outwait.toolkit.check.sending import Place, client, send
from outwait.toolkit.check.target import Target, of_url
from outwait.toolkit.check.wording import Asking, word
from outwait.toolkit.simulate.server import Simulator
from outwait.wire.tls import server_context

PEM = str(Path(__file__).parents[2] / "wire" / "localhost.pem")  # for localhost and 127.0.0.1
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PATIENT = ("10s",)
QUICK = ("first_byte=150ms", "first_token=150ms", "idle=150ms", "connect=5s", "total=10s")


async def probed(
    target: Target, *, probes: int = 1, reuse: bool = False, limits: Sequence[str] = PATIENT, **asking: Any
) -> list[Probe]:
    wording = word(target, Asking(**asking))
    began = asyncio.get_running_loop().time()
    async with client(wording, reuse=reuse) as sender:
        return [
            await send(sender, wording, spans(limits), Place(1, number, began), reuse=reuse)
            for number in range(1, probes + 1)
        ]


def simulated(model: str | None, dialect: str | None = None, **more: Any) -> list[Probe]:
    """Probes of a simulated provider."""

    async def story() -> list[Probe]:
        simulator = Simulator(**more.pop("options", {}))
        url = await simulator.start()
        base = url if dialect in (None, "responses") else url.removesuffix("/v1")
        try:
            key = more.pop("key", None)
            return await probed(of_url(base, model=model, dialect=dialect, key=key), **more)
        finally:
            await simulator.stop()

    return asyncio.run(story())


@asynccontextmanager
async def serving(script: Script, *, tls: bool = False) -> AsyncIterator[int]:
    """A server that plays `script` to each connection; its port."""
    playing: set[asyncio.Task[Any]] = set()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        playing.add(task)
        try:
            await script(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        writer.close()
        with suppress(ConnectionError, asyncio.CancelledError):
            await writer.wait_closed()

    server = await asyncio.start_server(play, "127.0.0.1", 0, ssl=server_context(PEM) if tls else None)
    async with server:
        yield server.sockets[0].getsockname()[1]
        for task in playing:
            task.cancel()
        await asyncio.gather(*playing)


def scripted(script: Script, target: Callable[[int], Target], *, tls: bool = False, **more: Any) -> list[Probe]:
    """Probes of such a server."""

    async def story() -> list[Probe]:
        async with serving(script, tls=tls) as port:
            return await probed(target(port), **more)

    return asyncio.run(story())


async def read_head(reader: asyncio.StreamReader) -> None:
    """The head of a request."""
    await reader.readuntil(b"\r\n\r\n")

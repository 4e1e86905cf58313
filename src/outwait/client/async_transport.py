"""The transport for `httpx2.AsyncClient`: what `outwait.client.transport` promises, on asyncio and trio."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import anyio
import httpx2

from outwait.client.course import Reattach
from outwait.client.flow import Ports, Whole
from outwait.client.steps import RAW, Done, Drop, Pass, Pause, Read, Send, Step, Steps, advance, as_read_error
from outwait.client.transport import flow_of, response_of


class AsyncReattachingTransport(httpx2.AsyncBaseTransport):
    """For `httpx2.AsyncClient(transport=...)`. `inner`: the transport that makes connections; closed with this one.

    `clock`: seconds, steady. `sleep`, `luck`: for tests.
    """

    def __init__(
        self,
        inner: httpx2.AsyncBaseTransport | None = None,
        reattach: Reattach | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        luck: Callable[[], float] = random.random,
    ) -> None:
        self._inner = inner or httpx2.AsyncHTTPTransport()
        self._ports = Ports(clock, luck, reattach or Reattach())
        self._sleep = sleep

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer `request`; see `httpx2.AsyncBaseTransport`."""
        flow = flow_of(request, self._ports)
        if flow is None:
            return await self._inner.handle_async_request(request)
        line = _Line(self._inner, self._sleep)
        try:
            reply = await line.run(flow.call())
        except BaseException:  # task top: whatever ended it, its line is closed
            await line.drop()
            raise
        if isinstance(reply, Whole):
            await line.drop()
            return response_of(reply.response, httpx2.ByteStream(reply.body))
        return response_of(reply, _Body(line, flow.body(reply))) if flow.flows else reply

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self._inner.aclose()


class _Line:
    """Does what a flow says; has at most one response open."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._inner = inner
        self._sleep = sleep
        self._pieces: AsyncIterator[bytes] | None = None
        self.response: httpx2.Response | None = None

    async def run(self, steps: Steps[httpx2.Response | Whole]) -> httpx2.Response | Whole:
        """All steps to a reply."""
        step = advance(steps)
        while not isinstance(step, Done):
            step = await self.follow(steps, step)
        return step.value

    async def follow(self, steps: Steps[Any], step: Step) -> Step | Done[Any]:
        """Do one step; returns the next one."""
        try:
            result = await self._do(step)
        except httpx2.TransportError as error:
            return advance(steps, trouble=error)
        except RAW as error:
            return advance(steps, trouble=as_read_error(error))
        return advance(steps, result)

    async def _do(self, step: Step) -> object:
        match step:
            case Read():
                return None if self._pieces is None else await anext(self._pieces, None)
            case Send(request):
                await self.drop()
                response = await self._inner.handle_async_request(request)
                self._pieces = aiter(_readable(response))
                self.response = response
                return response
            case Drop():
                await self.drop()
            case Pause(seconds):
                await self._sleep(seconds)
            case Pass():
                pass
        return None

    async def drop(self) -> None:
        """Close the response that is open."""
        response, self.response, self._pieces = self.response, None, None
        if response is not None:
            await response.aclose()


def _readable(response: httpx2.Response) -> httpx2.AsyncByteStream:
    if not isinstance(response.stream, httpx2.AsyncByteStream):
        raise TypeError("the inner transport of an AsyncReattachingTransport must be one for httpx2.AsyncClient")
    return response.stream


class _Body(httpx2.AsyncByteStream):
    """The body of an answer, over as many connections as it takes."""

    def __init__(self, line: _Line, steps: Steps[None]) -> None:
        self._line = line
        self._steps = steps

    async def __aiter__(self) -> AsyncIterator[bytes]:
        step = advance(self._steps)
        while not isinstance(step, Done):
            if isinstance(step, Pass):
                yield step.data
            step = await self._line.follow(self._steps, step)

    async def aclose(self) -> None:
        """Close the connection. The answer is not taken up again."""
        await self._line.drop()

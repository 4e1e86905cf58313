"""The transport for `httpx2.Client`: an answer whose connection broke is taken up again, not asked for again.

Promises: an answer from outwait arrives as if its connection had never broken, from one upstream call, or with the
httpx2 error of the first break, which names the exchange. With any other server it does what its inner transport does.
The call's own timeouts hold. Closing a response ends its call here; what becomes of the exchange, the gateway decides.
What happens is told in `outwait.client.flow`.
"""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx2

from outwait.client.course import Reattach
from outwait.client.flow import Flow, Ports, Whole
from outwait.client.places import place_of
from outwait.client.steps import RAW, Done, Drop, Pass, Pause, Read, Send, Step, Steps, advance, as_read_error

ABANDON: Final = "outwait.abandon"  # in a response's extensions: ends a read that waits in another thread


def flow_of(request: httpx2.Request, ports: Ports) -> Flow | None:
    """How `request` is made; None where there is nothing to come back for."""
    if ports.rules.gateway is False:
        return None
    place = place_of(request.method, request.url.raw_path.decode("ascii"))
    return None if place is None else Flow(request, place, ports, again=isinstance(request.stream, httpx2.ByteStream))


def response_of(
    reply: httpx2.Response, stream: httpx2.SyncByteStream | httpx2.AsyncByteStream, **more: object
) -> httpx2.Response:
    """The response that the caller sees: the head of `reply` over another body. `more`: extensions."""
    return httpx2.Response(
        reply.status_code, headers=reply.headers.raw, stream=stream, extensions={**reply.extensions, **more}
    )


class ReattachingTransport(httpx2.BaseTransport):
    """For `httpx2.Client(transport=...)`. `inner`: the transport that makes connections; closed with this one.

    `clock`: seconds, steady. `sleep`, `luck`: for tests.
    """

    def __init__(
        self,
        inner: httpx2.BaseTransport | None = None,
        reattach: Reattach | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        luck: Callable[[], float] = random.random,
    ) -> None:
        self._inner = inner or httpx2.HTTPTransport()
        self._ports = Ports(clock, luck, reattach or Reattach())
        self._sleep = sleep

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer `request`; see `httpx2.BaseTransport`."""
        flow = flow_of(request, self._ports)
        if flow is None:
            return self._inner.handle_request(request)
        line = _Line(self._inner, self._sleep)
        try:
            reply = line.run(flow.call())
        except BaseException:  # task top: whatever ended it, its line is closed
            line.drop()
            raise
        if isinstance(reply, Whole):
            line.drop()
            return response_of(reply.response, httpx2.ByteStream(reply.body))
        if not flow.flows:
            return reply
        body = _Body(line, flow.body(reply))
        return response_of(reply, body, **{ABANDON: body.abandon})

    def close(self) -> None:
        """Close the inner transport."""
        self._inner.close()


class _Line:
    """Does what a flow says; has at most one response open. `closed`: by the caller; nothing is taken up any more."""

    def __init__(self, inner: httpx2.BaseTransport, sleep: Callable[[float], None]) -> None:
        self._inner = inner
        self._sleep = sleep
        self._pieces: Iterator[bytes] = iter(())
        self.response: httpx2.Response | None = None
        self.closed = False

    def run(self, steps: Steps[httpx2.Response | Whole]) -> httpx2.Response | Whole:
        """All steps to a reply."""
        step = advance(steps)
        while not isinstance(step, Done):
            step = self.follow(steps, step)
        return step.value

    def follow(self, steps: Steps[Any], step: Step) -> Step | Done[Any]:
        """Do one step; returns the next one."""
        if self.closed:
            raise httpx2.ReadError("the response was closed")
        try:
            result = self._do(step)
        except httpx2.TransportError as error:
            if self.closed:
                raise
            return advance(steps, trouble=error)
        except RAW as error:
            if self.closed:
                raise
            return advance(steps, trouble=as_read_error(error))
        return advance(steps, result)

    def _do(self, step: Step) -> object:
        match step:
            case Read():
                return next(self._pieces, None)
            case Send(request):
                self.drop()
                response = self._inner.handle_request(request)
                self._pieces = iter(_readable(response))
                self.response = response
                return response
            case Drop():
                self.drop()
            case Pause(seconds):
                self._sleep(seconds)
            case Pass():
                pass
        return None

    def drop(self) -> None:
        """Close the response that is open."""
        response, self.response, self._pieces = self.response, None, iter(())
        if response is not None:
            response.close()


def _readable(response: httpx2.Response) -> httpx2.SyncByteStream:
    if not isinstance(response.stream, httpx2.SyncByteStream):
        raise TypeError("the inner transport of a ReattachingTransport must be one for httpx2.Client")
    return response.stream


class _Body(httpx2.SyncByteStream):
    """The body of an answer, over as many connections as it takes."""

    def __init__(self, line: _Line, steps: Steps[None]) -> None:
        self._line = line
        self._steps = steps

    def __iter__(self) -> Iterator[bytes]:
        step = advance(self._steps)
        while not isinstance(step, Done):
            if isinstance(step, Pass):
                yield step.data
            step = self._line.follow(self._steps, step)

    def close(self) -> None:
        """Close the connection. The answer is not taken up again."""
        self._line.closed = True
        self._line.drop()

    def abandon(self) -> None:
        """End a read that waits in another thread: it raises, and the answer is not taken up again."""
        self._line.closed = True
        response = self._line.response
        stream = response.extensions.get("network_stream") if response is not None else None
        raw = stream.get_extra_info("socket") if stream is not None else None
        if raw is not None:
            try:
                raw.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it is closed already

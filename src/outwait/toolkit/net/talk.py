"""What is said over one open connection: TLS where the scheme wants it, then one request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from outwait.toolkit.net import request
from outwait.toolkit.net.findings import Answered, Shook, Talk, Tls
from outwait.toolkit.net.handshake import Opener, Trust, preferred, shake, speaks
from outwait.toolkit.net.line import Line
from outwait.toolkit.net.target import Target

_UNHEARD = (Answered.RESET, Answered.CLOSED, Answered.GARBLED)  # as of a server that waited for TLS


@dataclass(frozen=True, slots=True)
class Asking:
    """How to talk. `where`: the request target, a whole URL for a plain proxy. `clock`: this machine's date.

    Spans are seconds.
    """

    target: Target
    trust: Trust
    method: str
    where: str
    clock: Callable[[], float]
    tls_span: float
    reply_span: float


async def talk(line: Line, asking: Asking, again: Opener, deadline: float) -> Talk:
    """TLS and HTTP on `line`, which is closed in the end; nothing lasts past `deadline` (the loop's time).

    A peer whose certificate is not to be trusted is asked all the same, without anything secret.
    """
    loop = asyncio.get_running_loop()
    address, tls, use = line.address, None, line
    opened = [line]

    async def more() -> Line | None:
        made = await again()
        if made is not None:
            opened.append(made)
        return made

    try:
        if asking.target.scheme == "https":
            span = min(asking.tls_span, max(0.1, deadline - loop.time()))
            next_line, tls = await shake(line, asking.trust, more, span, asking.clock())
            if next_line is None or tls.shook not in (Shook.OK, Shook.UNTRUSTED):
                return Talk(address, tls, None)
            use = next_line
        left = deadline - loop.time()
        if left <= 0:
            return Talk(address, tls, None)
        span = min(asking.reply_span, left)
        question = request.Question(asking.method, asking.where, asking.target.authority, asking.clock)
        reply, alpn = await asyncio.gather(
            request.ask(use, question, span), _alpn(tls, more, asking.trust.host, min(asking.tls_span, span))
        )
        if tls is None and reply.answered in _UNHEARD and not reply.wants_tls:
            reply = replace(reply, wants_tls=await speaks(more, asking.trust.host, asking.tls_span))
        return Talk(address, tls if tls is None else replace(tls, alpn=alpn), reply)
    finally:
        for each in opened:
            each.close()


async def _alpn(tls: Tls | None, again: Opener, host: str, timeout: float) -> str:
    return "" if tls is None else await preferred(again, host, timeout)

"""The way through a proxy: CONNECT for https (RFC 9110, 9.3.6), a whole URL in the request for http."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace
from urllib.parse import unquote

from outwait.toolkit.net import eyeballs, lookup, request
from outwait.toolkit.net.environment import Proxy
from outwait.toolkit.net.findings import Answered, Proxied, Tunnel
from outwait.toolkit.net.line import Line, open_line
from outwait.toolkit.net.talk import Asking, talk

_SPOKEN = ("http",)


async def through(proxy: Proxy, asking: Asking, connect_span: float, deadline: float) -> Proxied:
    """Go to the target through `proxy`, and talk to it there."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    if proxy.problem:
        return Proxied(proxy.variable, proxy.url, Tunnel.BAD_URL, 0.0, detail=proxy.problem)
    if proxy.scheme not in _SPOKEN:
        return Proxied(proxy.variable, proxy.url, Tunnel.NOT_SPOKEN, 0.0, detail=proxy.scheme)
    names = await lookup.system(proxy.host, connect_span)
    if not names.system:
        return Proxied(proxy.variable, proxy.url, Tunnel.UNREACHED, names.seconds, detail=names.error)
    found = Proxied(proxy.variable, proxy.url, Tunnel.UNREACHED, 0.0)
    for address in eyeballs.order(names.system):
        line, attempt = await open_line(address, proxy.port, connect_span)
        found = replace(found, attempts=(*found.attempts, attempt), seconds=loop.time() - began)
        if line is not None:
            return await _speak(found, line, proxy, asking, deadline)
    return found


async def _speak(found: Proxied, line: Line, proxy: Proxy, asking: Asking, deadline: float) -> Proxied:
    loop = asyncio.get_running_loop()
    began = loop.time()
    if asking.target.scheme == "http":
        plain = replace(asking, where=asking.target.sent)
        said = await talk(line, plain, _nobody, deadline)
        if said.reply is not None and said.reply.answered is Answered.GARBLED:
            return replace(found, tunnel=Tunnel.BROKEN, detail=said.reply.detail)
        return replace(found, tunnel=Tunnel.OPEN, talk=said)
    span = min(asking.tls_span * 2, max(0.1, deadline - loop.time()))
    tunnel, status, detail = await _connect(line, proxy, asking, span)
    found = replace(found, tunnel=tunnel, status=status, detail=detail, seconds=found.seconds + loop.time() - began)
    if tunnel is not Tunnel.OPEN:
        line.close()
        return found

    async def again() -> Line | None:
        more, _ = await open_line(line.address, proxy.port, span)
        if more is None:
            return None
        if (await _connect(more, proxy, asking, span))[0] is Tunnel.OPEN:
            return more
        more.close()
        return None

    return replace(found, talk=await talk(line, asking, again, deadline))


async def _connect(line: Line, proxy: Proxy, asking: Asking, timeout: float) -> tuple[Tunnel, int, str]:
    """Ask for the tunnel: how it went, the proxy's status, its words."""
    target = asking.target
    host = f"[{target.host}]" if ":" in target.host else target.host
    lines = [f"CONNECT {host}:{target.port} HTTP/1.1", f"Host: {host}:{target.port}", "User-Agent: outwait-net"]
    if proxy.credentials:
        told = base64.b64encode(unquote(proxy.credentials).encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {told}")
    raw = b""
    try:
        async with asyncio.timeout(timeout):
            await line.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
            while b"\r\n\r\n" not in raw and len(raw) < request.HEAD_LIMIT:
                piece = await line.receive()
                if not piece:
                    break
                raw += piece
    except TimeoutError:
        return Tunnel.SILENT, 0, ""
    except OSError as error:
        return Tunnel.BROKEN, 0, error.strerror or str(error)
    found = request.head(raw)
    line.seen = b""  # what comes now is the target's
    if found is None:
        return Tunnel.BROKEN, 0, raw[:40].decode("latin-1")
    status, reason, _ = found
    return (Tunnel.OPEN if 200 <= status < 300 else Tunnel.REFUSED), status, reason


async def _nobody() -> Line | None:
    return None

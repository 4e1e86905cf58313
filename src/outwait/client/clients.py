"""httpx2 clients for the official SDKs whose answers survive broken connections.

from openai import OpenAI
from outwait.client import reattaching_client

client = OpenAI(base_url="http://127.0.0.1:8787/v1", http_client=reattaching_client())
"""

from __future__ import annotations

import socket
from dataclasses import fields
from typing import Any, Final

import httpx2

from outwait.client.async_transport import AsyncReattachingTransport
from outwait.client.course import Reattach
from outwait.client.transport import ReattachingTransport

# As the SDKs' own clients have it.
_LIMITS: Final = httpx2.Limits(max_connections=1000, max_keepalive_connections=100)
_TIMEOUT: Final = httpx2.Timeout(600.0, connect=5.0)

# A line that died without a word is noticed by the kernel after some six minutes.
_KEEPALIVE: Final = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 60), ("TCP_KEEPCNT", 5))
        if hasattr(socket, name)
    ),
)
_OF_TRANSPORT: Final = frozenset(("verify", "cert", "http1", "http2", "limits", "proxy", "trust_env"))


def reattaching_client(reattach: Reattach | None = None, **options: Any) -> httpx2.Client:
    """A client for an SDK's `http_client`.

    `options`: of `httpx2.Client`; timeout, limits and redirects are those of the SDKs' own clients unless given.
    Proxies of the environment are not used: give one with `proxy`.
    """
    inner = httpx2.HTTPTransport(**_for_transport(options))
    return httpx2.Client(transport=ReattachingTransport(inner, reattach), **_for_client(options))


def reattaching_async_client(reattach: Reattach | None = None, **options: Any) -> httpx2.AsyncClient:
    """See `reattaching_client`."""
    inner = httpx2.AsyncHTTPTransport(**_for_transport(options))
    return httpx2.AsyncClient(transport=AsyncReattachingTransport(inner, reattach), **_for_client(options))


def _for_transport(options: dict[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in options.items() if name in _OF_TRANSPORT}
    return {"limits": _LIMITS, "socket_options": _KEEPALIVE, **given}


def _for_client(options: dict[str, Any]) -> dict[str, Any]:
    if "transport" in options:
        raise TypeError("a transport of your own goes into ReattachingTransport(...), and that into httpx2.Client")
    misplaced = [each.name for each in fields(Reattach) if each.name in options]
    if misplaced:
        raise TypeError(f"{', '.join(misplaced)}: that goes into Reattach({misplaced[0]}=...), the first argument")
    given = {name: value for name, value in options.items() if name not in _OF_TRANSPORT}
    return {"timeout": _TIMEOUT, "follow_redirects": True, **given}

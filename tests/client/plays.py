"""What servers say in the tests of the transports."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2
from tests.client.lines import chat
from tests.client.scripted import Piece, Play, Server

CHAT = "http://gateway/v1/chat/completions"
EVENTS = chat(4)
WHOLE = b"".join(EVENTS)
ID = "ow_1"
BODY = {"model": "m", "stream": True}
DOCUMENT = b'{"choices":[1]}'
PAGE = b"<html>504</html>"
Make = Callable[..., tuple[httpx2.Client, Server]]


def broken(kind: type[httpx2.TransportError] = httpx2.ReadError) -> httpx2.TransportError:
    return kind("the line broke")


def answer(*pieces: Piece, **more: Any) -> Play:
    return Play(pieces, exchange=ID, **more)


def reply(*pieces: Piece, **more: Any) -> Play:
    return Play(pieces, **{"exchange": ID, "kind": "application/json", **more})


PAGE = b"<html>504</html>"


def told(client: httpx2.Client, url: str = CHAT, **more: Any) -> bytes:
    with client.stream("POST", url, json=BODY, **more) as response:
        return b"".join(response.iter_raw())


def probe(**heartbeat: float) -> Play:
    """What a gateway says that is asked who it is; one that has no probe for us says so as itself."""
    if not heartbeat:
        return Play(exchange="ow_2", status=404, kind="application/json")
    told = {"object": "probe.bounds", "version": "1", "max_silence": 9, "heartbeat": heartbeat}
    return Play([json.dumps(told).encode()], kind="application/json")


def page(status: int = 504) -> Play:
    return Play([PAGE], status=status, kind="text/html")

"""What the gateway reads of a client's request: the few facts that decide, and the bytes it passes on."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Call(msgspec.Struct, frozen=True, gc=False):
    """One client call, read once at the door.

    `dialect`: the client's protocol (`openai`, ...). `endpoint`: what of it, e.g. `chat.completions`. `model`: the
    public name the client used. `stream`: whether the client wants a stream. `effort`: reasoning effort if the client
    named one. `foldable`: a JSON call that may be streamed upstream and folded. `body`: the request body exactly
    as received. `headers`: lower-case names.
    """

    dialect: str
    endpoint: str
    model: str
    stream: bool
    body: bytes
    headers: Mapping[str, str] = {}
    effort: str | None = None
    foldable: bool = True
    include_usage: bool = False
    method: str = "POST"
    path: str = "/v1/chat/completions"

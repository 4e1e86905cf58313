"""What the gateway reads of a client's request: the few facts that decide, and the bytes it passes on."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class State(msgspec.Struct, frozen=True, gc=False):
    """What a Responses call is beside its body, where outwait keeps its response.

    `ident`: the id outwait gives the response. `background`: it is answered at once, and goes on without a client.
    `expanded`: the body with the whole conversation as its input, None if it continues nothing that is kept here.
    `channel`: has the response that this one continues by itself, under the id `upstream`; "" if none has.
    """

    ident: str
    background: bool = False
    expanded: bytes | None = None
    channel: str = ""
    upstream: str = ""


class Call(msgspec.Struct, frozen=True, gc=False):
    """One client call, read once at the door.

    `dialect`: the client's protocol (`openai`, ...). `endpoint`: what of it, e.g. `chat.completions`. `model`: the
    public name the client used. `stream`: whether the client wants a stream. `effort`: reasoning effort if the client
    named one. `foldable`: a JSON call that may be streamed upstream and folded. `body`: the request body exactly
    as received. `headers`: lower-case names. `state`: of a Responses call whose response outwait keeps. `created`: when
    its exchange began (whole seconds since 1970), 0 before it has.
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
    state: State | None = None
    created: int = 0

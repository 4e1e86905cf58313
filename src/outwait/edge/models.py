"""GET /v1/models and /v1/models/{name}: the models a key may name, as far as the configuration names them."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

import msgspec

from outwait.access.admission import admit
from outwait.core.catalog import Catalog
from outwait.core.fault import Refusal, fault
from outwait.core.principal import Principal
from outwait.dialects.dialect import Dialect
from outwait.edge.door import Door
from outwait.edge.refuse import refuse
from outwait.wire.request import Request

_JSON = b"content-type: application/json\r\n"
_WILD = frozenset("*?[")


async def list_models(door: Door, dialect: Dialect, request: Request) -> None:
    """All models, as OpenAI lists them."""
    try:
        principal = admit(request.headers, door.catalog)
    except Refusal as refused:
        refuse(door, dialect, request, refused.fault)
        return
    found = [_card(name, channel) for name, channel in public_models(door.catalog, principal)]
    request.outlet.send(200, _JSON, msgspec.json.encode({"object": "list", "data": found}))


async def get_model(door: Door, dialect: Dialect, request: Request) -> None:
    """One model, if some channel serves it: a name that only fits a glob counts too."""
    name = request.path.removeprefix("/v1/models/")
    try:
        principal = admit(request.headers, door.catalog)
        channel = _serving(door.catalog, principal, name)
        if channel is None:
            raise Refusal(fault("model_not_found", f"No channel serves the model {name[:100]!r}.", param="model"))
    except Refusal as refused:
        refuse(door, dialect, request, refused.fault)
        return
    request.outlet.send(200, _JSON, msgspec.json.encode(_card(name, channel)))


def public_models(catalog: Catalog, principal: Principal) -> Iterator[tuple[str, str]]:
    """Each model name the configuration spells out and this key may use, once, with the first channel serving it."""
    seen: set[str] = set()
    for channel in sorted(catalog.channels, key=lambda each: each.priority):
        for name in (*channel.models, *channel.model_map):
            if name not in seen and not _WILD & set(name) and _allowed(principal, name):
                seen.add(name)
                yield name, channel.name


def _serving(catalog: Catalog, principal: Principal, name: str) -> str | None:
    if not name or not _allowed(principal, name):
        return None
    for channel in sorted(catalog.channels, key=lambda each: each.priority):
        if not channel.models or name in channel.model_map or any(fnmatchcase(name, glob) for glob in channel.models):
            return channel.name
    return None


def _allowed(principal: Principal, name: str) -> bool:
    return any(fnmatchcase(name, glob) for glob in principal.models)


def _card(name: str, channel: str) -> dict[str, object]:
    # No provider says when a model came to be in a way that could be trusted; 0 is what compatible servers send.
    return {"id": name, "object": "model", "created": 0, "owned_by": channel}

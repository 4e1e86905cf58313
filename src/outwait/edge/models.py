"""The models a key may name, as the configuration and the providers name them, told as each protocol lists models.

OpenAI, Anthropic and newer clients of Google all list at /v1/models; a client's own headers say which form it knows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import unquote

import msgspec

from outwait.core.catalog import Catalog, Channel
from outwait.core.fault import Refusal
from outwait.core.principal import Principal
from outwait.dialects.dialect import Dialect
from outwait.dialects.gemini.target import METHODS
from outwait.dialects.provider import way
from outwait.dialects.providers import PROVIDERS
from outwait.dialects.table import DIALECTS
from outwait.edge.door import Door
from outwait.edge.known import meet
from outwait.edge.refuse import refuse
from outwait.plan.fallback import offered, owner
from outwait.plan.routes import NOTHING, unnamed
from outwait.wire.request import Request

PATH = "/v1/models/"
GEMINI_PATH = "/v1beta/models"
_JSON = b"content-type: application/json\r\n"
_AT_ONCE = 100  # cards made in one turn of the loop: some milliseconds
_OWN = {"anthropic-version": "anthropic", "x-goog-api-key": "gemini", "x-goog-api-client": "gemini"}


async def list_models(door: Door, dialect: Dialect, request: Request) -> None:
    """All models. What the configuration leaves open (a channel without names, a glob) its provider is asked for; a
    channel whose provider does not tell in time, or at all, adds only the names it is configured with.
    """
    spoken = _spoken(dialect, request)
    principal: Principal | None = None
    try:
        principal = meet(door, spoken, request).principal
        if door.lists is not None:
            await door.lists.refresh(unnamed(door.catalog.channels, principal))
            principal = meet(door, spoken, request).principal  # the configuration may be another one by now
        found = await _all(spoken.name, principal, door)
    except Refusal as refused:
        refuse(door, spoken, request, refused.fault, principal)
        return
    request.outlet.send(200, _JSON, msgspec.json.encode(_page(spoken.name, found)))


def get_model(door: Door, dialect: Dialect, request: Request) -> None:
    """One model, if some channel serves it: a name that only fits a glob counts too."""
    spoken = _spoken(dialect, request)
    named = request.path.removeprefix(PATH).removeprefix(f"{GEMINI_PATH}/")
    name = unquote(named)  # SDKs send `org/model` with its slash, or with %2F
    principal: Principal | None = None
    try:
        principal = meet(door, spoken, request).principal
        card = _card(spoken.name, name, principal, door.catalog)
    except Refusal as refused:
        refuse(door, spoken, request, refused.fault, principal)
        return
    request.outlet.send(200, _JSON, msgspec.json.encode(card))


def _spoken(dialect: Dialect, request: Request) -> Dialect:
    if dialect.name != "openai":
        return dialect
    own = next((name for header, name in _OWN.items() if header in request.headers), None)
    return dialect if own is None else DIALECTS[own]


async def _all(form: str, principal: Principal, door: Door) -> list[Mapping[str, object]]:
    """The cards, made some at a time: there may be thousands, and in between other clients' answers go on."""
    catalog = door.catalog
    names = offered(principal, catalog, NOTHING if door.lists is None else door.lists.told())
    found: list[Mapping[str, object]] = []
    for start in range(0, len(names), _AT_ONCE):
        if start:
            await asyncio.sleep(0)
        found += [_card(form, name, principal, catalog) for name in names[start : start + _AT_ONCE]]
    return found


def _card(form: str, name: str, principal: Principal, catalog: Catalog) -> Mapping[str, object]:
    """One model. Raises Refusal when a call of it would be refused.

    No provider says when a model came to be in a way that could be trusted; the beginning of time is what compatible
    servers send.
    """
    channel = owner(name, principal, catalog)
    if form == "anthropic":
        return {"type": "model", "id": name, "display_name": name, "created_at": "1970-01-01T00:00:00Z"}
    if form == "gemini":
        methods = [method for method, endpoint in METHODS.items() if _answers(channel, endpoint, name)]
        return {"name": f"models/{name}", "displayName": name, "version": "", "supportedGenerationMethods": methods}
    return {"id": name, "object": "model", "created": 0, "owned_by": channel.name}


def _answers(channel: Channel, endpoint: str, name: str) -> bool:
    model = channel.model_map.get(name, name)
    return way(PROVIDERS[channel.dialect], channel.endpoints, "gemini", endpoint, model) is not None


def _page(form: str, found: list[Mapping[str, object]]) -> Mapping[str, object]:
    if form == "gemini":
        return {"models": found}
    if form == "anthropic":
        ends = (found[0]["id"], found[-1]["id"]) if found else (None, None)
        return {"data": found, "has_more": False, "first_id": ends[0], "last_id": ends[1]}
    return {"object": "list", "data": found}

"""GET /v1/models and /v1/models/{name}: the models a key may name, as far as the configuration names them."""

from __future__ import annotations

from urllib.parse import unquote

import msgspec

from outwait.access.admission import admit
from outwait.core.catalog import Catalog
from outwait.core.fault import Refusal
from outwait.core.principal import Principal
from outwait.core.request import Call
from outwait.dialects.dialect import Dialect
from outwait.edge.door import Door
from outwait.edge.refuse import refuse
from outwait.plan.routes import names, route
from outwait.wire.request import Request

PATH = "/v1/models/"
_JSON = b"content-type: application/json\r\n"


def list_models(door: Door, dialect: Dialect, request: Request) -> None:
    """All models, as OpenAI lists them. A channel that is open to every name, or to a glob, adds nothing."""
    try:
        principal = admit(request.headers, door.catalog)
    except Refusal as refused:
        refuse(door, dialect, request, refused.fault)
        return
    found = [_card(dialect, name, principal, door.catalog) for name in names(door.catalog.channels, principal)]
    request.outlet.send(200, _JSON, msgspec.json.encode({"object": "list", "data": found}))


def get_model(door: Door, dialect: Dialect, request: Request) -> None:
    """One model, if some channel serves it: a name that only fits a glob counts too."""
    name = unquote(request.path.removeprefix(PATH))  # SDKs send `org/model` with its slash, or with %2F
    principal: Principal | None = None
    try:
        principal = admit(request.headers, door.catalog)
        card = _card(dialect, name, principal, door.catalog)
    except Refusal as refused:
        refuse(door, dialect, request, refused.fault, principal)
        return
    request.outlet.send(200, _JSON, msgspec.json.encode(card))


def _card(dialect: Dialect, name: str, principal: Principal, catalog: Catalog) -> dict[str, object]:
    """Raises Refusal when a call of this model would be refused."""
    channel, _ = route(Call(dialect.name, "models", name, False, b""), principal, catalog.channels)[0]
    # No provider says when a model came to be in a way that could be trusted; 0 is what compatible servers send.
    return {"id": name, "object": "model", "created": 0, "owned_by": channel.name}

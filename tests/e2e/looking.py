"""How a gateway's channels are, as its channels page and its log tell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.e2e.asking import get
from tests.e2e.stage import Gateway

Row = dict[str, Any]


def channel(gateway: Gateway, name: str, key: Mapping[str, str] | None = None) -> Row:
    """One channel, by whichever worker answers."""
    heard = get(gateway.port, f"/v1/channels/{name}", key)
    assert heard.status == 200, heard.body
    return dict(heard.json)


def endpoint(gateway: Gateway, name: str) -> Row:
    """One endpoint, `channel/model`."""
    rows = channel(gateway, name.partition("/")[0])["endpoints"]
    return next(dict(row) for row in rows if row["name"] == name)


def state(gateway: Gateway, name: str) -> str:
    """In which state an endpoint is."""
    return str(endpoint(gateway, name)["state"])


def changes(gateway: Gateway, name: str) -> list[str]:
    """What the log says has become of an endpoint or a channel, in its order: `ejected: …`, `healthy`."""
    lines = (json.loads(line) for line in gateway.text().splitlines() if line.startswith("{"))
    said = (str(each["event"]) for each in lines)
    return [each.removeprefix(f"{name}: ") for each in said if each.startswith(f"{name}: ")]

"""What an entry says about a delivery after the first."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from outwait.core.entry import Entry

FIRST = Entry(
    exchange="ow_1",
    key="dev",
    dialect="openai",
    endpoint="chat.completions",
    model="m",
    scenario="chat",
    stream=False,
    outcome="completed",
    delivered="whole",
    status=200,
    started=0.0,
    duration=1.0,
    attempts=1,
    channel="main",
    upstream_model="m",
    first_byte=None,
    first_token=None,
    silence=0.0,
    heartbeats=0,
    retries=(),
    rescued=False,
    adopted=False,
    fault=None,
    usage=None,
    timeline=(),
)


@pytest.mark.parametrize(
    "way, saved, further",
    [
        ({}, False, False),
        ({"adopted": True}, True, True),
        ({"attached": True}, True, True),
        ({"replayed": True}, True, True),
        ({"reattached": True}, False, True),
    ],
)
def test_which_deliveries_cost_no_call(way: dict[str, Any], saved: bool, further: bool) -> None:
    entry = replace(FIRST, **way)
    assert (entry.saved, entry.further) == (saved, further)

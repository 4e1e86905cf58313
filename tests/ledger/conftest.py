"""An ordinary entry, and ways to change it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from outwait.core.entry import Entry, Mark

MakeEntry = Callable[..., Entry]

ORDINARY = Entry(
    exchange="ow_1",
    key="dev",
    dialect="openai",
    endpoint="chat.completions",
    model="gpt-4o",
    scenario="chat",
    stream=True,
    outcome="completed",
    delivered="whole",
    status=200,
    started=1_700_000_000.0,
    duration=1.25,
    attempts=1,
    channel="main",
    upstream_model="gpt-4o",
    first_byte=0.5,
    first_token=0.75,
    silence=0.5,
    heartbeats=0,
    retries=(),
    rescued=False,
    adopted=False,
    fault=None,
    usage=None,
    timeline=(Mark(0.0, "accepted", "chat"), Mark(0.5, "head", "200"), Mark(1.25, "completed")),
)


@pytest.fixture(scope="session")  # it keeps nothing, and Hypothesis wants no fixture made anew for each test
def entry() -> MakeEntry:
    def make(**changes: Any) -> Entry:
        return replace(ORDINARY, **changes)

    return make

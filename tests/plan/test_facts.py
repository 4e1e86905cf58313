"""Facts are plain frozen data."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from outwait.core.principal import Principal
from outwait.core.request import Call
from outwait.plan.facts import Facts


def test_facts_know_no_client_unless_told_and_cannot_change() -> None:
    facts = Facts(Call("openai", "chat.completions", "m", stream=True, body=b""), Principal("dev"))
    assert (facts.client, facts.shape) == ("", {})
    with pytest.raises(FrozenInstanceError):
        facts.client = "okhttp"  # type: ignore[misc]

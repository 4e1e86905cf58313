from __future__ import annotations

import copy
import pickle
import sys
from types import ModuleType
from typing import Any

import httpx2
import pytest

from outwait.client import either as module
from outwait.client.either import either, kind_with
from outwait.client.timeouts import Library, optimal_timeout


class Classic:
    """As the Timeout of another library: it copies its own kind, and takes anything else for seconds."""

    def __init__(self, timeout: Any) -> None:
        self.read: float = timeout.read if isinstance(timeout, Classic) else timeout + 0


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Classic httpx is there."""
    made = ModuleType("httpx")
    made.Timeout = Classic  # type: ignore[attr-defined]  # it is made here
    monkeypatch.setitem(sys.modules, "httpx", made)
    monkeypatch.setattr(module, "_kind", lambda: kind_with(module._classic()))


def test_without_classic_httpx_it_is_one_of_httpx2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    assert kind_with(module._classic()) is httpx2.Timeout
    assert either(1, 2, 3, 4) == httpx2.Timeout(connect=1, read=2, write=3, pool=4)


@pytest.mark.usefixtures("installed")
def test_with_it_both_take_it_for_their_own() -> None:
    libraries: list[Library] = ["openai", "anthropic", "httpx"]
    for library in libraries:
        timeout = optimal_timeout("gpt-4o", stream=True).kwargs(library)["timeout"]
        assert Classic(timeout).read == 120
        assert httpx2.Timeout(timeout) == timeout
        with httpx2.Client(timeout=timeout) as client:
            assert client.timeout.as_dict() == {"connect": 10, "read": 120, "write": 30, "pool": 120}


@pytest.mark.usefixtures("installed")
def test_it_is_a_value() -> None:
    timeout = either(1, 2, None, 4)
    plain = httpx2.Timeout(connect=1, read=2, write=None, pool=4)
    assert (timeout == plain) is (plain == timeout) is True
    assert timeout != either(1, 2, 3, 4)
    other: object = 2
    assert timeout != other
    assert repr(timeout) == repr(plain)
    for again in (pickle.loads(pickle.dumps(timeout)), copy.deepcopy(timeout)):
        assert again == timeout
        assert isinstance(again, Classic)

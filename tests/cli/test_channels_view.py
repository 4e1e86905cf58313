from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from outwait.cli.channels_view import draw


def shown(action: str, told: dict[str, Any]) -> str:
    screen = io.StringIO()
    draw(action, told, Console(file=screen, width=200, highlight=False, markup=False))
    return screen.getvalue()


def row(**more: Any) -> dict[str, Any]:
    plain = {
        "name": "a", "state": "up", "dialect": "openai", "base_url": "", "keys": {"count": 0, "dead": []}, "running": 0,
        "probe": None, "check": None, "endpoints": [],
    }  # fmt: skip
    return {**plain, **more}


def test_a_channel_without_an_address_has_its_providers_own() -> None:
    told = shown("list", {"data": [row(), row(name="[b]", state="out")]})
    assert "its own" in told
    assert "none yet" in told
    assert "[b]" in told  # a name is never markup
    assert "out" in told


def test_endpoints_are_summed_up_by_state() -> None:
    states = [{"state": state} for state in ("open", "suspect", "open")]
    assert "2 open, 1 suspect" in shown("list", {"data": [row(endpoints=states)]})


def test_a_probe_that_failed_says_with_what() -> None:
    probe = {"seconds": 5.0, "ok": False, "at": 1e9, "fault": {"code": "connect_timeout"}}
    assert "connect_timeout, 5.00 s" in shown("list", {"data": [row(probe=probe)]})


def test_what_was_done_to_learned_clocks() -> None:
    for action, said in (("freeze", "Frozen."), ("unfreeze", "Not frozen any more."), ("reset", "Forgotten.")):
        assert said in shown("learned", {"action": action, "learned": []})

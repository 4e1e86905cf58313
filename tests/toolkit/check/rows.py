"""Rows of a run, for the tests of what follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from outwait.toolkit.check.probe import Probe
from outwait.toolkit.check.saved import About, Header, Run
from outwait.toolkit.check.summary import Summary, summarize


def about(name: str = "a", **more: Any) -> About:
    """An endpoint whose model is called for a stream, unless `more` says otherwise."""
    return About(
        **{
            "name": name,
            "url": f"https://{name}.test/v1",
            "dialect": "openai",
            "asked": "POST /v1/chat/completions",
            "model": "gpt-4o",
            "stream": True,
            "paid": True,
            "max_tokens": 64,
            **more,
        }
    )


def free(name: str = "a", **more: Any) -> About:
    """An endpoint that is asked for its models."""
    plain = {"asked": "GET /v1/models", "model": None, "stream": None, "paid": False, "max_tokens": None}
    return about(name, **{**plain, **more})


def good(name: str = "a", ttft: float = 0.5, **more: Any) -> Probe:
    """A streamed answer whose first content came after `ttft` seconds."""
    spans = {"connect": 0.02, "write": 0.0, "first_byte": ttft - 0.02, "first_token": 0.0, "silence": 0.05}
    row = {"endpoint": name, "status": 200, "ttft": ttft, "total": ttft + 1.0, "tokens": 40, "counted": "usage"}
    return Probe(**{**row, **spans, "rate": 40.0, **more})


def bad(name: str = "a", cause: str = "upstream_error", **more: Any) -> Probe:
    """A probe that failed."""
    return Probe(**{"endpoint": name, "outcome": "error", "cause": cause, "side": "upstream", "detail": "x", **more})


def summary(name: str = "a", waits: Sequence[float] = (), failed: int = 0, **more: Any) -> Summary:
    """An endpoint that answered after `waits` and failed so often."""
    probes = [good(name, wait) for wait in waits] + [bad(name) for _ in range(failed)]
    return summarize(about(name, **more), probes)


def header(*abouts: About, **more: Any) -> Header:
    """The header of a run of these endpoints."""
    made = {"started": "2026-11-01T10:00:00Z", "outwait": "1.0", "probes": 10, "parallel": 4}
    return Header(**{**made, "endpoints": abouts or (about(),), **more})


def run(*probes: Probe, abouts: Sequence[About] = ()) -> Run:
    """A run that had these probes."""
    return Run(header(*abouts), probes)

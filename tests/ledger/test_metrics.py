from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families as parse

from outwait.core.entry import Mark
from outwait.core.fault import fault
from outwait.ledger.metrics import MODELS, OTHER, Metrics, ModelNames, mark_process_dead
from outwait.ledger.redact import Redactor


def samples(rendered: bytes) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = parse(rendered.decode())
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    """The sum of a metric's samples whose labels include `labels`."""
    wanted = labels.items()
    found = [number for (each, had), number in samples(metrics.render()).items() if each == name and had >= wanted]
    return sum(found) if found else None


def test_an_answered_request(entry: Any) -> None:
    metrics = Metrics("1.2", ["gpt-4o"])
    metrics.absorb([entry(), entry(stream=False), entry(heartbeats=3)])
    labels = {
        "dialect": "openai",
        "endpoint": "chat.completions",
        "model": "gpt-4o",
        "channel": "main",
        "scenario": "chat",
    }
    assert value(metrics, "outwait_requests_total", outcome="completed", status="2xx", stream="true", **labels) == 2
    assert value(metrics, "outwait_requests_total", stream="false") == 1
    assert value(metrics, "outwait_heartbeats_total", stream="true") == 3
    assert value(metrics, "outwait_request_duration_seconds_sum") == 3.75
    assert value(metrics, "outwait_request_duration_seconds_bucket", le="1.0", stream="true") == 0
    assert value(metrics, "outwait_request_duration_seconds_bucket", le="3600.0", stream="true") == 2
    assert value(metrics, "outwait_first_byte_seconds_sum", stream="false") == 0.5
    assert value(metrics, "outwait_first_token_seconds_count") == 3
    assert value(metrics, "outwait_silence_seconds_bucket", le="0.5", stream="false") == 1
    assert value(metrics, "outwait_build_info", version="1.2") == 1


def test_what_has_not_happened_is_zero() -> None:
    metrics = Metrics()
    assert value(metrics, "outwait_timeouts_total", clock="first_byte") == 0
    assert value(metrics, "outwait_retries_total", **{"class": "ambiguous"}) == 0
    assert value(metrics, "outwait_rescued_requests_total") == 0
    assert value(metrics, "outwait_ledger_dropped_total") == 0
    assert value(metrics, "outwait_faults_total") is None


def test_events_that_never_came_are_not_observed(entry: Any) -> None:
    metrics = Metrics()
    metrics.absorb([entry(first_byte=None, first_token=None, status=0, outcome="cancelled")])
    assert value(metrics, "outwait_first_byte_seconds_count") == 0
    assert value(metrics, "outwait_requests_total", status="none", outcome="cancelled") == 1


def test_trouble_is_counted_by_clock_class_code_and_side(entry: Any) -> None:
    metrics = Metrics()
    timeline = (
        Mark(30, "timeout", "first_byte 30s: channel main"),
        Mark(60, "timeout", "idle 30s: x"),
        Mark(61, "timeout", "odd"),
    )
    retried = entry(attempts=2, retries=("safe", "ambiguous"), timeline=timeline)
    metrics.absorb([retried, entry(outcome="failed", fault=fault("idle_timeout"), timeline=timeline[1:2])])
    assert value(metrics, "outwait_timeouts_total", clock="first_byte") == 1
    assert value(metrics, "outwait_timeouts_total", clock="idle") == 2
    assert value(metrics, "outwait_retries_total", **{"class": "safe"}) == 1
    assert value(metrics, "outwait_faults_total", code="idle_timeout", side="upstream") == 1


def test_an_adopting_delivery_does_not_count_the_attempts_again(entry: Any) -> None:
    metrics = Metrics()
    timeline = (Mark(30, "timeout", "first_byte 30s: x"),)
    metrics.absorb([entry(attempts=2, retries=("safe",), timeline=timeline, adopted=True, rescued=True)])
    assert value(metrics, "outwait_timeouts_total", clock="first_byte") == 0
    assert value(metrics, "outwait_adopted_requests_total") == 1
    assert value(metrics, "outwait_rescued_requests_total") == 1


def test_every_delivery_that_cost_no_call_is_counted_by_what_it_was(entry: Any) -> None:
    metrics = Metrics()
    ways = ("adopted", "attached", "replayed", "reattached")
    metrics.absorb([entry(fault=fault("idle_timeout"), **{way: True}) for way in (*ways, "replayed")])
    assert [value(metrics, f"outwait_{way}_requests_total") for way in ways] == [1, 1, 2, 1]
    assert value(metrics, "outwait_calls_saved_total") == 4
    assert value(metrics, "outwait_faults_total", code="idle_timeout", side="upstream") is None


def test_what_is_watched_is_asked_at_every_flush() -> None:
    metrics = Metrics()
    now = {"running": 3.0, "late": 0.02, "dropped": 2}
    metrics.watch(lambda: now["running"], lambda: now["late"], lambda: int(now["dropped"]))
    metrics.absorb([])
    metrics.absorb([])
    assert value(metrics, "outwait_in_flight") == 3
    assert value(metrics, "outwait_heartbeat_lateness_seconds") == 0.02
    assert value(metrics, "outwait_ledger_dropped_total") == 2
    now |= {"running": 0.0, "dropped": 5}
    metrics.absorb([])
    assert value(metrics, "outwait_in_flight") == 0
    assert value(metrics, "outwait_ledger_dropped_total") == 5


def test_two_metrics_do_not_share_anything(entry: Any) -> None:
    one, two = Metrics(), Metrics()
    one.absorb([entry()])
    assert value(two, "outwait_requests_total") is None


def test_model_names_are_bounded() -> None:
    names = ModelNames(["known"], cap=2)
    assert names.label("known", served=False) == "known"
    assert names.label("a", served=False) == OTHER
    assert [names.label(each, served=True) for each in ("a", "b", "c", "a")] == ["a", "b", OTHER, "a"]
    assert names.label("a", served=False) == "a"
    names.know(["c"])
    assert names.label("c", served=False) == "c"
    assert ModelNames().label("x" * 101, served=True) == OTHER
    assert ModelNames().label("x\n", served=True) == OTHER


def test_strangers_cannot_make_series(entry: Any) -> None:
    metrics = Metrics(models=["gpt-4o"])
    metrics.absorb([entry(model=f"m{n}", outcome="failed") for n in range(500)])
    metrics.absorb([entry(model=f"n{n}") for n in range(500)])
    models = {dict(labels).get("model") for _, labels in samples(metrics.render())} - {None}
    assert len(models) == MODELS + 1


def test_no_canary_reaches_the_metrics(entry: Any) -> None:
    metrics = Metrics(clean=Redactor(["canary-4f1d9c"]).text)
    why = fault("upstream_error", "canary-4f1d9c", detail="canary-4f1d9c", reason="canary-4f1d9c")
    metrics.absorb([entry(model="canary-4f1d9c"), entry(key="canary-4f1d9c", client="canary-4f1d9c", fault=why)])
    assert b"canary" not in metrics.render()


@given(st.text(max_size=30))
def test_any_model_name_renders_to_text_that_parses(name: str) -> None:
    metrics = Metrics(models=[name])
    assert metrics.models.label(name, served=False) == name
    for span in metrics._spans:
        span.labels("openai", "x", Redactor().text(name), "true")
    assert samples(metrics.render())


WORKER = """
import sys
from msgspec.structs import replace
sys.path.insert(0, sys.argv[1])
from conftest import ORDINARY
from outwait.ledger.metrics import Metrics
metrics = Metrics("1")
metrics.watch(in_flight=lambda: 2.0)
metrics.absorb([ORDINARY, replace(ORDINARY, rescued=True)])
sys.stdin.read()
"""


def test_all_workers_are_added_up_and_the_dead_ones_gauges_taken_out(tmp_path: Path) -> None:
    """Values are files as soon as the library is imported, so every step here is a process of its own."""
    env = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    here = str(Path(__file__).parent)
    show = "import sys; from outwait.ledger.metrics import *; [mark_process_dead(int(p)) for p in sys.argv[1:]]; "
    show += "sys.stdout.buffer.write(Metrics('1').render())"
    workers = [subprocess.Popen([sys.executable, "-c", WORKER, here], env=env, stdin=subprocess.PIPE) for _ in range(2)]
    for worker in workers:
        worker.communicate(b"", timeout=60)
        assert worker.returncode == 0
    for dead, running in (((), 4), ((workers[0].pid,), 2)):
        command = [sys.executable, "-c", show, *map(str, dead)]
        rendered = subprocess.run(command, env=env, capture_output=True, check=True, timeout=60).stdout
        found = {name: number for (name, labels), number in samples(rendered).items() if not labels}
        assert found["outwait_in_flight"] == running
        assert found["outwait_rescued_requests_total"] == 2
        requests = [number for (name, _), number in samples(rendered).items() if name == "outwait_requests_total"]
        assert requests == [4]


def test_without_shared_files_a_dead_process_is_nobodys_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    mark_process_dead(1)

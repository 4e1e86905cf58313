"""The tables of the docs say what the code says: clocks, scenarios, faults, metrics, configuration fields, phases."""

from __future__ import annotations

import re

import pytest
import yaml
from pydantic import BaseModel
from tests.pages import lines, plain, table, words

from outwait.config import health, kept, sections, settings, webhooks
from outwait.core.fault import FAULTS, Clock, RetryClass, Side, Stage, fault
from outwait.dialects.providers import PROVIDERS, RESPONSES_ONLY
from outwait.exchange import inputs
from outwait.exchange.machine import ROWS
from outwait.exchange.phase import Phase
from outwait.ledger.metrics import Metrics
from outwait.policy import retry
from outwait.policy.presets import SEED
from outwait.policy.scenarios import SCENARIOS
from outwait.policy.timeouts import HEADERS


# ---------------------------------------------------------------------------------------------------------- timeouts
def test_every_clock_and_its_header() -> None:
    assert [plain(row["clock"]) for row in table("timeouts.md", "clock", "from → to")] == list(Clock)
    for row in table("timeouts.md", "clock", "when it runs out"):
        told = re.match(r"(\d+) `(\w+)`", row["when it runs out"])
        assert told is not None, row
        assert FAULTS[told[2]].status == int(told[1])
    told_headers = {plain(row["header"]): plain(row["clock"]) for row in table("timeouts.md", "header", "clock")}
    assert told_headers == HEADERS


def test_the_scenario_table() -> None:
    rows = table("timeouts.md", "scenario", "client left")
    assert [row["scenario"] for row in rows] == list(SCENARIOS)
    for row in rows:
        scenario = SCENARIOS[row["scenario"]]
        for column in ("connect", "write", "first_byte", "whole", "idle", "total"):
            assert float(row[column]) == getattr(scenario, column), (scenario.name, column)
        assert row["client left"] == scenario.on_disconnect.value
        assert row["streamed upstream"] == ("yes" if scenario.slow else "no")
        assert row["paid retries"] == f"{scenario.paid * 100:g} %"


def test_the_seed_preset() -> None:
    rows = table("timeouts.md", "scenario", "attempts")
    assert [row["scenario"] for row in rows] == list(SEED.scenarios)
    for row in rows:
        spans = SEED.scenarios[row["scenario"]]
        for column in ("first_byte", "idle", "total"):
            assert float(row[column]) == spans[column], (row["scenario"], column)
        assert float(row["whole"]) == SEED.whole.get(row["scenario"], spans["first_byte"])
        assert int(row["attempts"]) == SEED.attempts[row["scenario"]]
    models = table("timeouts.md", "model", "first_byte")
    assert [plain(row["model"]) for row in models] == [glob for glob, _ in SEED.models]
    for row, (glob, spans) in zip(models, SEED.models, strict=True):
        assert [float(row[column]) for column in ("first_byte", "idle", "total")] == [
            spans[column] for column in ("first_byte", "idle", "total")
        ], glob


# ------------------------------------------------------------------------------------------------------------ errors
def stage_of(code: str) -> Stage | None:
    """Where faults of this code are made, as far as it is one place only."""
    told = {"first_byte_timeout": Stage.SENT, "first_token_timeout": Stage.HEAD, "idle_timeout": Stage.CONTENT}
    return told.get(code)


def test_every_fault() -> None:
    rows = table("errors.md", "code", "status")
    assert [plain(row["code"]) for row in rows] == list(FAULTS)
    for row in rows:
        kind = FAULTS[plain(row["code"])]
        assert (int(row["status"]), row["cause"], row["side"]) == (kind.status, kind.cause, kind.side.value), row
        made = fault(plain(row["code"]), stage=stage_of(plain(row["code"])))
        assert row["retry"] == str(retry.should_retry(made, retry.classify(made))).lower(), row
    assert [row["side"] for row in table("errors.md", "side", "whose it is")] == list(Side)
    classes = [row["class"] for row in table("errors.md", "class", "when")]
    assert sorted(classes) == sorted(RetryClass)


# ----------------------------------------------------------------------------------------------------------- metrics
def test_every_metric_and_its_labels() -> None:
    told = {
        (plain(row["metric"]).removesuffix("_total"), row["type"], tuple(words(row["labels"])))
        for row in table("metrics.md", "metric", "type")
    }
    registry = Metrics("0").registry
    kept = {(metric.name, metric.type) for metric in registry.collect()}
    names = registry._collector_to_names
    labels = {next(iter(collector.describe())).name: tuple(collector._labelnames) for collector in names}  # type: ignore[attr-defined]  # the library tells labels of samples only
    assert told == {(name, kind, labels[name]) for name, kind in kept}


# ----------------------------------------------------------------------------------------------------- configuration
MODELS: dict[str, tuple[type[BaseModel], dict[str, object]]] = {
    "Top level": (settings.Settings, {}),
    "`server`": (settings.ServerSection, {}),
    "`server.tls`": (settings.TlsSection, {"cert": __file__, "key": __file__}),
    "`server.limits`": (settings.LimitsSection, {}),
    "`server.probe`": (settings.ProbeRouteSection, {}),
    "`channels[]`": (sections.ChannelSection, {"name": "a", "base_url": "http://localhost/v1"}),
    "`keys[]`": (sections.KeySection, {"name": "a", "key": "b"}),
    "`store`": (kept.StoreSection, {}),
    "`keep_results`": (kept.KeepSection, {}),
    "`timeouts`": (sections.TimeoutsSection, {}),
    "`timeouts.rules[]`": (sections.Rule, {"total": 1}),
    "`timeouts.rules[].match`": (sections.Match, {}),
    "`heartbeat`": (sections.HeartbeatSection, {}),
    "`retry`": (sections.RetrySection, {}),
    "`hedge`": (sections.HedgeSection, {}),
    "`health`": (health.HealthSection, {}),
    "`health.breaker`": (health.BreakerSection, {}),
    "`health.penalty`": (health.PenaltySection, {}),
    "`health.suspect`": (health.SuspectSection, {}),
    "`health.credentials`": (health.CredentialsSection, {}),
    "`health.concurrency`": (health.ConcurrencySection, {}),
    "`health.queue`": (health.QueueSection, {}),
    "`health.reserve`": (health.ReserveSection, {}),
    "`health.stick`": (health.StickSection, {}),
    "`health.probe`": (health.ProbeSection, {}),
    "`health.adaptive`": (health.AdaptiveSection, {}),
    "`webhooks[]`": (webhooks.WebhookSection, {"name": "a", "url": "https://h", "secret": "whsec_" + "A" * 32}),
    "`log`": (settings.LogSection, {}),
}


@pytest.mark.parametrize("section", MODELS)
def test_every_field_and_its_default(section: str) -> None:
    model, needed = MODELS[section]
    rows = table("configuration.md", "field", "default", under=section)
    assert sorted(plain(row["field"]) for row in rows) == sorted(model.model_fields)
    for row in rows:
        name, told = plain(row["field"]), row["default"]
        field = model.model_fields[name]
        default = field.get_default(call_default_factory=True)
        if told == "required":
            assert field.is_required(), name
        elif told == "–":
            assert default is None, name
        else:
            values = [getattr(model.model_validate({**needed, name: each}), name) for each in (_value(told), default)]
            assert values[0] == values[1], name


def _value(told: str) -> object:
    return yaml.safe_load(plain(told))


def test_every_section_has_its_table() -> None:
    """A section that is added to the settings needs a table, and then a row in `MODELS`."""
    known = {model for model, _ in MODELS.values()} | {sections.Spans}
    found = {
        each
        for module in (health, kept, sections, settings, webhooks)
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, sections.Section) and each is not sections.Section
    }
    assert found == known


def test_every_provider() -> None:
    rows = table("configuration.md", "dialect", "base_url", under="Providers")
    assert [plain(row["dialect"]) for row in rows] == list(PROVIDERS)
    for row in rows:
        provider = PROVIDERS[plain(row["dialect"])]
        assert row["base_url"] == (f"`{provider.base_url}`" if provider.base_url else "–")
        assert words(row["endpoints"]) == list(provider.ways), provider.name
    said = " ".join(lines("configuration.md"))
    assert all(f"`{glob}`" in said for glob in RESPONSES_ONLY)


# ------------------------------------------------------------------------------------------------------ architecture
def test_the_phases_and_what_can_happen_in_them() -> None:
    always = {inputs.Tick, inputs.ReaderLeft, inputs.ReaderCame, inputs.Cancel}
    rows = {plain(row["phase"]): row for row in table("architecture.md", "phase", "leaves it")}
    assert list(rows) == [phase.name for phase in Phase]
    for phase in Phase:
        row = rows[phase.name]
        assert row["clock"] == (phase.clock.value if phase.clock else "–")
        told = {getattr(inputs, word) for word in (*words(row["leaves it"]), *words(row["stays in it"]))}
        between = phase is not Phase.SETTLED
        assert told | (always if between else set()) == set(ROWS[phase]), phase

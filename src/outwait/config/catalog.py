"""From settings to the catalog: the frozen snapshot that plans are made from. Client keys become digests."""

from __future__ import annotations

from outwait.config import health
from outwait.config.secret import digest
from outwait.config.sections import ChannelSection, HeartbeatSection, KeySection, TimeoutsSection
from outwait.config.settings import Settings
from outwait.core.catalog import Catalog, Channel, RetryRule, TimeoutRule
from outwait.core.plan import Heartbeat, Hedge
from outwait.core.principal import Principal


def build(settings: Settings, version: int = 1) -> Catalog:
    """The catalog of `settings`; `version` counts reloads."""
    timeouts = settings.timeouts
    return Catalog(
        channels=tuple(_channel(section) for section in settings.channels),
        keys={
            digest(section.key.get_secret_value()): _principal(section, keep=settings.keeps(section))
            for section in settings.keys
        },
        open_access=not settings.keys,
        preset=timeouts.preset,
        rules=_rules(timeouts),
        ceiling=timeouts.ceiling.spans(),
        floor=timeouts.floor.spans(),
        heartbeat=_heartbeat(settings.heartbeat),
        retry=RetryRule(attempts=settings.retry.attempts, paid=dict(settings.retry.paid.items())),
        hedge=Hedge(settings.hedge.after) if settings.hedge.enabled else None,
        on_disconnect=dict(settings.on_disconnect),
        scenarios=dict(settings.scenarios),
        fallback=dict(settings.fallback),
        sticky={**settings.sticky},
        health=health.rules(settings.health, timeouts.floor.spans(), timeouts.ceiling.spans()),
        version=version,
    )


def _channel(section: ChannelSection) -> Channel:
    modes: dict[str, str] = {**section.upstream_stream}
    return Channel(
        name=section.name,
        dialect=section.dialect,
        base_url=section.base_url or "",
        api_keys=section.credentials(),
        models=section.models,
        model_map=dict(section.model_map),
        priority=section.priority,
        weight=section.weight,
        timeouts=section.timeouts.spans(),
        upstream_stream=modes.pop("*", "auto"),
        upstream_stream_models=modes,
        headers={name: value.get_secret_value() for name, value in section.headers.items()},
        ca_file=section.ca_file,
        verify_tls=section.verify_tls,
        max_in_flight=section.max_in_flight,
        endpoints=section.endpoints,
        api_version=section.api_version,
        region=section.region,
        project=section.project,
        credentials_file=section.credentials_file,
    )


def _principal(section: KeySection, *, keep: bool) -> Principal:
    return Principal(
        name=section.name,
        models=section.models,
        timeouts=section.timeouts.spans(),
        heartbeat=_given(section.heartbeat),
        on_disconnect=section.on_disconnect,
        keep=keep,
        admin=section.admin,
    )


def _given(section: HeartbeatSection) -> dict[str, object]:
    """The heartbeat fields that were given, named as in `core.plan.Heartbeat`."""
    given = {name: getattr(section, name) for name in HeartbeatSection.model_fields if name in section.model_fields_set}
    if "max" in given:
        given["limit"] = given.pop("max")
    return given


def _heartbeat(section: HeartbeatSection) -> Heartbeat:
    given = _given(section)
    reason = "config heartbeat" if given else "built-in"
    return Heartbeat(
        enabled=section.enabled,
        after=section.after,
        json_after=section.json_after,
        every=section.every,
        mode=section.mode,
        late_error=section.late_error,
        limit=section.max,
        reason=reason,
    )


def _rules(section: TimeoutsSection) -> tuple[TimeoutRule, ...]:
    """The rules in order, later wins: first the clocks given for everything, then each rule."""
    everything = section.spans()
    rules = [TimeoutRule("timeouts", {}, everything)] if everything else []
    for index, rule in enumerate(section.rules):
        name = rule.name or f"timeouts.rules[{index}]"
        rules.append(TimeoutRule(name, rule.match.given(), rule.spans()))
    return tuple(rules)

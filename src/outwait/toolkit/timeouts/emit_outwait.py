"""Settings of the gateway itself, and of the system that runs it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from outwait.core.fault import Clock
from outwait.core.plan import Retry
from outwait.core.tongue import Said
from outwait.policy.durations import tell
from outwait.toolkit.timeouts.advice import Advice
from outwait.toolkit.timeouts.snippet import Emitter, Snippet
from outwait.toolkit.timeouts.spell import aligned, plain, unit

STOPPING = 60.0  # seconds the system waits longer for the gateway to end than the gateway waits for its answers

_TITLE = Said("outwait: the gateway's own clocks", "outwait：网关自己的时钟")
_MERGE = Said(
    "Merge it into your outwait.yaml; keep your channels and keys.", "请并入你的 outwait.yaml，保留其中的渠道与密钥。"
)
_SYSTEMD = Said("systemd: a stop that lets answers finish", "systemd：停止时让回答说完")
_DROP_IN = Said(
    "Goes to /etc/systemd/system/outwait.service.d/; then: systemctl daemon-reload.",
    "放入 /etc/systemd/system/outwait.service.d/，然后执行 systemctl daemon-reload。",
)


def outwait(advice: Advice) -> Snippet:
    """The part of `outwait.yaml` with the seven clocks, heartbeats and retries."""
    spans, retry = advice.timeouts, advice.retry
    usual = Retry().attempts
    fewer = "" if retry.attempts == usual else f"   # preset {advice.facts.preset} makes it {retry.attempts} here"
    lines = [
        f"# outwait.yaml, for {_whom(advice)} (scenario {advice.scenario})",
        "server:",
        f"  drain: {tell(advice.drain)}   # a stop lets the longest answer finish",
        f"  limits: {{keepalive: {tell(advice.kept)}}}   # longer than what stands before it keeps idle connections",
        *_scenarios(advice),
        "timeouts:",
        f"  preset: {advice.facts.preset}",
        "  rules:",
        f"    - name: advised-{advice.scenario}",
        f"      match: {_match(advice)}",
        *(
            f"      {clock.value}: {tell(spans.of(clock).seconds)}   # {plain(spans.of(clock).reason)}"
            for clock in Clock
        ),
        _beats(advice),
        "retry:",
        f"  attempts: {usual}{fewer}",
        f"  paid: {{{advice.scenario}: {retry.paid:g}}}   # share of requests that may be risked twice",
    ]
    return Snippet(
        "outwait",
        _TITLE,
        "yaml",
        "outwait.yaml",
        aligned("\n".join(lines) + "\n"),
        "outwait serve --check --config {file}",
        (_MERGE,),
    )


def systemd(advice: Advice) -> Snippet:
    """A drop-in for the service: systemd must not kill what the gateway still lets finish."""
    text = f"""# /etc/systemd/system/outwait.service.d/timeouts.conf
[Service]
# server.drain ({unit(advice.drain)}) and a minute: systemd must not kill what is still being answered
TimeoutStopSec={unit(advice.drain + STOPPING)}
"""
    return Snippet(
        "systemd", _SYSTEMD, "ini", "timeouts.conf", text, "systemd-analyze verify outwait.service", (_DROP_IN,)
    )


def _whom(advice: Advice) -> str:
    return plain(advice.facts.model) or "every model of it"


def _match(advice: Advice) -> str:
    """One model, the models of a glob, or the scenario; streams and whole replies apart where their spans differ."""
    facts = advice.facts
    what = f"model: {_scalar(facts.model)}" if facts.model else f"scenario: {advice.scenario}"
    effort = f", effort: {_scalar(facts.effort)}" if facts.effort else ""
    stream = "" if advice.both else f", stream: {json.dumps(facts.stream)}"
    return f"{{{what}{effort}{stream}}}"


def _scenarios(advice: Advice) -> list[str]:
    """A model that was given a scenario by hand is given it in the gateway too."""
    if not (advice.facts.model and advice.facts.scenario):
        return []
    return ["scenarios:", f"  {_scalar(advice.facts.model)}: {advice.scenario}"]


def _scalar(text: str) -> str:
    """`text` as YAML; `$$` is a plain dollar sign to the loader."""
    return json.dumps(text.replace("$", "$$"))


def _beats(advice: Advice) -> str:
    beat = advice.heartbeat
    if not beat.enabled:
        return "heartbeat: off"
    spans = ", ".join(f"{name}: {tell(getattr(beat, name))}" for name in ("after", "json_after", "every"))
    return f"heartbeat: {{{spans}}}"


OUTWAIT: Final[Mapping[str, Emitter]] = MappingProxyType({"outwait": outwait, "systemd": systemd})

"""Learned spans as `timeouts.rules` of the configuration: what was learned, kept by whoever wants it to stay.

A rule knows the public model, the scenario and whether the client streams; it knows no channel. So where several
channels serve a model, the longest of their spans is written, and what one of them has not learned counts as its
configured span: no channel gets less time than it has now. Streamed and whole replies get rules of their own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from outwait.core.catalog import Channel
from outwait.core.fault import Clock
from outwait.policy import durations
from outwait.policy.globs import WILD
from outwait.policy.scenarios import SCENARIOS

_ODD = re.compile(r"[^A-Za-z0-9._-]+")
_NAME = 64  # characters of a rule's name


class Lesson(NamedTuple):
    """What is known of one clock. `configured`: seconds, None while no request has shown them; `learned`: None when
    nothing is.
    """

    endpoint: str
    scenario: str
    whole: bool
    clock: Clock
    configured: float | None
    learned: float | None


class _Group(NamedTuple):
    model: str
    scenario: str
    whole: bool


def rules(lessons: Iterable[Lesson], channels: Iterable[Channel] = ()) -> list[dict[str, object]]:
    """The rules, as plain data for YAML or JSON; `channels` tell which public names a model has."""
    mapped = {channel.name: channel.model_map for channel in channels}
    groups: dict[_Group, dict[Clock, list[Lesson]]] = {}
    for lesson in lessons:
        for model in _public(lesson.endpoint, mapped):
            found = groups.setdefault(_Group(model, lesson.scenario, lesson.whole), {})
            found.setdefault(lesson.clock, []).append(lesson)
    made: list[dict[str, object]] = []
    for group in sorted(groups):
        spans = {clock.value: text for clock, known in groups[group].items() if (text := _longest(known))}
        if spans:
            made.append({"name": _named(group), "match": _match(group, groups), **spans})
    return made


def _public(endpoint: str, mapped: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """The public names of an endpoint's model, as globs that fit nothing else."""
    channel, _, model = endpoint.partition("/")
    aliases = [public for public, upstream in mapped.get(channel, {}).items() if upstream == model]
    for name in dict.fromkeys((*aliases, model)):
        if name and name.isprintable() and not any(letter.isspace() for letter in name):
            yield "".join(f"[{letter}]" if letter in WILD else letter for letter in name)


def _longest(known: list[Lesson]) -> str:
    """The longest span, rounded up; "" where nothing is learned, or somebody's span is not known."""
    if all(lesson.learned is None for lesson in known):
        return ""
    seconds = 0.0
    for lesson in known:
        span = lesson.configured if lesson.learned is None else lesson.learned
        if span is None:
            return ""
        seconds = max(seconds, span)
    return durations.tell(math.ceil(seconds) if seconds >= 1 else math.ceil(seconds * 1000) / 1000)


def _match(group: _Group, groups: Iterable[_Group]) -> dict[str, object]:
    """A JSON call of a slow scenario is streamed upstream, so its streamed spans hold for both, if nothing is whole."""
    match: dict[str, object] = {"model": group.model, "scenario": group.scenario}
    row = SCENARIOS.get(group.scenario)
    if group.whole or row is None or not row.slow or group._replace(whole=True) in groups:
        match["stream"] = not group.whole
    return match


def _named(group: _Group) -> str:
    kind = "-whole" if group.whole else ""
    end = f"-{group.scenario}{kind}"
    return _ODD.sub("-", f"learned-{group.model}")[: _NAME - len(end)].rstrip("-") + _ODD.sub("-", end)

"""Built-in sets of spans: `default`, which is the scenario table, and `seed`, the classic advice.

The classic advice knows one timeout per model, grown by each attempt (timeout * (attempt + 1)) with a pause of
2 ** attempt seconds. Said in seven clocks: that timeout is how long the upstream may be silent (`first_byte`, `idle`),
and `total` is room for all attempts and pauses. Where the advice gives a range, its upper end is taken; what it does
not cover (deep, audio, embedding) takes its nearest neighbour. It cuts models that think longer: a preset for people
who want to fail fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from outwait.policy.scenarios import SCENARIOS


@dataclass(frozen=True, slots=True)
class Preset:
    """Spans by scenario (`scenarios`: clock -> seconds; `whole`: first_byte of replies not streamed upstream) and by
    glob of bare model names (`models`, first fit wins). `growth`: see `core.plan.Timeouts`. `attempts`: at most, by
    scenario. `base`: first backoff cap in seconds, None = the built-in ones.
    """

    name: str
    scenarios: Mapping[str, Mapping[str, float]]
    whole: Mapping[str, float]
    models: tuple[tuple[str, Mapping[str, float]], ...] = ()
    growth: float = 0.0
    attempts: Mapping[str, int] = field(default_factory=dict)
    base: float | None = None


_CLOCKS = ("connect", "write", "first_byte", "idle", "total")

DEFAULT = Preset(
    name="default",
    scenarios={name: {clock: getattr(row, clock) for clock in _CLOCKS} for name, row in SCENARIOS.items()},
    whole={name: row.whole for name, row in SCENARIOS.items()},
)


def _advice(seconds: float, tries: int = 3, write: float = 30) -> dict[str, float]:
    """Spans for one classic timeout: `total` holds every grown attempt and the pauses between them."""
    total = seconds * tries * (tries + 1) / 2 + 2.0 ** (tries - 1) - 1
    return {"connect": 10, "write": write, "first_byte": seconds, "idle": seconds, "total": total}


# Tries: content 2-3, reasoning 1-2, image 2. A chat that is not streamed is content (60-120 s), a streamed one is live.
SEED = Preset(
    name="seed",
    scenarios={
        "chat": _advice(60) | {"total": _advice(120)["total"]},
        "reasoning": _advice(180, 2),
        "deep": _advice(180, 1),
        "image": _advice(90, 2, write=60),
        "audio": _advice(60, 2, write=60),
        "embedding": _advice(30),
        "unknown": _advice(60),
    },
    whole={"chat": 120},
    models=(
        ("o1-preview*", _advice(150, 2)),
        ("o1-mini*", _advice(90, 2)),
        ("deepseek-r1*", _advice(60, 2)),
        ("gpt-4o-mini*", _advice(30)),
        ("gpt-4o*", _advice(60)),
        ("claude-4-sonnet*", _advice(45)),
        ("claude-sonnet-4*", _advice(45)),
        ("gpt-image-1*", _advice(45, 2, write=60)),
        ("dall-e-3*", _advice(60, 2, write=60)),
        ("flux*kontext*", _advice(30, 2, write=60)),
    ),
    growth=1.0,
    attempts={"chat": 3, "reasoning": 2, "deep": 1, "image": 2, "audio": 2, "embedding": 3, "unknown": 3},
    base=1.0,
)

PRESETS: dict[str, Preset] = {preset.name: preset for preset in (DEFAULT, SEED)}

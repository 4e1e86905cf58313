"""What Anthropic's models take and refuse, as data: how much they say at most, how they are told to think, which fields
are an error.

Sources, read in November 2026: Anthropic's models overview (limits), its pages on thinking, effort, structured outputs
and the migration guides of each model (what returns 400), all on platform.claude.com/docs. They hold for API version
2023-06-01; the one of 2026-10-21 takes no sampling at all, and is named only by clients that speak it themselves.
"""

from __future__ import annotations

import re

import msgspec

_LOW = ("low", "medium", "high")
_ALL = (*_LOW, "xhigh", "max")
_UNSAID = 32_000  # what is asked for when the client named no limit: less than most models can, more than most say
_UNKNOWN = 8_192  # the same for a model nobody here knows


class Traits(msgspec.Struct, frozen=True, gc=False):
    """One family of models.

    `limit`: the most `max_tokens`, None where unknown. `thinking`: none | budget (of tokens) | adaptive (by effort).
    `off`: the type of `thinking` that switches it off, empty where nothing does. `always`: thinks unless switched off.
    `efforts`: what `output_config.effort` may be, upwards. `sampling`: all | one (temperature or top_p, not both) |
    none. `forced`: takes a `tool_choice` that forces a call. `schema`: takes `output_config.format` and strict tools.
    """

    limit: int | None
    thinking: str = "adaptive"
    off: str = "disabled"
    always: bool = True
    efforts: tuple[str, ...] = ()
    sampling: str = "none"
    forced: bool = True
    schema: bool = True


_BOUND = Traits(128_000, off="", efforts=_ALL, forced=False)
_UNBOUND = Traits(128_000, off="", efforts=_ALL)
_FIVE = Traits(128_000, efforts=_ALL)
_FOUR = Traits(64_000, "budget", always=False, sampling="one")
_OLD = Traits(4_096, "none", off="", always=False, sampling="all", schema=False)

# A pattern in the model's name, lower case and with dashes for dots -> its traits; the first that fits wins.
ROWS: tuple[tuple[str, Traits], ...] = (
    (r"(fable|mythos)-5-[1-9](?!\d)", _BOUND),
    (r"opus-5-[1-9](?!\d)", _BOUND),
    (r"sonnet-5-[1-9](?!\d)", Traits(128_000, off="between_tools", efforts=_ALL, forced=False)),
    (r"haiku-5-[1-9](?!\d)", _FIVE),
    (r"(fable-5|mythos)", _UNBOUND),
    (r"(opus|sonnet)-5", _FIVE),
    (r"opus-4-[78](?!\d)", Traits(128_000, always=False, efforts=_ALL)),
    (r"opus-4-6", Traits(128_000, always=False, efforts=(*_LOW, "max"), sampling="one")),
    (r"sonnet-4-6", Traits(64_000, always=False, efforts=(*_LOW, "max"), sampling="one")),
    (r"opus-4-5", Traits(64_000, "budget", always=False, efforts=_LOW, sampling="one")),
    (r"(sonnet|haiku)-4-5", _FOUR),
    (r"opus-4-1(?!\d)", Traits(32_000, "budget", always=False, sampling="one", schema=False)),
    (r"opus-4|4-opus", Traits(32_000, "budget", always=False, sampling="all", schema=False)),
    (r"sonnet-4|4-sonnet|3-7-sonnet", Traits(64_000, "budget", always=False, sampling="all", schema=False)),
    (r"claude-3-5", Traits(8_192, "none", off="", always=False, sampling="all", schema=False)),
    (r"claude-(3|2|v2|instant)", _OLD),
    (r"claude-", _FIVE),  # newer than this table
)
# Whoever speaks this protocol and is no Claude: nothing is known, so nothing is kept back.
OTHER = Traits(None, "budget", always=False, sampling="all")

_COMPILED = tuple((re.compile(pattern), traits) for pattern, traits in ROWS)


def traits_of(model: str) -> Traits:
    """The traits of a model, whatever the platform calls it (`us.anthropic.claude-opus-4-6-v1:0`)."""
    name = model.lower().replace(".", "-")
    for pattern, traits in _COMPILED:
        if pattern.search(name):
            return traits
    return OTHER


def limit_of(traits: Traits) -> int:
    """`max_tokens`, which is required, for a client that named none."""
    return _UNKNOWN if traits.limit is None else min(traits.limit, _UNSAID)

"""The neutral reply: pieces of an answer in the order they come, in no dialect, and the answer they make.

Every reply is a run of deltas: `Began`, then any of `Said`, `Cited`, `Mused`, `Declined`, `Called`, `Showed` for each
choice, then one `Stopped` for each choice, with `Counted` anywhere. A JSON reply is the same run, all at once.
"""

from __future__ import annotations

from typing import Any

import msgspec

from outwait.core.part import Citation, Media, Part
from outwait.core.reply import Usage


class Began(msgspec.Struct, frozen=True, gc=False):
    """The answer has begun. `id`: as the upstream named it. `created`: seconds since 1970, None where not told."""

    id: str = ""
    model: str = ""
    created: int | None = None


class Said(msgspec.Struct, frozen=True, gc=False):
    """Words. `logprobs`: entries in OpenAI's shape (`{token, logprob, bytes, top_logprobs}`) for these words."""

    text: str
    choice: int = 0
    logprobs: tuple[dict[str, Any], ...] = ()


class Cited(msgspec.Struct, frozen=True, gc=False):
    """A source of the words said last."""

    citation: Citation
    choice: int = 0


class Mused(msgspec.Struct, frozen=True, gc=False):
    """Reasoning. A `signature` or `sealed` ends it. `ident`: the item's id. `dialect`: whose signature it is."""

    text: str = ""
    choice: int = 0
    signature: str | None = None
    sealed: str | None = None
    ident: str | None = None
    dialect: str = ""


class Declined(msgspec.Struct, frozen=True, gc=False):
    """Words of refusal."""

    text: str
    choice: int = 0


class Called(msgspec.Struct, frozen=True, gc=False):
    """A piece of a tool call. `index` tells the calls of one choice apart, from 0 in the order they began. The first
    piece of each has `id` and `name`; `arguments` grow piece by piece. See `part.ToolCall` for the others.
    """

    index: int
    choice: int = 0
    id: str = ""
    name: str = ""
    arguments: str = ""
    custom: bool = False
    signature: str | None = None
    ident: str | None = None


class Showed(msgspec.Struct, frozen=True, gc=False):
    """An image, sound or the like, whole."""

    media: Media
    choice: int = 0


class Stopped(msgspec.Struct, frozen=True, gc=False):
    """A choice is over. `reason`: stop | length | tool_calls | content_filter | refusal | pause | context_length.
    `sequence`: the stop sequence that was met. `told`: the upstream's own word for it.
    """

    reason: str
    choice: int = 0
    sequence: str | None = None
    told: str = ""


class Counted(msgspec.Struct, frozen=True, gc=False):
    """The tokens, as counted so far; a later one replaces an earlier one."""

    usage: Usage


Delta = Began | Said | Cited | Mused | Declined | Called | Showed | Stopped | Counted


class Choice(msgspec.Struct, frozen=True, gc=False):
    """One answer, whole: its parts in the order they began."""

    parts: tuple[Part, ...] = ()
    reason: str = "stop"
    sequence: str | None = None
    logprobs: tuple[dict[str, Any], ...] = ()


class Answer(msgspec.Struct, frozen=True, gc=False):
    """A whole reply; `usage` is None where the upstream told none."""

    id: str = ""
    model: str = ""
    created: int | None = None
    choices: tuple[Choice, ...] = ()
    usage: Usage | None = None

"""The neutral request: what a client asks, in no dialect. Made only where client and upstream speak different ones.

None (or an empty tuple or mapping) always means that the client said nothing about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from outwait.core.part import Part


class Message(msgspec.Struct, frozen=True, gc=False):
    """One turn. `role`: system | developer | user | assistant | tool; a `tool` message holds only `ToolResult`s, and
    they stand nowhere else. `name`: of a participant.
    """

    role: str
    parts: tuple[Part, ...]
    name: str | None = None


class Tool(msgspec.Struct, frozen=True, gc=False):
    """A function the model may call. `schema`: JSON schema of its arguments. `custom`: takes free text (then `schema`
    is its format, if any).
    """

    name: str
    description: str | None = None
    schema: Mapping[str, Any] | None = None
    strict: bool | None = None
    custom: bool = False
    cache: Mapping[str, Any] | None = None


class ToolChoice(msgspec.Struct, frozen=True, gc=False):
    """`mode`: auto | none | required | named (one of `names` must be called; several: only these are allowed). None:
    the client said nothing but `parallel`."""

    mode: str | None = None
    names: tuple[str, ...] = ()
    parallel: bool | None = None


class Output(msgspec.Struct, frozen=True, gc=False):
    """The form of the answer. `kind`: text | json (any object) | schema."""

    kind: str
    schema: Mapping[str, Any] | None = None
    name: str | None = None
    description: str | None = None
    strict: bool | None = None


class Reasoning(msgspec.Struct, frozen=True, gc=False):
    """How hard to think. `effort`: none | minimal | low | medium | high | xhigh | max. `budget`: tokens (0: not at all,
    -1: as the model likes). `show`: whether the thoughts shall be told. `summary`: auto | concise | detailed.
    """

    effort: str | None = None
    budget: int | None = None
    show: bool | None = None
    summary: str | None = None


class Sampling(msgspec.Struct, frozen=True, gc=False):
    """How words are chosen."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logit_bias: Mapping[str, Any] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None


class Ask(msgspec.Struct, frozen=True, gc=False):
    """One request. `model`: as the client named it. `messages`: system prompts among them, in their places. `count`:
    how many answers, `limit`: the most tokens of one. `user`: the end user's id. `tier`: service tier. `verbosity`:
    low | medium | high. `usage`: a stream shall tell its usage. `modalities`: forms of the answer, such as `text`,
    `audio`, `image`.

    `rest`: the client's further fields, under their own names (a dotted path for nested ones), as decoded from JSON:
    what its dialect defines and the neutral request has no place for. They go back into the same dialect as they
    are; for another one each is refused or dropped by that dialect's table.
    """

    model: str
    messages: tuple[Message, ...]
    stream: bool = False
    tools: tuple[Tool, ...] = ()
    choice: ToolChoice | None = None
    output: Output | None = None
    reasoning: Reasoning | None = None
    sampling: Sampling = Sampling()
    limit: int | None = None
    stop: tuple[str, ...] = ()
    count: int | None = None
    user: str | None = None
    metadata: Mapping[str, Any] | None = None
    tier: str | None = None
    store: bool | None = None
    usage: bool = False
    verbosity: str | None = None
    modalities: tuple[str, ...] = ()
    rest: Mapping[str, Any] = {}


class Wording(msgspec.Struct, frozen=True, gc=False):
    """A request worded for an upstream. `dropped`: the client's fields that were left out, by the client's names."""

    body: bytes
    dropped: tuple[str, ...] = ()

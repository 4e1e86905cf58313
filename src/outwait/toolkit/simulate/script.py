"""The script in a model's name: what a simulated provider does to a call, as a value.

    script  = step { ("+" | "-then-") step }
    step    = a row of STEPS; SPAN is `500ms`, `20s`, `1m30s`; COUNT a number; SIZE `64kb`, `1mb`

`parse` promises a Script for every name made of these steps, and a ScriptError that lists the grammar for any other
name. Steps before the answer (`silent`, `head`, `pings`, `think`) are played in their order and come first; the others
say what the answer is, how fast it comes and how it ends, each at most once (`stall` as often as wanted).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType
from typing import Final

from outwait.policy import durations

NAME_LENGTH: Final = 200
_MAX_SPAN = 86_400.0
_MAX_WORDS = 100_000
_MAX_BYTES = 64 << 20
_MAX_TOOLS = 16


class ScriptError(ValueError):
    """A name that is no script; the text says which step is wrong and lists the grammar."""


class Content(Enum):
    """What the answer is made of."""

    TEXT = "text"  # words; `amount` of them
    ECHO = "echo"  # the last user message
    HEARD = "echo-request"  # the request's body
    TOLD = "echo-conversation"  # all that the model was told
    TOOLS = "tools"  # `amount` parallel tool calls
    REFUSAL = "refusal"
    EMPTY = "empty"
    BIG = "big"  # a text of `amount` bytes


class Fate(Enum):
    """How a call ends when it does not end well."""

    ERROR = "error"  # an HTTP error with the provider's JSON, or an error in the answer once its head is out
    ERROR_INSIDE = "error-in-stream"  # an error object inside a 200
    RESET = "reset"
    CLOSE = "close"  # FIN in the middle
    TRUNCATE = "truncate"  # the reply ends, the answer does not
    HANG = "hang"
    GARBAGE = "garbage"  # 200, and a body that is no JSON and no event stream
    GARBAGE_HTTP = "garbage-http"  # not HTTP
    HTML = "html"  # an HTML page, as proxies send it
    EMPTY_BODY = "empty-body"  # 200 without a body
    REFUSE_STREAM = "refuse-stream"  # 400 for streamed calls, an answer for others


@dataclass(frozen=True, slots=True)
class Silent:
    """Nothing for `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class HeadNow:
    """Status and headers go out now."""


@dataclass(frozen=True, slots=True)
class Pings:
    """The head, then a keep-alive of the protocol (JSON: a blank line) each second for `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Think:
    """Reasoning drips for `seconds` (JSON: silence; the reasoning comes with the answer)."""

    seconds: float


Prelude = Silent | HeadNow | Pings | Think


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds before each piece of the answer, from `low` to `high`."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Stall:
    """Silence of `seconds` once `after` pieces of the answer are out."""

    seconds: float
    after: int


@dataclass(frozen=True, slots=True)
class End:
    """How the call ends badly.

    `after`: seconds (float) after the prelude, pieces of the answer (int), or None where it strikes at once.
    `status`, `code`, `retry_after` (seconds): of an error told.
    """

    fate: Fate
    after: float | int | None = None
    status: int = 200
    code: str | None = None
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """What happens to a call. `amount`: words, tool calls or bytes of the answer, as `content` says.

    `flaky`: how many calls with the same body fail with 503 before one is answered. `cached`: words of the prompt that
    came out of a cache.
    """

    prelude: tuple[Prelude, ...] = ()
    content: Content = Content.TEXT
    amount: int = 40
    logprobs: bool = False
    pace: Pace | None = None
    stalls: tuple[Stall, ...] = ()
    end: End | None = None
    flaky: int = 0
    cached: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """A row of the grammar. `form`: its spelling, parts in brackets may be left out; `meaning`: for people.

    `slot`: what it settles; two steps of one slot contradict each other, except that "before", "stall" and "" (nothing)
    may be repeated.
    """

    form: str
    meaning: str
    slot: str
    put: Callable[[Script, Mapping[str, str]], Script]
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pattern", _pattern(self.form))


_SPAN = r"(?:\d{1,9}(?:\.\d{1,3})?(?:ms|[dhms]))+"
_WORDS: Final = {
    "SPAN": _SPAN, "LOW": _SPAN, "HIGH": _SPAN, "COUNT": r"\d{1,7}", "SIZE": r"\d{1,8}(?:k|m)?b",
    "STATUS": r"[45]\d\d", "CODE": r"(?!retry|after)[a-z][a-z_]{0,40}", "WAIT": r"\d{1,5}s?",
    "WHEN": rf"{_SPAN}|\d{{1,7}}",
}  # fmt: skip


def _pattern(form: str) -> re.Pattern[str]:
    text = re.escape(form).replace(r"\[", "(?:").replace(r"\]", ")?").replace(r"\-", "-")
    return re.compile(re.sub(r"\b[A-Z]{3,}\b", lambda word: f"(?P<{word[0]}>{_WORDS[word[0]]})", text), re.ASCII)


def _seconds(text: str) -> float:
    seconds = durations.parse(text)
    if seconds > _MAX_SPAN:
        raise ValueError("a span is at most a day")
    return seconds


def _count(text: str, most: int = _MAX_WORDS) -> int:
    count = int(text)
    if count > most:
        raise ValueError(f"at most {most} are made")
    return count


def _size(text: str) -> int:
    unit = {"k": 1 << 10, "m": 1 << 20}.get(text[-2], 1)
    size = int(text.rstrip("kmb")) * unit
    if size > _MAX_BYTES:
        raise ValueError(f"at most {_MAX_BYTES >> 20}mb are made")
    return size


def _when(text: str | None) -> float | int | None:
    """A span as float seconds, a plain number as int pieces."""
    if text is None:
        return None
    return _count(text) if text.isdigit() else _seconds(text)


def _before(make: Callable[[float], Prelude]) -> Callable[[Script, Mapping[str, str]], Script]:
    return lambda script, given: replace(script, prelude=(*script.prelude, make(_seconds(given["SPAN"]))))


def _content(content: Content, most: int = _MAX_WORDS) -> Callable[[Script, Mapping[str, str]], Script]:
    def put(script: Script, given: Mapping[str, str]) -> Script:
        if "SIZE" in given:
            return replace(script, content=content, amount=_size(given["SIZE"]))
        amount = _count(given["COUNT"], most) if "COUNT" in given else script.amount
        return replace(script, content=content, amount=amount)

    return put


def _ends(fate: Fate) -> Callable[[Script, Mapping[str, str]], Script]:
    def put(script: Script, given: Mapping[str, str]) -> Script:
        after = _when(given.get("WHEN") or given.get("SPAN") or given.get("COUNT"))
        wait = given.get("WAIT")
        retry_after = int(wait.removesuffix("s")) if wait is not None else None
        status = int(given.get("STATUS", "200"))
        return replace(script, end=End(fate, after, status, given.get("CODE"), retry_after))

    return put


def _stall(script: Script, given: Mapping[str, str]) -> Script:
    stall = Stall(_seconds(given["SPAN"]), _count(given["COUNT"]))
    return replace(script, stalls=tuple(sorted((*script.stalls, stall), key=lambda each: each.after)))


def _pace(script: Script, given: Mapping[str, str]) -> Script:
    low = _seconds(given.get("LOW") or given["SPAN"])
    high = _seconds(given.get("HIGH") or given["SPAN"])
    if low > high:
        raise ValueError("the shorter span comes first")
    return replace(script, pace=Pace(low, high))


STEPS: Final = (
    Step("silent-SPAN", "nothing at all for SPAN", "before", _before(Silent)),
    Step(
        "head", "status and headers at once (`head-then-silent-20s`)", "before",
        lambda script, _: replace(script, prelude=(*script.prelude, HeadNow())),
    ),
    Step("pings-SPAN", "the head, then the protocol's keep-alive (JSON: a blank line) each second for SPAN", "before",
         _before(Pings)),
    Step("think-SPAN", "reasoning for SPAN, then the answer (JSON: silence, then both)", "before", _before(Think)),
    Step("fast", "the answer at once; what happens without any other step", "", lambda script, _: script),
    Step("drip-SPAN", "a piece of the answer every SPAN (JSON: silent for as long as the stream takes)", "pace", _pace),
    Step("jitter-LOW-HIGH", "the same with a random span from LOW to HIGH", "pace", _pace),
    Step("stall-SPAN-after-COUNT", "silent for SPAN once COUNT pieces are out (JSON: half the body)", "stall", _stall),
    Step("long-COUNT", "an answer of COUNT pieces", "content", _content(Content.TEXT)),
    Step("big-SIZE", "an answer of SIZE bytes", "content", _content(Content.BIG)),
    Step("echo", "the last user message as the answer", "content", _content(Content.ECHO)),
    Step("echo-request", "the body of the request as the answer", "content", _content(Content.HEARD)),
    Step("echo-conversation", "all messages as the answer, each with its role on a line of its own", "content",
         _content(Content.TOLD)),
    Step("tools-COUNT", "COUNT parallel tool calls; a text that quotes their results once these are there", "content",
         _content(Content.TOOLS, _MAX_TOOLS)),
    Step("refusal", "a refusal instead of content", "content", _content(Content.REFUSAL)),
    Step("empty", "an answer without content", "content", _content(Content.EMPTY)),
    Step("logprobs", "logprobs even if none were asked for", "logprobs", lambda s, _: replace(s, logprobs=True)),
    Step(
        "cached-COUNT", "usage tells COUNT words of the prompt as cached", "cached",
        lambda script, given: replace(script, cached=_count(given["COUNT"])),
    ),
    Step(
        "flaky-COUNT", "503 for the first COUNT calls with the same body, then the answer", "flaky",
        lambda script, given: replace(script, flaky=_count(given["COUNT"])),
    ),
    Step("error-STATUS[-CODE][-retry-after-WAIT][-after-SPAN]", "an HTTP error in the provider's JSON", "end",
         _ends(Fate.ERROR)),
    Step("error-in-stream[-after-WHEN]", "an error object inside a 200, after a span or a number of pieces", "end",
         _ends(Fate.ERROR_INSIDE)),
    Step("reset[-after-WHEN]", "a TCP reset, after a span or a number of pieces", "end", _ends(Fate.RESET)),
    Step("close[-after-WHEN]", "the connection closed in the middle", "end", _ends(Fate.CLOSE)),
    Step("truncate[-after-COUNT]", "a reply that ends before its answer does (JSON: short of its Content-Length)",
         "end", _ends(Fate.TRUNCATE)),
    Step("hang", "no answer, ever", "end", _ends(Fate.HANG)),
    Step("garbage", "200 with a body that is no JSON and no event stream", "end", _ends(Fate.GARBAGE)),
    Step("garbage-http", "bytes that are not HTTP", "end", _ends(Fate.GARBAGE_HTTP)),
    Step("html-STATUS", "an HTML error page, as proxies send it", "end", _ends(Fate.HTML)),
    Step("empty-body", "200 without a body", "end", _ends(Fate.EMPTY_BODY)),
    Step("refuse-stream", "400 for a streamed call", "end", _ends(Fate.REFUSE_STREAM)),
)  # fmt: skip

EXAMPLES: Final = (
    "fast", "silent-20s", "head-then-silent-20s", "stall-20s-after-5", "drip-50ms", "jitter-10ms-200ms", "think-10s",
    "pings-20s", "tools-2", "refusal", "logprobs", "long-2000", "big-1mb", "echo", "echo-request", "echo-conversation",
    "cached-9", "flaky-2", "error-504-after-5s", "error-429-retry-after-2", "error-in-stream-after-3", "reset-after-3s",
    "close-after-3", "truncate", "empty", "garbage", "html-502", "hang", "refuse-stream", "silent-5s+drip-50ms",
)  # fmt: skip

GRAMMAR: Final = "\n".join(
    (
        "A model's name is its script: steps joined by `+` or `-then-`, such as `silent-5s+drip-50ms`.",
        "SPAN: 500ms, 20s, 1m30s. COUNT: a number. SIZE: 64kb, 1mb. WHEN: a SPAN, or a COUNT of pieces.",
        *(f"  {step.form:<32} {step.meaning}" for step in STEPS),
    )
)

_LATE: Final = frozenset({"pace", "stall", "content", "end"})
_JOINT = re.compile(r"\+|-then-")


def parse(name: str, aliases: Mapping[str, str] = MappingProxyType({})) -> Script:
    """The script that `name`, or what `aliases` says it stands for, spells. Raises ScriptError."""
    text = aliases.get(name, name)
    if not text or len(text) > NAME_LENGTH:
        raise _error(text, "is empty or too long")
    script = Script()
    settled: dict[str, str] = {}
    for part in _JOINT.split(text):
        step, given = _find(text, part)
        _check(text, part, step.slot, settled)
        try:
            script = step.put(script, given)
        except ValueError as error:
            raise _error(text, f"`{part}`: {error}") from error
    return script


def _find(text: str, part: str) -> tuple[Step, dict[str, str]]:
    for step in STEPS:
        match = step.pattern.fullmatch(part)
        if match is not None:
            return step, {name: value for name, value in match.groupdict().items() if value is not None}
    raise _error(text, f"`{part[:60]}` is no step")


def _check(text: str, part: str, slot: str, settled: dict[str, str]) -> None:
    """Refuse steps that contradict each other, and `drip-50ms-then-silent-5s`: it reads as if the silence came last."""
    if slot == "before":
        for each in _LATE & settled.keys():
            raise _error(text, f"`{part}` happens before the answer: put it before `{settled[each]}`")
    elif slot:
        if slot != "stall" and slot in settled:
            raise _error(text, f"`{part}` contradicts `{settled[slot]}`")
        settled[slot] = part


def _error(text: str, what: str) -> ScriptError:
    return ScriptError(f"The model `{text[:NAME_LENGTH]}` is no script: {what}.\n{GRAMMAR}")

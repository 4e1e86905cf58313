"""What people tell of a clock in words of their own: a silence that ended in a cut, or a span that is always the same.

Nobody who writes "after a minute without output the connection closes" names the cause, but says all that makes it
out: how long nothing was sent, and that something in between ended it. The words may stand in any order, so these
are no patterns: kinds of words that stand near a span of time. What a program says of its own timer is no prose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final, NamedTuple

from outwait.diagnosis.causes import (
    BAD_RESPONSE,
    CLIENT,
    CONTEXT,
    CUT,
    EMPTY,
    FIRST_BYTE,
    GATEWAY,
    GATEWAY_TIMEOUT,
    GAVE_UP,
    IDLE,
    MIDDLEBOX,
    NO_MODEL,
    OVERLOADED,
    REFUSED,
    RESET,
    TOTAL,
    TRUNCATED,
    UNKNOWN,
    UPSTREAM_ERROR,
)
from outwait.diagnosis.fold import Folded
from outwait.diagnosis.prose_words import (
    AND_MORE,
    BEYOND,
    DENIED,
    EACH_TIME,
    ENDED,
    FAILED,
    FAR,
    FLOWING,
    HOP,
    HOP_TIMER,
    LEFT,
    LIMIT,
    LIMITED,
    LOCAL,
    LOST,
    NEVER,
    NO_HOP,
    OWN_CLOCK,
    OWN_LENGTH,
    OWN_TIMER,
    PARTIAL,
    PLATFORM,
    QUIET,
    REJECTED,
    SPAN,
    TRIGGER,
    seconds,
)
from outwait.diagnosis.sign import Sign

_NEAR: Final = 220  # characters before and after a span in which its words stand
_TELLING: Final = 24  # characters after the name of a timer in which its length stands
_BESIDE: Final = 1.0  # seconds that people are off when they tell how long a hop waits
_TIED: Final = 60  # the same around a timer and what it brought about
_CLOSE: Final = 90  # the same for words that say that the span is exact
_SPANS: Final = 12  # spans of a text that are looked at
_QUOTED: Final = 120
_LIKELY: Final = 78  # prose is never said for sure
_PLAIN: Final = 66  # up to this weight, plain words or a status name a cause
_SIGNED_OFF: Final = 95  # up to this weight, words for a caller who left may tell of a hop that hung up first
_HOPS_ONLY: Final = (55.0, 125.0, 230.0, 240.0, 350.0)
"""Seconds after which hops cut, and no client does: Heroku, Cloudflare, Azure, AWS (FACTS 1.4)."""
_HOPS_TOO: Final = (60.0, 100.0, 120.0, *_HOPS_ONLY)
"""The same, with those that a few clients have, too: nginx and load balancers, Cloudflare."""
_CLIENTS_ONLY: Final = (300.0, 600.0)
"""Seconds that clients wait by default: Node's headersTimeout, the SDK of OpenAI (FACTS 1.1)."""
_ROUGH: Final = re.compile(r"[0-9]-[0-9]|多")  # a span that is not told exactly
_SHORTEST: Final = 5.0  # seconds; no limit of a hop on the way is below
_WHISPER: Final = 31  # up to this weight, single words hint at a cause
_WRAPPER: Final = 86  # up to this weight, what is named may stand around a deeper cause
_TIMERS: Final = (IDLE, GATEWAY_TIMEOUT)  # who says so tells of a timer, not of a silence
_CUTS: Final = {
    # causes that a cut looks like, and up to which weight
    EMPTY: 100,
    TRUNCATED: 96,
    RESET: 92,
    UNKNOWN: 100,
    CONTEXT: _PLAIN,
    NO_MODEL: _PLAIN,
    OVERLOADED: _PLAIN,
    UPSTREAM_ERROR: 88,
    BAD_RESPONSE: _PLAIN,
    REFUSED: _PLAIN,
    GAVE_UP: _PLAIN,
    FIRST_BYTE: 87,
    TOTAL: _PLAIN,
    IDLE: _PLAIN,
    GATEWAY_TIMEOUT: _PLAIN,
}
_SUBJECTS: Final = {
    # causes that a subject word may have named
    CONTEXT: 96,
    OVERLOADED: _PLAIN,
    UPSTREAM_ERROR: _PLAIN,
    EMPTY: _PLAIN,
    TRUNCATED: _PLAIN,
    BAD_RESPONSE: _PLAIN,
    NO_MODEL: _PLAIN,
    UNKNOWN: 100,
    RESET: 79,
    IDLE: 93,
    FIRST_BYTE: _PLAIN,
}
_HOPS: Final = {**_SUBJECTS, CONTEXT: _PLAIN, IDLE: 0, FIRST_BYTE: 87, TOTAL: _PLAIN}
"""The same, where the timer of a hop is named."""


class _Place(NamedTuple):
    """A span of time in a text: where it stands, and what stands around it. `direct`: the text names no hop."""

    start: int
    end: int
    span: str
    around: str
    close: str
    before: str
    after: str
    direct: bool


def prose(strongest: Sign, words: str, folded: Folded, elapsed: float | None) -> Sign | None:
    """What the prose of a folded text (`words`, without hints) says that the `strongest` sign does not, or None."""
    left = _left(strongest, words)
    if left is not None:
        return Sign(_LIKELY, GATEWAY_TIMEOUT, MIDDLEBOX, folded.quote(*left).strip(), "", left[0])
    places = tuple(_places(words))
    for rules in ((_impatient, _silent, _named, _beyond), (_punctual, _broken)):
        for place in places:
            found = next(filter(None, (rule(strongest, place) for rule in rules)), None)
            if found is not None:
                return Sign(_LIKELY, *found, _around(place, folded), "", place.start)
    for hop in islice(HOP.finditer(words), _SPANS):
        start, end = hop.span()
        if QUIET.search(words, max(0, start - _NEAR), end + _NEAR):
            found = _silence(strongest, words[max(0, start - _NEAR) : end + _NEAR])
            if found is not None:
                return Sign(_LIKELY, *found, folded.quote(start, min(len(words), end + _QUOTED)).strip(), "", start)
    if elapsed is not None and elapsed >= _SHORTEST and strongest.weight <= _PLAIN and len(words) <= 2 * _NEAR:
        found = _silence(strongest, words)
        if found is not None:
            return Sign(_LIKELY, *found, f"{elapsed:g} s", "")
    return None


def _around(place: _Place, folded: Folded) -> str:
    """What stands around a span in the plain text."""
    return folded.quote(max(0, place.start - _QUOTED // 2), min(len(folded.text), place.end + _QUOTED // 2)).strip()


def _places(words: str) -> Iterator[_Place]:
    direct = HOP.search(NO_HOP.sub(" ", words)) is None and PLATFORM.search(words) is None
    for count, found in enumerate(SPAN.finditer(words)):
        if count == _SPANS:
            return
        start, end = found.span()
        yield _Place(
            start,
            end,
            found[0],
            words[max(0, start - _NEAR) : end + _NEAR],
            words[max(0, start - _CLOSE) : end + _CLOSE],
            words[max(0, start - _CLOSE) : start],
            words[end : end + _CLOSE],
            direct,
        )


def _impatient(strongest: Sign, place: _Place) -> tuple[str, str] | None:
    """A span that clients wait, where nothing is on the way: the far side is local, or was at work all the time."""
    length = seconds(place.span)
    if not place.direct or length not in _CLIENTS_ONLY or _ROUGH.search(place.span):
        return None
    local, far = (each.search(place.around) is not None for each in (LOCAL, FAR))
    if not (local or far) or not _may_be(strongest, _CUTS) or _clients(place, length):
        return None
    if OWN_TIMER.search(place.around) or PARTIAL.search(place.around) or (FLOWING.search(place.around) and not far):
        return None
    sharp = any(each.search(place.close) for each in (EACH_TIME, NEVER, ENDED))
    sharp = sharp or BEYOND.search(place.before) is not None or AND_MORE.search(place.after) is not None
    failed = any(each.search(place.around) for each in (FAILED, NEVER, LOST, ENDED, REJECTED))
    return (FIRST_BYTE, CLIENT) if sharp and failed else None


def _silent(strongest: Sign, place: _Place) -> tuple[str, str] | None:
    return _silence(strongest, place.around)


def _silence(strongest: Sign, around: str) -> tuple[str, str] | None:
    """A cut by who allows no silence so long. A timer that a program has told of is its own, unless a hop is named."""
    hop = HOP.search(around) is not None
    observed = strongest.cause == IDLE and (hop or strongest.quote[:1].isdigit())  # "60 s without ...": no timer's name
    if not (observed or _may_be(strongest, _CUTS)):
        return None
    if OWN_TIMER.search(around) or FLOWING.search(around) or ENDED.search(around) is None:
        return None
    limited = hop and strongest.cause not in _TIMERS and strongest.weight <= _WRAPPER
    return (CUT, MIDDLEBOX) if limited or QUIET.search(around) else None


def _may_be(strongest: Sign, causes: Mapping[str, int]) -> bool:
    """Whether what the `strongest` sign names is only what it looks like."""
    return strongest.weight <= max(_WHISPER, causes.get(strongest.cause, 0))


def _named(strongest: Sign, place: _Place) -> tuple[str, str] | None:
    """The timer of a hop, whose length is told."""
    limit = LIMIT.search(place.after) or LIMITED.search(place.before)
    if limit is None or not _may_be(strongest, _HOPS) or OWN_TIMER.search(place.around):
        return None
    return (GATEWAY_TIMEOUT, MIDDLEBOX) if HOP.search(place.close) else None


def _left(strongest: Sign, words: str) -> tuple[int, int] | None:
    """Where it is told that a hop's timer is what made the caller go; a hop that is only named made nobody go."""
    if strongest.cause != GAVE_UP or strongest.weight > _SIGNED_OFF:
        return None
    for found in islice(LEFT.finditer(words), _SPANS):
        start, end = max(0, found.start() - _NEAR), found.end() + _NEAR
        timer = HOP_TIMER.search(words, start, end)
        if timer is None:
            continue
        first, last = min(timer.start(), found.start()), max(timer.end(), found.end())
        told = words[max(0, first - _TIED) : last + _TIED]
        if TRIGGER.search(told) and not any(each.search(told) for each in (DENIED, OWN_CLOCK)):
            return first, last
    return None


def _beyond(strongest: Sign, place: _Place) -> tuple[str, str] | None:
    """A span past which no call lives, though the far side would have answered, or that only hops allow."""
    far = FAR.search(place.around) is not None
    length = seconds(place.span)
    clients = _clients(place, length)
    if clients == length or OWN_TIMER.search(place.around) or (FLOWING.search(place.around) and not far):
        return None
    never = NEVER.search(place.around) is not None
    beyond = BEYOND.search(place.before) is not None or AND_MORE.search(place.after) is not None
    sharp = never or beyond or EACH_TIME.search(place.close)
    named = never or strongest.weight > _PLAIN
    failed = named or FAILED.search(place.around) or (beyond and LOST.search(place.around))
    if not sharp or not failed or not _may_be(strongest, _CUTS):
        return None
    at_work = far and (ENDED.search(place.around) or strongest.cause != FIRST_BYTE)
    known = _HOPS_ONLY if strongest.cause in (FIRST_BYTE, TOTAL) else _HOPS_TOO
    if not (at_work or clients > length or any(abs(length - each) <= _BESIDE for each in known)):
        return None
    if strongest.cause == GATEWAY_TIMEOUT or HOP.search(place.around):
        return GATEWAY_TIMEOUT, MIDDLEBOX
    return CUT, MIDDLEBOX


def _clients(place: _Place, length: float) -> float:
    """How many seconds the timer of a client is that is named beside a span of `length`; 0 where none is named.

    One that is named without its own length, or with a shorter one, may be the span itself.
    """
    clock = OWN_CLOCK.search(place.around)
    if clock is None:
        return 0.0
    told = SPAN.search(place.around, clock.end(), clock.end() + _TELLING)
    if told is not None:
        return max(length, seconds(told[0]))
    bare = OWN_LENGTH.match(place.around, clock.end())
    return length if bare is None else max(length, float(bare["number"]))


def _punctual(strongest: Sign, place: _Place) -> tuple[str, str | None] | None:
    """A span that is the same each time is a timer, whatever else is spoken of."""
    flowing = FLOWING.search(place.around) is not None
    if not (flowing or (EACH_TIME.search(place.close) and strongest.cause != IDLE)):
        return None
    if not _may_be(strongest, _SUBJECTS) or OWN_TIMER.search(place.around) or FAILED.search(place.around) is None:
        return None
    ended = ENDED.search(place.around) is not None
    if strongest.weight > _PLAIN and not ended:
        return None
    if not flowing and OWN_CLOCK.search(place.around):
        return (TOTAL, CLIENT) if strongest.cause != FIRST_BYTE else None
    if flowing:
        return TOTAL, GATEWAY if "gateway" in place.around or "网关" in place.around else MIDDLEBOX
    if HOP.search(place.around):
        return GATEWAY_TIMEOUT, MIDDLEBOX
    if ended or PARTIAL.search(place.around):
        return CUT, MIDDLEBOX
    return (TOTAL, None) if strongest.cause != FIRST_BYTE else None


def _broken(strongest: Sign, place: _Place) -> tuple[str, str] | None:
    """Something that ended after a span, and nothing said why: what is on the way has clocks, and tells nobody."""
    if strongest.weight > _WHISPER or OWN_TIMER.search(place.around) or ENDED.search(place.close) is None:
        return None
    return CUT, MIDDLEBOX

"""The rule: what a symptom means, by its strongest sign, and how sure that is.

Every sign has a weight (`outwait.diagnosis.pattern`). The strongest names the cause, since inner causes weigh more than
what is wrapped around them; time may know better than a wrapper; who tells it decides the side. What else was found and
is not explained by the cause is an alternative, and takes from the confidence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from outwait.diagnosis.blame import side_of
from outwait.diagnosis.causes import (
    CONNECT,
    CONTEXT,
    CUT,
    EMPTY,
    FIRST_BYTE,
    GATEWAY_TIMEOUT,
    GAVE_UP,
    IDLE,
    REFUSED,
    RESET,
    TOTAL,
    UNKNOWN,
    UPSTREAM_ERROR,
)
from outwait.diagnosis.diagnosis import Confidence
from outwait.diagnosis.excerpt import excerpt
from outwait.diagnosis.fold import fold
from outwait.diagnosis.hints import blanked
from outwait.diagnosis.patterns_browsers import CORS
from outwait.diagnosis.prose import prose
from outwait.diagnosis.sign import Sign, signs
from outwait.diagnosis.symptom import Symptom
from outwait.diagnosis.teller import Teller, teller
from outwait.diagnosis.timing import FAILING, GUESS, own_clock, spoken, timed
from outwait.policy.limits import near

_SURE, _LIKELY, _MARGIN = 82, 56, 3
_WRAPPER, _WRAPPED = (
    22,
    47,
)  # a wrapper of a client library inside a reply: the gateway's own call failed, more than its 5xx says
_ABORTED, _WHISPER = 70, 38  # plain words for an abort, which in a 5xx reply was not the caller's
_REFUSED: Final = 35  # "the provider returned an error" around a 4xx: the status says more
_BLAND: Final = 62
_LATE: Final = 504
_LOOSELY: Final = 90  # up to this weight, words for a connection that timed out may mean the whole call
_OFTEN, _COUNTED = 429, 66
_ANY: Final = (502, 503)  # what a proxy answers for any failure behind it
_HIDDEN: Final = 28  # a browser's words for an answer that failed, and so did not name the origins it allows
_SAID, _PLAIN = 40, 64  # plain words for a timeout, which in a 5xx reply are those of who answered
_TALK: Final = 31
_GO_LEFT, _BODY = (
    "context cancel",
    80,
)  # all that a 504 says whose writer gave up on its own call; up to so many characters
_SHORT: Final = 160  # characters: who pastes less means it as an error
_BARE: Final = re.compile(r"[\[({][\])}]$|\W(?:null|none|0|\"\"|'')\W{0,240}$", re.IGNORECASE)
_ABSENT: Final = re.compile(r"\b(?:no|without|nothing)\b", re.IGNORECASE)  # so people tell of a silence, too
_NAMED: Final = re.compile(r"(?:error|exception|fail(?:ed|ure)|message|detail|reason)[\"']?[)\]]?[:=][^.;]{0,48}$")
_ERROR: Final = re.compile(
    r"[\"']error(?:_?code|_?message|_?type)?[\"']: ?(?:\{ ?[\"'][a-z]|[\"'][a-z0-9])"
    r"|[\"'](?:error_?)?code[\"']: ?[\"'](?!ok\b|success)[a-z]"
)
_WAITED: Final = frozenset((FIRST_BYTE, TOTAL))
_CLOCKS: Final = frozenset((FIRST_BYTE, IDLE, TOTAL))
_NEVER_SURE: Final = frozenset((RESET, CUT, UNKNOWN))
_SPEECHLESS: Final = Sign(0, UNKNOWN, None, "", "")
_OPEN: Final = {
    # what a cause that is only guessed could be instead
    UNKNOWN: (REFUSED, CONNECT, FIRST_BYTE, RESET),
    FIRST_BYTE: (TOTAL, IDLE, CONNECT),
    TOTAL: (FIRST_BYTE, IDLE),
    RESET: (CUT, GAVE_UP),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """The rule's result: `best` decides; `signs` are all, the strongest first. `elapsed` (seconds) as known.

    `others`: further causes that would explain it. `read`: the text, folded, as it was read.
    """

    best: Sign
    side: str
    confidence: Confidence
    signs: tuple[Sign, ...]
    others: tuple[str, ...]
    told: Teller
    status: int | None
    elapsed: float | None
    read: str


def read(symptom: Symptom) -> Reading:
    """What `symptom` means."""
    folded = fold(excerpt(symptom.text))
    words = blanked(folded.text)
    told = teller(folded, words, symptom.headers)
    found = [each for each in signs(folded, words, symptom.status) if not _says_nothing(each, words)]
    status = symptom.status or next((each.status for each in found if each.status), None)
    elapsed = symptom.elapsed if symptom.elapsed is not None else spoken(words)
    ranked = sorted((_weighed(each, status, words) for each in found), key=lambda each: (-each.weight, each.at))
    best = ranked[0] if ranked else _SPEECHLESS
    better = prose(best, words, folded, elapsed)
    if better is None and (symptom.elapsed is not None or FAILING.search(words)):
        better = timed(best, words, elapsed)
    if better is not None:
        ranked.insert(0, better)
        best = better
    side = side_of(best, told, status)
    others = [each.cause for each in ranked if each.cause not in (best.cause, UNKNOWN)]
    if best.weight < _SURE:
        others += [cause for cause in _OPEN.get(best.cause, ()) if cause != best.cause]
    return Reading(
        best,
        side,
        _confidence(best, ranked, elapsed, told, words, status),
        tuple(ranked),
        tuple(dict.fromkeys(others)),
        told,
        status,
        elapsed,
        words,
    )


def _says_nothing(sign: Sign, words: str) -> bool:
    """Whether it is a whisper in a long text in which nothing failed, or a field that an error left empty."""
    if sign.cause == EMPTY and _BARE.search(sign.quote) and _ERROR.search(words):
        return True
    return not sign.source and sign.weight <= _TALK and len(words) > _SHORT and FAILING.search(words) is None


def _weighed(sign: Sign, status: int | None, words: str) -> Sign:
    """`sign` as it counts beside the status of the reply, in a text of these `words`."""
    if status is None:
        return sign
    if status == _LATE and sign.cause == GAVE_UP and len(words) <= _BODY and sign.quote.lower().startswith(_GO_LEFT):
        return Sign(_PLAIN + 1, GATEWAY_TIMEOUT, None, sign.quote, sign.source, sign.at)
    if sign.cause == UNKNOWN and _WRAPPER <= sign.weight < _WRAPPED - 5 and status >= 500:
        return Sign(_WRAPPED, sign.cause, None, sign.quote, sign.source, sign.at)
    if sign.cause == CONNECT and sign.weight <= _LOOSELY and status == _LATE:  # who answers 504 was reached
        return Sign(_PLAIN + 1, GATEWAY_TIMEOUT, None, sign.quote, sign.source, sign.at)
    if sign.cause == CUT and status == _LATE:  # no answer had begun: what was cut was no stream
        return Sign(sign.weight, GATEWAY_TIMEOUT, None, sign.quote, sign.source, sign.at)
    if sign.cause in _WAITED and _SAID <= sign.weight <= _PLAIN and status >= 500:
        return Sign(_PLAIN + 1, GATEWAY_TIMEOUT, None, sign.quote, sign.source, sign.at)
    weight = _lowered(sign, status)
    return sign if weight == sign.weight else replace(sign, weight=weight, status=0)


def _lowered(sign: Sign, status: int) -> int:
    """The weight of words of which the status of the reply says more."""
    if sign.cause == UPSTREAM_ERROR and sign.weight <= _BLAND and not sign.status and status < 500:
        return _REFUSED
    if sign.source == CORS and (status == _OFTEN or status >= 500):
        return _HIDDEN
    if sign.cause == CONTEXT and status == _OFTEN:  # tokens that are too many for a minute, not for the window
        return min(sign.weight, _COUNTED)
    if sign.cause == GAVE_UP and sign.weight <= _ABORTED and status >= 500:
        return _WHISPER
    return sign.weight


def _is_only_told(best: Sign, ranked: list[Sign], words: str) -> bool:
    """Whether an empty answer stands in plain words alone, `no output`, which nothing names as an error's."""
    strong = [each for each in ranked if each.cause == EMPTY and each.weight >= _SURE]
    return best.cause == EMPTY and not any(
        _ABSENT.search(each.quote) is None or _NAMED.search(words, max(0, each.at - 64), each.at) for each in strong
    )


def _confidence(
    best: Sign, ranked: list[Sign], elapsed: float | None, told: Teller, words: str, status: int | None
) -> Confidence:
    rival = max((each.weight for each in ranked if each.cause != best.cause), default=0)
    signed = best.cause == GATEWAY_TIMEOUT and told.page and bool(told.signer) and status not in _ANY
    own = best.cause in _CLOCKS and not told.gateway and elapsed is not None and own_clock(words, elapsed) is not None
    weight = max(best.weight, _SURE) if signed or own else best.weight
    sure = weight >= _SURE and weight - rival >= _MARGIN
    if sure and best.cause not in _NEVER_SURE and not _is_only_told(best, ranked, words):
        return Confidence.HIGH
    known = best.cause in _CLOCKS and best.weight > GUESS and elapsed is not None and near(elapsed)
    likely = best.weight >= _LIKELY or known
    return Confidence.MEDIUM if likely and best.cause != UNKNOWN else Confidence.LOW

"""What an answer says about the path: the silence survived, or was cut, how, after how long, by whom. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from outwait.toolkit.path import signs
from outwait.toolkit.path.question import Form, Question
from outwait.toolkit.path.reading import End, Heard

# Statuses that say that somebody's patience ended; 502 is what Apache says of a timeout of its own.
_TIMEOUTS: Final = frozenset({408, 499, 500, 502, 503, 504, 520, 522, 523, 524, 598, 599})
# A cut that comes sooner is none of silence: something else is wrong with the path.
AT_ONCE: Final = 0.15
_COMMENT, _BLANK = b": ping\n\n", b"\n"


class Verdict(StrEnum):
    """What became of a silence."""

    SURVIVED = "survived"
    CUT = "cut"  # and the moment was seen
    LOST = "lost"  # nothing ever came: somebody dropped the connection without a word
    GUARD = "guard"  # outwait itself cut an upload that came too slowly
    REFUSED = "refused"  # outwait answers, and says no
    TROUBLE = "trouble"  # nothing that has to do with silence


class How(StrEnum):
    """What a cut looked like to the client."""

    PAGE = "page"  # an error page instead of the answer
    RESET = "reset"
    FIN = "fin"  # closed before the first byte
    TRUNCATED = "truncated"  # closed in the middle of the body
    ENDED = "ended"  # a proper end, and the answer is not in it: clients take it for success
    NOTHING = "nothing"  # not even an end


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of `question`. `elapsed`: seconds, request sent -> the end. `signer`: who cut, "" if unknown. `seen`:
    who else left a mark in the head. `beats`: when heartbeats arrived, seconds since the request. `waited`: seconds
    that the server waited for an upload. `code`, `why`: of a refusal, or of trouble.
    """

    question: Question
    verdict: Verdict
    elapsed: float
    how: How | None = None
    status: int = 0
    signer: str = ""
    seen: tuple[str, ...] = ()
    beats: tuple[float, ...] = ()
    waited: float | None = None
    code: str = ""
    why: str = ""


def judge(question: Question, heard: Heard) -> Outcome:
    """What `heard` says."""
    seen = signs.marks(heard)
    beats = _beats(question, heard)

    def outcome(verdict: Verdict, how: How | None = None, **more: Any) -> Outcome:
        signer = signs.signed(heard) if how is How.PAGE else ""
        said = {"status": heard.status, "seen": seen, "beats": beats, "signer": signer, **more}
        return Outcome(question, verdict, heard.ended, how, **said)

    final = _final(question, heard)
    if heard.end is End.UNREACHED:
        return outcome(Verdict.TROUBLE, code="unreached", why=heard.why)
    if final is not None and final.get("object") == "probe":
        waited = final.get("waited")
        return outcome(Verdict.SURVIVED, waited=float(waited) if isinstance(waited, int | float) else None)
    if final is not None and isinstance(final.get("error"), dict) and signs.ours(heard):
        error = final["error"]
        code = str(error.get("code"))
        guard = code == "request_timeout" and question.form is Form.UPLOAD
        verdict = Verdict.GUARD if guard else Verdict.REFUSED
        return outcome(verdict, code=code, why=str(error.get("message")), signer=signs.OUTWAIT)
    if heard.end is End.SILENT:
        return outcome(Verdict.LOST, How.NOTHING)
    how = _how(heard)
    if heard.end is End.BROKEN or (how is How.PAGE and heard.status not in _TIMEOUTS):
        why = heard.why or f"status {heard.status} from {signs.signed(heard) or 'somebody'}"
        return outcome(Verdict.TROUBLE, code="foreign", why=why)
    if heard.ended < min(AT_ONCE, question.silence / 2):
        said = f"status {heard.status} at once" if heard.status else "the connection was closed at once"
        return outcome(Verdict.TROUBLE, how, code="at_once", why=heard.why or said)
    return outcome(Verdict.CUT, how, why=heard.why)


def _how(heard: Heard) -> How:
    if heard.end is End.RESET:
        return How.RESET
    if not heard.status:
        return How.FIN
    if heard.status != 200:
        return How.PAGE
    return How.ENDED if heard.end is End.WHOLE or heard.framing == "close" else How.TRUNCATED


def _final(question: Question, heard: Heard) -> dict[str, Any] | None:
    """The JSON object at the answer's end, if there is one."""
    if heard.end in (End.SILENT, End.BROKEN, End.UNREACHED):
        return None
    body = heard.body
    if question.form is Form.STREAM and heard.status == 200:
        lines = [line for line in body.split(b"\n") if line.startswith(b"data: ")]
        if not lines:
            return None
        body = lines[-1][6:]
    try:
        told = json.loads(body)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _beats(question: Question, heard: Heard) -> tuple[float, ...]:
    """When each heartbeat arrived."""
    if question.beat is None or heard.status != 200:
        return ()
    found: list[float] = []
    if question.form is Form.JSON:
        for at, data in heard.pieces:
            blank = len(data) - len(data.lstrip(_BLANK))
            found += [at] * blank
            if blank < len(data):
                break
        return tuple(found)
    read, count = b"", 0
    for at, data in heard.pieces:
        read += data
        now = read.count(_COMMENT)
        found += [at] * (now - count)
        count = now
    return tuple(found)

"""The whole diagnosis of a symptom, in words: what `outwait.diagnosis.read` decides, with evidence and advice."""

from __future__ import annotations

from typing import Final

from outwait.core.tongue import Tongue
from outwait.diagnosis.advice import ADVICE, COMMANDS
from outwait.diagnosis.blame import side_of
from outwait.diagnosis.causes import USUAL
from outwait.diagnosis.diagnosis import Alternative, Confidence, Diagnosis, Evidence
from outwait.diagnosis.facts import facts
from outwait.diagnosis.places import host_of, url_of
from outwait.diagnosis.read import Reading, read
from outwait.diagnosis.refine import refined
from outwait.diagnosis.symptom import Symptom
from outwait.diagnosis.veil import veiled

_QUOTES: Final = 3
_ALTERNATIVES: Final = 4
_LIKELY: Final = 56


def diagnose(symptom: Symptom, tongue: Tongue = Tongue.EN) -> Diagnosis:
    """Why the call of `symptom` failed. Never raises, whatever the text; what is quoted holds no secret."""
    reading = read(symptom)
    cause = reading.best.cause
    advice = ADVICE[cause]
    special = refined(cause, reading.read)
    now = (special.now if special is not None and special.now is not None else advice.now).told(tongue)
    general = () if special is not None and special.now is not None else (advice.change,)
    change = tuple(said.told(tongue) for said in ((special.change,) if special is not None else ()) + general)
    return Diagnosis(
        cause,
        reading.side,
        reading.confidence,
        _evidence(reading, symptom, tongue),
        _alternatives(reading),
        " ".join((now, change[0])),
        now,
        change,
        _commands(advice.confirm, symptom),
    )


def _evidence(reading: Reading, symptom: Symptom, tongue: Tongue) -> tuple[Evidence, ...]:
    """Quotes, then facts; the time is told once, with the limits that strike then where some do."""
    known = tuple(facts(reading, symptom, tongue))
    told = {each.quote for each in known if each.quote}
    quoted = (each for each in _quoted(reading, tongue) if not (each.quote in told and each.quote.endswith(" s")))
    return (*quoted, *known)


def _quoted(reading: Reading, tongue: Tongue) -> list[Evidence]:
    """The strongest quotes for the cause; of two that stand inside one another, the longer."""
    found: list[Evidence] = []
    for sign in reading.signs:
        told = Evidence(veiled(sign.quote), ADVICE[sign.cause].meaning.told(tongue), sign.cause, sign.source)
        if sign.cause != reading.best.cause or any(told.quote in each.quote for each in found):
            continue
        longer = next((at for at, each in enumerate(found) if each.quote in told.quote), None)
        if longer is None:
            found.append(told)
        else:
            found[longer] = told
    return found[:_QUOTES]


def _alternatives(reading: Reading) -> tuple[Alternative, ...]:
    told = []
    for cause in reading.others[:_ALTERNATIVES]:
        sign = next((each for each in reading.signs if each.cause == cause), None)
        if sign is None:
            told.append(Alternative(cause, USUAL[cause], Confidence.LOW, ""))
        else:
            confidence = Confidence.MEDIUM if sign.weight >= _LIKELY else Confidence.LOW
            side = side_of(sign, reading.told, reading.status)
            told.append(Alternative(cause, side, confidence, veiled(sign.quote)))
    return tuple(told)


def _commands(names: tuple[str, ...], symptom: Symptom) -> tuple[str, ...]:
    """The commands of `names`, with what the text names in their places, else with words in capitals."""
    head = symptom.text[:20_000]
    model = (
        symptom.model if symptom.model and all(sign.isalnum() or sign in "-._:/" for sign in symptom.model) else None
    )
    known = {"host": host_of(head) or "HOST", "url": url_of(head) or "URL", "model": model or "MODEL"}
    return tuple(COMMANDS[name].format(**known) for name in names)

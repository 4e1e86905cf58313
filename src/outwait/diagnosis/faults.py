"""The diagnosis of a failure that the gateway saw itself: its fault knows cause, side and clock, so nothing is guessed.

Only where an upstream answered with an error that its status and codes do not explain are its words read.
"""

from __future__ import annotations

from typing import Final

from outwait.core.fault import Fault, UpstreamError
from outwait.core.tongue import Said, Tongue
from outwait.diagnosis.advice import ADVICE, COMMANDS
from outwait.diagnosis.causes import UNKNOWN, UPSTREAM_ERROR
from outwait.diagnosis.diagnose import diagnose
from outwait.diagnosis.diagnosis import Alternative, Confidence, Diagnosis, Evidence
from outwait.diagnosis.symptom import Symptom
from outwait.diagnosis.veil import veiled
from outwait.policy import durations

_READ: Final = 2048  # bytes of an upstream's error that are read: some 20 ms at most, beside calls that go on
_SHOWN: Final = 200
_NOTICED: Final = 1.0  # seconds; a shorter silence is none
_VAGUE: Final = frozenset((UPSTREAM_ERROR, UNKNOWN))
_ERRORS: Final = "docs/errors.md"

_CLOCK: Final = Said(
    "the clock `{clock}` ran out after {span}, set by: {reason}", "时钟 `{clock}` 在 {span} 后到点，由此设定：{reason}"
)
_STAGE: Final = Said("so far the attempt had come: {stage}", "尝试进行到的阶段：{stage}")
_SILENCE: Final = Said("the upstream was silent for up to {span}", "上游最长沉默 {span}")
_ANSWER: Final = Said("what the upstream answered, with status {status}", "上游以状态 {status} 给出的回答")
_MESSAGE: Final = Said("what outwait saw", "outwait 所见")
_RAISE: Final = Said(
    "If it was cut too early: a longer `{clock}` in `timeouts.rules`, for the channel or key, or "
    "`x-outwait-timeout-{clock}` with the request.",
    "如果切断得太早：在 `timeouts.rules`、渠道或密钥上加长 `{clock}`，或在请求中带上 `x-outwait-timeout-{clock}`。",
)


def of_fault(failed: Fault, tongue: Tongue = Tongue.EN, *, silence: float = 0.0, model: str = "") -> Diagnosis:
    """Why an exchange ended with `failed`. `silence`: seconds, the longest time its upstream gave nothing."""
    cause, side, confidence = failed.cause, failed.side.value, Confidence.HIGH
    evidence = list(_evidence(failed, tongue, silence))
    alternatives: tuple[Alternative, ...] = ()
    if cause in _VAGUE:
        confidence = Confidence.LOW if cause == UNKNOWN else Confidence.MEDIUM
        closer = None if failed.upstream is None else _of_words(failed.upstream, model, tongue)
        if closer is not None and closer.cause not in _VAGUE:
            cause, side, confidence, alternatives = closer.cause, closer.side, closer.confidence, closer.alternatives
            evidence += closer.evidence
    advice = ADVICE[cause]
    change = [advice.change.told(tongue)]
    if failed.clock is not None:
        change.insert(0, _RAISE.told(tongue, clock=failed.clock.value))
    now = advice.now.told(tongue)
    name = model if model and model.isprintable() and " " not in model else "MODEL"
    confirm = (COMMANDS["explain"].format(model=name),) if failed.clock is not None else ()
    return Diagnosis(
        cause, side, confidence, tuple(evidence), alternatives, f"{now} {change[0]}", now, tuple(change), confirm
    )


def _evidence(failed: Fault, tongue: Tongue, silence: float) -> list[Evidence]:
    found = []
    if failed.clock is not None:
        span = "?" if failed.span is None else durations.tell(failed.span)
        why = _CLOCK.told(tongue, clock=failed.clock.value, span=span, reason=failed.reason or "?")
        found.append(Evidence("", why, failed.cause, "docs/timeouts.md"))
    if failed.stage is not None:
        found.append(Evidence("", _STAGE.told(tongue, stage=failed.stage.value), failed.cause, _ERRORS))
    if silence >= _NOTICED:
        found.append(Evidence("", _SILENCE.told(tongue, span=durations.tell(silence)), failed.cause, _ERRORS))
    if failed.upstream is not None:
        quote = veiled(_words(failed.upstream)[:_SHOWN])
        found.append(Evidence(quote, _ANSWER.told(tongue, status=failed.upstream.status), failed.cause, _ERRORS))
    if not found:
        found.append(Evidence(veiled(failed.message[:_SHOWN]), _MESSAGE.told(tongue), failed.cause, _ERRORS))
    return found


def _of_words(answered: UpstreamError, model: str, tongue: Tongue) -> Diagnosis:
    headers = {"content-type": answered.content_type} if answered.content_type else {}
    return diagnose(Symptom(_words(answered), model or None, None, answered.status, headers), tongue)


def _words(answered: UpstreamError) -> str:
    return answered.body[:_READ].decode("utf-8", "replace")

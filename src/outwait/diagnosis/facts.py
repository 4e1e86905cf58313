"""What is no text and speaks all the same: the time it took, who signed it, the headers, the model's kind of work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from outwait.core.tongue import Said, Tongue
from outwait.diagnosis.causes import CLIENT, CUT, FIRST_BYTE, GATEWAY, GATEWAY_TIMEOUT, IDLE, RESET, TOTAL, TRUNCATED
from outwait.diagnosis.diagnosis import Evidence
from outwait.diagnosis.read import Reading
from outwait.diagnosis.symptom import Symptom
from outwait.diagnosis.teller import HEADERS
from outwait.diagnosis.veil import veiled
from outwait.policy.limits import near
from outwait.policy.scenarios import judge

_TIMED: Final = frozenset((FIRST_BYTE, IDLE, TOTAL, CUT, GATEWAY_TIMEOUT, RESET, TRUNCATED))
_CALLERS: Final = frozenset((CLIENT, GATEWAY))
_FEW: Final = 4
_SOON: Final = 5.0  # seconds; nobody's limit for silence is shorter
_TELLING: Final = (*HEADERS, "retry-after", "x-should-retry", "x-request-id", "request-id")

_LIMIT: Final = Said("{seconds:g} s is the limit of: {names}", "{seconds:g} 秒正是以下产品的时限：{names}")
_SIGNED: Final = Said("written by {signer}, not by the model's server", "由 {signer} 写出，而不是模型的服务器")
_GATEWAY: Final = Said("a gateway or relay tells this: its own call failed", "由网关或中转说出：是它自己的调用失败了")
_HEADER: Final = Said("a header of the reply", "响应头")
_SILENT: Final = Said(
    "{model} is {scenario} work: up to {seconds:g} s of silence are to be expected",
    "{model} 属于 {scenario} 类：沉默 {seconds:g} 秒以内属正常",
)


def facts(reading: Reading, symptom: Symptom, tongue: Tongue) -> Iterator[Evidence]:
    """What speaks for the cause of `reading` beside words."""
    cause = reading.best.cause
    if cause in _TIMED and reading.elapsed is not None and reading.elapsed >= _SOON:
        limits = [limit for limit in near(reading.elapsed) if (limit.place == "client") == (reading.side in _CALLERS)]
        if limits:
            names = ", ".join(dict.fromkeys(limit.product for limit in limits[:_FEW]))
            why = _LIMIT.told(tongue, seconds=reading.elapsed, names=names)
            yield Evidence(f"{reading.elapsed:g} s", why, cause, limits[0].source)
    told = reading.told
    if told.page and told.signer:
        yield Evidence(veiled(told.mark[:200]), _SIGNED.told(tongue, signer=told.signer), cause, "")
    if told.gateway:
        yield Evidence(told.gateway, _GATEWAY.told(tongue), cause, "")
    for name in _TELLING:
        if name in symptom.headers:
            yield Evidence(veiled(f"{name}: {symptom.headers[name]}"[:200]), _HEADER.told(tongue), cause, "")
    for name, value in symptom.headers.items():
        if name.startswith("x-outwait-"):
            yield Evidence(veiled(f"{name}: {value}"[:200]), _HEADER.told(tongue), cause, "")
    if symptom.model and cause in _TIMED:
        judged = judge(symptom.model)
        scenario = judged.scenario
        why = _SILENT.told(tongue, model=symptom.model[:80], scenario=scenario.name, seconds=scenario.first_byte)
        yield Evidence("", why, cause, "docs/timeouts.md")

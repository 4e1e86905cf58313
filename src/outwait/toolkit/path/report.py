"""What a run found, as one JSON object and as sentences. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from outwait.core.tongue import Tongue
from outwait.policy import durations
from outwait.toolkit.path import words
from outwait.toolkit.path.advice import Advice, Verdict, by_whom
from outwait.toolkit.path.beating import Beating, Result, held_back, lateness
from outwait.toolkit.path.course import Findings, Found
from outwait.toolkit.path.forward import Forward
from outwait.toolkit.path.judge import How, Outcome
from outwait.toolkit.path.question import Form
from outwait.toolkit.path.told import Bounds, NoGateway

_THIN: Final = 3.0  # seconds; below that a third of the limit is less than a heartbeat can do


@dataclass(frozen=True, slots=True)
class Run:
    """One run: what was asked for and what came of it. `up_to`, `seconds`: the longest silence, and how long it took.
    `forward`: the proxy of the environment, `used` or not.
    """

    url: str
    up_to: float
    seconds: float
    bounds: Bounds
    findings: Findings
    advice: Advice
    forward: Forward | None = None
    used: bool = False

    @property
    def reach(self) -> float:
        """The longest silence that was looked for."""
        return min(self.up_to, self.bounds.max_silence)


def as_json(run: Run, tongue: Tongue) -> dict[str, Any]:
    """The whole run; times in seconds."""
    advice, findings = run.advice, run.findings
    setting = advice.setting
    return {
        "url": run.url,
        "gateway": run.bounds.version,
        "up_to": run.reach,
        "seconds": round(run.seconds, 1),
        "verdict": advice.verdict.value,
        "limits": [_limit(each, findings) for each in findings.found],
        "heartbeats": [_beating(form, each) for form, each in findings.beaten.items()],
        "arrivals": [_rhythm(form, each) for form, each in findings.rhythms.items()],
        "total": _round(advice.total),
        "held": [form.value for form in advice.held],
        "setting": None if setting is None else {name: getattr(setting, name) for name in _SPANS},
        "needed": advice.needed,
        "yaml": advice.yaml or None,
        "header": advice.header or None,
        "middleboxes": [
            {"product": each.product, "setting": each.setting, "default": each.seconds, "kind": each.kind}
            for each in advice.middleboxes
        ],
        "proxy": None if run.forward is None else {"named": run.forward.named, "used": run.used},
        "said": list(sentences(run, tongue)),
    }


_SPANS: Final = ("after", "json_after", "every")


def sentences(run: Run, tongue: Tongue) -> Iterator[str]:
    """The news, the notes that go with them, and nothing that stands in the table."""
    yield _news(run, tongue)
    marks = dict.fromkeys(
        mark for form, each in _watched(run.findings) if form in run.advice.held for mark in each.seen
    )
    if marks:
        yield words.MARKED.told(tongue, products=", ".join(marks))
    for form, each in run.findings.beaten.items():
        yield _beats_told(form, each, tongue)
    if run.advice.verdict is Verdict.BEATEN and _shortest(run.findings) < _THIN:
        yield words.THIN.told(tongue)
    for limit in run.advice.middleboxes:
        default = words.NONE.told(tongue) if limit.seconds is None else durations.tell(limit.seconds)
        yield words.RAISE.told(tongue, product=limit.product, setting=limit.setting, default=default)
    yield from _upload(run, tongue)
    if run.up_to > run.bounds.max_silence:
        yield words.CAPPED.told(tongue, max_silence=durations.tell(run.bounds.max_silence))
    if run.forward is not None:
        said = words.PROXY_USED if run.used else words.PROXY_UNUSED
        yield said.told(tongue, named=run.forward.named, shown=run.forward.shown)


def nobody_told(nobody: NoGateway, url: str, tongue: Tongue) -> str:
    """Why there is nothing to measure, and what to do instead."""
    signed = words.SIGNED.told(tongue, signer=nobody.signer) if nobody.signer else ""
    why = nobody.why.rstrip(".") if nobody.kind in ("unreached", "foreign") else nobody.why
    return words.NO_GATEWAY[nobody.kind].told(tongue, url=url, why=why, signed=signed)


def limit_told(found: Found, reach: float, tongue: Tongue) -> str:
    """A limit for people."""
    state = found.search
    if found.trouble is not None and state.high is None:
        return words.NOT_KNOWN.told(tongue, why=found.trouble.why or found.trouble.code)
    if state.high is None:
        return words.NO_CUT.told(tongue, up_to=short(min(reach, state.low) if state.low else reach))
    if not state.seen:
        return words.BETWEEN.told(tongue, low=short(state.low), high=short(state.high))
    if not state.steady:
        return words.UNSTEADY.told(tongue, limit=short(state.high))
    return short(state.high)


def cut_told(found: Found, findings: Findings, tongue: Tongue) -> tuple[str, str]:
    """How a limit cuts, and who does."""
    if found.first is None or found.limit is None or found.first.how is None:
        return "", ""
    how = words.HOWS[found.first.how].told(tongue, status=found.first.status)
    product, signed = by_whom(found, findings)
    if not product:
        silent = found.first.how is How.NOTHING
        return how, (words.WALL if silent else words.UNKNOWN).told(tongue)
    return how, product if signed else words.PASSED_BY.told(tongue, product=product)


def short(seconds: float) -> str:
    """A measured time: tenths of a second below a minute, else whole seconds."""
    return durations.tell(round(seconds, 1) if seconds < 60 else round(seconds))


def _news(run: Run, tongue: Tongue) -> str:
    advice, findings = run.advice, run.findings
    troubles = [*(each.trouble for each in findings.found), *(_trouble(each) for each in findings.beaten.values())]
    trouble = next((each for each in troubles if each is not None), None)
    tongue_forms = ", ".join(words.FORMS[form].told(tongue) for form in advice.held)
    late = max((lateness(each) for form, each in _watched(findings) if form in advice.held), default=0.0)
    return words.VERDICTS[advice.verdict].told(
        tongue,
        why="" if trouble is None else trouble.why or trouble.code,
        limit=short(_shortest(findings)),
        total=short(advice.total or 0.0),
        forms=tongue_forms,
        late=short(late),
        span=short(min((each.span for each in findings.beaten.values()), default=0.0)),
        up_to=durations.tell(run.reach),
    )


def _trouble(trial: Beating) -> Outcome | None:
    return trial.outcome if trial.result is Result.TROUBLE else None


def _watched(findings: Findings) -> Iterator[tuple[Form, Outcome]]:
    yield from findings.rhythms.items()
    for form, each in findings.beaten.items():
        if each.outcome is not None:
            yield form, each.outcome


def _shortest(findings: Findings) -> float:
    """The shortest limit of answers, in seconds; 0 for none."""
    limits = [each.limit for each in findings.found if each.form is not Form.UPLOAD and each.limit is not None]
    return min(limits, default=0.0)


def _beats_told(form: Form, each: Beating, tongue: Tongue) -> str:
    assert each.result is not None  # noqa: S101 - a trial ends with a result
    elapsed = each.outcome.elapsed if each.outcome is not None else 0.0
    trouble = _trouble(each)
    why = "" if trouble is None else trouble.why or trouble.code
    result = words.RESULTS[each.result].told(tongue, span=short(each.span), elapsed=short(elapsed), why=why)
    setting = each.setting
    after, every = durations.tell(setting.after), durations.tell(setting.every)
    return words.BEATS.told(tongue, form=words.FORMS[form].told(tongue), after=after, every=every, result=result)


def _upload(run: Run, tongue: Tongue) -> Iterator[str]:
    for found in run.findings.of(Form.UPLOAD):
        if found.guarded is not None:
            yield words.UPLOAD_GUARD.told(tongue, guarded=short(found.guarded))
        longest = found.longest
        if longest is not None and longest.waited is not None:
            silence = longest.question.silence
            passed = longest.waited > silence / 2
            said = words.UPLOAD_WAITED if passed else words.UPLOAD_BUFFERED
            yield said.told(tongue, waited=short(longest.waited), silence=short(silence))
        if found.limit is not None:
            yield words.UPLOAD_CUT.told(tongue, limit=short(found.limit))
        elif found.trouble is None and found.search.up_to < run.reach:
            bounds = run.bounds
            yield words.UPLOAD_OURS.told(tongue, time=durations.tell(bounds.body_time), rate=f"{bounds.body_rate:g}")


def _limit(found: Found, findings: Findings) -> dict[str, Any]:
    state, first = found.search, found.first
    product, signed = by_whom(found, findings)
    cut = first if found.limit is not None else None
    return {
        "form": found.form.value,
        "part": found.part.value,
        "limit": _round(found.limit),
        "survived": _round(state.low),
        "cut_at": _round(state.high),
        "steady": state.steady,
        "how": cut.how.value if cut is not None and cut.how is not None else None,
        "status": (cut.status or None) if cut is not None else None,
        "by": product or None,
        "signed": signed,
        "waited": found.longest.waited if found.longest is not None else None,
        "guarded": _round(found.guarded),
        "trouble": None if found.trouble is None else {"code": found.trouble.code, "why": found.trouble.why},
    }


def _beating(form: Form, each: Beating) -> dict[str, Any]:
    return {
        "form": form.value,
        "after": each.setting.after,
        "every": each.setting.every,
        "silence": _round(each.span),
        "result": None if each.result is None else each.result.value,
        "elapsed": None if each.outcome is None else _round(each.outcome.elapsed),
        "late": None if each.outcome is None else _round(lateness(each.outcome)),
    }


def _rhythm(form: Form, outcome: Outcome) -> dict[str, Any]:
    return {
        "form": form.value,
        "every": outcome.question.beat,
        "arrived": [_round(each) for each in outcome.beats],
        "late": _round(lateness(outcome)),
        "held": held_back(outcome),
    }


def _round(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)

"""What to do about what was found: one setting for the gateway, and what to change where no setting helps. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from outwait.core.plan import Heartbeat
from outwait.policy import durations
from outwait.policy.heartbeat import HEADER
from outwait.policy.limits import BEATEN, Limit, limits
from outwait.toolkit.path.beating import Beating, Result, Setting, held_back
from outwait.toolkit.path.beating import total as total_of
from outwait.toolkit.path.course import Findings, Found
from outwait.toolkit.path.question import Form
from outwait.toolkit.path.search import CLOSE

_BUILT_IN: Final = Heartbeat()
_USUAL: Final = {
    Form.STREAM: Setting(_BUILT_IN.after, _BUILT_IN.every),
    Form.JSON: Setting(_BUILT_IN.json_after, _BUILT_IN.every),
}


class Verdict(StrEnum):
    """The news, in the order in which one hides another."""

    TROUBLE = "trouble"  # some of it could not be found out
    HOPELESS = "hopeless"  # the path cuts sooner than heartbeats can come
    TOTAL = "total"  # heartbeats come through, and the path cuts all the same
    HELD = "held"  # the path holds heartbeats back
    CUT = "cut"  # the path cuts, heartbeats or not
    BEATEN = "beaten"  # the path cuts silence, and heartbeats survive
    CLEAR = "clear"  # nothing was cut

    @property
    def good(self) -> bool:
        """Whether nothing but the gateway's own setting is needed."""
        return self in (Verdict.BEATEN, Verdict.CLEAR)


@dataclass(frozen=True, slots=True)
class Advice:
    """`setting`: the heartbeats that survived, None where none did. `needed`: the gateway's present ones are slower.
    `total`: seconds after which the path cuts whatever comes, None for none. `held`: forms whose heartbeats are held
    back. `middleboxes`: what sets the limits of the products that were seen to cut.
    """

    verdict: Verdict
    setting: Heartbeat | None = None
    needed: bool = False
    total: float | None = None
    held: tuple[Form, ...] = ()
    middleboxes: tuple[Limit, ...] = ()

    @property
    def yaml(self) -> str:
        """The setting for outwait.yaml; under a key it holds for that key only."""
        return f"heartbeat: {{{_joined(self.setting, ': ', ', ')}}}" if self.setting else ""

    @property
    def header(self) -> str:
        """The setting for one request."""
        return f"{HEADER}: {_joined(self.setting, '=', ',')}" if self.setting else ""


def advise(findings: Findings, present: Heartbeat) -> Advice:
    """What `findings` mean for a gateway whose heartbeats are `present`."""
    results = {form: each.result for form, each in findings.beaten.items()}
    held = tuple(
        form
        for form in (Form.STREAM, Form.JSON)
        if results.get(form) is Result.HELD or (form in findings.rhythms and held_back(findings.rhythms[form]))
    )
    totals = [seconds for each in findings.beaten.values() if (seconds := total_of(each)) is not None]
    setting = _setting(findings)
    total = min(totals, default=None)
    return Advice(
        verdict=_verdict(findings, set(results.values()), held=bool(held)),
        setting=setting,
        needed=setting is not None and not _fits(present, setting),
        total=total,
        held=held,
        middleboxes=_middleboxes(findings, silence=total is None or setting is not None, total=total is not None),
    )


def by_whom(found: Found, findings: Findings) -> tuple[str, bool]:
    """Who cut, and whether that was signed. What is cut after its head nobody signs: it was whoever signed a cut of
    the same form at the same moment, or else maybe the one that left its mark in the head.
    """
    if found.first is None or found.limit is None:
        return "", False
    if found.first.signer:
        return found.first.signer, True
    for other in findings.of(found.form):
        same = other.limit is not None and abs(other.limit - found.limit) <= CLOSE
        if same and other.first is not None and other.first.signer:
            return other.first.signer, True
    return (found.first.seen[0], False) if found.first.seen else ("", False)


def _verdict(findings: Findings, results: set[Result | None], *, held: bool) -> Verdict:
    if Result.TROUBLE in results or any(each.trouble is not None for each in findings.found):
        return Verdict.TROUBLE
    for result, verdict in ((Result.HOPELESS, Verdict.HOPELESS), (Result.TOTAL, Verdict.TOTAL)):
        if result in results:
            return verdict
    if held:
        return Verdict.HELD
    if Result.CUT in results:
        return Verdict.CUT
    return Verdict.BEATEN if results else Verdict.CLEAR


def _setting(findings: Findings) -> Heartbeat | None:
    """The heartbeats that survived, for every form that was cut, or that did until a limit on the whole answer. A form
    that was not looked at gets those of the other.
    """
    tried = {form: each.setting for form, each in findings.beaten.items() if _of_use(each)}
    if not tried or len(tried) < len(findings.beaten):
        return None
    looked = {each.form for each in findings.found}
    (other, *_) = tried.values()
    stream = tried.get(Form.STREAM) or (_USUAL[Form.STREAM] if Form.STREAM in looked else other)
    whole = tried.get(Form.JSON) or (_USUAL[Form.JSON] if Form.JSON in looked else other)
    return Heartbeat(
        after=min(stream.after, _BUILT_IN.after),
        json_after=min(whole.after, _BUILT_IN.json_after),
        every=min(stream.every, whole.every),
    )


def _of_use(trial: Beating) -> bool:
    """Whether heartbeats keep an answer alive for longer than silence lives."""
    total = total_of(trial)
    return trial.result is Result.SURVIVED or (total is not None and total > trial.limit + CLOSE)


def _fits(present: Heartbeat, needed: Heartbeat) -> bool:
    return present.enabled and all(
        getattr(present, name) <= getattr(needed, name) for name in ("after", "json_after", "every")
    )


def _middleboxes(findings: Findings, *, silence: bool, total: bool) -> tuple[Limit, ...]:
    """What sets the limits of those who cut: `silence`, and the `total` of an answer."""
    named = {by_whom(each, findings)[0]: None for each in findings.found if each.form is not Form.UPLOAD}
    for trial in findings.beaten.values():
        if trial.result is Result.TOTAL and trial.outcome is not None:
            named |= dict.fromkeys((trial.outcome.signer, *trial.outcome.seen))
    kinds = (BEATEN if silence else frozenset()) | ({"total"} if total else frozenset())
    return tuple(each for product in named for each in limits(product) if each.setting and each.kind in kinds)


def _joined(setting: Heartbeat | None, sign: str, comma: str) -> str:
    if setting is None:
        return ""
    names = ("after", "json_after", "every")
    return comma.join(f"{name}{sign}{durations.tell(getattr(setting, name))}" for name in names)

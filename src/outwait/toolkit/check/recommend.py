"""Which endpoint is the best of those checked, and how sure that is. Pure; docs/check.md says the rule in words.

An endpoint that does not answer enough of its probes is out, and so is one that surely answers fewer than another. Of
the others, the one whose answers are waited for the shortest is named (ties: who answers more). It is sure where the
rank test against the next, failures counted as waiting for ever, says that chance alone would make such a difference
less than once in twenty times, and somebody would notice it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from outwait.core.tongue import Said
from outwait.toolkit.check.statistics import rank_test, share_test
from outwait.toolkit.check.summary import Summary
from outwait.toolkit.check.target import PLAIN
from outwait.toolkit.check.words import KINDS, SIDES, WAITS, Remark, chance, seconds, share

SURE: Final = 0.05  # a difference is told where chance makes it less often
_MOVED, _NOTICED = 0.05, 0.005  # and where the median differs by a twentieth, and by so many seconds
_WRITES: Final = 1.5  # times as many tokens a second are worth a word


@dataclass(frozen=True, slots=True)
class Recommendation:
    """`best`: the name of an endpoint, None where none is. `sure`: more than chance speaks for it. `reasons`: why, most
    important first. `out`: why others are not considered.
    """

    best: str | None
    sure: bool
    reasons: tuple[Remark, ...]
    out: tuple[Remark, ...] = ()


def recommend(found: Sequence[Summary], *, at_least: float = 0.9) -> Recommendation:
    """The recommendation. `at_least`: share of probes an endpoint has to answer, from 0 to 1."""
    limit = share(at_least)
    well = [each for each in found if each.ok and well_enough(each, at_least)]
    out = tuple(_unwell(each, limit) for each in found if each not in well)
    if not well:
        return Recommendation(None, sure=False, reasons=(Remark("all_unwell", {"limit": limit}),), out=out)
    well.sort(key=lambda each: (_typical(each), -each.success))
    best = next(each for each in well if not any(_surely_safer(other, each) for other in well))
    if len(found) == 1:
        reason = Remark("well", {"share": share(best.success)})
        return Recommendation(best.about.name, sure=True, reasons=(reason,), out=out)
    if len(well) == 1:
        reason = Remark("only_one_well", {"limit": limit})
        return Recommendation(best.about.name, sure=True, reasons=(reason,), out=out)
    kinds = {_kind(each) for each in well}
    if len(kinds) > 1:
        ordered = sorted(kinds)
        unlike = Remark("unlike", {"one": ordered[0], "other": ordered[1]})
        return Recommendation(None, sure=False, reasons=(unlike,), out=out)
    others = [each for each in well if each is not best]
    sure, reason = _against(best, others[0])
    reasons = (reason, *_faster_writers(best, others))
    return Recommendation(best.about.name, sure=sure, reasons=reasons, out=out)


def well_enough(found: Summary, at_least: float) -> bool:
    """Whether an endpoint answers enough of its probes; one that was not probed does not."""
    return bool(found.probes) and found.success >= at_least - 1e-9


def _against(best: Summary, second: Summary) -> tuple[bool, Remark]:
    """Whether `best` is surely better than `second`, and in what."""
    values: dict[str, object] = {"other": second.about.name}
    if _surely_safer(best, second):
        values |= {"ours": share(best.success), "theirs": share(second.success), "p": chance(_shares(best, second))}
        return True, Remark("surely_safer", values)
    p = rank_test(best.waits, second.waits)
    ours, theirs = _typical(best), _typical(second)
    noticed = theirs - ours >= max(_NOTICED, _MOVED * theirs)
    fewest = min(len(best.probes), len(second.probes))
    values |= {"what": _waited(best), "ours": seconds(ours), "theirs": seconds(theirs)}
    values |= {"p": chance(p)}
    if not noticed:
        return False, Remark("even", values)
    if p < SURE:
        return True, Remark("surely_faster", values)
    return False, Remark("hardly_faster", values | {"n": fewest, "more": max(20, 3 * fewest)})


def _surely_safer(one: Summary, other: Summary) -> bool:
    """Whether `one` answers more of its probes than `other`, by more than chance."""
    return one.success > other.success and _shares(one, other) < SURE


def _shares(one: Summary, other: Summary) -> float:
    return share_test(one.ok, len(one.probes), other.ok, len(other.probes))


def _faster_writers(best: Summary, others: Sequence[Summary]) -> list[Remark]:
    """Who begins later and writes faster, for more than chance."""
    ours = best.figures.get("rate")
    told = []
    for other in others:
        theirs = other.figures.get("rate")
        if ours is None or theirs is None or theirs.p50 < _WRITES * ours.p50:
            continue
        if rank_test(best.values("rate"), other.values("rate")) < SURE:
            values = {"best": best.about.name, "other": other.about.name}
            told.append(Remark("faster_writer", values | {"ours": f"{ours.p50:.0f}", "theirs": f"{theirs.p50:.0f}"}))
    return told


def _unwell(found: Summary, limit: str) -> Remark:
    if not found.failures:
        return Remark("unheard", about=found.about.name)
    worst = found.failures[0]
    values = {"share": share(found.success), "limit": limit, "cause": worst.cause, "side": SIDES[worst.side]}
    return Remark("unwell", values, found.about.name)


def _typical(found: Summary) -> float:
    wait = found.wait
    return float("inf") if wait is None else wait.p50


def _kind(found: Summary) -> Said:
    """What was asked, as far as it decides what the times mean."""
    about = found.about
    if about.paid:
        return KINDS["stream" if about.stream else "whole"]
    return KINDS["plain" if about.dialect == PLAIN else "door" if about.asked == "GET /" else "free"]


def _waited(found: Summary) -> Said:
    return WAITS["ttft" in found.figures]

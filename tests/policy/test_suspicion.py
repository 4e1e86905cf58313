"""Suspicion: one real request a minute, cleared at once, and hearsay stays apart from what we saw ourselves."""

from __future__ import annotations

from outwait.policy.suspicion import Suspicion, SuspicionRule


def test_nothing_is_suspect_by_itself() -> None:
    suspicion = Suspicion()
    assert (suspicion.on, suspicion.hearsay, suspicion.due(1e9)) == (False, False, False)


def test_one_request_a_minute() -> None:
    suspicion = Suspicion()
    suspicion.raise_(100)
    assert suspicion.on
    assert not suspicion.hearsay
    assert not suspicion.due(159.9)
    assert suspicion.due(160)
    suspicion.begin_trial(170)
    assert not suspicion.due(229)
    assert suspicion.due(230)


def test_raising_it_again_does_not_put_the_trial_off() -> None:
    suspicion = Suspicion()
    suspicion.raise_(100)
    suspicion.raise_(150)
    assert suspicion.due(160)


def test_it_may_be_tried_at_once() -> None:
    suspicion = Suspicion()
    suspicion.raise_(100, hearsay=True, at_once=True)
    assert suspicion.due(100)
    assert suspicion.hearsay


def test_our_own_takes_the_place_of_hearsay_and_not_the_other_way_round() -> None:
    suspicion = Suspicion()
    suspicion.raise_(0, hearsay=True)
    suspicion.raise_(1, hearsay=True)
    seen = [suspicion.hearsay]
    suspicion.raise_(2)
    seen.append(suspicion.hearsay)
    suspicion.raise_(3, hearsay=True)
    seen.append(suspicion.hearsay)
    assert seen == [True, False, False]


def test_content_clears_it() -> None:
    suspicion = Suspicion(SuspicionRule(every=5))
    suspicion.raise_(0, hearsay=True)
    assert suspicion.due(5)
    suspicion.clear()
    assert (suspicion.on, suspicion.hearsay, suspicion.due(5)) == (False, False, False)

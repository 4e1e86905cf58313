"""How often a dead key is tried all the same: a burst, then one a second, and freely while one is being answered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import fault
from outwait.policy.last_resort import DEFAULT, Bucket, Death, Knock, LastRule

RULE = LastRule(burst=3, pace=2.0)


def _spend(death: Death, now: float, *, refused: bool = False) -> int:
    """As many as may be made at `now`, at most 100."""
    made = 0
    while death.allows(now, refused=refused) and made < 100:
        death.take(now, refused=refused)
        made += 1
    return made


def test_a_burst_and_then_one_each_pace() -> None:
    death = Death(10.0, None, RULE)
    assert _spend(death, 10.0) == 3
    assert _spend(death, 11.9) == 0
    assert _spend(death, 12.0) == 1
    assert _spend(death, 16.0) == 2
    assert _spend(death, 1000.0) == 3
    assert death.tries == 9


def test_who_has_refused_has_tries_of_its_own() -> None:
    death = Death(0.0, None, RULE)
    assert _spend(death, 0.0, refused=True) == 3
    assert _spend(death, 0.0, refused=False) == 3
    assert not death.allows(1.0, refused=True)


def test_no_bound_while_one_is_answered() -> None:
    death = Death(0.0, None, RULE)
    knock = Knock(death, 0.0, refused=False)
    assert _spend(death, 0.0) == 2
    knock.headed(401)
    assert not death.allows(0.0, refused=False)
    knock.headed(200)
    knock.headed(200)
    assert death.inside == 1
    assert death.allows(0.0, refused=False)
    assert death.allows(0.0, refused=True)
    knock.leave(None)
    assert (death.inside, death.allows(0.0, refused=False)) == (0, False)


@pytest.mark.parametrize("refused", [True, False])
def test_what_did_not_reach_the_provider_does_not_count(refused: bool) -> None:
    death = Death(0.0, None, RULE)
    assert _spend(death, 0.0, refused=refused) == 3
    Knock(death, 0.0, refused=refused).leave(fault("upstream_reset", hint="stale"))
    assert (death.tries, death.allows(0.0, refused=refused)) == (3, True)
    Knock(death, 0.0, refused=refused).leave(fault("upstream_reset"))
    assert (death.tries, death.allows(0.0, refused=refused)) == (4, False)


def test_the_built_in_numbers() -> None:
    """Ten calls at once after a refusal are all made; a key that is dead indeed meets two refusals a second at most."""
    death = Death(0.0)
    assert _spend(death, 0.0) == DEFAULT.burst >= 10
    made = sum(_spend(death, second / 10) + _spend(death, second / 10, refused=True) for second in range(1, 601))
    assert made <= DEFAULT.burst + 2 * 60


@given(st.lists(st.tuples(st.floats(0, 5), st.booleans()), max_size=60), st.integers(1, 5), st.floats(0.1, 3))
def test_never_more_than_the_burst_and_the_pace(steps: list[tuple[float, bool]], burst: int, pace: float) -> None:
    now, taken = 0.0, 0
    bucket = Bucket(now, LastRule(burst=burst, pace=pace))
    for seconds, asks in steps:
        now += seconds
        if asks and bucket.free(now):
            bucket.take(now)
            taken += 1
        assert taken <= burst + now / pace + 1e-6
    assert bucket.free(now + pace * 1.001)
    for _ in range(3):
        bucket.take(now + pace)  # more than there are: it only stays empty
        bucket.back()

"""Keys: the dead are out for every endpoint until told otherwise, the resting for one endpoint and a while."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import fault
from outwait.policy.keyring import Credentials, Keyring, KeyRule
from outwait.policy.last_resort import DEFAULT as LAST

HOUR = 3600
REFUSED = fault("upstream_auth")


def test_a_channel_without_keys_has_one_place() -> None:
    keys = Keyring(Credentials(0))
    assert keys.ready(0)
    assert keys.pick(0, 0.99) == 0
    assert len(Credentials(3)) == 3
    keys.credentials.kill(0, 0)
    assert keys.credentials.due(HOUR) == (0,)


def test_a_dead_key_is_out_for_every_endpoint_until_told_otherwise() -> None:
    credentials = Credentials(2)
    one, other = Keyring(credentials), Keyring(credentials)
    credentials.kill(0, 100)
    assert credentials.dead == 1
    assert not credentials.alive(0)
    assert [ring.pick(1e9, luck) for ring in (one, other) for luck in (0, 0.99)] == [1, 1, 1, 1]
    credentials.kill(1, 100)
    assert not one.ready(1e9)
    assert one.pick(1e9, 0) is None
    assert one.wait(0) is None
    credentials.revive(0)
    assert credentials.dead == 1
    assert other.ready(0)
    assert other.pick(0, 0.99) == 0


def test_when_a_key_is_looked_at_next() -> None:
    credentials = Credentials(2)
    assert credentials.next_probe(0) is None
    credentials.kill(0, 100)
    assert (credentials.next_probe(0), credentials.next_probe(1)) == (100 + HOUR, None)
    credentials.rule = KeyRule(probe_longest=HOUR)
    credentials.still_dead(0, 5000)
    assert credentials.next_probe(0) == 5000 + HOUR
    credentials.revive(0)
    assert credentials.next_probe(0) is None


def test_probes_come_after_one_hour_and_twice_as_late_each_time() -> None:
    credentials = Credentials(2)
    assert credentials.due(1e12) == ()
    credentials.kill(1, 100)
    assert credentials.due(100 + HOUR - 1) == ()
    assert credentials.due(100 + HOUR) == (1,)
    now, gaps = 100.0 + HOUR, []
    for _ in range(6):
        credentials.still_dead(1, now)
        gap = next(hours for hours in range(1, 99) if credentials.due(now + hours * HOUR))
        assert not credentials.due(now + gap * HOUR - 1)
        gaps.append(gap)
        now += gap * HOUR
    assert gaps == [2, 4, 8, 16, 24, 24]
    credentials.revive(1)
    assert credentials.due(math.inf) == () or credentials.due(1e15) == ()
    credentials.kill(1, now)
    assert credentials.due(now + HOUR) == (1,)  # a new death begins with an hour again


def test_killing_twice_and_reviving_the_living_change_nothing() -> None:
    credentials = Credentials(1)
    credentials.revive(0)
    assert credentials.dead == 0
    credentials.kill(0, 0)
    credentials.kill(0, 3000)
    assert credentials.dead == 1
    assert credentials.due(HOUR) == (0,)


def test_a_resting_key_is_out_at_its_endpoint_only() -> None:
    credentials = Credentials(2)
    ring, other = Keyring(credentials), Keyring(credentials)
    assert ring.rest(0, 10, 5)
    assert ring.ready(10)
    assert ring.pick(14.9, 0) == 1
    assert ring.pick(15, 0) == 0
    assert other.pick(10, 0) == 0
    ring.rest(1, 10, 20)
    assert not ring.ready(14.9)
    assert ring.wait(12) == 3
    assert ring.ready(15)
    assert ring.wait(15) == 0
    assert ring.wait(100) == 0


@pytest.mark.parametrize("seconds", [None, 0, -1, math.nan, -math.inf])
def test_nonsense_is_no_rest(seconds: float | None) -> None:
    ring = Keyring(Credentials(2))
    assert not ring.rest(0, 10, seconds)
    assert not ring.rest_all(10, seconds)
    assert ring.wait(10) == 0


def test_a_rest_is_a_day_at_most_and_never_made_shorter() -> None:
    ring = Keyring(Credentials(1))
    ring.rest(0, 0, math.inf)
    assert ring.wait(0) == 24 * HOUR
    ring.rest(0, 10, 5)
    assert ring.wait(0) == 24 * HOUR
    assert ring.latest == 24 * HOUR
    assert not ring.ready(24 * HOUR - 1)


def test_the_whole_endpoint_can_rest() -> None:
    ring = Keyring(Credentials(3))
    assert ring.rest_all(0, 7)
    assert not ring.ready(6.9)
    assert [ring.pick(7, luck) for luck in (0, 0.34, 0.67)] == [0, 1, 2]


def test_the_dead_do_not_count_as_a_wait() -> None:
    credentials = Credentials(2)
    ring = Keyring(credentials, KeyRule(rest=50))
    ring.rest(0, 0, 99)
    credentials.kill(1, 0)
    assert ring.wait(0) == 50
    assert not ring.ready(49)


@given(
    st.integers(1, 5),
    st.lists(st.tuples(st.integers(0, 4), st.sampled_from("rkv"), st.floats(0, 100)), max_size=30),
    st.floats(0, 1, exclude_max=True),
)
def test_what_is_picked_may_be_used(count: int, steps: list[tuple[int, str, float]], luck: float) -> None:
    credentials = Credentials(count)
    ring, now = Keyring(credentials), 0.0
    for place, what, span in steps:
        key = place % count
        if what == "r":
            ring.rest(key, now, span)
        elif what == "k":
            credentials.kill(key, now)
        else:
            credentials.revive(key)
        now += span / 4
        picked, wait = ring.pick(now, luck), ring.wait(now)
        assert credentials.dead == sum(not credentials.alive(one) for one in range(count))
        assert ring.ready(now) == (picked is not None) == (wait == 0)
        if picked is not None:
            assert credentials.alive(picked)
        elif wait is not None:
            assert ring.ready(now + wait + 1e-6)


# --------------------------------------------------------------------------------------------------------- last resort
def test_a_death_has_its_reason_and_ends_with_the_revival() -> None:
    credentials = Credentials(2)
    assert credentials.death(0) is None
    credentials.kill(0, 5.0, REFUSED)
    death = credentials.death(0)
    assert death is not None
    assert (death.since, death.why, credentials.lives) == (5.0, REFUSED, [0, 0])
    credentials.kill(0, 9.0)
    assert credentials.death(0) is death
    credentials.revive(0)
    credentials.revive(0)
    assert (credentials.death(0), credentials.lives) == (None, [1, 0])


def test_a_dead_key_may_be_spared_for_the_last_resort() -> None:
    credentials = Credentials(3)
    here, there = Keyring(credentials), Keyring(credentials)
    assert here.spare(0.0) is None
    assert here.refuse(1, 0.0, REFUSED)
    assert (here.refused(1), there.refused(1)) == (True, False)
    assert here.spare(0.0) == 1
    credentials.kill(2, 0.0)
    assert (here.spare(0.0), there.spare(0.0)) == (2, 1)  # 2 was not refused here
    death = credentials.death(1)
    assert death is not None
    death.take(0.0, refused=False)
    assert there.spare(0.0) == 2  # the one that was tried least
    here.rest(2, 0.0, 10.0)
    assert here.spare(0.0) == 1  # what rests is left alone
    while death.allows(0.0, refused=True):
        death.take(0.0, refused=True)
    assert here.spare(0.0) is None
    assert here.spare(1.0) == 1


def test_who_refused_what_others_take_is_not_believed_for_a_while() -> None:
    credentials = Credentials(1)
    odd, well = Keyring(credentials), Keyring(credentials)
    odd.doubt(0, 0.0)  # it is alive
    assert odd.refuse(0, 0.0, REFUSED)
    well.doubt(0, 10.0)  # it has refused nothing
    odd.doubt(0, 10.0)
    credentials.revive(0)
    assert not odd.refuse(0, 10.0 + LAST.doubt - 0.1, REFUSED)
    assert credentials.alive(0)
    assert odd.refuse(0, 10.0 + LAST.doubt, REFUSED)
    assert not credentials.alive(0)
    credentials.revive(0)
    assert well.refuse(0, 11.0, REFUSED)
    assert not odd.refused(0)  # it was in an earlier death

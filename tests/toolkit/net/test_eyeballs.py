from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from outwait.toolkit.net.eyeballs import DELAY, family, one_by_one, order, winner
from outwait.toolkit.net.findings import Attempt, Reached

SIX, SIX2, FOUR, FOUR2 = "2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2"


def test_families_take_turns() -> None:
    assert order([SIX, SIX2, FOUR, FOUR2]) == (SIX, FOUR, SIX2, FOUR2)
    assert order([FOUR, SIX, SIX2, FOUR]) == (FOUR, SIX, SIX2)
    assert order([]) == ()


def attempt(address: str, reached: Reached, seconds: float) -> Attempt:
    return Attempt(address, reached, seconds)


def test_the_first_wins_when_it_is_quick() -> None:
    first = attempt(SIX, Reached.OPEN, 0.2)
    assert winner([first, attempt(FOUR, Reached.OPEN, 0.01)]) == (first, 0.2)


def test_the_second_overtakes_a_slow_first() -> None:
    second = attempt(FOUR, Reached.OPEN, 0.01)
    assert winner([attempt(SIX, Reached.OPEN, 0.5), second]) == (second, DELAY + 0.01)


def test_a_refusal_starts_the_next_at_once() -> None:
    second = attempt(FOUR, Reached.OPEN, 0.01)
    found = winner([attempt(SIX, Reached.REFUSED, 0.002), second])
    assert found is not None
    assert found[0] is second
    assert abs(found[1] - 0.012) < 1e-9


def test_silence_costs_the_delay_only() -> None:
    attempts = [attempt(SIX, Reached.TIMEOUT, 5.0), attempt(FOUR, Reached.OPEN, 0.01)]
    assert winner(attempts) == (attempts[1], DELAY + 0.01)
    assert one_by_one(attempts) == 5.01


def test_nobody_wins() -> None:
    attempts = [attempt(SIX, Reached.TIMEOUT, 5.0), attempt(FOUR, Reached.REFUSED, 0.01)]
    assert winner(attempts) is None
    assert one_by_one(attempts) is None
    assert winner([]) is None


_attempts = st.lists(
    st.builds(attempt, st.sampled_from([SIX, SIX2, FOUR, FOUR2]), st.sampled_from(list(Reached)), st.floats(0.0, 10.0)),
    max_size=6,
)


@given(_attempts)
def test_racing_is_never_slower_than_waiting_for_each(attempts: list[Attempt]) -> None:
    found, waited = winner(attempts), one_by_one(attempts)
    assert (found is None) == (waited is None)
    if found is not None and waited is not None:
        assert found[0].reached is Reached.OPEN
        assert found[1] <= waited + 1e-9
        assert found[1] <= DELAY * len(attempts) + min(a.seconds for a in attempts if a.reached is Reached.OPEN) + 1e-9


@given(st.lists(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str), unique=True, max_size=8))
def test_order_keeps_every_address(addresses: list[str]) -> None:
    found = order(addresses)
    assert sorted(found) == sorted(addresses)
    for kind in (4, 6):  # and the system's order within a family
        assert [a for a in found if family(a) == kind] == [a for a in addresses if family(a) == kind]

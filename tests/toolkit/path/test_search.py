from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from outwait.toolkit.path.search import CLOSE, LOST_SHARE, SHARE, SHORTEST, Search, Tried, ahead, learned


def searched(limit: float, up_to: float, *, seen: bool) -> tuple[Search, list[tuple[float, ...]]]:
    """A search on a path that cuts every silence longer than `limit`."""
    search, rounds = Search(up_to), []
    while steps := ahead(search):
        rounds.append(steps)
        tried = [Tried(each, (limit if seen else each) if each > limit else None, seen) for each in steps]
        search = learned(search, tried)
    return search, rounds


@given(st.floats(0.3, 1500), st.floats(1, 1200), st.booleans())
def test_a_steady_limit_is_found(limit: float, up_to: float, seen: bool) -> None:
    search, rounds = searched(limit, up_to, seen=seen)
    assert len(rounds) <= 7
    if limit >= up_to:
        assert search.limit is None
        assert (rounds, search.low) == ([(up_to,)], up_to)
        return
    assert search.high is not None
    assert search.low <= limit <= search.high
    assert search.steady
    width = search.high - search.low
    assert width <= max(CLOSE, search.high * (SHARE if seen else LOST_SHARE)) + 1e-6 or search.high <= 2 * SHORTEST
    assert search.limit == (limit if seen else search.low)


def test_a_cut_that_is_seen_takes_two_probes() -> None:
    assert searched(60, 600, seen=True)[1] == [(600,), (58.8,)]
    assert searched(3, 600, seen=True)[1] == [(600,), (2.6,)]


def test_a_cut_that_nobody_tells_takes_a_ladder() -> None:
    search, rounds = searched(350, 600, seen=False)
    assert rounds[:3] == [(600,), (37.5, 75, 150, 300), (360, 420, 480, 540)]
    assert (search.low, search.high) == (348, 360)


def test_a_cut_below_what_was_confirmed_makes_it_go_on() -> None:
    """Somebody who looks around every few seconds cuts now a little sooner, now a little later."""
    search = learned(Search(600), [Tried(600, 34)])
    assert ahead(search) == (33.32,)
    search = learned(search, [Tried(33.32, 31)])
    assert ahead(search) == (31 * 0.98,)
    search = learned(search, [Tried(30.38, 30.1)])
    assert ahead(search) == (30.1 / 2,)  # twice is enough: halves now
    search = learned(search, [Tried(15.05)])
    assert (search.low, search.high) == (15.05, 30.1)
    assert not search.known


def test_the_rounds_are_bounded() -> None:
    search, rounds = Search(600), 0
    while steps := ahead(search):
        rounds += 1
        search = learned(search, [Tried(each, each * 0.99) for each in steps])
    assert rounds <= 13


def test_a_longer_silence_that_survives_says_that_the_limit_is_not_steady() -> None:
    """Two ways behind one address: one cuts after 5 s, the other does not."""
    search = learned(Search(10), [Tried(10, 5.0)])
    search = learned(search, [Tried(4.6), Tried(8.0)])
    assert (search.low, search.high, search.steady) == (4.6, 5.0, False)


def test_what_survives_all_is_no_limit() -> None:
    search = learned(Search(10), [Tried(10)])
    assert (search.limit, search.known, ahead(search)) == (None, True, ())
    assert not Search(10).known

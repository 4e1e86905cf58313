"""Whatever neighbours say in whatever order: what this worker has shut, it opens by its own experience only."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.health.worker import BROKEN, Worker

from outwait.health.letter import What

step = st.one_of(
    st.tuples(st.just("word"), st.sampled_from([*What, "sings"]), st.sampled_from(["one/m", "one"])),
    st.tuples(st.just("wait"), st.floats(0, 100)),
    st.tuples(st.just("call"), st.booleans()),
    st.tuples(st.just("own"), st.sampled_from(["eject", "suspect"])),
)


@given(st.lists(step, max_size=60))
def test_whatever_neighbours_say_an_ejection_ends_by_a_trial_of_our_own(steps: list[tuple[object, ...]]) -> None:
    worker = Worker()
    endpoint = worker.know()
    standing, breaker = endpoint.standing, endpoint.standing.breaker
    for kind, *about in steps:
        if kind == "word":
            before = (breaker.open, breaker.until, breaker.epoch, breaker.trial)
            shut = standing.shut and not standing.suspicion.hearsay
            worker.hear(worker.word(str(about[0]), str(about[1]), seconds=1.0))
            if before[0]:
                assert (breaker.open, breaker.until, breaker.epoch, breaker.trial) == before
            assert standing.shut or not shut
            assert worker.hints.news() == []
        elif kind == "wait":
            assert isinstance(about[0], float)
            worker.time.now += about[0]
        elif kind == "own":
            if about[0] == "eject":
                breaker.eject(worker.time.now, 0.0)
            else:
                standing.suspect(worker.time.now)
            standing._settle(worker.time.now)
        else:
            _call(worker, good=bool(about[0]))
        worker.hints.news()


def _call(worker: Worker, *, good: bool) -> None:
    """One attempt, whether it is wanted or not; only a trial may open what is ejected."""
    standing = worker.know().standing
    was_open, due = standing.breaker.open, standing.due(worker.time.now)
    held = standing.enter(worker.time.now)
    standing.leave(held, None if good else BROKEN, worker.time.now, 0.0)
    if was_open and not standing.breaker.open:
        assert good
        assert due

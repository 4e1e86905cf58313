"""Whatever clients, upstreams and the store do: each client has an end, and in the end nothing is left of anything."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st
from tests.descriptors import descriptors
from tests.exchange.archive import Archive

from outwait.core.fault import Refusal, fault
from outwait.core.plan import OnDisconnect, Plan, Retry
from outwait.core.request import Call, State
from outwait.exchange.keeper import TICK
from outwait.exchange.keeping import Keeping
from outwait.exchange.replay import Bounds
from outwait.exchange.scribe import PATIENCE
from outwait.store.errors import StorageFull, StoreError
from outwait.testing import virtual
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig, Visit
from outwait.testing.scripted import Upstream, answers, breaks, hangs

BOUNDS, KEEPING = Bounds(memory=200, cap=500), Keeping(ttl=60.0, named=90.0)
ANSWER = b'{"id":"resp_1","output":[]}\n'
SCRIPTS = st.sampled_from(
    [
        answers(b"hello\n", b".\n"),
        answers(ANSWER, b".\n", after=12),
        answers(*[b"word\n"] * 40, b".\n", every=2),
        answers(b"x" * 300 + b"\n", b"y" * 300 + b"\n", b".\n", every=9),
        answers(b"half\n", b"!upstream_error\n", every=7),
        breaks("upstream_connect", after=3),
        breaks("upstream_reset", after=15),
        hangs,
    ]
)
PLANS = st.builds(
    lambda choice: plan_of("a", on_disconnect=choice, linger=20.0, retry=Retry(attempts=1)),
    st.sampled_from(list(OnDisconnect)),
)
WRITES = ("remember", "settle", "keep", "orphan", "adopted", "handle")
TROUBLE = st.tuples(
    st.sampled_from([*(f"exchanges.{name}" for name in WRITES), "draft.add", "responses.add", "claims.release"]),
    st.sampled_from(["hang", "fail", "full"]),
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["ask", "json", "name", "respond", "retry", "join", "go", "block", "drain", "cancel", "trouble"]
        ),
        st.integers(0, 7),
        st.sampled_from([0.0, 0.0, 1.0, 2.0, 9.0, 13.0, 30.0]),
        TROUBLE,
        PLANS,
    ),
    min_size=2,
    max_size=14,
)


class Play:
    """One course of events."""

    def __init__(self, scripts: list[object]) -> None:
        self.here = Archive(rig=Rig(Upstream(*scripts), bounds=BOUNDS, keeping=KEEPING))  # type: ignore[arg-type]
        self.visits: list[Visit] = []

    def step(self, what: str, number: int, trouble: tuple[str, str], plan: Plan) -> None:
        """What happens now."""
        if what == "trouble":
            self._upset(*trouble)
        elif what in ("ask", "json", "name", "retry"):
            name = "q" if what == "name" else ""
            retry = int(what == "retry")
            with suppress(Refusal):  # a name whose answer is too long to be kept
                self.visits.append(self.here.rig.ask(plan, stream=what != "json", name=name, retry=retry))
        elif what == "respond":
            call = Call(
                "plain", "talk", "model", stream=bool(number % 2), body=b'{"input":"Hi"}', state=State("resp_ours")
            )
            exchange = self.here.rig.make(call, plan)
            self.here.keeper.attend(exchange)
            self.visits.append(self.here.rig.serve(exchange))
        elif self.visits:
            self._touch(what, self.visits[number % len(self.visits)])

    def _upset(self, name: str, how: str) -> None:
        if how == "hang":
            self.here.shelf.hang(name)
        else:
            self.here.shelf.fail(name, StorageFull("there") if how == "full" else StoreError("gone"), 3)

    def _touch(self, what: str, visit: Visit) -> None:
        if what == "go":
            visit.client.go()
        elif what == "block":
            visit.client.blocked = True
        elif what == "join" and self.here.registry.get(visit.exchange.id) is not None:
            self.visits.append(self.here.rig.join(visit.exchange))
        elif what in ("cancel", "drain"):
            visit.exchange.cancel(fault("gateway_draining") if what == "drain" else None)


async def course(scripts: list[object], steps: list[tuple[str, int, float, tuple[str, str], Plan]]) -> None:
    play, before = Play(scripts), descriptors()
    here = play.here
    for what, number, pause, trouble, plan in steps:
        play.step(what, number, trouble, plan)
        await asyncio.sleep(pause)
    await asyncio.sleep(700 + PATIENCE)  # upstreams that hang are given up
    assert all(visit.exchange.settled for visit in play.visits)
    here.shelf.heal()
    for visit in play.visits:
        visit.client.drain()
        assert visit.client.ending or visit.client.gone
    await asyncio.sleep(5 * TICK)
    assert (here.cases, here.keeper._tasks, len(here.rig.scribe.late)) == ({}, set(), 0)
    known = {given[0].id for name, given in here.shelf.done if name == "exchanges.remember"}
    settled = [given[-1].id for name, given in here.shelf.done if name in ("exchanges.settle", "exchanges.keep")]
    assert known <= set(settled)
    assert len(set(settled)) == len(settled)
    await asyncio.sleep(KEEPING.named + 1)
    assert (list(here.registry), list(here.registry.names()), here.registry.orphans) == ([], [], 0)
    assert descriptors() <= before


@given(st.lists(SCRIPTS, min_size=20, max_size=20), STEPS)
def test_in_the_end_nothing_is_left(
    scripts: list[object], steps: list[tuple[str, int, float, tuple[str, str], Plan]]
) -> None:
    virtual.run(course(scripts, steps))

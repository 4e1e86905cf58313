"""What outwait cut is remembered for some seconds, and whose retry it is then."""

from __future__ import annotations

import pytest
from tests.exchange.test_waiting import exchange

from outwait.core.plan import Heartbeat, OnDisconnect, Retry
from outwait.exchange import cuts as room
from outwait.exchange.cuts import SPAN, Cuts
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig, scene
from outwait.testing.scripted import Upstream, answers, breaks

LATE = plan_of("a", heartbeat=Heartbeat(after=10.0, json_after=20.0, every=15.0), retry=Retry(attempts=1))


class _Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


# -- what is remembered, and for how long


def test_a_cut_is_found_by_its_question_for_its_span() -> None:
    clock = _Clock()
    cuts, one, two = Cuts(clock), exchange("ow_1"), exchange("ow_2")
    assert not cuts
    cuts.add(b"q", one)
    clock.now += 1
    cuts.add(b"q", two)
    assert cuts
    assert (cuts.find(b"q"), cuts.find(b"q", "ow_2"), cuts.find(b"another")) == (one, two, None)
    clock.now = 100 + SPAN
    assert cuts.find(b"q") is two
    clock.now = 101 + SPAN
    assert (cuts.find(b"q"), bool(cuts)) == (None, False)
    assert (len(cuts._own), cuts._until) == (0, {})


def test_who_is_cut_once_more_has_its_span_again() -> None:
    clock = _Clock()
    cuts, one = Cuts(clock), exchange("ow_1")
    cuts.add(b"q", one)
    cuts.add(b"another", exchange("ow_2"))
    clock.now += SPAN - 1
    cuts.add(b"q", one)
    clock.now += SPAN - 1
    assert (cuts.find(b"q"), cuts.find(b"another")) == (one, None)


def test_who_is_told_has_its_span_again_here_and_at_neighbours() -> None:
    clock = _Clock()
    cuts, told = Cuts(clock), list[bytes]()
    cuts.tell = told.append
    cuts.add(b"q", exchange("ow_1"))
    cuts.add(b"another", exchange("ow_2"))
    clock.now += SPAN - 1
    assert cuts.spend(b"q", "ow_1")
    clock.now += SPAN - 1
    assert (cuts.find(b"q") is not None, cuts.find(b"another")) == (True, None)
    assert not cuts.spend(b"q", "ow_1")
    assert told == [b"q", b"another", b"q"]


def test_who_was_removed_is_not_found() -> None:
    cuts = Cuts(_Clock())
    cuts.add(b"q", exchange("ow_1"))
    cuts.remove("ow_1")
    cuts.remove("ow_1")
    assert (cuts.find(b"q"), bool(cuts)) == (None, False)


def test_cuts_are_told_and_those_of_neighbours_are_heard() -> None:
    clock = _Clock()
    here, there = Cuts(clock), Cuts(clock)
    here.tell = there.hear
    here.add(b"q", exchange("ow_1"))
    assert (there.find(b"q"), there.elsewhere(b"q"), there.elsewhere(b"another")) == (None, True, False)
    assert not here.elsewhere(b"q")
    clock.now += SPAN
    assert (there.elsewhere(b"q"), bool(there)) == (False, False)


def test_what_is_heard_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "HEARD", 2)
    cuts = Cuts(_Clock())
    for question in (b"1", b"2", b"1", b"3"):
        cuts.hear(question)
    assert [cuts.elsewhere(question) for question in (b"1", b"2", b"3")] == [True, False, True]


# -- whose retry it is


@pytest.mark.parametrize("status", [400, 429, 500])
def test_the_same_request_soon_after_a_cut_is_told_the_true_error_as_often_as_sdks_ask(status: int) -> None:
    @scene
    async def told() -> None:
        rig = Rig(Upstream(answers(b"upstream_error", after=30, status=status), answers(b"hello\n", b".\n")))
        assert rig.ask(LATE, stream=False).client.ending == ""
        await rig.until(32)
        for left in (1, 0):
            again = rig.ask(LATE, stream=False).client
            assert (again.status, again.text, again.ending) == (status, "!upstream_error\n", "whole")
            assert again.headers["x-should-retry"] == "false"
            assert (rig.registry.orphans, len(rig.registry), bool(rig.registry.cuts)) == (left, left, bool(left))
        assert len(rig.upstream.lines) == 1
        third = rig.ask(LATE, stream=False)
        await rig.until(33)
        assert (third.client.text, len(rig.upstream.lines)) == ("hello\n", 2)
        assert [entry.adopted for entry in rig.entries] == [False, True, True, False]

    told()


@scene
async def test_a_header_retry_takes_it_too_and_then_nobody_else() -> None:
    rig = Rig(Upstream(breaks("upstream_reset", after=30), answers(b"hello\n", b".\n")))
    rig.ask(LATE, stream=False)
    await rig.until(32)
    assert rig.ask(LATE, stream=False, retry=1).client.status == 502
    assert rig.ask(LATE, stream=False).exchange.id == "ow_2"


@scene
async def test_a_header_retry_ends_it_whoever_was_told_before() -> None:
    rig = Rig(Upstream(breaks("upstream_reset", after=30), answers(b"hello\n", b".\n")))
    rig.ask(LATE, stream=False)
    await rig.until(32)
    assert [rig.ask(LATE, stream=False, retry=count).client.status for count in (0, 1)] == [502, 502]
    assert rig.ask(LATE, stream=False).exchange.id == "ow_2"


@scene
async def test_two_cuts_are_told_one_after_the_other() -> None:
    rig = Rig(Upstream(*[breaks("upstream_reset", after=30)] * 2, answers(b"hello\n", b".\n")))
    for _ in range(2):
        rig.ask(LATE, stream=False)
    await rig.until(32)
    one, same, two, again, three = (rig.ask(LATE, stream=False).exchange.id for _ in range(5))
    assert ({one, two}, one == same, two == again, three) == ({"ow_1", "ow_2"}, True, True, "ow_3")


@scene
async def test_after_a_while_it_is_asked_anew_and_a_header_still_finds_it() -> None:
    rig = Rig(Upstream(breaks("upstream_reset", after=30), answers(b"hello\n", b".\n")))
    rig.ask(LATE, stream=False)
    await rig.until(30.1 + SPAN)
    assert rig.ask(LATE, stream=False).exchange.id == "ow_2"
    assert rig.ask(LATE, stream=False, retry=1).exchange.id == "ow_1"


@scene
async def test_a_program_that_waits_longer_each_time_is_told_as_often() -> None:
    rig = Rig(Upstream(breaks("upstream_reset", after=30), answers(b"hello\n", b".\n")))
    rig.ask(LATE, stream=False)
    for at in (28.0 + SPAN, 26.0 + 2 * SPAN):
        await rig.until(at)
        assert rig.ask(LATE, stream=False).client.status == 502
    assert len(rig.upstream.lines) == 1


@scene
async def test_another_question_or_one_with_a_name_is_asked() -> None:
    rig = Rig(Upstream(breaks("upstream_reset", after=30), *[answers(b"hello\n", b".\n")] * 2))
    rig.ask(LATE, stream=False)
    await rig.until(32)
    assert rig.ask(LATE, stream=False, body=b"another").exchange.id == "ow_2"
    assert rig.ask(LATE, stream=False, name="mine").exchange.id == "ow_3"
    assert rig.registry.orphans == 1


@scene
async def test_who_left_by_itself_is_asked_anew() -> None:
    finish = plan_of("a", on_disconnect=OnDisconnect.FINISH)
    rig = Rig(Upstream(answers(b"hello\n", b".\n", after=30), answers(b"hello\n", b".\n")))
    first = rig.ask(finish, stream=False)
    await rig.until(25)
    assert first.client.status == 200  # heartbeats were out
    first.client.go()
    assert (rig.registry.orphans, bool(rig.registry.cuts)) == (1, False)
    assert rig.ask(finish, stream=False).exchange.id == "ow_2"


@scene
async def test_who_left_before_it_failed_is_asked_anew() -> None:
    finish = plan_of("a", on_disconnect=OnDisconnect.FINISH, retry=Retry(attempts=1))
    rig = Rig(Upstream(breaks("upstream_reset", after=30), answers(b"hello\n", b".\n")))
    first = rig.ask(finish, stream=False)
    await rig.until(25)
    first.client.go()
    await rig.until(32)
    assert rig.ask(finish, stream=False).exchange.id == "ow_2"


@scene
async def test_what_was_told_whole_is_asked_anew() -> None:
    clean = plan_of("a", heartbeat=Heartbeat(json_after=20.0, late_error="body"), retry=Retry(attempts=1))
    for plan, stream in ((LATE, True), (clean, False)):  # an error event; an error JSON with a proper end
        rig = Rig(Upstream(breaks("upstream_reset", after=30)))
        rig.ask(plan, stream=stream)
        await rig.until(rig.loop.time() + 31)
        assert not rig.registry.cuts


@scene
async def test_what_was_cancelled_is_asked_anew() -> None:
    rig = Rig(Upstream(answers(b"hello\n", b".\n", after=60), answers(b"hello\n", b".\n")))
    first = rig.ask(LATE, stream=False)
    await rig.until(25)
    first.exchange.cancel()
    assert first.client.ending == "aborted"
    assert not rig.registry.cuts


@scene
async def test_of_a_key_that_keeps_nothing_nothing_is_told() -> None:
    rig = Rig(Upstream(breaks("upstream_reset", after=30)))
    rig.registry.keeps = lambda _: False
    told: list[bytes] = []
    rig.registry.cuts.tell = told.append
    rig.ask(LATE, stream=False)
    await rig.until(32)
    assert (bool(rig.registry.cuts), told, len(rig.registry)) == (False, [], 0)


@scene
async def test_what_goes_for_want_of_room_goes_here_too() -> None:
    rig = Rig(Upstream(breaks("upstream_reset", after=30)))
    first = rig.ask(LATE, stream=False)
    await rig.until(32)
    rig.registry.drop(first.exchange.id)
    assert not rig.registry.cuts

"""What was delivered, as far as we know, and what its client repeats all the same: nothing is paid for twice."""

from __future__ import annotations

import pytest
from tests.exchange.archive import Archive

from outwait.core.plan import OnDisconnect, Retry
from outwait.exchange.adopt import fingerprint
from outwait.exchange.keeping import Keeping
from outwait.exchange.registry import LONG
from outwait.exchange.replay import Bounds
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig, Visit, scene
from outwait.testing.scripted import Upstream, answers, breaks

FINISH = plan_of("a", on_disconnect=OnDisconnect.FINISH, retry=Retry(attempts=1))
CANCEL = plan_of("a", on_disconnect=OnDisconnect.CANCEL, retry=Retry(attempts=1))
TEXT = "hello\n.\n"
GOOD = answers(b"hello\n", b".\n", after=10)
DOUBT = Keeping().doubt


def office(*scripts: object, keeping: Keeping | None = None, bounds: Bounds | None = None) -> Rig:
    return Rig(Upstream(*scripts), keeping=keeping or Keeping(), bounds=bounds)  # type: ignore[arg-type]


def waits(rig: Rig, visit: Visit) -> bool:
    """Whether a retry of its question would find it."""
    return rig.registry.find(fingerprint("key", visit.exchange.call)) is visit.exchange


@scene
async def test_a_retry_of_what_was_delivered_whole_receives_it_again() -> None:
    rig = office(GOOD)
    first = rig.ask(FINISH)
    await rig.until(10.1)
    assert (first.client.text, first.client.ending) == (TEXT, "finished")
    second = rig.ask(FINISH, retry=1)
    assert second.exchange is first.exchange
    assert (second.client.status, second.client.text, second.client.ending) == (200, TEXT, "finished")
    assert len(rig.upstream.lines) == 1
    assert [entry.adopted for entry in rig.entries] == [False, True]


@scene
async def test_who_does_not_say_that_it_repeats_asks_anew() -> None:
    rig = office(GOOD, GOOD)
    first = rig.ask(FINISH)
    await rig.until(11)
    assert rig.ask(FINISH).exchange is not first.exchange
    assert rig.ask(FINISH, retry=1, body=b"another").exchange is not first.exchange
    assert waits(rig, first)


@scene
async def test_it_is_forgotten_after_some_seconds() -> None:
    rig = office(GOOD)
    first = rig.ask(FINISH)
    await rig.until(10 + DOUBT - 0.1)
    assert (waits(rig, first), rig.registry.get("ow_1"), rig.registry.orphans) == (True, first.exchange, 0)
    await rig.until(10 + DOUBT + 0.1)
    assert (waits(rig, first), len(rig.registry)) == (False, 0)
    assert rig.ask(FINISH, retry=1).exchange is not first.exchange


@scene
async def test_by_its_id_it_can_be_had_meanwhile_and_by_a_retry_after_that() -> None:
    rig = office(GOOD)
    first = rig.ask(FINISH)
    await rig.until(12)
    found = rig.registry.get("ow_1")
    assert found is first.exchange
    by_id = rig.join(found)
    assert (by_id.client.text, waits(rig, first)) == (TEXT, True)
    assert rig.ask(FINISH, retry=1).exchange is first.exchange


@scene
async def test_whoever_received_it_again_may_not_have_received_it_either() -> None:
    rig = office(GOOD)
    first = rig.ask(FINISH)
    for moment in (11, 11 + DOUBT - 1, 11 + 2 * DOUBT - 3):
        await rig.until(moment)
        assert rig.ask(FINISH, retry=1).client.text == TEXT
    await rig.until(11 + 3 * DOUBT - 2.9)
    assert (waits(rig, first), len(rig.registry), len(rig.upstream.lines)) == (False, 0, 1)


@scene
async def test_an_adopter_that_goes_half_way_leaves_an_orphan() -> None:
    rig = office(GOOD)
    rig.ask(FINISH)
    await rig.until(11)
    second = rig.ask(FINISH, retry=1, gone=True)
    await rig.until(11 + DOUBT + 1)
    assert (rig.registry.orphans, waits(rig, second)) == (1, True)
    assert rig.ask(FINISH, retry=2).client.text == TEXT


@scene
async def test_real_orphans_come_first() -> None:
    rig = office(GOOD, GOOD)
    delivered, orphan = rig.ask(FINISH), rig.ask(FINISH)
    await rig.until(5)
    orphan.client.go()
    await rig.until(11)
    assert waits(rig, orphan)
    assert [rig.ask(FINISH, retry=1).exchange for _ in range(2)] == [orphan.exchange, delivered.exchange]


@scene
async def test_one_of_several_can_be_taken_by_its_id() -> None:
    rig = office(GOOD, GOOD)
    visits = [rig.ask(FINISH) for _ in range(2)]
    await rig.until(11)
    question = fingerprint("key", visits[0].exchange.call)
    assert rig.registry.adopt(question, "ow_2") is visits[1].exchange
    assert rig.registry.adopt(question, "ow_2") is visits[0].exchange
    assert rig.registry.adopt(question, "ow_2") is None


@pytest.mark.parametrize("took, kept", [(LONG - 0.01, False), (LONG + 0.01, True)])
def test_what_came_quickly_is_not_worth_it(took: float, kept: bool) -> None:
    @scene
    async def told() -> None:
        rig = office(answers(b"hello\n", b".\n", after=took))
        first = rig.ask(FINISH)
        await rig.until(took + 0.05)
        assert (first.client.ending, waits(rig, first), len(rig.registry)) == ("finished", kept, int(kept))

    told()


@scene
async def test_nothing_is_kept_of_those_that_want_nothing_kept() -> None:
    rig = office(GOOD)
    rig.registry.keeps = lambda key: key != "key"
    rig.ask(FINISH)
    await rig.until(11)
    assert len(rig.registry) == 0


@scene
async def test_nothing_is_kept_where_it_is_off() -> None:
    rig = office(GOOD, keeping=Keeping(doubt=0.0))
    rig.ask(FINISH)
    await rig.until(11)
    assert len(rig.registry) == 0


@scene
async def test_a_failure_that_was_told_is_not_kept() -> None:
    rig = office(breaks("upstream_error", after=10))
    visit = rig.ask(FINISH, stream=False)
    await rig.until(11)
    assert (visit.client.status, len(rig.registry)) == (502, 0)


@scene
async def test_what_was_cancelled_is_not_kept() -> None:
    rig = office(GOOD)
    visit = rig.ask(CANCEL)
    await rig.until(5)
    visit.client.go()
    await rig.until(6)
    assert (visit.exchange.settled, len(rig.registry)) == (True, 0)


@scene
async def test_what_is_not_whole_any_more_is_not_kept() -> None:
    rig = office(answers(b"x" * 200 + b"\n", b".\n", after=10), bounds=Bounds(memory=0, cap=100))
    visit = rig.ask(FINISH)
    await rig.until(11)
    assert (visit.client.ending, visit.exchange.replay.whole, len(rig.registry)) == ("finished", False, 0)


@scene
async def test_the_named_are_kept_for_their_name_s_sake_only() -> None:
    rig = office(GOOD, keeping=Keeping(named=100.0))
    first = rig.ask(FINISH, name="q")
    await rig.until(10 + DOUBT + 5)
    assert not waits(rig, first)
    assert rig.ask(FINISH, name="q").client.text == TEXT


@scene
async def test_where_there_is_no_room_it_goes_at_once() -> None:
    rig = office(GOOD, keeping=Keeping(count=0))
    rig.ask(FINISH)
    await rig.until(11)
    assert len(rig.registry) == 0


@scene
async def test_who_reads_it_by_its_id_goes_on_reading_when_its_time_is_over() -> None:
    rig = office(GOOD)
    first = rig.ask(FINISH)
    await rig.until(11)
    reader = first.exchange.join(lambda: None)
    await rig.until(10 + DOUBT + 1)
    assert (waits(rig, first), rig.registry.get("ow_1")) == (False, first.exchange)
    assert reader.read() == b"hello\n"


@scene
async def test_a_retry_that_is_quicker_than_the_store_finds_it_too() -> None:
    here = Archive(rig=office(GOOD))
    gate = here.shelf.hang("exchanges.settle")
    first = here.rig.ask(FINISH)
    here.registry.held(first.exchange)
    await here.rig.until(11)
    assert (first.client.ending, here.asked, len(here.cases)) == ("finished", ["remember", "settle"], 1)
    second = here.rig.ask(FINISH, retry=1)
    assert (second.exchange, second.client.text, second.client.ending) == (first.exchange, TEXT, "finished")
    gate.set()
    await here.rig.until(12)
    assert (here.asked, here.cases, waits(here.rig, first)) == (["remember", "settle"], {}, True)
    await here.rig.until(12 + DOUBT)
    assert len(here.registry) == 0

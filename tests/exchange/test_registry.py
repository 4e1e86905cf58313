"""Orphans and their adoption: who is kept, for how long, for whom, and who is not."""

from __future__ import annotations

from outwait.core.plan import OnDisconnect, Retry
from outwait.exchange.adopt import fingerprint
from outwait.exchange.keeping import Keeping
from outwait.exchange.replay import Bounds
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig, scene
from outwait.testing.scripted import Upstream, answers, breaks, hangs

FINISH = plan_of("a", on_disconnect=OnDisconnect.FINISH)
GOOD = answers(b"hello\n", b".\n", after=10)


@scene
async def test_a_running_exchange_is_found_by_its_id() -> None:
    rig = Rig(Upstream(GOOD, GOOD))
    first, second = rig.ask(FINISH), rig.ask(FINISH)
    assert rig.registry.get("ow_1") is first.exchange
    assert rig.registry.get("ow_2") is second.exchange
    assert rig.registry.get("ow_3") is None
    assert list(rig.registry) == [first.exchange, second.exchange]
    await rig.until(11)
    assert (len(rig.registry), rig.registry.get("ow_1"), rig.registry.orphans) == (0, None, 0)


@scene
async def test_a_retry_receives_the_running_exchange() -> None:
    rig = Rig(Upstream(GOOD))
    first = rig.ask(FINISH)
    await rig.until(5)
    first.client.go()
    assert rig.registry.orphans == 1
    second = rig.ask(FINISH, retry=1)
    assert second.exchange is first.exchange
    assert (rig.registry.orphans, len(rig.upstream.lines)) == (0, 1)
    await rig.until(11)
    assert second.client.text == "hello\n.\n"
    assert len(rig.registry) == 0


@scene
async def test_a_retry_receives_the_finished_answer_from_its_first_byte() -> None:
    rig = Rig(Upstream(GOOD))
    rig.ask(FINISH).client.go()
    await rig.until(100)
    second = rig.ask(FINISH, retry=1)
    assert (second.client.status, second.client.text, second.client.ending) == (200, "hello\n.\n", "finished")
    assert len(rig.upstream.lines) == 1
    assert len(rig.registry) == 0


@scene
async def test_one_retry_adopts_one_orphan_the_oldest_first() -> None:
    rig = Rig(Upstream(GOOD, GOOD, GOOD))
    visits = [rig.ask(FINISH) for _ in range(2)]
    for visit in visits:
        visit.client.go()
    retries = [rig.ask(FINISH, retry=1) for _ in range(3)]
    assert [retry.exchange.id for retry in retries] == ["ow_1", "ow_2", "ow_3"]


@scene
async def test_an_orphan_can_be_looked_for_and_taken_by_its_id() -> None:
    rig = Rig(Upstream(GOOD, GOOD, GOOD, GOOD))
    visits = [rig.ask(FINISH) for _ in range(3)]
    question = fingerprint("key", visits[0].exchange.call)
    registry = rig.registry
    assert registry.find(question) is None
    for visit in visits:
        visit.client.go()
    assert registry.find(question) is registry.find(question) is visits[0].exchange
    assert registry.orphans == 3
    assert registry.adopt(question, "ow_2") is visits[1].exchange
    assert registry.adopt(question, "ow_2") is visits[0].exchange  # any other is as good
    assert registry.find(question) is visits[2].exchange
    assert registry.find(b"another") is None


@scene
async def test_only_the_same_question_is_adopted_and_only_by_a_retry() -> None:
    rig = Rig(Upstream(GOOD, GOOD, GOOD))
    rig.ask(FINISH).client.go()
    assert rig.ask(FINISH, retry=1, body=b"another").exchange.id == "ow_2"
    assert rig.ask(FINISH, retry=0).exchange.id == "ow_3"
    assert rig.registry.orphans == 1


@scene
async def test_who_is_still_served_is_no_orphan() -> None:
    rig = Rig(Upstream(GOOD, GOOD))
    rig.ask(FINISH)
    assert rig.ask(FINISH, retry=1).exchange.id == "ow_2"


@scene
async def test_an_adopter_that_leaves_makes_it_an_orphan_again() -> None:
    rig = Rig(Upstream(GOOD))
    rig.ask(FINISH).client.go()
    rig.ask(FINISH, retry=1).client.go()
    assert rig.registry.orphans == 1
    await rig.until(20)
    assert rig.registry.orphans == 1
    third = rig.ask(FINISH, retry=2)
    assert third.client.text == "hello\n.\n"
    assert [entry.adopted for entry in rig.entries] == [False, True, True]


@scene
async def test_orphans_are_kept_for_their_time_and_no_longer() -> None:
    rig = Rig(Upstream(GOOD, GOOD), keeping=Keeping(ttl=100))
    rig.ask(FINISH).client.go()
    await rig.until(5)
    rig.ask(FINISH, body=b"later").client.go()
    await rig.until(109.9)
    assert (rig.registry.orphans, len(rig.registry)) == (2, 2)
    await rig.until(110.1)
    assert (rig.registry.orphans, len(rig.registry)) == (1, 1)
    await rig.until(115.1)
    assert (rig.registry.orphans, len(rig.registry)) == (0, 0)


@scene
async def test_a_running_orphan_is_kept_until_it_ends() -> None:
    rig = Rig(Upstream(answers(b"hello\n", b".\n", after=400)), keeping=Keeping(ttl=100))
    plan = plan_of("a", on_disconnect=OnDisconnect.FINISH, spans={"first_byte": 500})
    rig.ask(plan).client.go()
    await rig.until(499)
    assert rig.registry.orphans == 1
    await rig.until(500.1)
    assert rig.registry.orphans == 0


@scene
async def test_an_adopted_orphan_is_not_dropped_when_its_time_would_be_over() -> None:
    rig = Rig(Upstream(GOOD), keeping=Keeping(ttl=100))
    rig.ask(FINISH).client.go()
    await rig.until(50)
    second = rig.ask(FINISH, retry=1, gone=True)
    await rig.until(149.9)
    assert rig.registry.orphans == 1  # its time began again when the second client left
    await rig.until(150.1)
    assert rig.registry.orphans == 0
    assert second.client.pieces == []


@scene
async def test_memory_bounds_what_is_kept() -> None:
    rig = Rig(Upstream(*[answers(b"x" * 999 + b"\n", b".\n")] * 4), keeping=Keeping(memory=2500))
    for number in range(4):
        rig.ask(FINISH, body=b"%d" % number).client.go()
    await rig.until(1)
    assert [exchange.call.body for exchange in rig.registry] == [b"2", b"3"]
    rig.ask(FINISH, body=b"2", retry=1)
    assert rig.registry.orphans == 1


@scene
async def test_their_size_is_bounded_where_memory_is_not() -> None:
    spilled = Bounds(memory=100)
    answer = answers(b"x" * 999 + b"\n", b".\n")
    rig = Rig(Upstream(*[answer] * 4), bounds=spilled, keeping=Keeping(memory=2500, size=2500))
    for number in range(4):
        rig.ask(FINISH, body=b"%d" % number).client.go()
    await rig.until(1)
    assert [exchange.call.body for exchange in rig.registry] == [b"2", b"3"]


@scene
async def test_adoption_frees_the_memory_it_took() -> None:
    rig = Rig(Upstream(*[answers(b"x" * 999 + b"\n", b".\n")] * 3), keeping=Keeping(memory=2010))
    for number in range(2):
        rig.ask(FINISH, body=b"%d" % number).client.go()
    await rig.until(1)
    rig.ask(FINISH, body=b"0", retry=1)
    rig.ask(FINISH, body=b"2").client.go()
    await rig.until(2)
    assert [exchange.call.body for exchange in rig.registry] == [b"1", b"2"]


@scene
async def test_their_number_is_bounded_too() -> None:
    rig = Rig(Upstream(*[GOOD] * 3), keeping=Keeping(count=2))
    for number in range(3):
        rig.ask(FINISH, body=b"%d" % number).client.go()
    assert rig.registry.orphans == 3
    await rig.until(11)
    assert [exchange.call.body for exchange in rig.registry] == [b"1", b"2"]


@scene
async def test_the_cancelled_cannot_be_adopted() -> None:
    """Cancelled by hand, by lingering too long, or by leaving: there is no answer in it."""
    for choice, wait in ((OnDisconnect.LINGER, 20.0), (OnDisconnect.CANCEL, 0.0), (OnDisconnect.FINISH, 0.0)):
        rig = Rig(Upstream(hangs, GOOD))
        plan = plan_of("a", on_disconnect=choice, linger=20.0)
        visit = rig.ask(plan)
        visit.client.go()
        await rig.until(rig.loop.time() + wait)
        visit.exchange.cancel()
        assert (rig.registry.orphans, len(rig.registry)) == (0, 0)
        assert rig.ask(plan, retry=1).exchange.id == "ow_2"


@scene
async def test_an_adopted_failure_tells_not_to_retry() -> None:
    rig = Rig(Upstream(breaks("upstream_connect", after=5)))
    plan = plan_of("a", on_disconnect=OnDisconnect.FINISH, retry=Retry(attempts=1))
    rig.ask(plan).client.go()
    await rig.until(6)
    second = rig.ask(plan, retry=1)
    assert (second.client.status, second.client.headers["x-should-retry"]) == (502, "false")
    assert second.client.text == "!upstream_connect\n"
    assert len(rig.registry) == 0


@scene
async def test_an_answer_too_large_to_keep_is_not_kept() -> None:
    rig = Rig(Upstream(answers(b"x" * 5000 + b"\n", b".\n", every=5)), bounds=Bounds(memory=1000, cap=4000))
    visit = rig.ask(FINISH)
    await rig.until(1)
    visit.client.go()
    assert rig.registry.orphans == 0
    await rig.until(6)
    assert rig.upstream.line.state in {"cancelled", "left"}
    assert len(rig.registry) == 0


@scene
async def test_two_readers_share_an_exchange_and_the_last_one_decides() -> None:
    rig = Rig(Upstream(GOOD))
    first = rig.ask(plan_of("a", on_disconnect=OnDisconnect.CANCEL))
    woken: list[str] = []
    other = first.exchange.join(lambda: woken.append("woken"))
    first.client.go()
    assert rig.upstream.line.state == "open"
    assert rig.registry.adopt(fingerprint("key", first.exchange.call)) is first.exchange
    await rig.until(11)
    assert woken
    assert other.read() == b"hello\n"
    assert len(rig.registry) == 1

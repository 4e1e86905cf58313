"""Names: one exchange for everybody who has the name, for as long as there is an answer in it."""

from __future__ import annotations

import pytest

from outwait.core.fault import Refusal
from outwait.core.plan import OnDisconnect, Retry
from outwait.exchange.keeping import Keeping
from outwait.exchange.replay import Bounds
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig, scene
from outwait.testing.scripted import Upstream, answers, breaks, hangs, refuses

ONCE = Retry(attempts=1)
FINISH = plan_of("a", on_disconnect=OnDisconnect.FINISH, retry=ONCE)
GOOD = answers(b"hello\n", b".\n", after=10)
MARK = "idempotent-replayed"
DAY = 86_400


@scene
async def test_many_attach_to_the_running_exchange() -> None:
    rig = Rig(Upstream(GOOD))
    first = rig.ask(FINISH, name="q")
    await rig.until(4)
    second, third = rig.ask(FINISH, name="q"), rig.ask(FINISH, name="q", retry=1)
    assert first.exchange is second.exchange is third.exchange
    first.client.go()
    await rig.until(11)
    for visit in (second, third):
        assert (visit.client.text, visit.client.ending) == ("hello\n.\n", "finished")
        assert MARK not in visit.client.headers
    assert [(entry.attached, entry.replayed, entry.adopted) for entry in rig.entries] == [
        (False, False, False),
        (True, False, False),
        (True, False, False),
    ]
    assert (len(rig.upstream.lines), rig.registry.orphans) == (1, 0)


@pytest.mark.parametrize("stream", [True, False])
@scene
async def test_the_finished_answer_is_replayed_as_often_as_asked(stream: bool) -> None:
    rig = Rig(Upstream(GOOD))
    first = rig.ask(FINISH, name="q", stream=stream)
    await rig.until(11)
    for hour in range(1, 24):
        await rig.until(hour * 3600)
        again = rig.ask(FINISH, name="q", stream=stream)
        assert (again.client.text, again.client.status) == (first.client.text, 200)
        assert again.client.headers[MARK] == "true"
    assert MARK not in first.client.headers
    assert len(rig.upstream.lines) == 1
    entries = rig.entries
    assert [entry.replayed for entry in entries] == [False] + [True] * 23
    assert all(entry.delivered == "whole" and not entry.rescued for entry in entries)
    assert [entry.started for entry in entries[1:]] == pytest.approx([hour * 3600 for hour in range(1, 24)], abs=0.1)
    assert all((entry.duration, entry.silence, entry.first_byte) == (0, 0, None) for entry in entries[1:])


@pytest.mark.parametrize("whole", [True, False])
@scene
async def test_an_answer_is_rescued_by_the_first_replay_that_nobody_had_before(whole: bool) -> None:
    rig = Rig(Upstream(GOOD))
    first = rig.ask(FINISH, name="q")
    await rig.until(11 if whole else 5)
    first.client.go()
    await rig.until(20)
    for _ in range(2):
        rig.ask(FINISH, name="q")
    assert [entry.rescued for entry in rig.entries] == [False, not whole, False]


@scene
async def test_a_name_is_kept_for_a_day_from_the_end() -> None:
    rig = Rig(Upstream(GOOD, GOOD))
    rig.ask(FINISH, name="q")
    await rig.until(DAY + 9)
    assert rig.ask(FINISH, name="q").exchange.id == "ow_1"
    await rig.until(DAY + 11)
    assert len(rig.registry) == 0
    assert rig.ask(FINISH, name="q").exchange.id == "ow_2"


@scene
async def test_a_name_belongs_to_one_question() -> None:
    rig = Rig(Upstream(GOOD))
    rig.ask(FINISH, name="q")
    for moment in (5, 20):  # running, finished
        await rig.until(moment)
        with pytest.raises(Refusal, match="used for another request") as caught:
            rig.ask(FINISH, name="q", body=b"another")
        failed = caught.value.fault
        assert (failed.code, failed.status, failed.param) == ("idempotency_mismatch", 422, "Idempotency-Key")


@scene
async def test_a_failure_is_told_again_and_not_to_be_retried() -> None:
    rig = Rig(Upstream(breaks("upstream_reset", after=3)))
    rig.ask(FINISH, name="q")
    await rig.until(5)
    for _ in range(3):
        again = rig.ask(FINISH, name="q")
        assert (again.client.status, again.client.text) == (502, "!upstream_reset\n")
        assert (again.client.headers["x-should-retry"], again.client.headers[MARK]) == ("false", "true")
    assert len(rig.upstream.lines) == 1


@scene
async def test_half_an_answer_is_replayed_with_its_error() -> None:
    rig = Rig(Upstream(answers(b"hello\n", b"!upstream_error\n", every=1)))
    first = rig.ask(FINISH, name="q")
    await rig.until(5)
    again = rig.ask(FINISH, name="q")
    assert again.client.text == first.client.text
    assert len(rig.upstream.lines) == 1


@scene
async def test_what_did_nothing_upstream_is_asked_anew() -> None:
    rig = Rig(Upstream(refuses("upstream_connect"), breaks("upstream_connect"), GOOD))
    for ident in ("ow_1", "ow_2", "ow_3"):
        assert rig.ask(FINISH, name="q").exchange.id == ident
        await rig.until(rig.loop.time() + 1)
    assert len(rig.registry) == 1


@scene
async def test_so_it_is_while_somebody_still_reads_the_failure() -> None:
    rig = Rig(Upstream(breaks("upstream_connect", after=5), GOOD))
    first = rig.ask(FINISH, name="q")
    reader = first.exchange.join(lambda: None)
    await rig.until(6)
    assert rig.registry.holder(rig.registry._named["ow_1"].name) == "ow_1"
    assert rig.ask(FINISH, name="q").exchange.id == "ow_2"
    first.exchange.leave(reader, first.relay.delivery)
    assert [ident for _, ident in rig.registry.names()] == ["ow_2"]
    assert list(rig.registry) == [rig.registry.get("ow_2")]


@pytest.mark.parametrize("choice", list(OnDisconnect))
@scene
async def test_a_cancelled_exchange_is_asked_anew(choice: OnDisconnect) -> None:
    rig = Rig(Upstream(hangs, GOOD))
    plan = plan_of("a", on_disconnect=choice, linger=20.0)
    visit = rig.ask(plan, name="q")
    if choice is OnDisconnect.FINISH:
        visit.exchange.cancel()
    visit.client.go()
    await rig.until(21)
    assert len(rig.registry) == 0
    assert rig.ask(plan, name="q").exchange.id == "ow_2"


@scene
async def test_who_attaches_ends_the_lingering() -> None:
    rig = Rig(Upstream(answers(b"hello\n", b".\n", after=50)))
    plan = plan_of("a", on_disconnect=OnDisconnect.LINGER, linger=20.0, spans={"first_byte": 100})
    rig.ask(plan, name="q").client.go()
    await rig.until(15)
    second = rig.ask(plan, name="q")
    await rig.until(51)
    assert second.client.text.endswith("hello\n.\n")


@scene
async def test_a_named_exchange_is_nobodys_orphan() -> None:
    rig = Rig(Upstream(GOOD, GOOD))
    rig.ask(FINISH, name="q").client.go()
    assert rig.registry.orphans == 0
    assert rig.ask(FINISH, retry=1).exchange.id == "ow_2"


@scene
async def test_what_is_too_long_to_keep_has_one_reader() -> None:
    rig = Rig(Upstream(answers(b"x" * 5000 + b"\n", b".\n", every=5), GOOD), bounds=Bounds(memory=1000, cap=4000))
    first = rig.ask(FINISH, name="q")
    await rig.until(1)
    with pytest.raises(Refusal, match="too long to be kept") as caught:
        rig.ask(FINISH, name="q")
    assert caught.value.fault.code == "conflict"
    await rig.until(6)
    assert first.client.ending == "finished"
    assert rig.ask(FINISH, name="q").exchange.id == "ow_2"


@scene
async def test_who_replays_keeps_alive_what_is_dropped_meanwhile() -> None:
    rig = Rig(Upstream(GOOD, GOOD), keeping=Keeping(count=1))
    first = rig.ask(FINISH, name="q")
    await rig.until(11)
    reader = first.exchange.join(lambda: None)
    rig.ask(FINISH, name="r", body=b"another")
    await rig.until(22)
    assert [ident for _, ident in rig.registry.names()] == ["ow_2"]
    assert reader.read() == b"hello\n"
    first.exchange.leave(reader, first.relay.delivery)
    assert rig.registry.get("ow_1") is None

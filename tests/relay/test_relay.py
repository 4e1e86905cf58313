"""What a client sees, byte by byte and second by second: waiting, held, flowing, and each way it can end."""

from __future__ import annotations

from typing import Any

import pytest

from outwait.core.fault import Stage, UpstreamError, fault
from outwait.core.plan import Heartbeat, OnDisconnect, Retry
from outwait.relay.relay import State
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig, scene
from outwait.testing.scripted import Upstream, answers, breaks, hangs, refuses

BEAT, SPACE = b": beat\n", b"\n"
LONG = {"queue": 500, "connect": 500, "first_byte": 500, "first_token": 500, "idle": 500, "total": 5000}
REFUSED = fault("upstream_connect", stage=Stage.CONNECTING)
LIMITED = fault(
    "upstream_error", status=429, retry_after=7.0, upstream=UpstreamError(429, "", b""), cause="rate_limited"
)
ONCE = Retry(attempts=1)


def beats(**fields: Any) -> Heartbeat:
    return Heartbeat(**{"after": 10.0, "json_after": 20.0, "every": 15.0} | fields)


# -- waiting


@scene
async def test_a_quick_json_answer_is_one_write_with_the_real_status() -> None:
    rig = Rig(Upstream(answers(b"hello\n", b".\n", after=19)))
    visit = rig.ask(plan_of("a"), stream=False)
    await rig.until(18)
    assert (visit.relay.state, visit.client.status) == (State.WAITING, 0)
    await rig.until(20)
    assert (visit.client.status, visit.client.text, visit.client.ending) == (200, "hello\n", "whole")
    assert visit.client.headers["content-type"] == "application/json"
    assert len(visit.client.pieces) == 1
    assert visit.relay.state is State.CLOSED


@scene
async def test_a_quick_stream_flows_as_it_comes() -> None:
    rig = Rig(Upstream(answers(b"one\n", b"two\n", b".\n", after=1, every=1)))
    visit = rig.ask(plan_of("a"))
    await rig.until(1.5)
    assert (visit.relay.state, visit.client.text) == (State.FLOWING, "one\n")
    await rig.until(5)
    assert [data for _, data in visit.client.pieces] == [b"one\n", b"two\n", b".\n"]
    assert (visit.client.ending, visit.client.headers["content-type"]) == ("finished", "text/event-stream")


@pytest.mark.parametrize("stream", [True, False])
@scene
async def test_a_failure_before_anything_is_out_keeps_its_real_status(stream: bool) -> None:
    rig = Rig(Upstream(breaks(LIMITED, after=9)))
    visit = rig.ask(plan_of("a", retry=ONCE), stream=stream)
    await rig.until(10)
    assert (visit.client.status, visit.client.text, visit.client.ending) == (429, "!upstream_error\n", "whole")
    headers = visit.client.headers
    assert (headers["x-should-retry"], headers["retry-after"]) == ("true", "7")
    assert (headers["content-type"], headers["x-outwait-exchange"]) == ("application/json", "ow_1")
    assert visit.relay.delivery.whole
    assert not visit.relay.delivery.data


# -- heartbeats


@scene
async def test_a_silent_stream_is_kept_alive() -> None:
    rig = Rig(Upstream(answers(b"hello\n", b".\n", after=60)))
    visit = rig.ask(plan_of("a", spans=LONG))
    await rig.until(9.9)
    assert visit.client.status == 0
    await rig.until(11)
    assert (visit.relay.state, visit.client.status) == (State.HELD, 200)
    await rig.until(61)
    assert visit.client.times(BEAT) == pytest.approx([10, 25, 40, 55], abs=0.01)
    assert visit.client.text.endswith(": beat\nhello\n.\n")
    assert visit.relay.delivery.heartbeats == 4


@scene
async def test_a_silent_json_call_is_kept_alive() -> None:
    rig = Rig(Upstream(answers(b"hello\n", b".\n", after=60)))
    visit = rig.ask(plan_of("a", spans=LONG), stream=False)
    await rig.until(61)
    assert visit.client.times(SPACE) == pytest.approx([20, 35, 50], abs=0.01)
    assert (visit.client.text.strip(), visit.client.ending) == ("hello", "finished")
    assert visit.relay.delivery.status == 200


@scene
async def test_beats_count_from_the_last_write_whatever_it_was() -> None:
    rig = Rig(Upstream(answers(b"one\n", b"two\n", b".\n", after=12, every=20)))
    visit = rig.ask(plan_of("a", spans=LONG))
    await rig.until(60)
    assert visit.client.times(BEAT) == pytest.approx([10, 27, 47], abs=0.01)


@scene
async def test_beats_between_events_may_come_sooner_than_the_first() -> None:
    rig = Rig(Upstream(answers(b"one\n", b".\n", after=1, every=20)))
    visit = rig.ask(plan_of("a", spans=LONG, heartbeat=beats(after=60.0, every=5.0)))
    await rig.until(20)
    assert visit.client.times(BEAT) == pytest.approx([6, 11, 16], abs=0.01)


@scene
async def test_beats_go_on_in_the_queue() -> None:
    rig = Rig(Upstream(), limits={"a": 0})
    visit = rig.ask(plan_of("a", spans=LONG))
    await rig.until(41)
    assert visit.client.times(BEAT) == pytest.approx([10, 25, 40], abs=0.01)
    assert "x-outwait-channel" not in visit.client.headers


@scene
async def test_beats_go_on_during_backoff_and_failover() -> None:
    rig = Rig(Upstream(refuses(REFUSED, after=12), refuses(REFUSED, after=30), answers(b"hello\n.\n", after=30)))
    visit = rig.ask(plan_of("a", "b", spans=LONG, retry=Retry(base_transport=30, cap=60)))
    await rig.until(110)
    assert visit.client.times(BEAT) == pytest.approx([10, 25, 40, 55, 70, 85, 100], abs=0.01)
    assert [line.candidate.channel for line in rig.upstream.lines] == ["a", "b", "a"]
    assert visit.client.text.endswith("hello\n.\n")


@scene
async def test_beats_stop_with_the_clocks() -> None:
    """A heartbeat never hides a dead upstream."""
    rig = Rig(Upstream(hangs))
    visit = rig.ask(plan_of("a"))
    await rig.until(500)
    assert visit.client.times(BEAT) == pytest.approx([10, 25], abs=0.01)
    assert visit.client.text.endswith("!first_byte_timeout\n.\n")
    assert visit.client.ending == "finished"


@scene
async def test_no_beat_goes_to_a_client_that_takes_no_bytes() -> None:
    rig = Rig(Upstream(hangs))
    visit = rig.ask(plan_of("a", spans=LONG))
    await rig.until(11)
    visit.client.blocked = True
    await rig.until(100)
    visit.client.drain()
    await rig.until(105)
    assert visit.client.times(BEAT)[0] == pytest.approx(10, abs=0.01)
    assert visit.client.times(BEAT)[1] == pytest.approx(100, abs=1.01)
    assert len(visit.client.pieces) == 2


@scene
async def test_a_flowing_json_body_has_no_place_for_beats() -> None:
    rig = Rig(Upstream(hangs))
    visit = rig.ask(plan_of("a", spans=LONG), stream=False)
    visit.exchange.replay.append(b"half")
    await rig.until(100)
    assert [data for _, data in visit.client.pieces] == [b"half"]


@scene
async def test_beats_may_be_off() -> None:
    rig = Rig(Upstream(breaks(LIMITED, after=300)))
    visit = rig.ask(plan_of("a", spans=LONG, heartbeat=beats(enabled=False), retry=ONCE))
    await rig.until(301)
    assert (visit.client.status, visit.client.times(BEAT)) == (429, [])


@scene
async def test_beats_may_be_headers_alone() -> None:
    rig = Rig(Upstream(answers(b"hello\n.\n", after=300)))
    visit = rig.ask(plan_of("a", spans=LONG, heartbeat=beats(mode="headers")))
    await rig.until(9)
    assert visit.client.status == 0
    await rig.until(11)
    assert (visit.client.status, visit.client.pieces) == (200, [])
    await rig.until(301)
    assert (visit.client.text, visit.relay.delivery.heartbeats) == ("hello\n.\n", 0)


@scene
async def test_beats_may_have_a_limit() -> None:
    rig = Rig(Upstream(answers(b"hello\n.\n", after=300)))
    visit = rig.ask(plan_of("a", spans=LONG, heartbeat=beats(limit=40.0)))
    await rig.until(301)
    assert visit.client.times(BEAT) == pytest.approx([10, 25, 40], abs=0.01)
    assert visit.client.ending == "finished"


# -- late failures


@scene
async def test_a_stream_tells_a_late_failure_and_then_ends_properly() -> None:
    rig = Rig(Upstream(breaks("upstream_reset", after=30)))
    visit = rig.ask(plan_of("a"))
    await rig.until(31)
    assert (visit.client.status, visit.client.ending) == (200, "finished")
    assert visit.client.text == ": beat\n: beat\n!upstream_reset\n.\n"
    assert visit.relay.delivery.whole
    assert len(rig.registry) == 0


@scene
async def test_a_stream_that_breaks_in_the_middle_tells_it() -> None:
    rig = Rig(Upstream(answers(b"hello\n", b"!upstream_error\n", every=1)))
    visit = rig.ask(plan_of("a", retry=Retry(paid=0.5)))
    await rig.until(3)
    assert (visit.client.text, visit.client.ending) == ("hello\n!upstream_error\n.\n", "finished")


@scene
async def test_json_tells_a_late_failure_and_is_broken_off() -> None:
    rig = Rig(Upstream(breaks("upstream_reset", after=30)))
    visit = rig.ask(plan_of("a"), stream=False)
    await rig.until(31)
    assert (visit.client.status, visit.client.ending) == (200, "aborted")
    assert visit.client.text == "\n!upstream_reset\n"
    assert not visit.relay.delivery.whole
    retry = rig.ask(plan_of("a"), stream=False, retry=1)
    assert (retry.client.status, retry.client.text, retry.client.ending) == (502, "!upstream_reset\n", "whole")
    assert retry.client.headers["x-should-retry"] == "false"
    assert (len(rig.upstream.lines), len(rig.registry)) == (1, 0)


@scene
async def test_json_may_end_a_late_failure_cleanly_for_who_asks_for_it() -> None:
    rig = Rig(Upstream(breaks("upstream_reset", after=30)))
    visit = rig.ask(plan_of("a", heartbeat=beats(late_error="body")), stream=False)
    await rig.until(31)
    assert (visit.client.text, visit.client.ending) == ("\n!upstream_reset\n", "finished")
    assert visit.relay.delivery.whole
    assert rig.registry.orphans == 0


@scene
async def test_a_json_body_that_breaks_in_the_middle_is_broken_off() -> None:
    rig = Rig(Upstream(hangs))
    visit = rig.ask(plan_of("a", heartbeat=beats(late_error="body")), stream=False)
    visit.exchange.replay.append(b'{"half":')
    visit.exchange.replay.finish(fault("upstream_reset"))
    assert (visit.client.text, visit.client.ending) == ('{"half":', "aborted")


@scene
async def test_a_retry_of_half_a_json_body_gets_the_true_error() -> None:
    rig = Rig(Upstream(hangs))
    plan = plan_of("a", on_disconnect=OnDisconnect.FINISH)
    visit = rig.ask(plan, stream=False)
    visit.exchange.replay.append(b'{"half":')
    visit.client.go()
    visit.exchange.broke(fault("upstream_reset"))
    retry = rig.ask(plan, stream=False, retry=1)
    assert (retry.client.status, retry.client.text, retry.client.ending) == (502, "!upstream_reset\n", "whole")


@scene
async def test_a_retry_of_half_a_stream_gets_the_half_and_the_error() -> None:
    rig = Rig(Upstream(answers(b"hello\n", b"!upstream_error\n", every=5)))
    plan = plan_of("a", on_disconnect=OnDisconnect.FINISH)
    visit = rig.ask(plan)
    await rig.until(1)
    visit.client.go()
    await rig.until(9)
    retry = rig.ask(plan, retry=1)
    assert (retry.client.status, retry.client.text) == (200, "hello\n!upstream_error\n.\n")


@scene
async def test_an_answer_without_a_byte_is_still_a_reply() -> None:
    rig = Rig(Upstream(hangs))
    visit = rig.ask(plan_of("a"))
    visit.exchange.replay.finish(None)
    assert (visit.client.status, visit.client.text, visit.client.ending) == (200, "", "finished")


# -- leaving


@scene
async def test_a_client_that_leaves_is_written_to_no_more() -> None:
    rig = Rig(Upstream(answers(b"one\n", b"two\n", b".\n", after=12, every=1)))
    visit = rig.ask(plan_of("a", on_disconnect=OnDisconnect.FINISH))
    await rig.until(12.5)
    visit.client.go()
    assert visit.relay.state is State.CLOSED
    await rig.until(60)
    assert visit.client.text == ": beat\none\n"
    assert visit.relay.state is State.CLOSED
    assert (rig.entries[0].delivered, rig.entries[0].heartbeats) == ("partial", 1)


@scene
async def test_nothing_happens_to_a_finished_reply() -> None:
    rig = Rig(Upstream(answers(b"one\n.\n")))
    visit = rig.ask(plan_of("a"))
    await rig.until(1)
    visit.relay._pump()
    visit.relay._gone()
    visit.relay._ring(rig.loop.time())
    assert visit.client.ending == "finished"
    assert [entry.delivered for entry in rig.entries] == ["whole"]


@scene
async def test_a_cancelled_exchange_is_told_in_its_state() -> None:
    for wait, status, text in ((5, 499, "!cancelled\n"), (12, 200, ": beat\n!cancelled\n.\n")):
        rig = Rig(Upstream(hangs))
        visit = rig.ask(plan_of("a"))
        await rig.until(rig.loop.time() + wait)
        visit.exchange.cancel()
        assert (visit.client.status, visit.client.text) == (status, text)


@pytest.mark.parametrize("mode", ["auto", "headers"])
@scene
async def test_the_first_beat_says_that_its_client_waits(mode: str) -> None:
    told: list[float] = []
    rig = Rig(Upstream(answers(b"hello\n", b".\n", after=50, every=20)))
    object.__setattr__(rig.ports, "held", lambda _: told.append(round(rig.loop.time(), 1)))
    visit = rig.ask(plan_of("a", spans=LONG, heartbeat=beats(mode=mode)))
    await rig.until(100)
    assert (told, visit.client.ending) == ([10.0], "finished")


@scene
async def test_who_is_served_in_time_was_not_told_to_wait() -> None:
    told: list[str] = []
    rig = Rig(Upstream(answers(b"hello\n", b".\n", after=9, every=20)))
    object.__setattr__(rig.ports, "held", lambda exchange: told.append(exchange.id))
    visit = rig.ask(plan_of("a", spans=LONG, heartbeat=beats()))
    await rig.until(60)
    assert (told, visit.client.text.count(": beat"), visit.client.ending) == ([], 1, "finished")

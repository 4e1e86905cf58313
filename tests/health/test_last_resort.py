"""Where no key works: who is tried all the same, what is told where nobody is, and how a key comes back."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

import pytest
from tests.health.test_tracker import BUSY, REFUSED, RESET, World, catalog, plan, told
from tests.health.worker import Worker

from outwait.core.catalog import Channel
from outwait.core.endpoints import Hold
from outwait.core.fault import Fault, fault
from outwait.health import last_resort
from outwait.health.hold import Held
from outwait.policy.health_rules import HealthRules
from outwait.policy.last_resort import DEFAULT

EMPTY = fault("upstream_quota", detail="HTTP 402, no credit")
STALE = fault("upstream_reset", hint="stale")
WIDE = HealthRules()
KEYS = Channel("a", "openai", "https://x", ("k", "l"))


def refuse(world: World, *names: str, failed: Fault = REFUSED) -> None:
    """One attempt at each, which is refused."""
    for name in names:
        world.hold(plan(name)).leave(failed)


def knock(world: World, *names: str) -> Held:
    """An attempt that is a last resort."""
    held = world.hold(plan(*names))
    assert isinstance(held, Held)
    assert held.knock is not None, held.reason
    return held


@told(WIDE)
async def test_the_only_key_is_tried_after_a_refusal_and_an_answer_revives_it(world: World) -> None:
    refuse(world, "a/m")
    await asyncio.sleep(180)
    held = knock(world, "a/m")
    assert held.reason == "last resort: its key was refused 3m ago"
    assert world.tracker.channels["a"].credentials.dead == 1
    held.headed(200, {})
    assert world.tracker.channels["a"].credentials.dead == 1  # a head is no answer
    held.content()
    assert world.news == [
        ("a", "key dead", "0"), ("a", "key revived", "0, answered as a last resort 3m after it was refused"),
    ]  # fmt: skip
    assert world.hold(plan("a/m")).reason == "the only one"
    held.leave(None)
    assert len(world.news) == 2


@told(WIDE)
async def test_a_reply_in_one_piece_revives_at_its_end(world: World) -> None:
    refuse(world, "a/m", failed=EMPTY)
    held = knock(world, "a/m")
    assert held.reason == "last resort: the account of its key was empty 0s ago"
    held.leave(None)
    assert world.tracker.channels["a"].credentials.alive(0)


@told(WIDE)
async def test_a_refusal_leaves_it_dead_and_is_followed_by_nobody(world: World) -> None:
    refuse(world, "a/m")
    asked = plan("a/m")
    held = knock(world, "a/m")
    held.leave(REFUSED)
    assert [what for _, what, _ in world.news] == ["key dead"]
    outlook = world.tracker.outlook(world.wish(asked))
    assert (outlook.order, outlook.note) == ((), "a/m: no key works")
    refused = world.refused(asked, places=(0,), used=((0, 0),))
    assert (refused.code, refused.cause, refused.status) == ("upstream_auth", "auth_failed", 502)


@told(WIDE)
async def test_beyond_the_bound_what_was_said_is_told_at_once(world: World) -> None:
    failed = replace(EMPTY, retry_after=70.0)
    refuse(world, "a/m", failed=failed)
    tried = 0
    while not isinstance(found := world.ask(plan("a/m")), Fault):
        assert found is not None
        tried += 1
        found.leave(failed)
    assert tried == DEFAULT.burst
    assert (found.code, found.status, found.cause, found.retry_after) == (
        "upstream_quota",
        503,
        "quota_exhausted",
        70.0,
    )
    assert (
        found.detail == "all credentials of a are dead, the last one for 0s; what was remembered: HTTP 402, no credit"
    )
    await asyncio.sleep(DEFAULT.pace)
    knock(world, "a/m").leave(failed)
    refused = world.refused(plan("a/m"))
    assert refused.code == "upstream_quota"
    # an endpoint that has not refused it has tries of its own
    held = knock(world, "a/n")
    held.content()
    assert world.hold(plan("a/m")).reason == "the only one"


@told(WIDE)
async def test_while_one_is_answered_all_are_let_in(world: World) -> None:
    refuse(world, "a/m")
    holds = [knock(world, "a/m") for _ in range(DEFAULT.burst)]
    assert world.refused(plan("a/m")).retry_after == DEFAULT.advice
    holds[0].headed(200, {})
    more = [knock(world, "a/m") for _ in range(50)]
    holds[0].leave(RESET)
    assert isinstance(world.ask(plan("a/m")), Fault)
    more[0].leave(None)
    assert world.hold(plan("a/m")).reason == "the only one"


@told(WIDE)
async def test_a_dead_key_stays_out_while_somebody_else_can_serve(world: World) -> None:
    refuse(world, "a/m")
    for _ in range(20):
        assert world.hold(plan("a/m", "b/m")).candidate.channel == "b"
    refuse(world, "b/m", failed=replace(BUSY, retry_after=5.0))
    assert world.ask(plan("a/m", "b/m"), "one") is None  # b is waited for
    await asyncio.sleep(5.1)
    assert world.names() == ["one"]
    assert world.granted[0][1].candidate.channel == "b"


@told(WIDE)
async def test_another_living_key_of_the_channel_is_used(world: World) -> None:
    world.tracker.use(catalog(a=KEYS))
    refuse(world, "a/m")
    assert world.tracker.channels["a"].credentials.dead == 1
    held = world.hold(plan("a/m"))
    assert world.tracker.channels["a"].credentials.alive(held.candidate.key)
    assert "last resort" not in held.reason


@told(WIDE)
async def test_dead_keys_are_tried_in_turns(world: World) -> None:
    world.tracker.use(catalog(a=KEYS))
    refuse(world, "a/m", "a/m", "b/m")
    tried = []
    for _ in range(6):
        held = knock(world, "a/m", "b/m")
        tried.append((held.candidate.channel, held.candidate.key))
        held.leave(REFUSED)
    assert sorted(tried) == [("a", 0), ("a", 0), ("a", 1), ("a", 1), ("b", 0), ("b", 0)]
    assert len(set(tried[:3])) == 3
    assert "its key 1 was refused" in next(
        held.reason for held in (knock(world, "a/m") for _ in range(2)) if held.candidate.key == 1
    )


@told(WIDE)
async def test_a_model_that_refuses_where_others_are_answered_is_not_believed_for_a_while(world: World) -> None:
    refuse(world, "a/odd")
    knock(world, "a/m").leave(None)
    world.news.clear()
    refuse(world, "a/odd", "a/odd")
    assert world.news == []
    assert world.hold(plan("a/m")).reason == "the only one"
    await asyncio.sleep(DEFAULT.doubt + 1)
    refuse(world, "a/odd")
    assert [what for _, what, _ in world.news] == ["key dead"]
    knock(world, "a/m").leave(REFUSED)
    knock(world, "a/odd").leave(None)  # a bad minute of both: nobody's own affair
    refuse(world, "a/odd")
    assert world.tracker.channels["a"].credentials.dead == 1


@told(WIDE)
async def test_late_answers_prove_nothing_new(world: World) -> None:
    early = [world.hold(plan("a/m")) for _ in range(3)]
    early[0].leave(REFUSED)
    early[1].leave(None)  # begun before the refusal
    assert world.tracker.channels["a"].credentials.dead == 1
    late = knock(world, "a/m")
    knock(world, "a/m").leave(None)
    assert world.tracker.channels["a"].credentials.dead == 0
    early[2].leave(REFUSED)  # begun before it was revived
    assert world.tracker.channels["a"].credentials.dead == 0
    refuse(world, "a/m")
    late.leave(None)  # it tried the key in an earlier death
    assert world.tracker.channels["a"].credentials.dead == 1


@told(WIDE)
async def test_a_repair_of_a_last_resort_is_made_and_an_attempt_beside_a_living_one_is_not(world: World) -> None:
    refuse(world, "a/m")
    asked = plan("a/m", "b/m")
    assert world.refused(asked, places=(0,)).code == "upstream_auth"  # as a hedge asks: b would serve
    refuse(world, "b/m")
    held = world.hold(asked)
    held.leave(STALE)
    assert isinstance(world.ask(asked, places=(held.place,)), Held)


@told()  # one at a time
async def test_who_waits_for_a_full_endpoint_is_served_though_its_key_died(world: World) -> None:
    first = world.hold(plan("a/m"))
    assert [world.ask(plan("a/m"), name) for name in ("one", "two")] == [None, None]
    first.leave(REFUSED)
    assert world.names() == ["one"]
    assert world.granted[0][1].reason.startswith("last resort: ")
    assert world.ask(plan("a/m"), "three") is None  # full again
    world.granted[0][1].leave(None)
    assert world.names() == ["one", "two"]
    assert "last resort" not in world.granted[1][1].reason
    world.granted[1][1].leave(None)
    assert world.names() == ["one", "two", "three"]


@told()
async def test_who_waits_beyond_the_bound_is_served_as_time_goes(world: World) -> None:
    first = world.hold(plan("a/m"))
    for name in ("one", "two"):
        assert world.ask(plan("a/m"), name) is None
    world.tracker.hear_dead("a", 0)
    death = world.tracker.channels["a"].credentials.death(0)
    assert death is not None
    for refused in [True, False] * DEFAULT.burst:
        death.take(world.now(), refused=refused)
    first.leave(REFUSED)
    world.tracker.tick(world.now())
    assert world.names() == []
    await asyncio.sleep(DEFAULT.pace)
    world.tracker.tick(world.now())
    assert world.names() == ["one"]
    world.granted[0][1].leave(REFUSED)
    assert world.names() == ["one"]
    assert isinstance(world.ask(plan("a/m")), Fault)  # who comes now is told at once
    await asyncio.sleep(DEFAULT.pace)
    world.tracker.tick(world.now())
    assert world.names() == ["one", "two"]


@told(WIDE)
async def test_a_neighbour_that_revives_or_kills(world: World) -> None:
    world.tracker.hear_dead("a", 0, "upstream_quota")
    assert last_resort.nobody(world.tracker._route(plan("a/m"), ()), world.now()).code == "upstream_quota"
    held = knock(world, "a/m")
    assert "the account of its key was empty" in held.reason
    assert world.tracker.revive("a", 0)
    held.leave(None)
    assert [what for _, what, _ in world.news] == ["key dead", "key revived"]
    world.tracker.hear_dead("b", 0, "whatever")
    assert last_resort.nobody(world.tracker._route(plan("b/m"), ()), world.now()).code == "upstream_auth"


@told(WIDE)
async def test_an_old_channel_is_no_news_of_the_new_one(world: World) -> None:
    refuse(world, "a/m")
    held = knock(world, "a/m")
    world.tracker.use(catalog(a=KEYS))
    world.news.clear()
    held.leave(None)
    assert world.news == []


@told(WIDE)
async def test_a_living_key_is_no_last_resort(world: World) -> None:
    held = world.hold(plan("a/m"))
    assert isinstance(held, Held)
    last_resort.knock(held, world.tracker.endpoints["a/m"], world.now())
    assert (held.knock, held.reason) == (None, "the only one")


def test_the_log_says_once_for_each_death_that_calls_try_it(caplog: pytest.LogCaptureFixture) -> None:
    @told(WIDE)
    async def test(world: World) -> None:
        refuse(world, "a/m")
        for _ in range(3):
            knock(world, "a/m").leave(REFUSED)
        knock(world, "a/m").leave(None)
        refuse(world, "a/m")
        knock(world, "a/m")

    with caplog.at_level(logging.INFO, "outwait"):
        test()
    said = [record.getMessage() for record in caplog.records if "last resort" in record.getMessage()]
    assert said == ["a: last resort: its key was refused 0s ago, and no other key or channel is left: calls try it"] * 2


def test_neighbours_are_told_of_the_revival_and_of_what_refused() -> None:
    here, there = Worker(), Worker()
    here.begin("two/m").leave(replace(EMPTY))
    (word,) = here.news()
    assert (word.what, word.failed) == ("dead", "upstream_quota")
    there.hear(word)
    death = there.tracker.channels["two"].credentials.death(0)
    assert death is not None
    assert death.why == fault("upstream_quota")
    held: Hold = there.begin("two/m")
    assert held.reason.startswith("last resort")
    held.leave(None)
    (word,) = there.news()
    here.hear(word)
    assert here.tracker.channels["two"].credentials.dead == 0

"""Where an attempt could go after another has failed, and why not elsewhere."""

from __future__ import annotations

from tests.health.test_tracker import BUSY, NAMES, World, plan, told

from outwait.policy.retry import Verdict


@told()
async def test_the_outlook_leaves_out_what_is_not_worth_it(world: World) -> None:
    asked = plan(*NAMES)
    world.learner.verdicts = {
        "a/m": Verdict(allowed=False, reason="too slow"),
        "b/m": Verdict(allowed=True, reason="fast"),
    }
    found = world.tracker.outlook(world.wish(asked, places=(0,)))
    assert sorted(found.order) == [1, 2]
    assert found.note == "a/m: too slow"
    assert ("c/m", "chat", 60.0, 0.0) in world.learner.asked


@told()
async def test_who_would_answer_too_late_is_not_asked_where_another_is_quick_enough(world: World) -> None:
    asked = plan("a/m", "b/m", "c/m", tiers=(0, 1, 2))
    late, quick = Verdict(allowed=False, reason="1 % in 60 s"), Verdict(allowed=True, reason="fast")
    found: list[tuple[str, int, str]] = []
    for verdicts in (
        {},
        {"a/m": late},
        {"a/m": late, "b/m": late, "c/m": quick},
    ):  # nothing is known; nor of the others
        world.learner.verdicts = dict(verdicts)
        held = world.hold(asked)
        found.append((held.candidate.channel, held.place, held.reason))
        held.leave(None)
    assert [channel for channel, _, _ in found] == ["a", "a", "c"]
    assert found[2][1:] == (2, "a/m may be too slow: 1 % in 60 s")
    world.tracker.endpoints["c/m"].standing.suspect(world.now())
    assert world.hold(asked).candidate.channel == "a"  # rather late than nowhere


@told()
async def test_the_outlook_names_who_is_out(world: World) -> None:
    asked = plan("a/m", "b/m")
    world.hold(asked, places=(0,)).leave(BUSY)
    found = world.tracker.outlook(world.wish(asked))
    assert (found.order, found.note) == ((1,), "a/m: rests for 3s")


@told()
async def test_in_an_outage_a_failed_attempt_is_followed_only_by_who_is_well(world: World) -> None:
    asked, alone = plan("a/m", "b/m", "c/m"), plan("a/m")
    assert sorted(world.tracker.outlook(world.wish(asked)).order) == [0, 1, 2]
    for name in ("a/m", "b/m"):
        world.tracker.endpoints[name].standing.suspect(world.now())
    found = world.tracker.outlook(world.wish(asked))
    assert found.order == (2,)
    assert "a/m: it is out, and so are most" in found.note
    assert world.tracker.outlook(world.wish(alone)).order == (0,)  # who has nobody else may try it again

"""What goes first when there is too much to keep."""

from __future__ import annotations

import pytest

from outwait.core.plan import OnDisconnect
from outwait.exchange.keeping import Keeping
from outwait.exchange.registry import LONG
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig, scene
from outwait.testing.scripted import Upstream, answers

FINISH = plan_of("a", on_disconnect=OnDisconnect.FINISH)
ANSWER = answers(b"x" * 99 + b"\n")
SLOW = answers(b"x" * 97 + b"\n", b".\n", after=LONG + 0.1)


async def kept(keeping: Keeping, asked: str) -> str:
    """What is left of exchanges of 100 bytes: upper case have a name, lower case lost their client, digits were
    delivered.
    """
    rig = Rig(Upstream(*[SLOW if letter.isdigit() else ANSWER for letter in asked]), keeping=keeping)
    for letter in asked:
        visit = rig.ask(FINISH, body=letter.encode(), name=letter if letter.isupper() else "")
        if not letter.isdigit():
            visit.client.go()
        await rig.until(rig.loop.time() + 1.5)
    return "".join(exchange.call.body.decode() for exchange in rig.registry)


@pytest.mark.parametrize(
    "asked, left",
    [
        ("ABCDEFGHI", "BCDEFGHI"),
        ("abcdefghi", "bcdefghi"),
        ("aABCdDEFGH", "aCdDEFGH"),
        ("ABCDEFGHab", "CDEFGHab"),  # a quarter is theirs
        ("ABCDEFGHabc", "CDEFGHbc"),
        ("abcABCDEFGH", "bcCDEFGH"),
    ],
)
@pytest.mark.parametrize("bound", [{"count": 8}, {"memory": 8 * 101}, {"size": 8 * 100}])
def test_the_oldest_without_a_name_go_first(bound: dict[str, int], asked: str, left: str) -> None:
    @scene
    async def told() -> None:
        assert await kept(Keeping(**bound), asked) == left

    told()


@pytest.mark.parametrize(
    "asked, left",
    [
        ("1ABCDEFGH", "ABCDEFGH"),
        ("1abcdefgh", "abcdefgh"),
        ("aABCDEFG1", "aABCDEFG"),  # the newest, and not worth an older one
        ("12345678", "12345678"),
        ("123456789", "23456789"),
        ("12abABCDEF", "abABCDEF"),  # also where they have less than the others
        ("1a2bA3BC4D", "abA3BC4D"),
    ],
)
@pytest.mark.parametrize("bound", [{"count": 8}, {"memory": 8 * 101}, {"size": 8 * 100}])
def test_what_was_delivered_goes_before_all_others(bound: dict[str, int], asked: str, left: str) -> None:
    @scene
    async def told() -> None:
        assert await kept(Keeping(**bound, doubt=1000.0), asked) == left

    told()


@scene
async def test_the_question_counts_too() -> None:
    rig = Rig(Upstream(*[ANSWER] * 2), keeping=Keeping(memory=1000))
    for letter in (b"a", b"b"):
        rig.ask(FINISH, body=letter * 500).client.go()
        await rig.until(rig.loop.time() + 1)
    assert [exchange.call.body[:1] for exchange in rig.registry] == [b"b"]


@scene
async def test_each_has_its_own_time() -> None:
    rig = Rig(Upstream(*[ANSWER] * 3, SLOW), keeping=Keeping(ttl=100, named=50, doubt=20))
    for letter in "aBc":
        rig.ask(FINISH, body=letter.encode(), name=letter if letter.isupper() else "").client.go()
    rig.ask(FINISH, body=b"1")
    left = []
    for moment in (LONG + 20, LONG + 20.2, 49, 51, 99, 101):
        await rig.until(moment)
        left.append(len(rig.registry))
    assert left == [4, 3, 3, 2, 2, 0]

"""What goes first when there is too much to keep."""

from __future__ import annotations

import pytest

from outwait.core.plan import OnDisconnect
from outwait.exchange.keeping import Keeping
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig, scene
from outwait.testing.scripted import Upstream, answers

FINISH = plan_of("a", on_disconnect=OnDisconnect.FINISH)
ANSWER = answers(b"x" * 99 + b"\n")


async def kept(keeping: Keeping, asked: str) -> str:
    """What is left of exchanges of 100 bytes: upper case have a name, lower case lost their client."""
    rig = Rig(Upstream(*[ANSWER] * len(asked)), keeping=keeping)
    for letter in asked:
        rig.ask(FINISH, body=letter.encode(), name=letter if letter.isupper() else "").client.go()
        await rig.until(rig.loop.time() + 1)
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


@scene
async def test_the_question_counts_too() -> None:
    rig = Rig(Upstream(*[ANSWER] * 2), keeping=Keeping(memory=1000))
    for letter in (b"a", b"b"):
        rig.ask(FINISH, body=letter * 500).client.go()
        await rig.until(rig.loop.time() + 1)
    assert [exchange.call.body[:1] for exchange in rig.registry] == [b"b"]


@scene
async def test_each_has_its_own_time() -> None:
    rig = Rig(Upstream(*[ANSWER] * 3), keeping=Keeping(ttl=100, named=50))
    for letter in "aBc":
        rig.ask(FINISH, body=letter.encode(), name=letter if letter.isupper() else "").client.go()
    left = []
    for moment in (49, 51, 99, 101):
        await rig.until(moment)
        left.append(len(rig.registry))
    assert left == [3, 2, 2, 0]

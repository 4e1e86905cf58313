"""Whatever two attempts of one exchange say in whatever order: one answer, of one of them, and nothing is left."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from outwait.core.plan import Hedge, OnDisconnect, Retry
from outwait.testing import virtual
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig
from outwait.testing.scripted import Line, Script, Upstream

moments = st.integers(0, 12).map(lambda halves: halves / 2)
endings = st.sampled_from(["end", "hang", "reset", "connect", "error", "refused", "whole"])


def said(name: bytes, reach: float, head: float, word: float, ending: str) -> Callable[[Line], Script]:
    """An attempt that comes so far after so many seconds each."""

    def script(line: Line) -> Script:
        if ending == "connect":
            yield reach
            line.fail("upstream_connect")
            return
        line.connect(reused=reach == 0)
        yield reach
        line.send()
        yield head
        if ending == "refused":
            line.answer(b"rate_limited", status=503)
        elif ending == "whole":
            line.answer(name + b"\n.\n", whole=True)
        if line.state != "open":
            return
        line.head()
        yield word
        line.body(b"!upstream_error\n" if ending == "error" else name + b"\n")
        yield 1
        if ending == "reset":
            line.fail("upstream_reset")
        elif ending == "end":
            line.body(b".\n")
            line.end()

    return script


attempts = st.tuples(moments, moments, moments, endings)


@given(st.lists(attempts, min_size=1, max_size=4), st.none() | moments, st.sampled_from(OnDisconnect), st.booleans())
def test_one_answers_and_nothing_is_left(
    tried: list[tuple[float, float, float, str]], leaves: float | None, on_disconnect: OnDisconnect, cancelled: bool
) -> None:
    async def play() -> None:
        names = [b"abcd"[at : at + 1] for at in range(len(tried))]
        rig = Rig(Upstream(*(said(name, *steps) for name, steps in zip(names, tried, strict=True))))
        plan = plan_of(
            "a", "b", "c", retry=Retry(attempts=3, paid=1.0), hedge=Hedge(1.0), on_disconnect=on_disconnect,
            spans={"first_byte": 4, "first_token": 4, "connect": 3, "idle": 3, "total": 60},
        )  # fmt: skip
        visit = rig.ask(plan)
        if leaves is not None:
            await rig.until(leaves)
            visit.exchange.cancel() if cancelled else visit.client.go()
        await rig.until(200)
        assert visit.exchange.settled
        assert rig.upstream.running == []
        assert set(rig.places.running.values()) <= {0}
        assert rig.places.waiting == []
        assert all(len([word for word in hold.told if word.startswith("left")]) == 1 for hold in rig.places.holds)
        assert len(rig.upstream.lines) == visit.exchange.machine.number <= 3
        words = {line for line in visit.client.text.split("\n") if line in {"a", "b", "c", "d"}}
        assert len(words) <= 1
        if rig.entries and rig.entries[0].delivered == "whole":
            assert len(words) == 1
        assert rig.budgets.routes == 0

    virtual.run(play())

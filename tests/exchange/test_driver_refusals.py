"""An error reply that hangs: what it began to say counts for more than the clock that ends the wait."""

from __future__ import annotations

from outwait.core.plan import Retry
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig, scene
from outwait.testing.scripted import Line, Script, Upstream, answers

GOOD = answers(b"hello\n", b".\n")


def stammers(line: Line) -> Script:
    """Refuses with 429 and never ends the reply."""
    line.reach()
    line.head(429)
    line.body(b'{"error": ')
    yield 10_000


@scene
async def test_a_hanging_refusal_is_a_refusal() -> None:
    rig = Rig(Upstream(stammers, GOOD))
    visit = rig.ask(plan_of("a", "b", retry=Retry(paid=0.0), spans={"first_token": 80}))
    await rig.until(79)
    assert rig.upstream.lines[0].state == "open"
    await rig.until(81)
    assert [line.state for line in rig.upstream.lines] == ["cancelled", "left"]
    assert visit.exchange.retries == ["safe"]
    assert visit.client.text.endswith("hello\n.\n")


@scene
async def test_alone_it_is_told_as_what_it_is() -> None:
    rig = Rig(Upstream(stammers))
    visit = rig.ask(plan_of("a", retry=Retry(attempts=1), spans={"first_token": 80}))
    await rig.until(81)
    assert visit.exchange.fault is not None
    assert visit.exchange.fault.clock is None


def cut_short(line: Line) -> Script:
    """The whole reply in one read: words, and no proper end."""
    line.reach()
    line.answer(b"half an \n", whole=True)
    yield 10_000


@scene
async def test_words_that_came_with_their_break_are_delivered_with_the_error() -> None:
    rig = Rig(Upstream(cut_short))
    visit = rig.ask(plan_of("a", retry=Retry(paid=0.0)))
    await rig.until(1)
    assert visit.client.text.startswith("half an \n")
    assert "upstream_truncated" in visit.client.text
    assert visit.client.ending == "finished"
    assert rig.entries[0].delivered == "partial"


@scene
async def test_nobody_sees_them_when_another_attempt_answers() -> None:
    rig = Rig(Upstream(cut_short, GOOD))
    visit = rig.ask(plan_of("a", "b", retry=Retry(paid=0.5)))
    await rig.until(1)
    assert visit.client.text == "hello\n.\n"


@scene
async def test_half_a_json_body_is_worth_nothing() -> None:
    rig = Rig(Upstream(cut_short))
    visit = rig.ask(plan_of("a", retry=Retry(paid=0.0)), stream=False)
    await rig.until(1)
    assert visit.client.status == 502
    assert "half an" not in visit.client.text

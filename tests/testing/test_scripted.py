"""A scripted upstream reports what its script says, when it says so, and to nobody who does not listen."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from outwait.core.fault import Fault, fault
from outwait.core.plan import Candidate
from outwait.testing.rig import scene
from outwait.testing.scripted import Line, Upstream, answers, breaks, hangs, refuses

ASKED = Candidate("a", "plain", "m")


class Notes:
    """A sink that writes down what it is told, and when."""

    def __init__(self) -> None:
        self.told: list[tuple[float, str]] = []

    def _note(self, text: str) -> None:
        self.told.append((round(asyncio.get_running_loop().time(), 6), text))

    def resolved(self) -> None:
        self._note("resolved")

    def connected(self, reused: bool) -> None:
        self._note("reused" if reused else "connected")

    def wrote(self, left: int) -> None:
        self._note(f"wrote, {left} left")

    def sent(self) -> None:
        self._note("sent")

    def head(self, status: int, headers: Mapping[str, str], *, whole: bool = False) -> None:
        self._note(f"head {status}")

    def body(self, data: bytes) -> None:
        self._note(f"body {data.decode()}")

    def end(self) -> None:
        self._note("end")

    def failed(self, fault: Fault) -> None:
        self._note(f"failed {fault.code}")


def start(*scripts: object) -> tuple[Line, Notes]:
    notes = Notes()
    return Upstream(*scripts)(ASKED, b"request", notes, fresh=True), notes  # type: ignore[arg-type]


@scene
async def test_an_answer_after_silence() -> None:
    line, notes = start(answers(b"one", b"two", after=60, every=5))
    assert [text for _, text in notes.told] == ["resolved", "connected", "sent"]
    await asyncio.sleep(100)
    assert notes.told[3:] == [(60, "head 200"), (60, "body one"), (65, "body two"), (70, "end")]
    assert (line.state, line.fresh, line.request) == ("ended", True, b"request")


@scene
async def test_an_attempt_without_a_script_is_driven_by_hand() -> None:
    line, notes = start()
    line.connect(reused=True)
    line.wrote(9)
    assert line.left() == 9
    line.send()
    assert line.left() == 0
    line.answer(b"hi", status=201)
    line.fail("upstream_reset")
    line.connect()
    line.send()
    line.wrote(1)
    assert [text for _, text in notes.told] == ["reused", "wrote, 9 left", "sent", "head 201", "body hi", "end"]


@scene
async def test_attempts_break_before_or_behind_the_connection() -> None:
    for script, told in ((breaks("upstream_reset", after=2), 3), (refuses(fault("upstream_dns"), after=2), 0)):
        line, notes = start(script)
        await asyncio.sleep(3)
        assert len(notes.told) == told + 1
        assert line.state == "failed"


@scene
async def test_what_hangs_says_nothing() -> None:
    line, notes = start(hangs)
    await asyncio.sleep(1000)
    assert (line.state, len(notes.told)) == ("open", 3)


@scene
async def test_nothing_is_told_while_paused() -> None:
    line, notes = start()
    line.pause()
    line.pause()
    line.answer(b"one", b"two")
    assert notes.told == []
    await asyncio.sleep(7)
    line.resume()
    line.resume()
    assert [text for _, text in notes.told] == ["head 200", "body one", "body two", "end"]
    assert line.holds == [("pause", 0.0), ("resume", 7.0)]


@pytest.mark.parametrize("way", ["cancel", "leave"])
@scene
async def test_nothing_is_told_to_who_does_not_listen(way: str) -> None:
    line, notes = start(answers(b"one", after=5))
    getattr(line, way)()
    getattr(line, way)()
    await asyncio.sleep(10)
    assert len(notes.told) == 3
    assert line.state == {"cancel": "cancelled", "leave": "left"}[way]


@scene
async def test_scripts_are_taken_in_order() -> None:
    upstream = Upstream(hangs, refuses("upstream_dns"))
    lines = [upstream(ASKED, b"", Notes(), fresh=False) for _ in range(3)]
    await asyncio.sleep(1)
    assert [line.state for line in lines] == ["open", "failed", "open"]
    assert upstream.line is lines[2]
    assert upstream.running == [lines[0], lines[2]]

"""A voice that edits: once outwait has spoken, the answer goes through it, so that both make one stream."""

from __future__ import annotations

from dataclasses import replace

import pytest

from outwait.core.fault import Fault
from outwait.core.plan import Heartbeat, Retry
from outwait.dialects.voice import Unnumbered
from outwait.relay.relay import State
from outwait.testing.plain import PLAIN
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig, scene
from outwait.testing.scripted import Upstream, answers, breaks

LONG = {"first_byte": 500, "first_token": 500, "idle": 500, "total": 5000}


class Counting(Unnumbered):
    """Numbers its beats; after the first it shouts, and it counts what it let through."""

    def __init__(self) -> None:
        self.beats = self.seen = 0
        self.edits = False

    def beat(self) -> bytes:
        self.beats += 1
        self.edits = True
        return b"beat %d\n" % self.beats

    def say(self, data: bytes) -> bytes:
        self.seen += len(data)
        return data.upper()

    def fail(self, fault: Fault, exchange_id: str) -> bytes:
        return f"{fault.code} after {self.seen} in {exchange_id}\n".encode()


class Shouting:
    """A name that is told in capitals."""

    handle = ""

    def retell(self, data: bytes) -> bytes:
        return data.upper()


class Naming(Counting):
    """Announces with its first beat."""

    announced: Shouting | None = None  # type: ignore[assignment] # an answer of its kind has a name
    asked = 0

    def decided(self) -> None:
        self.asked += 1

    def beat(self) -> bytes:
        self.announced = self.announced or Shouting()
        return super().beat()

    def say(self, data: bytes) -> bytes:
        return data


class Mute(Counting):
    def beat(self) -> bytes:
        return b""


def rig_of(voice: Counting, *scripts: object, tracked: bool = False) -> Rig:
    dialect = replace(PLAIN, voice=lambda *_: voice, tracked=tracked)
    return Rig(Upstream(*scripts), dialect=dialect)  # type: ignore[arg-type]  # scripts, as they come


@scene
async def test_the_answer_goes_through_it_once_it_has_spoken() -> None:
    rig = rig_of(Counting(), answers(b"one\n", b"two\n", b".\n", after=12, every=30))
    visit = rig.ask(plan_of("a", spans=LONG))
    await rig.until(200)
    assert visit.client.text == "beat 1\nONE\nbeat 2\nTWO\nbeat 3\n.\n"
    assert visit.relay.delivery.heartbeats == 3


@scene
async def test_before_it_spoke_the_answer_is_untouched() -> None:
    rig = rig_of(Counting(), answers(b"one\n", b"two\n", b".\n", every=12))
    visit = rig.ask(plan_of("a", spans=LONG))
    await rig.until(100)
    assert visit.client.text == "one\ntwo\n.\n"


@scene
async def test_a_tracking_voice_sees_the_answer_from_its_first_byte() -> None:
    voice = Counting()
    voice.edits = True
    rig = rig_of(voice, answers(b"one\n"), tracked=True)
    visit = rig.ask(plan_of("a", spans=LONG, retry=Retry(attempts=1)))
    await rig.until(1)
    assert visit.client.text == "ONE\nupstream_truncated after 4 in ow_1\n"


@scene
async def test_a_tracking_voice_is_not_asked_about_json() -> None:
    voice = Counting()
    voice.edits = True
    rig = rig_of(voice, answers(b"one\n", b".\n"), tracked=True)
    visit = rig.ask(plan_of("a"), stream=False)
    await rig.until(1)
    assert visit.client.text == "one\n"


@scene
async def test_what_was_announced_is_what_everybody_reads() -> None:
    voice = Naming()
    rig = rig_of(voice, answers(b"one\n", b"two\n", b".\n", after=12, every=1))
    first = rig.ask(plan_of("a", spans=LONG))
    await rig.until(11)
    assert first.exchange.announced is voice.announced
    second = rig.join(first.exchange)
    await rig.until(200)
    assert first.client.text == "beat 1\nONE\nTWO\n.\n"
    assert second.client.text.endswith("ONE\nTWO\n.\n")
    assert voice.asked == 0


@scene
async def test_an_answer_that_waits_for_the_store_has_its_name() -> None:
    voice = Naming()
    rig = rig_of(voice, answers(b"one\n", b".\n", after=3))
    visit = rig.ask(plan_of("a", spans=LONG))
    visit.exchange.keep = lambda _: True
    await rig.until(20)
    assert voice.asked == voice.beats == 1


@pytest.mark.parametrize("mode", ["auto", "headers"])
@scene
async def test_a_voice_without_a_beat_opens_nothing(mode: str) -> None:
    """Unless the mode is to send headers early, a format without heartbeats keeps its real status to the end."""
    rig = rig_of(Mute(), breaks("first_byte_timeout", after=60))
    plan = plan_of("a", spans=LONG, retry=Retry(attempts=1), heartbeat=Heartbeat(mode=mode))
    visit = rig.ask(plan)
    await rig.until(30)
    assert visit.relay.state is (State.HELD if mode == "headers" else State.WAITING)
    assert visit.relay.delivery.heartbeats == 0
    await rig.until(70)
    assert visit.client.status == (200 if mode == "headers" else 504)


@pytest.mark.parametrize("mode", ["auto", "headers"])
@scene
async def test_a_silent_reply_is_not_even_opened_before_its_time(mode: str) -> None:
    rig = Rig(
        Upstream(answers(b"one\n", b".\n", after=60)), dialect=replace(PLAIN, silent=lambda call: not call.stream)
    )
    plan = plan_of("a", spans=LONG, heartbeat=Heartbeat(mode=mode, json_after=5.0))
    visit = rig.ask(plan, stream=False)
    await rig.until(59)
    assert visit.relay.state is State.WAITING
    await rig.until(61)
    assert (visit.client.text, visit.relay.delivery.heartbeats) == ("one\n", 0)

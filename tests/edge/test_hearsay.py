"""When neighbours are told what, in virtual time."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from tests.health.worker import REFUSED, Clock, Worker

from outwait.core.fault import fault
from outwait.edge.hearsay import AWAY, PATIENCE, PAUSE, WAITS, WORDS, Hearsay
from outwait.edge.neighbours import Neighbours
from outwait.health.endpoint import Change
from outwait.health.letter import Letter, read
from outwait.testing.virtual import run
from outwait.wire import errand
from outwait.wire.endpoint import SideDoor
from outwait.wire.wheel import Wheel

OWN = "00aaaa"


class Teller:
    """A worker that tells the side doors in `folder`. `sent`: when, to whom, and the letter."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.worker = Worker(Clock())
        self.wheel = Wheel(asyncio.get_running_loop())
        self.hearsay = Hearsay(self.worker.hints, Neighbours(folder / OWN), self.wheel)
        self.sent: list[tuple[float, str, Letter]] = []
        self.takes: Callable[[str], Coroutine[None, None, tuple[int, bytes]]] = answers(204)
        monkeypatch.setattr(errand, "fetch", self._fetch)
        self.hearsay.start()

    async def _fetch(self, door: SideDoor, target: str, data: bytes) -> tuple[int, bytes]:
        assert target == WORDS
        name = Path(door.path).name
        self.sent.append((self.wheel.now(), name, read(data)))
        return await self.takes(name)

    def say(self, name: str = "one/m") -> None:
        """Something became of the endpoint: it is ejected, or suspect once there was a letter."""
        self.worker.know(name)
        self.worker.hints.changed(name, Change.SUSPECT if len(self.sent) % 2 else Change.EJECTED, "")

    @property
    def times(self) -> list[float]:
        return [at for at, _, _ in self.sent]

    @property
    def told(self) -> list[tuple[str, str]]:
        """To whom which words."""
        return [(name, word.what) for _, name, one in self.sent for word in one.words]


def answers(status: int, after: float = 0.0) -> Callable[[str], Coroutine[None, None, tuple[int, bytes]]]:
    async def answer(_: str) -> tuple[int, bytes]:
        await asyncio.sleep(after)
        return status, b"why"

    return answer


@contextmanager
def doors(folder: Path, *names: str) -> Iterator[None]:
    with ExitStack() as stack:
        for name in names:
            stack.enter_context(socket.socket(socket.AF_UNIX)).bind(str(folder / name))
            stack.callback((folder / name).unlink)
        yield


Play = Callable[[Teller], Coroutine[None, None, None]]


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Play], None]:
    """Plays a scene in virtual time, with a teller that was quiet for three seconds."""

    def begin(scene: Play) -> None:
        async def whole() -> None:
            teller = Teller(tmp_path, monkeypatch)
            await asyncio.sleep(3)
            await scene(teller)
            teller.hearsay.close()

        run(whole())

    return begin


# ---------------------------------------------------------------------------------------------------------------- when
def test_a_word_is_told_at_once_to_everybody(play: Callable[[Play], None], tmp_path: Path) -> None:
    async def scene(teller: Teller) -> None:
        with doors(tmp_path, OWN, "01bbbb", "02cccc"):
            teller.say()
            await asyncio.sleep(0.03)
            assert teller.told == [("01bbbb", "ejected"), ("02cccc", "ejected")]
            await asyncio.sleep(100)
            assert len(teller.sent) == 2  # who has nothing to say says nothing

    play(scene)


def test_many_words_go_into_few_letters(play: Callable[[Play], None], tmp_path: Path) -> None:
    async def scene(teller: Teller) -> None:
        with doors(tmp_path, "01bbbb"):
            begun = teller.wheel.now()
            for at in range(500):
                teller.say(f"one/{at % 7}")
                await asyncio.sleep(0.01)
            await asyncio.sleep(1)
            assert 20 <= len(teller.sent) <= (teller.times[-1] - begun) / PAUSE + 2
            assert all(later - sooner >= PAUSE for sooner, later in pairwise(teller.times))
            assert all(len(one.words) <= 7 for _, _, one in teller.sent)

    play(scene)


def test_waits_are_told_every_five_seconds_and_kept_while_nobody_is_there(
    play: Callable[[Play], None], tmp_path: Path
) -> None:
    async def scene(teller: Teller) -> None:
        notes = teller.worker.notes
        notes.seen = [{"n": 1}]
        await asyncio.sleep(20)
        with doors(tmp_path, "01bbbb"):
            await asyncio.sleep(2)
            assert [one.waits for _, _, one in teller.sent] == [[{"n": 1}]]
            for at in range(40):
                notes.seen.append({"n": at})
                await asyncio.sleep(0.5)
            assert 4 <= len(teller.sent) <= 5
            assert all(later - sooner >= WAITS for sooner, later in pairwise(teller.times))

    play(scene)


def test_who_comes_later_is_told_what_stands(play: Callable[[Play], None], tmp_path: Path) -> None:
    async def scene(teller: Teller) -> None:
        teller.say()
        teller.worker.call("two/m", REFUSED)
        await asyncio.sleep(60)
        with doors(tmp_path, "01bbbb"):
            await asyncio.sleep(1.1)
            assert teller.told == [("01bbbb", "ejected"), ("01bbbb", "dead")]
        await asyncio.sleep(1.1)
        with doors(tmp_path, "01dddd"):  # its next life
            await asyncio.sleep(1.1)
            assert teller.told[2:] == [("01dddd", "ejected"), ("01dddd", "dead")]

    play(scene)


def test_rests_are_found_without_being_told_of(play: Callable[[Play], None], tmp_path: Path) -> None:
    async def scene(teller: Teller) -> None:
        with doors(tmp_path, "01bbbb"):
            asked = fault("upstream_error", cause="overloaded", retry_after=50.0)
            teller.worker.call("two/m", asked)
            await asyncio.sleep(1.1)
            (word,) = (word for _, _, one in teller.sent for word in one.words if word.what == "rest")
            assert 48.8 < word.seconds < 50

    play(scene)


# ------------------------------------------------------------------------------------------------ who does not take it
def test_who_does_not_answer_is_left_alone_for_a_while_and_told_then(
    play: Callable[[Play], None], tmp_path: Path
) -> None:
    async def scene(teller: Teller) -> None:
        teller.takes = answers(204, after=60)
        with doors(tmp_path, "01bbbb"):
            teller.say()
            begun = teller.wheel.now()
            await asyncio.sleep(PATIENCE + 0.1)
            teller.takes = answers(204)
            teller.say()
            teller.say("one/n")
            await asyncio.sleep(AWAY - 1)
            assert len(teller.sent) == 1
            await asyncio.sleep(3)
            assert len(teller.sent) == 2
            assert PATIENCE + AWAY <= teller.times[1] - begun <= PATIENCE + AWAY + 1.1
            assert teller.told[1:] == [("01bbbb", "suspect"), ("01bbbb", "suspect")]

    play(scene)


def test_one_that_is_gone_keeps_nothing_from_the_others(play: Callable[[Play], None], tmp_path: Path) -> None:
    async def scene(teller: Teller) -> None:
        async def takes(name: str) -> tuple[int, bytes]:
            if name == "01bbbb":
                raise errand.Unanswered(fault("owner_unreachable"))
            return 204, b""

        teller.takes = takes
        with doors(tmp_path, "01bbbb", "02cccc"):
            for _ in range(4):
                teller.say()
                await asyncio.sleep(0.5)
            assert [name for name, _ in teller.told].count("02cccc") == 4
            assert [name for name, _ in teller.told].count("01bbbb") == 1

    play(scene)


def test_what_was_said_while_a_letter_was_on_its_way_follows(play: Callable[[Play], None], tmp_path: Path) -> None:
    async def scene(teller: Teller) -> None:
        teller.takes = answers(204, after=0.7)
        with doors(tmp_path, "01bbbb"):
            teller.say()
            await asyncio.sleep(0.1)
            teller.say()
            await asyncio.sleep(0.3)
            assert len(teller.sent) == 1
            await asyncio.sleep(0.4)
            assert [what for _, what in teller.told] == ["ejected", "suspect"]

    play(scene)


@pytest.mark.parametrize("status", [404, 409])
def test_who_does_not_read_our_letters_gets_no_more(
    play: Callable[[Play], None], tmp_path: Path, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(teller: Teller) -> None:
        teller.takes = answers(status)
        with doors(tmp_path, "01bbbb"):
            for _ in range(5):
                teller.say()
                await asyncio.sleep(15)
            assert len(teller.sent) == 1

    play(scene)
    assert not caplog.records


def test_a_letter_that_was_refused_is_told_of_and_not_sent_again(
    play: Callable[[Play], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(teller: Teller) -> None:
        teller.takes = answers(400)
        with doors(tmp_path, "01bbbb"):
            teller.say()
            await asyncio.sleep(30)
            assert len(teller.sent) == 1
            teller.say()
            await asyncio.sleep(1)
            assert len(teller.sent) == 2

    play(scene)
    assert [record.getMessage() for record in caplog.records] == ["a neighbour did not understand a letter: why"] * 2


def test_closed_it_tells_nothing(play: Callable[[Play], None], tmp_path: Path) -> None:
    async def scene(teller: Teller) -> None:
        teller.takes = answers(204, after=0.5)
        with doors(tmp_path, "01bbbb"):
            teller.say()
            await asyncio.sleep(0.1)
            teller.hearsay.close()
            await asyncio.sleep(0)
            teller.say()
            await asyncio.sleep(100)
            assert len(teller.sent) == 1
            assert not [task for task in asyncio.all_tasks() if task.get_name() == "words to a neighbour"]

    play(scene)

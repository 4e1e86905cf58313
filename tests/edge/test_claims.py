"""What a home answers, and whom it remembers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import cast

import pytest

from outwait.core.fault import fault
from outwait.edge import claims
from outwait.edge.claims import Claims
from outwait.edge.neighbours import Neighbours
from outwait.exchange.registry import Registry
from outwait.testing.virtual import run
from outwait.wire import errand
from outwait.wire.endpoint import SideDoor
from outwait.wire.wheel import Wheel

NAME = b"n" * 16
BROKEN = errand.Unanswered(fault("owner_unreachable"))


def ident(worker: int, number: int = 0) -> str:
    return f"ow_{worker:02x}aaaa{number:016x}"


class Kept:
    """Stands where the registry does."""

    def __init__(self, *names: tuple[bytes, str]) -> None:
        self._names = dict(names)

    def holder(self, name: bytes) -> str | None:
        return self._names.get(name)


@contextmanager
def doors(folder: Path, *workers: int) -> Iterator[None]:
    with ExitStack() as stack:
        for worker in workers:
            stack.enter_context(socket.socket(socket.AF_UNIX)).bind(str(folder / f"{worker:02x}aaaa"))
        yield


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Neighbours that have no names; returns who was asked for them."""
    asked: list[str] = []

    async def fetch(door: SideDoor, target: str) -> tuple[int, bytes]:
        asked.append(Path(door.path).name + target)
        await asyncio.sleep(0)
        return 200, b""

    monkeypatch.setattr(errand, "fetch", fetch)
    return asked


def home(folder: Path, *names: tuple[bytes, str]) -> Claims:
    return Claims(cast("Registry", Kept(*names)), Neighbours(folder / "00aaaa"))


def test_the_first_has_the_name_and_others_are_told_of_it(tmp_path: Path, silent: list[str]) -> None:
    made = home(tmp_path)

    async def told() -> list[str]:
        return [await made.give(NAME, ident(worker), "") for worker in (1, 2, 0, 3, 1)]

    with doors(tmp_path, 1, 2, 3):
        # the first one asks again in the end: it would not if it had it still
        assert run(told()) == [ident(1)] * 4 + [ident(1)]
    assert sorted(silent) == [f"{worker:02x}aaaa/internal/names/all" for worker in (1, 2, 3)]


def test_a_name_is_free_when_its_exchange_is_gone(tmp_path: Path, silent: list[str]) -> None:
    made = home(tmp_path)

    async def told() -> None:
        with doors(tmp_path, 1, 2, 3):
            assert await made.give(NAME, ident(1), "") == ident(1)
            assert await made.give(NAME, ident(2), ident(3)) == ident(1)  # another one is gone
            assert await made.give(NAME, ident(2), ident(1)) == ident(2)
            assert await made.give(NAME, ident(3), ident(1)) == ident(2)  # who hears it late joins the next
            assert await made.give(NAME, ident(2, 1), "") == ident(2, 1)  # its process has it no more
            (tmp_path / "02aaaa").unlink()
            assert await made.give(NAME, ident(3), "") == ident(3)  # that process is no more

    run(told())
    assert len(silent) == 5  # three, and then the two that are left


def test_what_the_home_itself_has_comes_first(tmp_path: Path, silent: list[str]) -> None:
    made = home(tmp_path, (NAME, ident(0)))

    async def told() -> None:
        with doors(tmp_path, 1):
            assert await made.give(NAME, ident(1), "") == ident(0)
            assert await made.give(NAME, ident(1), ident(0)) == ident(1)

    run(told())
    assert silent


def test_what_others_have_is_heard_before_the_first_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    dead = b"d" * 16

    async def fetch(door: SideDoor, _: str) -> tuple[int, bytes]:
        worker = Path(door.path).name
        asked.append(worker)
        if worker == "03aaaa":
            await asyncio.sleep(60)
        if worker == "02aaaa":
            raise BROKEN
        return 200, f"{NAME.hex()} {ident(1)}\n{dead.hex()} {ident(1)}\n".encode()

    monkeypatch.setattr(errand, "fetch", fetch)
    made = home(tmp_path)
    made._held[dead] = ident(9)

    async def told() -> list[str]:
        both = await asyncio.gather(made.give(NAME, ident(2), ""), made.give(dead, ident(2), ""))
        return [*both, await made.give(b"x" * 16, ident(2), "")]

    with doors(tmp_path, 1, 2, 3):
        assert run(told()) == [ident(1), ident(1), ident(2)]
        assert sorted(asked) == ["01aaaa", "02aaaa", "03aaaa"]


def test_only_so_many_are_remembered(tmp_path: Path, silent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "HELD", 2)
    made = home(tmp_path)
    names = [bytes([number]) * 16 for number in range(3)]

    async def told() -> list[str]:
        for name in (names[0], names[1], names[0], names[2]):
            await made.give(name, ident(1), "")
        return [await made.give(name, ident(2), "") for name in names[::2] + names[1:2]]

    with doors(tmp_path, 1, 2):
        assert run(told()) == [ident(1), ident(1), ident(2)]
    assert len(silent) == 2


def test_a_worker_that_stands_alone_asks_nobody(tmp_path: Path, silent: list[str]) -> None:
    async def told() -> None:
        registry = Registry(Wheel(asyncio.get_running_loop()))
        for made in (Claims(registry, Neighbours(None)), Claims(registry, Neighbours(tmp_path / "00aaaa"))):
            assert made.at_once(NAME, ident(0)) == ident(0)
            assert await made.claim(NAME, ident(0, 1)) == ident(0, 1)
            assert not made._held

    run(told())
    assert silent == []


@pytest.mark.parametrize("broken", [errand.Unanswered, TimeoutError, None])
def test_a_home_that_does_not_answer_is_gone_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: type[Exception] | None
) -> None:
    made = home(tmp_path)

    async def fetch(*_: object) -> tuple[int, bytes]:
        if broken is errand.Unanswered:
            raise BROKEN
        if broken is TimeoutError:
            await asyncio.sleep(60)
        return 404, b"what?"

    monkeypatch.setattr(errand, "fetch", fetch)
    monkeypatch.setattr(Neighbours, "home", lambda *_: SideDoor("/nowhere"))
    assert run(made.claim(NAME, ident(0))) == ident(0)
    assert made.at_once(NAME, ident(0)) is None


def test_who_waits_is_told(tmp_path: Path) -> None:
    made = home(tmp_path)
    heard: list[str] = []
    assert not made.wait(NAME, heard.append)
    made.open(NAME)
    assert made.wait(NAME, heard.append)
    assert made.wait(NAME, heard.append)
    made.close(NAME, ident(1))
    assert heard == [ident(1)] * 2
    assert not made.wait(NAME, heard.append)

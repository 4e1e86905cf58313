"""What is learned outlives the process, and no file can keep a gateway from starting."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
from tests.edge.conftest import house, provider, story, until

from outwait.app import notes
from outwait.app.notes import Notes
from outwait.config.load import loads
from outwait.core.catalog import Catalog, Channel
from outwait.health.learning import Learning
from outwait.health.learning_rules import LearningRules
from outwait.policy.survival import Watch
from outwait.wire.wheel import NEVER, Wheel

CHANNEL = Channel("c", "openai", "https://user:pw@x/v1", ("sk-canary",))
CATALOG = Catalog(channels=(CHANNEL,))


class Worker:
    """One life of a worker."""

    def __init__(self, file: Path, today: float = 1e9, *, on: bool = True, catalog: Catalog = CATALOG) -> None:
        self.wheel = Wheel(asyncio.get_running_loop())
        self.learning = Learning(LearningRules())
        self.notes = Notes(file, self.learning, self.wheel, lambda: today)
        self.notes.start(catalog, on=on)

    def attempt(self, name: str = "c/m") -> None:
        now = self.wheel.now()
        waiting = self.learning.subject(name, "chat", now).look(Watch(), now)
        assert waiting is not None
        waiting.headed(now + 2)
        waiting.content(now + 3)
        waiting.end(now + 9, 1.0)

    def known(self) -> list[tuple[object, object]]:
        rows = self.learning.told(self.wheel.now())
        return [(row["endpoint"], row["samples"]) for row in rows if row["clock"] == "first_byte"]


def read(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def forget(file: Path) -> None:
    file.unlink()


def hinder(file: Path) -> None:
    """Neither to be read nor to be replaced, not even by root."""
    file.unlink(missing_ok=True)
    file.mkdir()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "learned-0.json"


@pytest.mark.parametrize("age, left", [(60.0, 2), (30 * 3600.0, 2), (50 * 3600.0, 0), (-60.0, 2)])
def test_a_restart_knows_what_was_learned_as_old_as_it_is(file: Path, age: float, left: int) -> None:
    @story
    async def told() -> None:
        worker = Worker(file)
        for _ in range(2):
            worker.attempt()
        worker.notes.close()
        assert worker.notes._alarm.due == NEVER
        text = read(file)
        assert "c/m" in text
        assert "canary" not in text
        assert "pw" not in text
        after = Worker(file, 1e9 + age)
        assert after.known() == ([("c/m", left)] if left else [])

    told()
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_now_and_then_it_is_written(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes, "EVERY", 0.05)
    monkeypatch.setattr(notes, "ROWS", 2)

    @story
    async def told() -> None:
        worker = Worker(file)
        for at in range(5):
            worker.attempt(f"c/{at}")
        await until(file.exists)
        assert len(Worker(file).known()) == 5
        worker.attempt("c/new")
        await until(lambda: "c/new" in read(file))
        worker.notes._ring(worker.wheel.now())
        worker.notes.close()  # in the middle of it

    told()


def test_a_channel_that_leads_elsewhere_begins_anew(file: Path) -> None:
    @story
    async def told() -> None:
        worker = Worker(file, catalog=Catalog(channels=tuple(replace(CHANNEL, name=name) for name in "cdef")))
        for name in "cdef":
            worker.attempt(f"{name}/m")
        worker.notes.close()
        moved = replace(CHANNEL, name="d", base_url="https://y")
        rekeyed = replace(CHANNEL, name="e", api_keys=("sk-other",))
        after = Worker(file, catalog=Catalog(channels=(CHANNEL, moved, rekeyed)))
        assert after.known() == [("c/m", 1), ("e/m", 1)]

    told()


def test_what_is_not_learned_is_neither_written_nor_read(file: Path) -> None:
    @story
    async def told() -> None:
        worker = Worker(file, on=False)
        worker.attempt()
        assert worker.notes._alarm.due == NEVER
        worker.notes.close()
        assert read(file) == ""
        worker = Worker(file)
        worker.attempt()
        worker.notes.use(CATALOG, on=False)
        assert worker.notes._alarm.due == NEVER
        worker.notes.use(CATALOG, on=True)
        due = worker.notes._alarm.due
        assert due < NEVER
        worker.notes.use(CATALOG, on=True)
        assert worker.notes._alarm.due == due
        worker.notes.close()
        assert Worker(file, on=False).known() == []
        assert len(Worker(file).known()) == 1

    told()


KNOWN: dict[str, object] = {"version": 1, "shared": [], "subjects": [], "frozen": []}
GOOD = {"version": 1, "written": 1e9, "channels": {}, "known": KNOWN}


@pytest.mark.parametrize(
    "text, why",
    [
        (b"", "truncated"),
        (b"\xff\xfe", "malformed"),
        (b"[]", "object"),
        (b"{}", "version"),
        (json.dumps({**GOOD, "version": 2}).encode(), "it has the format 2, and only 1 can be read"),
        (json.dumps({**GOOD, "known": {**KNOWN, "version": 2}}).encode(), "version: only 1"),
        (json.dumps({**GOOD, "known": {**KNOWN, "subjects": [5]}}).encode(), "subjects[0]"),
        (json.dumps({**GOOD, "written": "today"}).encode(), "written"),
        (b'{"version": 1, "known": {"a": ' + b"[" * 100_000, "recursion"),
    ],
)
def test_a_bad_file_costs_a_warning(file: Path, caplog: pytest.LogCaptureFixture, text: bytes, why: str) -> None:
    file.write_bytes(text)

    @story
    async def told() -> None:
        worker = Worker(file)
        (said,) = caplog.records
        assert said.levelno == logging.WARNING
        assert why in said.getMessage()
        worker.attempt()
        worker.notes.close()
        assert len(Worker(file).known()) == 1

    told()


def test_a_file_beyond_all_bounds_is_not_read(
    file: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "LARGEST", 9)
    file.write_bytes(b" " * 10)

    @story
    async def told() -> None:
        assert Worker(file).known() == []
        assert "it is larger than 9 bytes" in caplog.text

    told()


def test_a_place_that_cannot_be_used_costs_one_line(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    hinder(file)

    @story
    async def told() -> None:
        worker = Worker(file)
        assert "cannot be read" in caplog.text
        for _ in range(2):
            await worker.notes._write()
        assert caplog.text.count("cannot be written") == 1
        assert leftovers() == [file]
        clear()
        await worker.notes._write()
        hinder(file)
        worker.notes.close()
        assert caplog.text.count("cannot be written") == 2
        gone = Worker(file.parent / "gone" / file.name)
        gone.notes.close()
        assert caplog.text.count("cannot be written") == 3

    def leftovers() -> list[Path]:
        return list(file.parent.iterdir())

    def clear() -> None:
        file.rmdir()

    told()


@story
async def test_a_gateway_that_keeps_answers_keeps_this_too(tmp_path: Path) -> None:
    async with provider("health: {probe: off}\n") as (text, _):
        for times in (1, 2):
            async with house(text, data_dir=tmp_path) as door:
                assert (await door.chat("echo")).status == 200
                made = door.gateway.health
                rows = made.learning.told(made.tracker.now(), "sim/echo")
                assert {row["samples"] for row in rows if row["clock"] == "first_byte"} == {times}
            assert read(tmp_path / "learned-5.json")


@story
async def test_a_reload_can_switch_it_off(tmp_path: Path) -> None:
    async with provider("health: {probe: off, adaptive: off}\n") as (text, _):
        async with house(text, data_dir=tmp_path) as door:
            door.gateway.reload(loads(text.replace("adaptive: off", "adaptive: on") + f"data_dir: {tmp_path}\n"))
        assert read(tmp_path / "learned-5.json")
        async with house(text.replace("adaptive: off", "adaptive: on"), data_dir=tmp_path) as door:
            forget(tmp_path / "learned-5.json")
            door.gateway.reload(loads(f"{text}data_dir: {tmp_path}\n"))
        assert not read(tmp_path / "learned-5.json")

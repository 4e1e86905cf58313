from __future__ import annotations

import errno
import io
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from outwait.cli import ending
from outwait.cli.ending import Unwritten, ended

FULL = Path("/dev/full")
OUTWAIT = [sys.executable, "-m", "outwait"]


@pytest.fixture(autouse=True)
def unheard(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the end of a process changes is put back."""
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    monkeypatch.setattr(logging.getLogger("asyncio"), "disabled", False)


def unwritten(number: int = errno.ENOSPC) -> Unwritten:
    return Unwritten(OSError(number, os.strerror(number)))


def raising(error: BaseException) -> object:
    def run() -> None:
        raise error

    return ended(run)


@pytest.fixture(autouse=True)
def stdout() -> Iterator[None]:
    """The stdout of this process, given back."""
    before = sys.stdout
    yield
    sys.stdout = before


@pytest.mark.parametrize("status", [0, 1, 2, 130, None, "a text"])
def test_what_a_command_ends_with_is_what_the_process_ends_with(status: int | str | None) -> None:
    assert raising(SystemExit(status)) == status
    assert ended(lambda: None) == 0


def test_control_c_is_130() -> None:
    assert raising(KeyboardInterrupt()) == 130


@pytest.mark.parametrize("number, status, told", [(errno.ENOSPC, 1, "No space left on device"), (errno.EPIPE, 0, "")])
def test_a_stdout_that_fails_is_told_once(
    number: int, status: int, told: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["outwait"])
    monkeypatch.setenv("OUTWAIT_LANG", "en")
    assert raising(unwritten(number)) == status
    assert capsys.readouterr().err == (f"outwait: stdout cannot be written: {told}.\n" if told else "")


LOOPING = """
import asyncio, errno, os, sys
from outwait.cli.ending import Unwritten, ended

def fail():
    raise Unwritten(OSError(errno.EPIPE, os.strerror(errno.EPIPE)))

async def task():
    fail()

async def story():
    if sys.argv[1] == "task":
        await task()
    elif sys.argv[1] == "group":
        async with asyncio.TaskGroup() as group:
            group.create_task(task())
            group.create_task(asyncio.sleep(9))
    else:
        asyncio.get_running_loop().call_soon(fail)
        await asyncio.sleep(9)

sys.exit(ended(lambda: asyncio.run(story())))
"""


@pytest.mark.parametrize("where", ["task", "group", "callback"])
def test_no_loop_keeps_it_for_itself(where: str) -> None:
    """A demo's pictures and a simulator's calls are drawn from callbacks; asyncio would log what fails there."""
    done = subprocess.run(
        [sys.executable, "-c", LOOPING, where], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_what_else_goes_wrong_is_not_hidden() -> None:
    for error in (OSError(errno.ENOSPC, "a file of ours"), ValueError("ours")):
        with pytest.raises(type(error)):
            raising(error)


def test_where_stderr_fails_too_the_status_says_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        def write(self, text: str, /) -> int:
            raise OSError(errno.ENOSPC, text)

    monkeypatch.setattr("sys.stderr", Full())
    assert ending.told(unwritten()) == 1


def test_a_program_may_be_started_without_a_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)
    assert ended(lambda: None) == 0
    assert raising(KeyboardInterrupt()) == 130


FAILING = """
import asyncio, sys
from outwait.cli.ending import ended
async def story():
    def draw():
        print("a line", flush=True)
    for _ in range(3):
        asyncio.get_running_loop().call_soon(draw)
    try:
        await asyncio.sleep(9)
    finally:
        await asyncio.sleep(0)
        draw()
        print("in order", file=sys.stderr)
sys.exit(ended(lambda: asyncio.run(story())))
"""


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
def test_it_fails_once_so_that_a_command_can_put_things_in_order() -> None:
    """A demo whose second line fails too would leave its gateway behind."""
    with FULL.open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", FAILING],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "OUTWAIT_LANG": "en"},
        )
    told = "in order\noutwait: stdout cannot be written: No space left on device.\n"
    assert (done.returncode, done.stderr) == (1, told)


def run(*words: str, stdout: int, **environ: str) -> tuple[int, str]:
    """A command's exit status, and its stderr."""
    done = subprocess.run(
        [*OUTWAIT, *words],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "OUTWAIT_LANG": "en", **environ},
    )
    return done.returncode, done.stderr


# Help is drawn by rich, `explain` prints with typer, the object is one large write, and unbuffered is another stream.
PRINTING = {
    "help": (["--help"], {}),
    "help in Chinese": (["net", "--help", "--lang", "zh"], {"OUTWAIT_LANG": "zh"}),
    "lines": (["explain", "--model", "o3"], {}),
    "one object": (["timeouts", "o3", "--json"], {}),
    "a table": (["timeouts", "o3"], {}),
    "unbuffered": (["timeouts", "o3"], {"PYTHONUNBUFFERED": "1"}),
}


@pytest.mark.slow
@pytest.mark.usefixtures("bare")
@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("words, environ", PRINTING.values(), ids=PRINTING)
def test_a_full_disk_is_one_line_and_bad_news(words: list[str], environ: dict[str, str]) -> None:
    with FULL.open("wb") as full:
        status, told = run(*words, stdout=full.fileno(), **environ)
    assert status == 1
    lines = [line for line in told.splitlines() if "No channels are configured" not in line]
    assert len(lines) == 1
    assert "No space left on device" in lines[0]


@pytest.mark.slow
@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("words, environ", PRINTING.values(), ids=PRINTING)
def test_a_reader_that_went_away_is_no_trouble(words: list[str], environ: dict[str, str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        status, told = run(*words, stdout=writer, **environ)
    finally:
        os.close(writer)
    assert status == 0
    assert [line for line in told.splitlines() if "No channels are configured" not in line] == []

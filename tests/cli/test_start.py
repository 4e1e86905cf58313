from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

# What is slow to load stands for all that is loaded: it waits in the middle until it is interrupted.
PROGRAM = """
import os, signal, sys, time
class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "outwait.cli.commands":
            print("loading", flush=True)
            time.sleep(20)
sys.meta_path.insert(0, Slow())
sys.argv = ["outwait", "--version"]
from outwait.cli import main
main()
"""
LIGHT = """
import sys
before = set(sys.modules)
import outwait.cli
print(*sorted(set(sys.modules) - before))
"""


def heed() -> None:
    """Ctrl-C ends what begins here, also where these tests run as somebody's background job."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def begun(program: str, **more: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more
    )  # type: ignore[call-overload] # `more` is a keyword of its own


def test_control_c_while_the_commands_are_loaded_shows_no_traceback() -> None:
    with begun(PROGRAM, preexec_fn=heed) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "loading\n"
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=20)
    assert (process.returncode, told) == (130, "")


def test_what_is_loaded_before_it_is_heard_is_light() -> None:
    with begun(LIGHT) as process:
        loaded, _ = process.communicate(timeout=20)
    assert "outwait.cli.start" in loaded.split()
    assert not {"typing", "re", "asyncio", "typer", "rich"} & set(loaded.split())


def test_who_is_told_to_overlook_it_does() -> None:
    """As `nohup` and a shell's background job have it."""
    program = PROGRAM.replace("time.sleep(20)", "os.kill(os.getpid(), signal.SIGINT)")
    quiet = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    with begun(quiet + program) as process:
        told, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert told.splitlines()[-1].startswith("outwait ")


@pytest.mark.slow
@pytest.mark.parametrize(
    "words, ready, status",
    [
        (["simulate", "--port", "0"], "listens on", 0),
        (["diagnose"], None, 130),
        (["demo", "--plain"], "A model that is silent", 130),
    ],
)
def test_control_c_ends_every_command(words: list[str], ready: str | None, status: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "outwait", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OUTWAIT_LANG": "en", "PYTHONUNBUFFERED": "1"},
        preexec_fn=heed,  # noqa: PLW1509 - one call that takes no lock
    )
    with process:
        assert process.stdout is not None
        if ready is None:
            time.sleep(1.5)  # it reads its stdin, and says nothing
        else:
            assert any(ready in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
    assert process.returncode == status
    assert "Traceback" not in told
    assert "Aborted" not in told

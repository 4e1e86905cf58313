from __future__ import annotations

import logging
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from outwait.app import systemd

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"

# Puts the sockets where systemd puts them, and says what the process under test made of them.
ACTIVATION = """
import os, sys
from outwait.app import systemd
for fd in range(3, 8):
    try:
        os.close(fd)
    except OSError:
        pass
import socket
made = eval(sys.argv[1])
for number, sock in enumerate(made):
    os.dup2(sock.detach() + 0, 100 + number)
for number in range(len(made)):
    os.dup2(100 + number, 3 + number)
os.environ.update(LISTEN_PID=str(os.getpid() + int(sys.argv[2])), LISTEN_FDS=str(len(made)), LISTEN_FDNAMES="x")
try:
    for sock in systemd.activated():
        print(sock.fileno(), sock.getsockname()[0], sock.gettimeout(), os.get_inheritable(sock.fileno()))
except OSError as error:
    print(error.strerror)
print([name for name in os.environ if name.startswith("LISTEN")])
"""


def activation(sockets: str, pid: int = 0) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", ACTIVATION, sockets, str(pid)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_sockets_that_systemd_opened_are_used_and_told_to_nobody_else() -> None:
    two = "[socket.create_server(('127.0.0.1', 0)), socket.create_server(('::1', 0), family=socket.AF_INET6)]"
    assert activation(two) == ["3 127.0.0.1 0.0 False", "4 ::1 0.0 False", "[]"]


def test_sockets_of_another_process_are_left_alone() -> None:
    assert activation("[socket.create_server(('127.0.0.1', 0))]", pid=1) == ["[]"]


@pytest.mark.parametrize("bad", [
    "socket.socket(socket.AF_UNIX)", "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "socket.socket(socket.AF_INET, socket.SOCK_STREAM)",
])  # fmt: skip
def test_a_socket_that_no_gateway_can_serve_is_told(bad: str) -> None:
    told = activation(f"[{bad}]")
    assert told[0].startswith("systemd passed a socket that is no listening TCP socket: give ListenStream=")


def test_without_systemd_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LISTEN_PID", raising=False)
    assert systemd.activated() == []
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    monkeypatch.setenv("LISTEN_FDS", "many")
    assert systemd.activated() == []
    assert "LISTEN_FDS" not in os.environ


@pytest.fixture
def place() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as made:
        yield made


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_hears_how_it_is(monkeypatch: pytest.MonkeyPatch, place: str, abstract: bool) -> None:
    name = f"{place}/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(f"\0{name}" if abstract else name)
        ear.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}" if abstract else name)
        systemd.notify("READY=1", "MAINPID=7")
        assert ear.recv(100) == b"READY=1\nMAINPID=7"
        systemd.reloading()
        word, at = ear.recv(100).decode().split("\n")
        assert word == "RELOADING=1"
        assert int(at.removeprefix("MONOTONIC_USEC=")) > 0


@pytest.mark.parametrize("address", ["", "vsock:2:1234"])
def test_where_nobody_listens_nothing_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    systemd.notify("READY=1")
    assert caplog.text == ""


def test_a_deaf_systemd_is_no_reason_to_stop(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/notify")
    with caplog.at_level(logging.WARNING, "outwait"):
        systemd.notify("STOPPING=1")
    assert "systemd cannot be told STOPPING=1" in caplog.text


def test_the_units_are_what_systemd_understands(tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("systemd-analyze is not installed: the units were not verified")
    for unit in UNITS.iterdir():
        text = unit.read_text().replace("/opt/outwait/bin/outwait", sys.executable)  # it must be there to be verified
        (tmp_path / unit.name).write_text(text)
    units = sorted(map(str, tmp_path.iterdir()))
    done = subprocess.run([verify, "verify", "--man=no", *units], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    assert {Path(unit).name for unit in units} == {"outwait.service", "outwait.socket"}

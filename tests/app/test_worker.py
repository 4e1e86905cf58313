from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tests.app.conftest import PEM, Asking, get, until

from outwait.app import line
from outwait.config.load import loads

TEXT = "channels: [{name: a, base_url: 'http://h/v1', models: [m1]}]\nserver: {drain: 1s}\n"


class Hand:
    """The supervisor's part, played by hand."""

    def __init__(self, folder: Path, text: str, **more: str) -> None:
        self.line, theirs = socket.socketpair()
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self.err = folder / "stderr"
        environ = {line.NUMBER: "7", line.SOCKETS: str(listener.fileno()), line.LINE: str(theirs.fileno())}
        fds = (listener.fileno(), theirs.fileno())
        argv = [sys.executable, "-m", "outwait.app.worker"]
        with theirs, listener, self.err.open("wb") as err:
            self.process = subprocess.Popen(argv, env={**os.environ, **environ, **more}, pass_fds=fds, stderr=err)
        self.line.sendall(line.pack(loads(text)))

    def ends(self) -> int:
        self.line.close()
        return self.process.wait(15)


@pytest.mark.slow
def test_a_worker_serves_reloads_and_leaves_with_its_line(tmp_path: Path) -> None:
    hand = Hand(tmp_path, TEXT)
    assert hand.line.recv(1) == b"!"
    assert Asking(hand.port, get("/healthz")).reply().status == 200
    assert '"m1"' in Asking(hand.port, get("/v1/models")).reply().body
    hand.line.sendall(line.pack(loads(TEXT.replace("m1", "m2"))))
    until(lambda: '"m2"' in Asking(hand.port, get("/v1/models")).reply().body, "the new configuration")
    assert hand.ends() == 0
    told = hand.err.read_text()
    assert "worker 7: the supervisor is gone; draining" in told
    assert re.search(r"worker 7: \d+ descriptors, room for \d+ connections", told)
    assert "worker 7: all answers were finished" in told


@pytest.mark.slow
def test_what_cannot_be_taken_up_changes_nothing(tmp_path: Path) -> None:
    pem = tmp_path / "served.pem"
    pem.write_text(PEM.read_text())
    good = TEXT.replace("{drain", f"{{tls: {{cert: {pem}, key: {pem}}}, drain")
    hand = Hand(tmp_path, good)
    assert hand.line.recv(1) == b"!"
    bad = loads(good.replace("http://h/v1", "http://127.0.0.256/v1"))
    hand.line.sendall(line.pack(bad))
    until(lambda: "could not be taken up" in hand.err.read_text(), "the complaint")
    pem.write_text("nothing")
    hand.line.sendall(line.pack(bad.model_copy(update={"channels": ()})))
    until(lambda: "the certificate in use stays" in hand.err.read_text(), "the complaint about the certificate")
    hand.process.send_signal(signal.SIGTERM)
    assert hand.ends() == 0


@pytest.mark.slow
def test_neighbours_come_in_by_the_side_door_until_the_end(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "doors")
        folder.mkdir()
        door = folder / "07abcd"
        hand = Hand(tmp_path, TEXT, **{line.SIDE_DOOR: str(door)})
        assert hand.line.recv(1) == b"!"
        reply = Asking(hand.port, get("/nothing")).reply()
        assert reply.headers["x-outwait-exchange"].startswith("ow_07abcd")
        with socket.socket(socket.AF_UNIX) as neighbour:
            neighbour.connect(str(door))
            neighbour.sendall(get(f"/internal/orphans/{'00' * 16}"))
            assert neighbour.recv(100).startswith(b"HTTP/1.1 204 ")
        assert hand.ends() == 0
        assert not folder.exists()  # the supervisor is gone, and cannot remove it


@pytest.mark.slow
def test_a_worker_whose_side_door_cannot_be_made_serves_on(tmp_path: Path) -> None:
    hand = Hand(tmp_path, TEXT, **{line.SIDE_DOOR: str(tmp_path / "nowhere" / "07abcd")})
    assert hand.line.recv(1) == b"!"
    assert Asking(hand.port, get("/healthz")).reply().status == 200
    assert hand.ends() == 0
    assert "worker 7: its neighbours cannot reach it: " in hand.err.read_text()


def test_a_worker_is_no_command_for_people() -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("OUTWAIT_WORKER")}
    argv = [sys.executable, "-m", "outwait.app.worker"]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "outwait serve" in done.stderr
    assert "Traceback" not in done.stderr

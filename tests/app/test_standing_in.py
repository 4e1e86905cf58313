"""What becomes of those who connect to a worker that is gone: another stands in, the next one comes, or nobody does."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.app.conftest import PEM, Asking, Reply, Serving, get, until

from outwait.app.place import Place
from outwait.app.sockets import Group
from outwait.app.supervisor import IN_VAIN, Supervisor
from outwait.config.load import loads

Start = Callable[..., Serving]
Config = Callable[..., str]

whole = pytest.mark.slow
KILL = signal.SIGKILL
SERVES = r"worker \d: \d+ descriptors"

# Makes workers fail at their start while the file named by $BROKEN is there.
SABOTAGE = """
import os
if "OUTWAIT_WORKER_NUMBER" in os.environ and os.path.exists(os.environ["BROKEN"]):
    os._exit(3)
"""


# -------------------------------------------------------------------------------------------------------- the decisions
class Manned(Place):
    """A place whose worker hears what it is told. `told`: for which places to stand in, word by word."""

    __slots__ = ("told",)

    def __init__(self, number: int, *, serves: bool, unserved: int = 0) -> None:
        super().__init__(number, [])
        self.unserved = unserved
        self.told: list[set[int]] = []
        if serves:
            self.ready.set()

    def stand_in(self, vacant: Mapping[int, Group]) -> None:
        self.told.append(set(vacant))


def supervisor(*places: Manned) -> Supervisor:
    settings = loads("channels: [{name: a, base_url: 'http://h/v1'}]")
    made = Supervisor(settings, lambda: settings)
    made._places = list(places)
    made._started = True
    return made


@pytest.mark.parametrize("serve, vacant", [
    ([True, True, True], set()), ([True, False, True], {1}), ([False, True, False], {0, 2}), ([False], {0}),
])  # fmt: skip
def test_who_serves_stands_in_for_who_does_not(serve: list[bool], vacant: set[int]) -> None:
    places = [Manned(number, serves=serves) for number, serves in enumerate(serve)]
    supervisor(*places)._stand_in()
    assert [place.told for place in places] == [[vacant]] * len(serve)


@pytest.mark.parametrize("circumstance", ["starting", "stopping", "shared"])
def test_nobody_has_to_stand_in(circumstance: str) -> None:
    places = Manned(0, serves=True), Manned(1, serves=False)
    made = supervisor(*places)
    made._started = circumstance != "starting"
    made._shared = circumstance == "shared"
    if circumstance == "stopping":
        made._stop = asyncio.Event()
        made._stop.set()
    made._stand_in()
    assert [place.told for place in places] == [[], []]


@pytest.mark.parametrize("unserved, hopeless", [
    ([IN_VAIN], True), ([IN_VAIN - 1], False), ([IN_VAIN, 0], False), ([IN_VAIN, IN_VAIN + 4], True),
])  # fmt: skip
def test_it_is_hopeless_when_no_worker_comes_to_serve_anywhere(unserved: list[int], hopeless: bool) -> None:
    places = [Manned(number, serves=not lives, unserved=lives) for number, lives in enumerate(unserved)]
    made = supervisor(*places)
    assert made._hopeless() == hopeless
    made._shared = True  # whoever opened the sockets has the say
    assert not made._hopeless()


# -------------------------------------------------------------------------------------------------- as whole processes
@contextmanager
def queued(gateway: Serving, worker: int, count: int, tls: ssl.SSLContext | None = None) -> Iterator[list[Asking]]:
    """That many connections, some of which wait for a worker that dies; those of others may be answered already."""
    os.kill(worker, signal.SIGSTOP)
    made = [socket.create_connection(("127.0.0.1", gateway.port), timeout=15) for _ in range(count)]
    os.kill(worker, KILL)
    yield [Asked(sock, tls) for sock in made]


class Asked(Asking):
    """A request on a connection that was made already."""

    def __init__(self, sock: socket.socket, tls: ssl.SSLContext | None) -> None:
        self.sock = tls.wrap_socket(sock, server_hostname="localhost") if tls else sock
        self.raw = b""
        self.sock.sendall(get("/healthz"))


def statuses(replies: list[Reply]) -> list[int]:
    return [reply.status for reply in replies]


@whole
@pytest.mark.parametrize("secured", [False, True], ids=["plain", "tls"])
def test_who_waits_for_a_worker_that_cannot_come_back_is_served_by_another(
    serve: Start, config: Config, tmp_path: Path, secured: bool
) -> None:
    (tmp_path / "sitecustomize.py").write_text(SABOTAGE)
    broken = tmp_path / "broken"
    tls = ssl.create_default_context(cafile=str(PEM)) if secured else None
    section = f"tls: {{cert: {PEM}, key: {PEM}}}" if secured else ""
    gateway = serve(config(section), "--workers", "2", PYTHONPATH=str(tmp_path), BROKEN=str(broken))
    gateway.heard(SERVES, times=2)
    broken.touch()
    with queued(gateway, gateway.workers()[0], 24, tls) as calls:
        assert statuses([call.reply() for call in calls]) == [200] * 24  # nobody else but the other one can
    gateway.heard(r"worker \d ended with status 3; restarting in 0\.8 s")
    assert statuses([Asking(gateway.port, get("/healthz"), tls).reply() for _ in range(24)]) == [200] * 24
    broken.unlink()
    gateway.heard(SERVES, times=3)
    assert statuses([Asking(gateway.port, get("/healthz"), tls).reply() for _ in range(24)]) == [200] * 24
    gateway.signal(signal.SIGTERM)
    assert gateway.end() == 0
    assert "Traceback" not in gateway.err


@whole
def test_with_one_worker_all_wait_for_the_next(serve: Start, config: Config) -> None:
    gateway = serve(config())
    for lives in range(1, 4):
        gateway.heard(SERVES, times=lives)
        with queued(gateway, gateway.workers()[0], 8) as calls:
            assert statuses([call.reply() for call in calls]) == [200] * 8
    gateway.signal(signal.SIGTERM)
    assert gateway.end() == 0


@whole
def test_who_would_wait_in_vain_is_refused_until_a_worker_serves_again(
    serve: Start, config: Config, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(SABOTAGE)
    broken = tmp_path / "broken"
    gateway = serve(config(), "--workers", "2", PYTHONPATH=str(tmp_path), BROKEN=str(broken))
    gateway.heard(SERVES, times=2)
    broken.touch()
    workers = gateway.workers()
    os.kill(workers[1], KILL)
    with queued(gateway, workers[0], 4) as calls:
        assert statuses([call.reply() for call in calls]) == [0] * 4
    until(lambda: refused(gateway.port), "it to refuse")
    broken.unlink()
    gateway.heard(SERVES, times=4)
    assert statuses([gateway.ask("/healthz") for _ in range(24)]) == [200] * 24
    assert len(re.findall(r"ended with status 3", gateway.err)) >= 2 * IN_VAIN
    gateway.signal(signal.SIGTERM)
    assert gateway.end() == 0


def refused(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) != 0

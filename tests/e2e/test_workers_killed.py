"""A worker that is killed again and again: who waits for it, and who connects meanwhile, is answered all the same."""

from __future__ import annotations

import os
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.e2e.acts import Serve
from tests.e2e.asking import Line
from tests.e2e.stage import Gateway, until
from tests.e2e.steering import crew, lives

KILLS = 5  # of one and the same place, within seconds of its start each time
WAITING = 16  # connections at each kill; about one in `workers` is in the queue of the one that dies
THREADS, EACH = 6, 20  # how many connect just after it, and how often
_ASK = b"GET /nobody HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("workers", [2, 3])
def test_nobody_is_reset_when_a_worker_keeps_being_killed(serve: Serve, workers: int) -> None:
    channel = {"name": "nowhere", "base_url": "http://127.0.0.1:9/v1"}
    gateway = serve({"channels": [channel], "server": {"workers": workers}}, f"killed{workers}")
    ends: Counter[str] = Counter()
    for life in range(KILLS):
        everybody_serves(gateway, workers + life)
        victim = first_worker(gateway)
        with ThreadPoolExecutor(WAITING) as pool:
            os.kill(victim, signal.SIGSTOP)
            waiting = [Line(gateway.port) for _ in range(WAITING)]
            asked = pool.map(answered, waiting)
            os.kill(victim, signal.SIGKILL)
            ends.update(asked)
            is_gone(gateway, victim)
            for each in pool.map(several, [gateway] * THREADS):
                ends.update(each)
    assert ends == {"404 whole": KILLS * (WAITING + THREADS * EACH)}
    assert "Traceback" not in gateway.text()


def everybody_serves(gateway: Gateway, count: int) -> None:
    """Wait until that many workers have served, those that are gone included."""
    until(lambda: lives(gateway) == count, "all workers to serve")


def is_gone(gateway: Gateway, worker: int) -> None:
    """Wait until that process is gone, with all that it had accepted."""
    until(lambda: worker not in crew(gateway), "its end")


def first_worker(gateway: Gateway) -> int:
    """The process of the first worker."""
    return next(pid for pid, name in crew(gateway).items() if name.startswith("00"))


def answered(line: Line) -> str:
    """How one asks on this connection, and is told."""
    with line:
        line.send(_ASK)
        heard = line.hear()
    return f"{heard.status} {heard.end}"


def several(gateway: Gateway) -> list[str]:
    """How several connections end, one after another."""
    ends = []
    for _ in range(EACH):
        try:
            ends.append(answered(Line(gateway.port)))
        except ConnectionError as error:
            ends.append(type(error).__name__)
    return ends

"""A deploy under load: another gateway takes the place of the one that runs, and no client notices."""

from __future__ import annotations

import os
import re
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.e2e.acts import Serve
from tests.e2e.asking import Heard, Line, chat, get, request
from tests.e2e.backstage import Provider
from tests.e2e.stage import Gateway, Program, Stage, until
from tests.e2e.steering import worker_of

TakeOver = Callable[..., Program]
WORDS = 16
SLOW = f"drip-300ms+long-{WORDS}"  # some five seconds
SLOWER = f"drip-700ms+long-{WORDS}"  # longer than a gateway takes to start, also on a busy machine


@pytest.fixture
def gateway(serve: Serve, provider: Provider, request: pytest.FixtureRequest) -> Gateway:
    workers = getattr(request, "param", 2)
    server = {"workers": workers, "drain": "20s"}
    return serve({"channels": [{"name": "provider", "base_url": provider.url}], "server": server}, "old")


@pytest.fixture
def take_over(stage: Stage) -> Iterator[TakeOver]:
    """`take_over(gateway, ...)` starts one that takes its place, and returns when it has."""
    made: list[Program] = []

    def start(gateway: Gateway, *arguments: str) -> Program:
        folder = stage.folder / f"{len(stage.programs)}-successor"
        folder.mkdir()
        config = ["--config", str(gateway.log.with_suffix(".yaml"))]
        argv = [sys.executable, "-m", "outwait", "serve", *config, "--takeover", *arguments]
        program = Program("successor", argv, folder)
        stage.programs.append(program)
        made.append(program)
        program.wait_for("has taken the place of process")
        program.wait_for("listens on")
        return program

    yield start
    assert [program.stop() for program in made] == [0] * len(made)


@dataclass
class Caller:
    """Asks one short question after the other; `fresh`: each on a connection of its own."""

    gateway: Gateway
    fresh: bool
    heard: list[Heard] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def run(self, stop: threading.Event) -> None:
        line: Line | None = None
        while not stop.wait(0.01):
            try:
                line = line or Line(self.gateway.port)
                line.send(request(chat("fast", question="short")))
                heard = line.hear()
            except OSError as error:  # refused, above all
                self.broken.append(repr(error))
                line = None
                continue
            self.heard.append(heard)
            if self.fresh or heard.end != "whole" or heard.headers.get("connection") == "close":
                line.__exit__()
                line = None
        if line is not None:
            line.__exit__()


@contextmanager
def callers(gateway: Gateway) -> Iterator[list[Caller]]:
    """Clients that ask all the time, with and without keep-alive."""
    made = [Caller(gateway, fresh=number % 2 == 0) for number in range(6)]
    stop = threading.Event()
    threads = [threading.Thread(target=each.run, args=(stop,), daemon=True) for each in made]
    for thread in threads:
        thread.start()
    yield made
    stop.set()
    for thread in threads:
        thread.join(15)
    for caller in made:
        assert caller.broken == []
        wrong = [(heard.status, heard.end) for heard in caller.heard if (heard.status, heard.end) != (200, "whole")]
        assert wrong == []
        assert caller.heard


def streams(stack: ExitStack, gateway: Gateway, count: int, model: str = SLOW) -> list[Line]:
    """Streams that run, each with its first byte here."""
    lines = [stack.enter_context(Line(gateway.port)) for _ in range(count)]
    for line in lines:
        line.send(request(chat(model, stream=True, question="slow")))
    return lines


def all_whole(lines: list[Line]) -> None:
    for line in lines:
        heard = line.hear()
        assert (heard.status, heard.end) == (200, "whole")
        assert heard.body.endswith(b"data: [DONE]\n\n")
        assert heard.finished
        assert len(heard.text.split()) == WORDS


def answered_by(gateway: Gateway, calls: int = 12) -> set[str]:
    return {worker_of(get(gateway.port, "/nobody").headers["x-outwait-exchange"]) for _ in range(calls)}


def running(gateway: Gateway) -> int:
    told = re.findall(rb"^outwait_in_flight(?:\{.*\})? ([\d.]+)$", get(gateway.port, "/metrics").body, re.MULTILINE)
    return int(sum(map(float, told)))


def test_a_deploy_under_load_is_noticed_by_nobody(gateway: Gateway, take_over: TakeOver) -> None:
    before = answered_by(gateway)
    with ExitStack() as stack, callers(gateway) as asking:
        lines = streams(stack, gateway, 200, SLOWER)
        until(lambda: running(gateway) >= 200, "200 streams")
        take_over(gateway)
        assert running(gateway) >= 200  # the figures of those that drain can be had from the new one
        assert get(gateway.port, "/readyz").status == 200
        all_whole(lines)
        assert gateway.process.wait(10) == 0
        assert gateway.text().count("all answers were finished") == 2
        assert not answered_by(gateway) & before
        counts = [len(each.heard) for each in asking]
        until(lambda: all(len(each.heard) > count for each, count in zip(asking, counts, strict=True)), "more calls")
    assert sum(len(each.heard) for each in asking) > 300


def test_whose_stream_ends_after_a_takeover_is_answered_once_more(gateway: Gateway, take_over: TakeOver) -> None:
    """Its head was sent before, and does not say that the connection will be closed."""
    with ExitStack() as stack:
        lines = streams(stack, gateway, 5, SLOWER)
        until(lambda: running(gateway) >= 5, "5 streams")
        take_over(gateway)
        for line in lines:
            assert line.hear().headers.get("connection") is None
            line.send(request(chat("fast", question="once more")))
            heard = line.hear()
            assert (heard.status, heard.end, heard.headers["connection"]) == (200, "whole", "close")
            assert line.closed()
        assert gateway.process.wait(10) == 0


def test_whose_stream_ends_in_a_drain_is_told_so(serve: Serve, provider: Provider) -> None:
    channels = [{"name": "provider", "base_url": provider.url}]
    alone = serve({"channels": channels, "server": {"drain": "20s"}}, "parting")
    with ExitStack() as stack:
        asked, silent = streams(stack, alone, 2, "drip-300ms+long-8")
        until(lambda: len(select.select([asked._sock, silent._sock], [], [], 1.0)[0]) == 2, "both heads")
        alone.process.send_signal(signal.SIGTERM)
        assert asked.hear().end == silent.hear().end == "whole"
        asked.send(request(chat("fast")))
        heard = asked.hear()
        assert (heard.status, heard.error["code"], heard.headers["connection"]) == (503, "gateway_draining", "close")
        assert heard.headers["retry-after"] == "1"
        assert silent.closed()
        assert alone.process.wait(10) == 0


@pytest.mark.parametrize("gateway", [3], indirect=True, ids=["3 workers"])
def test_the_number_of_workers_may_change(gateway: Gateway, take_over: TakeOver) -> None:
    with ExitStack() as stack, callers(gateway):
        lines = streams(stack, gateway, 20)
        one = take_over(gateway, "--workers", "1")
        lines += streams(stack, gateway, 20)
        take_over(gateway, "--workers", "4")
        all_whole(lines)
        assert gateway.process.wait(10) == 0
        assert one.process.wait(10) == 0
        assert len(answered_by(gateway, 60)) == 4


def test_a_signal_takes_up_new_code(gateway: Gateway, provider: Provider) -> None:
    """The same command line again; here it is the same code too."""
    before = answered_by(gateway)
    with ExitStack() as stack, callers(gateway):
        lines = streams(stack, gateway, 5)
        gateway.process.send_signal(signal.SIGUSR2)
        fresh = int(gateway.wait_for(r"process (\d+) serves in this gateway's place")[1])
        all_whole(lines)
        assert gateway.process.wait(10) == 0
        assert not answered_by(gateway) & before
    assert Path(f"/proc/{fresh}").exists()
    assert len(provider.calls("slow")) >= 5
    os.kill(fresh, signal.SIGTERM)
    until(lambda: not _alive(fresh), "the fresh gateway to end")


def test_what_runs_without_a_client_is_finished_before_the_end(serve: Serve, provider: Provider) -> None:
    config = {
        "channels": [{"name": "provider", "base_url": provider.url}],
        "on_disconnect": "finish",
        "server": {"drain": "20s"},
    }
    alone = serve(config, "alone")
    with Line(alone.port) as line:
        line.send(request(chat("silent-2s+long-5", question="left alone")))
        assert line.hear(seconds=0.5).end == "open"
    alone.process.send_signal(signal.SIGTERM)
    assert alone.process.wait(10) == 0
    assert [call.outcome for call in provider.calls("left alone")] == ["whole"]
    assert "all answers were finished" in alone.text()


def _alive(pid: int) -> bool:
    """Whether it runs; one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False

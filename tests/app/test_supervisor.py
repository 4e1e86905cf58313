from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.app.conftest import PEM, Asking, Serving, get, until

from outwait.app import sockets, systemd
from outwait.app.supervisor import Supervisor, settlement
from outwait.config.load import loads
from outwait.config.settings import ServerSection, Settings

Start = Callable[..., Serving]
Config = Callable[..., str]

whole = pytest.mark.slow
TERM, INT, HUP, KILL = signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL

# Makes workers fail at their start while the file named by $BROKEN is there.
SABOTAGE = """
import os
if "OUTWAIT_WORKER_NUMBER" in os.environ and os.path.exists(os.environ["BROKEN"]):
    os._exit(3)
"""


def settings(text: str = "") -> Settings:
    return loads(f"channels: [{{name: a, base_url: 'http://h/v1'}}]\n{text}")


def supervisor(text: str) -> Supervisor:
    made = settings(text)
    return Supervisor(made, lambda: made)


# ---------------------------------------------------------------------------------------------------- in this process
def test_only_the_drain_time_and_whose_pages_may_call_change_without_a_restart() -> None:
    pages = ("https://a.example",)
    old, new = ServerSection(port=1, drain=10), ServerSection(port=2, drain=20, workers=3, cors=pages)
    kept, fixed = settlement(old, new)
    assert kept == ServerSection(port=1, drain=20, cors=pages)
    assert fixed == ["port", "workers"]
    assert settlement(old, old) == (old, [])


@pytest.mark.parametrize("host, url", [("127.0.0.1", r"http://127\.0\.0\.1:\d+"), ("::1", r"http://\[::1\]:\d+")])
def test_where_it_listens(host: str, url: str) -> None:
    made = supervisor(f"server: {{host: '{host}', port: 0, workers: 3}}")
    made.bind()
    assert len(made._sockets) == 3
    assert re.fullmatch(url, made.url)
    sockets.close(made._sockets)


def test_sockets_of_systemd_are_shared_by_all_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    given = socket.create_server(("127.0.0.1", 0))
    address = given.getsockname()
    monkeypatch.setattr(systemd, "activated", lambda: [given])
    made = supervisor("server: {port: 1, workers: 2}")
    made.bind()
    assert [[sock.getsockname() for sock in group] for group in made._sockets] == [[address], [address]]
    assert made.offer().shared
    sockets.close(made._sockets)


def test_the_first_process_of_a_container_keeps_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    made = supervisor("server: {port: 0}")
    made.bind()
    assert made.offer().refusal == ""
    monkeypatch.setattr(os, "getpid", lambda: 1)
    assert "first process of a container" in made.offer().refusal
    sockets.close(made._sockets)


# -------------------------------------------------------------------------------------------------- as whole processes
@whole
def test_a_killed_worker_is_replaced_and_the_port_keeps_answering(serve: Start, config: Config) -> None:
    gateway = serve(config(), "--workers", "2")
    assert gateway.ask("/readyz").status == 200
    gateway.heard(r"worker \d: \d+ descriptors", times=2)
    first = gateway.workers()
    assert len(first) == 2
    os.kill(first[0], KILL)
    answers = [gateway.ask("/healthz").status for _ in range(40)]
    assert answers == [200] * 40
    gateway.heard(r"worker \d was ended by SIGKILL; restarting in 0\.2 s")
    until(lambda: len(set(gateway.workers()) - {first[0]}) == 2, "a new worker")
    gateway.heard(r"worker \d: \d+ descriptors", times=3)
    assert gateway.begin("echo", stream=True).reply().whole
    gateway.signal(TERM)
    assert gateway.end() == 0
    assert "Traceback" not in gateway.err


@whole
def test_figures_are_of_all_workers(serve: Start, config: Config) -> None:
    gateway = serve(config("workers: 2"))
    for _ in range(24):  # the kernel spreads connections over both workers
        assert gateway.ask("/nothing").status == 404

    def counted() -> float:
        lines = re.findall(
            r'^outwait_requests_total\{.*status="4xx".*\} ([\d.]+)$', gateway.ask("/metrics").body, re.MULTILINE
        )
        return sum(map(float, lines))

    until(lambda: counted() == 24, "24 refused requests in the figures")
    gateway.signal(INT)
    assert gateway.end() == 0


@whole
def test_a_worker_that_keeps_dying_keeps_nobody_waiting(serve: Start, config: Config, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(SABOTAGE)
    broken = tmp_path / "broken"
    gateway = serve(config(), "--workers", "2", PYTHONPATH=str(tmp_path), BROKEN=str(broken))
    gateway.heard(r"worker \d: \d+ descriptors", times=2)
    broken.touch()
    os.kill(gateway.workers()[0], KILL)
    gateway.heard(r"worker \d ended with status 3; restarting in 0\.8 s")
    started = time.monotonic()
    assert [gateway.ask("/healthz").status for _ in range(20)] == [200] * 20
    assert time.monotonic() - started < 2
    broken.unlink()
    gateway.heard(r"worker \d: \d+ descriptors", times=3)
    assert [gateway.ask("/healthz").status for _ in range(20)] == [200] * 20
    gateway.signal(TERM)
    assert gateway.end() == 0


@whole
def test_a_gateway_whose_workers_cannot_start_says_so_and_leaves(serve: Start, config: Config, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(SABOTAGE)
    gateway = serve(config(), "--workers", "2", PYTHONPATH=str(tmp_path), BROKEN=str(tmp_path))
    assert gateway.end() == 1
    assert re.search(r"worker \d ended with status 3 before it served", gateway.err)
    assert "the gateway could not start" in gateway.err
    assert "listens on" not in gateway.err
    assert "Traceback" not in gateway.err


@whole
def test_running_answers_finish_before_the_gateway_ends(serve: Start, config: Config) -> None:
    gateway = serve(config("drain: 20s"))
    stream, reply = gateway.begin("silent-2s", stream=True), gateway.begin("silent-2s", stream=False)
    half = Asking(gateway.port, get("/readyz")[:-2])  # a connection whose request comes later
    until(lambda: "outwait_in_flight 2.0" in gateway.ask("/metrics").body, "both running")
    gateway.signal(TERM)
    gateway.heard("SIGTERM: draining")
    until(lambda: refused(gateway.port), "no new connections")
    half.sock.sendall(b"\r\n")
    ready = half.reply()
    assert (ready.status, ready.body) == (503, '{"status":"draining"}')
    told = stream.reply()
    assert told.whole
    assert told.body.endswith("data: [DONE]\n\n")
    assert '"finish_reason":"stop"' in reply.reply().body
    assert gateway.end() == 0
    assert "all answers were finished" in gateway.err


def refused(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) != 0


def told_the_end(stream: Any, reply: Any) -> None:
    """The stream ends properly with an error, the JSON reply with an error and a broken body."""
    streamed, answered = stream.reply(), reply.reply()
    assert streamed.whole
    assert '"code":"gateway_draining"' in streamed.body
    assert '"finish_reason":"stop"' not in streamed.body
    assert (answered.status, answered.whole) == (200, False)
    assert '"code":"gateway_draining"' in answered.body


@whole
def test_who_still_waits_when_the_drain_ends_is_told(serve: Start, config: Config) -> None:
    gateway = serve(config("drain: 1.5s"))
    calls = gateway.begin("silent-30s", stream=True), gateway.begin("silent-30s", stream=False)
    until(lambda: "outwait_in_flight 2.0" in gateway.ask("/metrics").body, "both running")
    gateway.signal(TERM)
    told_the_end(*calls)
    assert gateway.end() == 0
    assert "time was up" in gateway.err


@whole
def test_a_second_signal_ends_it_at_once(serve: Start, config: Config) -> None:
    gateway = serve(config("drain: 60s"))
    calls = gateway.begin("silent-30s", stream=True), gateway.begin("silent-30s", stream=False)
    for call in calls:
        while b"\r\n\r\n" not in call.raw:  # the first heartbeat
            call.raw += call.sock.recv(4096)
    os.killpg(gateway.process.pid, INT)  # as Ctrl-C does
    gateway.heard("SIGINT: draining")
    began = time.monotonic()
    os.killpg(gateway.process.pid, INT)
    told_the_end(*calls)
    assert gateway.end() == 1
    assert time.monotonic() - began < 4
    assert "Traceback" not in gateway.err


@whole
def test_a_reload_holds_for_new_requests_and_for_new_workers(serve: Start, config: Config, tmp_path: Path) -> None:
    gateway = serve(config(models="silent-2s, one"))
    file = tmp_path / "outwait.yaml"
    running = gateway.begin("silent-2s", stream=True)
    until(lambda: "outwait_in_flight 1.0" in gateway.ask("/metrics").body, "it to run")
    file.write_text(config("workers: 3", models="echo"))
    gateway.signal(HUP)
    gateway.heard("configuration 2 is in force")
    assert "a restart is needed for the new server.workers" in gateway.err
    assert '"id":"echo"' in gateway.ask("/v1/models").body
    assert gateway.begin("silent-2s", stream=True).reply().status == 404
    assert running.reply().body.endswith("data: [DONE]\n\n")

    file.write_text("chanels: []\n")
    gateway.signal(HUP)
    gateway.heard("old one stays in force")
    assert "did you mean `channels`" in gateway.err
    os.kill(gateway.workers()[0], KILL)
    gateway.heard(r"worker 0: \d+ descriptors", times=2)
    assert '"id":"echo"' in gateway.ask("/v1/models").body
    gateway.signal(TERM)
    assert gateway.end() == 0


@whole
def test_workers_leave_when_their_supervisor_is_gone(serve: Start, config: Config) -> None:
    gateway = serve(config(), "--workers", "2")
    assert gateway.ask("/healthz").status == 200
    workers = gateway.workers()
    figures = re.search(rb"PROMETHEUS_MULTIPROC_DIR=([^\0]+)", Path(f"/proc/{workers[0]}/environ").read_bytes())
    gateway.signal(KILL)
    gateway.end()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), "the workers to leave")
    assert figures is not None
    assert not Path(figures[1].decode()).exists()
    assert "the supervisor is gone" in gateway.err


@whole
def test_a_port_in_use_is_told_plainly(serve: Start, config: Config) -> None:
    gateway = serve(config())
    second = serve(None, "--port", str(gateway.port), OPENAI_API_KEY="sk-test")
    assert second.end() == 1
    assert f"Cannot listen on 127.0.0.1:{gateway.port}: Address already in use" in second.err
    assert "--port" in second.err
    assert "Traceback" not in second.err


@whole
def test_a_certificate_of_the_configuration_is_shown_and_renewed(serve: Start, config: Config, tmp_path: Path) -> None:
    old, new = PEM.read_text(), _certificate(tmp_path)
    pem = tmp_path / "served.pem"
    pem.write_text(old)
    gateway = serve(config(f"tls: {{cert: {pem}, key: {pem}}}"))
    assert "https://127.0.0.1" in gateway.heard(r"listens on (\S+)")
    for text in (old, new):
        pem.write_text(text)
        gateway.signal(HUP)
        gateway.heard("is in force", times=1 if text is old else 2)
        trust = ssl.create_default_context(cadata=text[text.index("-----BEGIN CERT") :])
        assert Asking(gateway.port, get("/healthz"), trust).reply().status == 200


def _certificate(folder: Path) -> str:
    """A fresh key and certificate for localhost."""
    argv = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost".split()
    more = ["-addext", "subjectAltName=DNS:localhost", "-keyout", f"{folder}/k.pem", "-out", f"{folder}/c.pem"]
    try:
        subprocess.run([*argv, *more], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    return (folder / "k.pem").read_text() + (folder / "c.pem").read_text()


@whole
def test_without_a_file_the_key_that_was_shown_opens_the_gateway(serve: Start, model_url: str) -> None:
    gateway = serve(None, "--workers", "2", OPENAI_API_KEY="sk-test", OPENAI_BASE_URL=model_url)
    key = gateway.heard(r"client key for this run, shown once: (ow-\S+)")
    for _ in range(2):
        assert gateway.ask("/v1/models").error["code"] == "invalid_api_key"
        request = get("/v1/models").replace(re.search(rb"ow-\w+", get("/"))[0], key.encode())  # type: ignore[index]
        for _ in range(6):
            assert Asking(gateway.port, request).reply().status == 200
        gateway.signal(HUP)  # the key stays
        gateway.heard("configuration 2 is in force", times=2)
    assert gateway.err.count(key) == 1
    gateway.signal(TERM)
    assert gateway.end() == 0


# ------------------------------------------------------------------------------------------------------------ takeover
@pytest.fixture
def data(tmp_path: Path) -> str:
    (tmp_path / "data").mkdir()
    return f"data_dir: {tmp_path / 'data'}\n"


@whole
def test_one_that_cannot_start_leaves_the_other_as_it_is(
    serve: Start, config: Config, data: str, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(SABOTAGE)
    broken = tmp_path / "broken"
    broken.touch()
    old = serve(config(more=data))
    workers = (old.port, old.workers())[1]
    text = config(more=data)
    new = serve(text, "--takeover", PYTHONPATH=str(tmp_path), BROKEN=str(broken))
    assert new.end() == 1
    assert "worker 0 ended with status 3 before it served" in new.err
    assert f"process {old.process.pid} serves on" in new.err
    old.heard("went before it served; this gateway stays in its place")
    assert old.workers() == workers
    assert old.ask("/readyz").status == 200

    old.process.send_signal(signal.SIGUSR2)  # the same arguments, and now nothing is broken
    fresh = int(old.heard(r"process (\d+) serves in this gateway's place"))
    assert old.end() == 0
    assert old.ask("/readyz").status == 200
    os.kill(fresh, TERM)
    until(lambda: refused(old.port), "the port to be free")


@whole
def test_a_takeover_cannot_move_and_a_plain_start_names_it(serve: Start, config: Config, data: str) -> None:
    old = serve(config(more=data))
    port = str(old.port)
    moved = serve(config(more=data), "--takeover", "--host", "localhost")
    assert moved.end() == 1
    assert "server.host is 127.0.0.1 at the gateway that runs, and localhost in this configuration" in moved.err
    plain = serve(config(more=data), "--port", port)
    assert plain.end() == 1
    assert f"process id {old.process.pid}, of the same data_dir, listens there" in plain.err
    assert "outwait serve --takeover" in plain.err


@whole
def test_one_whose_predecessor_dies_in_the_middle_serves(serve: Start, config: Config, data: str) -> None:
    old = serve(config(more=data))
    port = old.port
    new = serve(config(more=data), "--takeover")
    new.heard("Taking over from process")
    old.signal(KILL)
    assert new.port == port
    new.heard(f"process {old.process.pid}, whose place this gateway takes, is gone already|has taken the place")
    assert new.ask("/readyz").status == 200
    new.signal(TERM)
    assert new.end() == 0


@whole
def test_who_stops_the_new_one_waits_for_the_old_one_too(serve: Start, config: Config, data: str) -> None:
    old = serve(config(more=data))
    assert old.port
    stream = old.begin("silent-4s", stream=True)
    until(lambda: "outwait_in_flight 1.0" in old.ask("/metrics").body, "it to run")
    new = serve(config(more=data), "--takeover")
    new.heard("has taken the place of process")
    new.signal(TERM)
    told = stream.reply()
    assert told.whole
    assert '"finish_reason":"stop"' in told.body
    assert (new.end(), old.end()) == (0, 0)


@whole
def test_a_second_signal_hurries_the_old_one_too(serve: Start, config: Config, data: str) -> None:
    old = serve(config(more=data))
    assert old.port
    stream = old.begin("silent-30s", stream=True)
    until(lambda: "outwait_in_flight 1.0" in old.ask("/metrics").body, "it to run")
    new = serve(config(more=data), "--takeover")
    new.heard("has taken the place of process")
    new.signal(TERM)
    new.heard("SIGTERM: draining")
    new.signal(TERM)
    assert '"code":"gateway_draining"' in stream.reply().body
    assert (new.end(), old.end()) == (1, 1)


@whole
def test_with_nobody_there_a_takeover_is_a_plain_start(serve: Start, config: Config, data: str) -> None:
    new = serve(config(more=data), "--takeover")
    assert new.ask("/readyz").status == 200
    assert "nothing to take over, starting anew" in new.err

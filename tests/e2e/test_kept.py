"""What was begun outlives everything: its client, its worker, all processes at once."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import openai
import pytest
from tests.e2e.acts import Serve
from tests.e2e.asking import Heard, Line, ask, chat, get, request
from tests.e2e.backstage import Provider
from tests.e2e.stage import Gateway, Stage, until
from tests.e2e.steering import pid_of, reach, worker_of
from tests.store import postgres

KEY = {"Authorization": "Bearer key-dev"}
RETRY = KEY | {"x-stainless-retry-count": "1"}
MARK = "idempotent-replayed"
ENDLESS = "drip-100ms+long-900"


class House:
    """A gateway of two workers whose processes are killed, all at once, and started again in the same directory."""

    def __init__(self, stage: Stage, serve: Serve, config: Mapping[str, Any], folder: Path) -> None:
        self._stage = stage
        self._serve = serve
        self._config = {**config, "data_dir": str(folder)}
        self._lives = 0
        self._made: set[str] = set()  # a worker that is asked need not know yet what another one began
        self.folder = folder
        self.gateway = self.start()

    def start(self) -> Gateway:
        """Another life of it."""
        self._lives += 1
        self.gateway = self._serve(self._config, f"{self.folder.name}-{self._lives}")
        return self.gateway

    @property
    def port(self) -> int:
        return self.gateway.port

    def kill(self) -> None:
        """SIGKILL for the supervisor and all workers."""
        process = self.gateway.process
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for pid in (process.pid, *map(int, children)):
            os.kill(pid, signal.SIGKILL)
        process.wait(10)
        for pid in map(int, children):
            until(lambda: not _runs(pid), f"the end of {pid}")  # noqa: B023 - asked at once
        self._stage.programs.remove(self.gateway)

    def restart(self) -> None:
        """Kill it, and start it again."""
        self.kill()
        self.start()

    def state(self, ident: str) -> dict[str, Any]:
        """What is told of an exchange."""
        told: dict[str, Any] = get(self.port, f"/v1/exchanges/{ident}", KEY).json
        return told

    def stream(self, ident: str, after: str = "") -> Heard:
        """Its answer."""
        return get(self.port, f"/v1/exchanges/{ident}/stream{after}", KEY)

    def leave(self, body: bytes, headers: Mapping[str, str] = KEY, seconds: float = 0.4) -> str:
        """Ask, wait a little, and go; returns the exchange's id."""

        def asked() -> None:
            with Line(self.port) as line:
                line.send(request(body, headers))
                line.hear(seconds=seconds)

        return self.made_by(asked)

    def made_by(self, ask: Callable[[], None]) -> str:
        """The id of the exchange that `ask` began."""
        known = self._made | {each["id"] for each in self.listed()}
        ask()
        found: list[str] = []

        def seen() -> bool:
            found.extend(each["id"] for each in self.listed() if each["id"] not in known)
            return bool(found)

        until(seen, "the exchange", timeout=5)
        self._made.add(found[0])
        return found[0]

    def listed(self) -> list[dict[str, Any]]:
        """All exchanges that the store or any worker knows."""
        listed: list[dict[str, Any]] = get(self.port, "/v1/exchanges", KEY).json["data"]
        return listed

    def kept(self, ident: str) -> None:
        """Wait until an exchange is over: then it is on the disk."""
        until(lambda: self.state(ident)["status"] == "completed", f"the end of {ident}", timeout=8)

    def drafted(self, ident: str) -> None:
        """Wait until something of a running answer is on the disk."""
        self._found("SELECT count(*) FROM chunks WHERE exchange = ?", ident)

    def stored(self, ident: str) -> None:
        """Wait until an answer that was delivered whole is on the disk; its client is not kept waiting for that."""
        self._found("SELECT count(*) FROM exchanges WHERE id = ? AND state = 'completed'", ident)

    def _found(self, asked: str, ident: str) -> None:
        with closing(sqlite3.connect(f"file:{self.folder}/outwait.db?mode=ro", uri=True)) as database:
            until(lambda: database.execute(asked, (ident,)).fetchone()[0], asked, timeout=8)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture(scope="module")
def config(provider: Provider) -> dict[str, Any]:
    return {
        "channels": [{"name": "provider", "base_url": provider.url}],
        "keys": [{"name": "dev", "key": "key-dev", "on_disconnect": "finish", "heartbeat": "off"}],
        "retry": {"attempts": 1},
        "server": {"workers": 2},
    }


@pytest.fixture(scope="module")
def house(stage: Stage, serve: Serve, config: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(stage, serve, config, tmp_path_factory.mktemp("kept"))


@pytest.fixture(scope="module")
def shared(
    stage: Stage, serve: Serve, config: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """The same, with its store in PostgreSQL."""
    why = postgres.missing()
    if why is not None:
        pytest.skip(why)
    with ExitStack() as stack:
        url = stack.enter_context(postgres.server())
        made = House(stage, serve, {**config, "store": {"url": url}}, tmp_path_factory.mktemp("shared"))
        yield made
        made.kill()


@pytest.mark.parametrize(
    "place, stream", [("house", True), ("house", False), ("shared", True)], ids=["stream", "json", "stream, postgres"]
)
def test_an_answer_outlives_its_client_and_all_processes(
    request: pytest.FixtureRequest, provider: Provider, place: str, stream: bool
) -> None:
    house: House = request.getfixturevalue(place)
    asked = f"outlives {place} {stream}"
    ident = house.leave(chat("silent-800ms+long-9", stream=stream, question=asked))
    house.kept(ident)
    whole = house.stream(ident)
    assert (whole.end, len(whole.text.split())) == ("whole", 9)
    house.restart()
    state = house.state(ident)
    assert (state["status"], state["complete"], state["stream"]) == ("completed", True, stream)
    assert house.stream(ident).body == whole.body
    if stream:
        rest = house.stream(ident, "?starting_after=4").body
        assert whole.body.endswith(rest)
        assert whole.body.count(b"\n\n") - rest.count(b"\n\n") == 4
    else:
        assert state["result"] == whole.json
    assert [call.outcome for call in provider.calls(asked)] == ["whole"]


def test_a_retry_of_openais_sdk_gets_it_after_a_restart(house: House, provider: Provider) -> None:
    asked = "sdk's retry"

    def call(**headers: str) -> Any:
        with openai.OpenAI(base_url=house.gateway.url, api_key="key-dev", max_retries=0, timeout=10) as client:
            return client.with_options(timeout=10 if headers else 0.5).chat.completions.with_raw_response.create(
                model="silent-1200ms+long-9",
                messages=[{"role": "user", "content": asked}],
                extra_headers={name.replace("_", "-"): value for name, value in headers.items()},
            )

    def given_up() -> None:
        with pytest.raises(openai.APITimeoutError):
            call()

    ident = house.made_by(given_up)
    house.kept(ident)
    house.restart()
    reply = call(x_stainless_retry_count="1")
    assert reply.headers["x-outwait-exchange"] == ident
    assert len((reply.parse().choices[0].message.content or "").split()) == 9
    assert [call.outcome for call in provider.calls(asked)] == ["whole"]
    assert house.gateway.entry(ident)["adopted"] is True
    again = call(x_stainless_retry_count="1")  # it was given away
    assert again.headers["x-outwait-exchange"] != ident
    assert len(provider.calls(asked)) == 2


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
def test_a_name_leads_to_its_answer_after_a_restart(house: House, provider: Provider, stream: bool) -> None:
    asked = f"named {stream}"
    named = KEY | {"Idempotency-Key": asked}
    body = chat("drip-5ms+long-9", stream=stream, question=asked)
    first = ask(house.port, body, named)
    assert (first.status, first.end, MARK in first.headers) == (200, "whole", False)
    ident = first.headers["x-outwait-exchange"]
    house.stored(ident)
    house.restart()
    for _ in range(3):
        again = ask(house.port, body, named)
        assert (again.status, again.body, again.headers[MARK]) == (200, first.body, "true")
        assert again.headers["x-outwait-exchange"] == ident
    other = ask(house.port, chat("fast", question=f"{asked}?"), named)
    assert (other.status, other.error["code"]) == (422, "idempotency_mismatch")
    assert len(provider.calls(asked)) == 1


def test_what_ran_when_all_was_killed_is_lost_and_what_it_had_said_is_not(house: House, provider: Provider) -> None:
    asked = "killed"
    named = KEY | {"Idempotency-Key": asked}
    body = chat(ENDLESS, stream=True, question=asked)
    ident = house.leave(body, named, seconds=0.6)
    house.drafted(ident)
    house.restart()
    until(lambda: house.state(ident)["status"] != "running", "its burial")
    state = house.state(ident)
    assert (state["status"], state["complete"], state["fault"]["code"]) == ("lost", False, "exchange_lost")
    assert state["bytes"] > 0
    told = house.stream(ident)
    assert (told.status, told.finished, told.error["code"]) == (200, False, "exchange_lost")
    assert len(told.text.split()) > 3
    again = ask(house.port, body, named)  # the truth, instead of a second call that is paid for
    assert (again.headers[MARK], again.error["code"], again.text) == ("true", "exchange_lost", told.text)
    json_call = ask(house.port, chat(ENDLESS, stream=True, question=f"{asked}?"), named)
    assert (json_call.status, json_call.error["code"]) == (422, "idempotency_mismatch")
    assert len(provider.calls(asked)) == 1
    lost = re.compile(rb'outwait_lost_requests_total\{reason="process"\} [1-9]')
    until(lambda: lost.search(get(house.port, "/metrics").body), "the loss to be counted", timeout=5)


def test_the_other_worker_tells_within_seconds_that_one_was_lost(house: House, provider: Provider) -> None:
    asked = "one worker"
    line, worker = reach(house.gateway)
    body = chat(ENDLESS, stream=True, question=asked)
    with line:
        line.send(request(body, KEY))
        ident = line.hear(seconds=0.6).headers["x-outwait-exchange"]
    assert worker_of(ident) == worker
    house.drafted(ident)
    os.kill(pid_of(house.gateway, worker), signal.SIGKILL)
    other, _ = reach(house.gateway, other_than=worker)
    with other:
        other.send(request(chat("fast", question="still there"), KEY))
        assert other.hear().status == 200
    until(lambda: house.state(ident).get("status") == "lost", "the loss to be known", timeout=8)
    told = house.stream(ident)
    assert (told.status, told.finished, told.error["code"]) == (200, False, "exchange_lost")
    assert len(provider.calls(asked)) == 1


def test_no_file_holds_a_word_of_it(house: House, provider: Provider) -> None:
    """Prompts, answers and drafts of answers are encrypted wherever they lie."""
    asked = "a secret that nobody may read"
    running = house.leave(chat(ENDLESS, stream=True, question=asked), seconds=0.6)
    kept = house.leave(chat("silent-600ms+echo", question=asked), KEY | {"Idempotency-Key": "plain-or-not"})
    house.kept(kept)
    house.drafted(running)
    assert house.state(kept)["result"]["choices"][0]["message"]["content"] == asked
    words = [asked, "chat.completion.chunk", '"content"', '"choices"', "plain-or-not", "key-dev"]
    with Line(house.port) as line:  # a word of the draft, as it was sent
        line.send(request(chat(ENDLESS, stream=True, question=f"{asked}!"), KEY))
        words.append(json.dumps(line.hear(seconds=1.0).events[1]["choices"][0]))
    files = [path for path in house.folder.rglob("*") if path.is_file()]
    assert {"outwait.db", "outwait.db-wal"} <= {path.name for path in files}
    for path in files:
        data = path.read_bytes()
        assert [word for word in words if word.encode() in data] == [], path
    house.kill()
    for path in (each for each in files if each.exists()):
        data = path.read_bytes()
        assert [word for word in words if word.encode() in data] == [], path
    assert len(provider.calls(asked)) == 2
    house.start()

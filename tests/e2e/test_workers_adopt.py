"""Several workers: a retry gets the answer also when another worker takes it than the one that keeps its exchange."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping

import openai
import pytest
from tests.e2e.acts import Serve
from tests.e2e.asking import Heard, Line, chat, request
from tests.e2e.backstage import Provider
from tests.e2e.proxies import start_nginx
from tests.e2e.stage import Gateway, Stage, until
from tests.e2e.steering import Steering, lives, pid_of, reach, worker_of

KEY = {"Authorization": "Bearer key-quiet"}
RETRY = KEY | {"x-stainless-retry-count": "1"}


@pytest.fixture(scope="module", params=[2, 3], ids=["2 workers", "3 workers"])
def gateway(serve: Serve, provider: Provider, request: pytest.FixtureRequest) -> Gateway:
    return serve(
        {
            "channels": [{"name": "provider", "base_url": provider.url}],
            "keys": [
                {"name": "quiet", "key": "key-quiet", "on_disconnect": "finish", "heartbeat": "off"},
                {"name": "beating", "key": "key-beating", "on_disconnect": "finish"},
                {"name": "lingering", "key": "key-lingering", "on_disconnect": "linger:1s", "heartbeat": "off"},
            ],
            "retry": {"attempts": 1},
            "server": {"workers": request.param},
        },
        f"workers{request.param}",
    )


def begin(gateway: Gateway, body: bytes, headers: Mapping[str, str] = KEY, seconds: float = 0.4) -> str:
    """Ask, wait a little, and go; returns which worker took it."""
    line, worker = reach(gateway)
    with line:
        line.send(request(body, headers))
        assert line.hear(seconds=seconds).end == "open"
    return worker


def retry(gateway: Gateway, owner: str, body: bytes, headers: Mapping[str, str] = RETRY) -> Heard:
    """Ask again, at another worker."""
    line, _ = reach(gateway, other_than=owner)
    with line:
        line.send(request(body, headers))
        return line.hear()


def question(gateway: Gateway, about: str) -> str:
    return f"{about} {gateway.name}"


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
@pytest.mark.parametrize("moment", ["running", "finished"])
def test_a_retry_is_given_the_exchange_of_another_worker(
    gateway: Gateway, provider: Provider, moment: str, stream: bool
) -> None:
    asked = question(gateway, f"{moment} {stream}")
    body = chat("silent-1200ms+long-5", stream=stream, question=asked)
    owner = begin(gateway, body)
    if moment == "finished":
        until(lambda: provider.calls(asked)[0].outcome == "whole", "the answer", timeout=4)
    heard = retry(gateway, owner, body)
    assert (heard.status, heard.end, len(heard.text.split())) == (200, "whole", 5)
    assert worker_of(heard.headers["x-outwait-exchange"]) == owner
    assert [call.outcome for call in provider.calls(asked)] == ["whole"]
    entry = gateway.entry(heard.headers["x-outwait-exchange"])
    assert (entry["adopted"], entry["outcome"]) == (True, "completed")


def test_heartbeats_flow_through(gateway: Gateway, provider: Provider) -> None:
    asked = question(gateway, "beats")
    body = chat("silent-2500ms+long-5", stream=True, question=asked)
    owner = begin(gateway, body, {"Authorization": "Bearer key-beating"})
    heard = retry(gateway, owner, body, RETRY | {"Authorization": "Bearer key-beating"})
    assert (heard.end, len(heard.beats)) == ("whole", 2)
    assert len(provider.calls(asked)) == 1


def test_a_retry_that_leaves_again_is_followed_by_another(gateway: Gateway, provider: Provider) -> None:
    asked = question(gateway, "leaves again")
    body = chat("silent-1500ms+long-5", question=asked)
    owner = begin(gateway, body)
    line, _ = reach(gateway, other_than=owner)
    with line:
        line.send(request(body, RETRY))
        assert line.hear(seconds=0.4).end == "open"
    heard = retry(gateway, owner, body)
    assert (heard.status, len(heard.text.split())) == (200, 5)
    assert len(provider.calls(asked)) == 1


def test_the_owner_sees_readers_of_other_workers_come_and_leave(gateway: Gateway, provider: Provider) -> None:
    asked = question(gateway, "lingering")
    body = chat("hang", question=asked)
    key = {"Authorization": "Bearer key-lingering"}
    owner = begin(gateway, body, key, seconds=0.2)
    line, _ = reach(gateway, other_than=owner)
    with line:
        line.send(request(body, RETRY | key))
        assert line.hear(seconds=1.5).end == "open"
        assert [call.outcome for call in provider.calls(asked)] == ["running"]  # somebody reads it
    until(lambda: provider.calls(asked)[0].outcome == "cut", "the upstream call to be cut", timeout=3)


def test_a_question_that_nobody_keeps_is_asked_anew(gateway: Gateway, provider: Provider) -> None:
    asked = question(gateway, "anew")
    line, worker = reach(gateway)
    with line:
        line.send(request(chat("fast", question=asked), RETRY))
        heard = line.hear()
    assert heard.status == 200
    assert heard.seconds < 1
    assert worker_of(heard.headers["x-outwait-exchange"]) == worker
    assert len(provider.calls(asked)) == 1


@pytest.fixture
def replaced(gateway: Gateway) -> Iterator[None]:
    """A worker that the test kills is followed by another that serves, before the next test looks for one: until then
    the rest accepts in its stead.
    """
    before = lives(gateway)
    yield
    until(lambda: lives(gateway) > before, "a new worker")


@pytest.mark.usefixtures("replaced")
def test_a_dead_owner_leaves_nobody_waiting(gateway: Gateway, provider: Provider) -> None:
    asked = question(gateway, "dead")
    body = chat("silent-2s+long-5", question=asked)
    owner = begin(gateway, body)
    os.kill(pid_of(gateway, owner), signal.SIGKILL)
    heard = retry(gateway, owner, body)
    assert (heard.status, len(heard.text.split())) == (200, 5)
    assert [call.outcome for call in provider.calls(asked)] == ["cut", "whole"]


@pytest.mark.usefixtures("replaced")
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
def test_an_owner_that_dies_meanwhile_is_told_of(gateway: Gateway, provider: Provider, stream: bool) -> None:
    asked = question(gateway, f"dies {stream}")
    body = chat("silent-10s", stream=stream, question=asked)
    owner = begin(gateway, body)
    line, other = reach(gateway, other_than=owner)
    with line:
        line.send(request(body, RETRY))
        assert line.hear(seconds=0.4).end == "open"
        os.kill(pid_of(gateway, owner), signal.SIGKILL)
        heard = line.hear()
    assert (heard.status, heard.end, heard.error["code"]) == (503, "whole", "owner_unreachable")
    assert (heard.headers["x-should-retry"], heard.headers["retry-after"]) == ("true", "1")
    assert worker_of(heard.headers["x-outwait-exchange"]) == other


def test_nothing_internal_can_be_had_from_outside(gateway: Gateway) -> None:
    line = Line(gateway.port)
    with line:
        line.send(b"GET /internal/orphans/00 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        heard = line.hear()
    assert (heard.status, heard.error["code"]) == (404, "not_found")


def test_the_sdks_own_retry_gets_the_answer_from_another_worker(
    stage: Stage, gateway: Gateway, provider: Provider
) -> None:
    """Heartbeats off, nginx cuts after 3 s, the model is silent for 5 s, and each connection goes to another worker."""
    asked = question(gateway, "sdk")
    with Steering(gateway) as steering:
        url = start_nginx(stage, {"steering": steering.port}).url("nginx", "steering")
        with openai.OpenAI(base_url=url, api_key="key-quiet", timeout=30) as client:
            reply = client.chat.completions.create(
                model="silent-5s+long-5", messages=[{"role": "user", "content": asked}]
            )
        assert len((reply.choices[0].message.content or "").split()) == 5
        assert len(steering.taken) == 2
        assert len(set(steering.taken)) == 2
    assert [call.outcome for call in provider.calls(asked)] == ["whole"]


@pytest.mark.parametrize("place", [0, 3])
def test_a_client_comes_back_by_id_at_any_worker(gateway: Gateway, provider: Provider, place: int) -> None:
    about = question(gateway, f"back {place}")
    line, owner = reach(gateway)
    with line:
        line.send(request(chat("drip-60ms+long-20", question=about, stream=True), KEY))
        heard = line.hear(seconds=0.5)
    ident = heard.headers["x-outwait-exchange"]
    other, _ = reach(gateway, other_than=owner)
    with other:
        other.send(_get(f"/v1/exchanges/{ident}/stream?starting_after={place}"))
        rest = other.hear()
    assert (rest.status, rest.end) == (200, "whole")
    assert rest.body.endswith(b"data: [DONE]\n\n")
    events = rest.body.split(b"\n\n")
    missed = [event for event in heard.body.split(b"\n\n")[place:-1] if event]
    assert missed
    assert events[: len(missed)] == missed
    assert len(provider.calls(about)) == 1


def test_any_worker_can_cancel(gateway: Gateway, provider: Provider) -> None:
    about = question(gateway, "cancel")
    line, owner = reach(gateway)
    with line:
        line.send(request(chat("drip-60ms+long-400", question=about, stream=True), KEY))
        ident = line.hear(seconds=0.4).headers["x-outwait-exchange"]
    other, _ = reach(gateway, other_than=owner)
    with other:
        other.send(_get(f"/v1/exchanges/{ident}/cancel", "POST"))
        assert other.hear().json["status"] == "cancelled"
    until(lambda: [call.outcome for call in provider.calls(about)] == ["cut"], "the upstream call to be cut")


def _get(path: str, method: str = "GET") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "host: localhost", "connection: close", "authorization: Bearer key-quiet"]
    return ("\r\n".join([*lines, "content-length: 0"]) + "\r\n\r\n").encode()

"""Idempotency-Key with real processes: one upstream call for everybody who has the name, at any worker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import openai
import pytest
from tests.e2e.acts import Serve
from tests.e2e.asking import Heard, Line, ask, chat, get, request
from tests.e2e.backstage import Provider
from tests.e2e.stage import Gateway, until
from tests.e2e.steering import reach

KEY = {"Authorization": "Bearer key-dev"}
MARK = "idempotent-replayed"


@pytest.fixture(scope="module", params=[1, 2], ids=["1 worker", "2 workers"])
def gateway(serve: Serve, provider: Provider, request: pytest.FixtureRequest) -> Gateway:
    return serve(
        {
            "channels": [{"name": "provider", "base_url": provider.url}],
            "keys": [
                {"name": "dev", "key": "key-dev", "on_disconnect": "finish"},
                {"name": "other", "key": "key-other", "on_disconnect": "finish"},
                {"name": "leaving", "key": "key-leaving", "on_disconnect": "cancel"},
            ],
            "retry": {"attempts": 1},
            "server": {"workers": request.param},
        },
        f"named{request.param}",
    )


def named(name: str, key: Mapping[str, str] = KEY) -> dict[str, str]:
    return {**key, "Idempotency-Key": name}


def everywhere(gateway: Gateway) -> Iterator[Line]:
    """A connection to each of up to two workers."""
    line, worker = reach(gateway)
    yield line
    if gateway.name.endswith("2"):
        yield reach(gateway, other_than=worker)[0]


def at_each(gateway: Gateway, sent: bytes) -> list[Heard]:
    """What each worker answers, one after the other."""
    heard = []
    for line in everywhere(gateway):
        with line:
            line.send(sent)
            heard.append(line.hear())
    return heard


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
def test_twenty_at_once_make_one_call(gateway: Gateway, provider: Provider, stream: bool) -> None:
    asked = f"at once {gateway.name} {stream}"
    sent = chat("silent-500ms+long-5", stream=stream, question=asked)
    with ThreadPoolExecutor(20) as pool:
        heard = list(pool.map(lambda _: ask(gateway.port, sent, named(asked)), range(20)))
    assert {(each.status, each.end, len(each.text.split())) for each in heard} == {(200, "whole", 5)}
    assert len({each.headers["x-outwait-exchange"] for each in heard}) == 1
    assert len(provider.calls(asked)) == 1


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
def test_the_answer_is_replayed_byte_for_byte(gateway: Gateway, provider: Provider, stream: bool) -> None:
    asked = f"replay {gateway.name} {stream}"
    sent = request(chat("long-20", stream=stream, question=asked), named(asked))
    first, *more = at_each(gateway, sent)
    again = at_each(gateway, sent)
    assert MARK not in first.headers
    for each in (*more, *again):
        assert (each.status, each.end, each.body, each.headers[MARK]) == (200, "whole", first.body, "true")
    assert len(provider.calls(asked)) == 1


def test_who_comes_while_it_runs_gets_it_from_the_first_byte_with_heartbeats(
    gateway: Gateway, provider: Provider
) -> None:
    asked = f"attach {gateway.name}"
    sent = request(chat("silent-2500ms+long-5", stream=True, question=asked), named(asked))
    with ExitStack() as stack:
        lines = [stack.enter_context(line) for line in everywhere(gateway)]
        lines[0].send(sent)
        lines[0].hear(seconds=0.4)
        lines[0].__exit__()  # the first client goes
        for line in [*lines[1:], stack.enter_context(reach(gateway)[0])]:
            line.send(sent)
            heard = line.hear()
            assert (heard.status, heard.end, len(heard.text.split())) == (200, "whole", 5)
    assert len(provider.calls(asked)) == 1


def test_a_name_of_another_request_is_refused(gateway: Gateway, provider: Provider) -> None:
    asked = f"mismatch {gateway.name}"
    assert ask(gateway.port, chat("fast", question=asked), named(asked)).status == 200
    other = chat("fast", question=f"{asked} otherwise")
    for heard in at_each(gateway, request(other, named(asked))):
        assert (heard.status, heard.error["code"]) == (422, "idempotency_mismatch")
        assert (heard.error["param"], heard.headers["x-should-retry"]) == ("Idempotency-Key", "false")
    assert provider.calls(f"{asked} otherwise") == []
    theirs = ask(gateway.port, other, named(asked, {"Authorization": "Bearer key-other"}))
    assert (theirs.status, MARK in theirs.headers) == (200, False)  # names of different keys are different names


def test_a_failure_is_told_again_everywhere(gateway: Gateway, provider: Provider) -> None:
    asked = f"fails {gateway.name}"
    sent = request(chat("error-500", question=asked), named(asked))
    first, *more = [*at_each(gateway, sent), *at_each(gateway, sent)]
    assert (first.status, MARK in first.headers) == (500, False)
    for each in more:
        assert (each.status, each.error["message"], each.headers[MARK]) == (500, first.error["message"], "true")
        assert each.headers["x-should-retry"] == "false"
    assert len(provider.calls(asked)) == 1


def test_a_refusal_that_did_nothing_is_asked_anew(gateway: Gateway, provider: Provider) -> None:
    asked = f"limited {gateway.name}"
    sent = request(chat("error-429", question=asked), named(asked))
    heard = [*at_each(gateway, sent), *at_each(gateway, sent)]
    assert {(each.status, MARK in each.headers) for each in heard} == {(429, False)}
    assert len(provider.calls(asked)) == len(heard)


def test_the_cancelled_is_asked_anew(gateway: Gateway, provider: Provider) -> None:
    asked = f"cancelled {gateway.name}"
    key = {"Authorization": "Bearer key-leaving"}
    sent = request(chat("silent-800ms+long-5", question=asked), named(asked, key))
    line, _ = reach(gateway)
    with line:
        line.send(sent)
        assert line.hear(seconds=0.3).end == "open"
    until(lambda: provider.calls(asked)[0].outcome == "cut", "the upstream call to be cut", timeout=3)
    heard = at_each(gateway, sent)
    assert {(each.status, len(each.text.split())) for each in heard} == {(200, 5)}
    assert [call.outcome for call in provider.calls(asked)] == ["cut", "whole"]


@pytest.mark.parametrize("name", ["x" * 256, "caf\xe9"])
def test_a_name_that_cannot_be_one_is_refused(gateway: Gateway, name: str) -> None:
    sent = request(chat("fast"), KEY)[: -len(chat("fast"))].removesuffix(b"\r\n")
    with Line(gateway.port) as line:
        line.send(sent + b"Idempotency-Key: " + name.encode("latin-1") + b"\r\n\r\n" + chat("fast"))
        heard = line.hear()
    assert (heard.status, heard.error["code"], heard.error["param"]) == (400, "invalid_value", "Idempotency-Key")


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
def test_the_openai_sdk(gateway: Gateway, provider: Provider, stream: bool) -> None:
    asked = f"sdk {gateway.name} {stream}"
    texts, marks = [], []
    with openai.OpenAI(base_url=gateway.url, api_key="key-dev", max_retries=0) as client:
        for _ in range(3):
            reply = client.chat.completions.with_raw_response.create(
                model="long-20",
                messages=[{"role": "user", "content": asked}],
                stream=stream,
                extra_headers={"Idempotency-Key": asked},
            )
            marks.append(reply.headers.get(MARK))
            parsed = reply.parse()
            if isinstance(parsed, openai.Stream):
                texts.append("".join(chunk.choices[0].delta.content or "" for chunk in parsed if chunk.choices))
            else:
                texts.append(parsed.choices[0].message.content or "")
        with pytest.raises(openai.UnprocessableEntityError) as caught:
            client.chat.completions.create(
                model="long-20",
                messages=[{"role": "user", "content": "another"}],
                extra_headers={"Idempotency-Key": asked},
            )
    assert caught.value.code == "idempotency_mismatch"
    assert marks == [None, "true", "true"]
    assert len(set(texts)) == 1
    assert len(texts[0].split()) == 20
    assert len(provider.calls(asked)) == 1


def test_what_was_saved_is_counted(gateway: Gateway, provider: Provider) -> None:
    asked = f"counted {gateway.name}"
    sent = chat("fast", question=asked)
    before = _figures(gateway)
    for _ in range(3):
        ask(gateway.port, sent, named(asked))
    assert len(provider.calls(asked)) == 1
    until(lambda: all(now >= was + 2 for now, was in zip(_figures(gateway), before, strict=True)), "them", timeout=4)
    entry = next(entry for entry in reversed(gateway.entries()) if entry.get("replayed"))
    assert entry["duration"] < 1


def _figures(gateway: Gateway) -> list[float]:
    page = get(gateway.port, "/metrics").body.decode()
    names = ("outwait_replayed_requests_total", "outwait_calls_saved_total")
    return [
        float(next(line.split()[-1] for line in page.splitlines() if line.startswith(f"{name} "))) for name in names
    ]

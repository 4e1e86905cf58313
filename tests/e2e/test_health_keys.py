"""A gateway whose only key was refused: the next calls ask all the same, and few of them where it is dead indeed."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from tests.e2e.acts import Serve
from tests.e2e.asking import ask, chat, get
from tests.e2e.backstage import Backstage, Provider
from tests.e2e.crowd import together
from tests.e2e.looking import changes, channel, endpoint
from tests.e2e.stage import Gateway, until

from outwait.policy.last_resort import DEFAULT

GOOD, OTHER = "upstream-good", "upstream-other"
REFUSED = (502, "upstream_auth", "false")


@pytest.fixture
def upstream(backstage: Backstage) -> Provider:
    return backstage.simulate()


@pytest.fixture
def gateway(serve: Serve, upstream: Provider, request: pytest.FixtureRequest) -> Gateway:
    """One channel, one key, and no probes: nobody but clients finds out anything."""
    only = {"name": "c", "base_url": upstream.url, "api_keys": [GOOD]}
    return serve({"channels": [only], "health": {"probe": "off"}}, request.node.name[:40])


def told(gateway: Gateway, model: str, question: str = "?") -> tuple[int, str, str]:
    heard = ask(gateway.port, chat(model, question=question))
    return heard.status, heard.error["code"], heard.headers["x-should-retry"]


def dead(gateway: Gateway) -> int:
    return len(channel(gateway, "c")["keys"]["dead"])


def test_one_refusal_takes_nothing_from_those_who_come_next(gateway: Gateway) -> None:
    assert told(gateway, "error-401") == REFUSED
    assert dead(gateway) == 1
    assert (channel(gateway, "c")["state"], endpoint(gateway, "c/error-401")["state"]) == ("out", "dead")
    assert get(gateway.port, "/readyz").status == 200

    heard = ask(gateway.port, chat("fast"))
    assert (heard.status, heard.end) == (200, "whole")
    (line,) = (mark for mark in gateway.entry(heard.headers["x-outwait-exchange"])["timeline"] if "last resort" in mark)
    assert "c: last resort: its key was refused" in line
    assert line.endswith(" ago")
    assert dead(gateway) == 0
    assert channel(gateway, "c")["state"] == "up"
    first, last = [each for each in changes(gateway, "c") if each.startswith("key")]
    assert first == "key dead: number 0"
    assert last.startswith("key revived: number 0, answered as a last resort")
    assert [each for each in changes(gateway, "c") if "calls try it" in each]


def test_a_model_that_refuses_for_a_reason_of_its_own_takes_nobody_elses_key(gateway: Gateway) -> None:
    for _ in range(3):
        assert told(gateway, "error-401") == REFUSED
        assert ask(gateway.port, chat("fast")).status == 200
    assert len([each for each in changes(gateway, "c") if each.startswith("key dead")]) == 1


def test_several_clients_right_after_a_refusal(gateway: Gateway) -> None:
    assert told(gateway, "error-401") == REFUSED
    heard = together(gateway.port, [chat("fast", question=f"{number}") for number in range(10)])
    assert [each.status for each in heard] == [200] * 10
    mixed = together(gateway.port, [chat("error-401" if number % 2 else "fast") for number in range(20)])
    assert [each.status for each in mixed] == [200, 502] * 10
    assert dead(gateway) == 0


def test_after_many_refusals_of_one_model_others_are_answered(gateway: Gateway, upstream: Provider) -> None:
    for _ in range(60):
        assert told(gateway, "error-401") == REFUSED
    assert len(upstream.calls()) <= 1 + DEFAULT.burst + 10
    heard = together(gateway.port, [chat("fast", question=f"{number}") for number in range(10)])
    assert [each.status for each in heard] == [200] * 10


def test_a_dead_key_is_not_hammered_and_is_back_when_the_provider_takes_it(
    gateway: Gateway, upstream: Provider
) -> None:
    upstream.becomes(key=OTHER)
    began = time.monotonic()
    heard = [each for _ in range(20) for each in together(gateway.port, [chat("fast") for _ in range(10)])]
    spent = time.monotonic() - began
    assert Counter((each.status, each.error["code"], each.headers["x-should-retry"]) for each in heard) == {
        REFUSED: 200
    }
    reached = len(upstream.calls())
    # ten began before anybody knew; then what is left for those who have been refused, and one a second
    assert 1 < reached <= 10 + 2 * DEFAULT.burst + spent + 1
    remembered = [each for each in heard if each.headers.get("retry-after")]
    assert len(remembered) == 200 - reached
    assert {each.headers["retry-after"] for each in remembered} == {"30"}
    assert all(each.error["message"] == heard[0].error["message"] for each in heard)
    assert len([each for each in changes(gateway, "c") if each.startswith("key dead")]) == 1

    upstream.becomes(key=GOOD)
    until(lambda: ask(gateway.port, chat("fast")).status == 200, "its return", timeout=3)
    together_again = together(gateway.port, [chat("fast", question=f"{number}") for number in range(10)])
    assert [each.status for each in together_again] == [200] * 10
    assert dead(gateway) == 0


def test_an_empty_account_that_is_topped_up(gateway: Gateway, upstream: Provider) -> None:
    upstream.becomes(aliases={"fast": "error-402"})
    heard = ask(gateway.port, chat("fast"))
    assert (heard.status, heard.error["code"]) == (503, "upstream_quota")
    heard = ask(gateway.port, chat("fast"))
    assert (heard.status, heard.error["code"], heard.headers["x-should-retry"]) == (503, "upstream_quota", "false")
    upstream.becomes()
    assert ask(gateway.port, chat("fast")).status == 200
    assert dead(gateway) == 0


def test_dead_keys_stay_out_while_somebody_else_can_serve(serve: Serve, backstage: Backstage) -> None:
    refusing, well = backstage.simulate(key=OTHER), backstage.simulate()
    gateway = serve(
        {
            "channels": [
                {"name": "c", "base_url": refusing.url, "api_keys": [GOOD]},
                {"name": "d", "base_url": well.url, "api_keys": [GOOD]},
            ],
            "health": {"probe": "off"},
        },
        "keys-others",
    )
    heard = [ask(gateway.port, chat("fast", question=f"{number}")) for number in range(30)]
    assert [each.status for each in heard] == [200] * 30
    assert len(refusing.calls()) == 1

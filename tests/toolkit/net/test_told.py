from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from tests.toolkit.net import cases
from tests.toolkit.net.cases import WELL, through
from tests.toolkit.net.test_judge import ANY, WHAT

from outwait.core.tongue import Tongue
from outwait.toolkit.net.findings import Findings, Tunnel
from outwait.toolkit.net.judge import judge
from outwait.toolkit.net.steps import STAGES
from outwait.toolkit.net.told import Json, told


def of(found: Findings, tongue: Tongue = Tongue.EN) -> Json:
    plain: Json = json.loads(json.dumps(told(found, judge(found), tongue)))
    return plain


def test_all_is_well() -> None:
    found = of(WELL)
    assert found["target"] == {
        "url": "https://api.example.com/v1",
        "host": "api.example.com",
        "port": 443,
        "scheme": "https",
    }
    assert found["ok"] is True
    assert found["verdict"]["cause"] is None
    assert list(found["stages"]) == list(STAGES)
    assert found["stages"]["tcp"]["taken"] == cases.ADDRESS
    assert found["stages"]["tls"]["expires_in_days"] == 80.0
    assert found["stages"]["tls"]["hostname_matches"] is True
    assert found["stages"]["http"]["tcp_info"]["rtt"] == 0.02
    assert found["stages"]["dns"]["agree"] is True
    assert found["stages"]["proxy"] == {**found["stages"]["proxy"], "state": "not_tried", "applies": False}


@pytest.mark.parametrize("rule", WHAT)
def test_what_everybody_may_rely_on_is_always_there(rule: str) -> None:
    for found in WHAT[rule]:
        verdict = of(found)["verdict"]
        assert set(verdict) >= {"where", "cause", "side", "confidence", "evidence", "advice", "rule", "summary"}
        assert verdict["rule"] == rule
        assert verdict["confidence"] in ("high", "medium", "low")


def test_numbers_are_no_longer_than_they_are_true() -> None:
    assert of(WELL)["stages"]["loss"]["jitter"] == 0.0015
    assert of(WELL)["stages"]["tls"]["hello_confirmed"] is None  # the last flight of a handshake may be under way
    assert of(WHAT["tls_lost"][0])["stages"]["tls"]["hello_confirmed"] is False


def test_keys_are_the_same_in_both_languages() -> None:
    for found in (WELL, WHAT["tls_expired"][0], WHAT["dns_silent"][0]):
        english, chinese = of(found), of(found, Tongue.ZH)
        assert english["verdict"]["cause"] == chinese["verdict"]["cause"]
        assert english["verdict"]["summary"] != chinese["verdict"]["summary"]
        assert {name: set(stage) for name, stage in english["stages"].items()} == {
            name: set(stage) for name, stage in chinese["stages"].items()
        }


def test_the_way_without_the_proxy_is_told_beside_it() -> None:
    proxy = of(through(Tunnel.REFUSED, status=407))["stages"]["proxy"]
    assert (proxy["applies"], proxy["status"], proxy["outcome"]) == (True, 407, "refused")
    assert proxy["without_it"] == {"reached": True, "status": 200}
    assert of(replace(WELL, bypassed="http://p:1 (*)"))["stages"]["proxy"]["bypassed"] == "http://p:1 (*)"


@given(ANY)
def test_whatever_is_found_can_be_told(found: Findings) -> None:
    assert set(of(found)) == {"target", "at", "ok", "verdict", "stages"}

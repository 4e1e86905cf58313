from __future__ import annotations

from outwait.core.tongue import Tongue
from outwait.diagnosis.facts import facts
from outwait.diagnosis.read import read
from outwait.diagnosis.symptom import Symptom


def told(symptom: Symptom) -> dict[str, str]:
    return {each.quote: each.why for each in facts(read(symptom), symptom, Tongue.EN)}


def test_the_time_names_whose_limit_it_is() -> None:
    assert "nginx" in told(Symptom("504 Gateway Time-out", elapsed=60))["60 s"]
    ours = told(Symptom("UND_ERR_HEADERS_TIMEOUT", elapsed=300))["300 s"]
    assert "undici" in ours
    assert "Heroku" not in ours
    assert told(Symptom("UND_ERR_HEADERS_TIMEOUT", elapsed=47.7)) == {}
    assert told(Symptom("UND_ERR_HEADERS_TIMEOUT", elapsed=2)) == {}
    assert told(Symptom("getaddrinfo ENOTFOUND x", elapsed=60)) == {}


def test_pages_gateways_and_headers_speak() -> None:
    found = told(
        Symptom(
            "relay error: <center>nginx</center>",
            headers={"server": "nginx", "retry-after": "20", "x-outwait-channel": "a", "date": "now"},
        )
    )
    assert found.keys() == {"<center>", "relay error", "server: nginx", "retry-after: 20", "x-outwait-channel: a"}
    assert "nginx" in found["<center>"]


def test_the_model_says_how_much_silence_is_normal() -> None:
    assert "900 s" in told(Symptom("read timed out", "deepseek-r1"))[""]
    assert told(Symptom("insufficient_quota", "deepseek-r1")) == {}

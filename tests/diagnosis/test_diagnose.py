from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from outwait.core.tongue import Tongue
from outwait.diagnosis.diagnose import diagnose
from outwait.diagnosis.diagnosis import Confidence
from outwait.diagnosis.knowledge import PATTERNS
from outwait.diagnosis.symptom import Symptom

WORDS = st.sampled_from([pattern.needle for pattern in PATTERNS] + [" sk-abcdefgh12345678 ", "http://host/v1 ", "\n"])


def test_evidence_is_quoted_and_says_why_and_whence() -> None:
    found = diagnose(Symptom("cause: HeadersTimeoutError code: 'UND_ERR_HEADERS_TIMEOUT'", "deepseek-r1", 300))
    assert (found.cause, found.side, found.confidence) == ("first_byte_timeout", "client", Confidence.HIGH)
    assert [each.quote for each in found.evidence[:3]] == ["HeadersTimeoutError", "UND_ERR_HEADERS_TIMEOUT", "300 s"]
    assert all(each.why for each in found.evidence)
    assert found.evidence[0].source.startswith("https://")
    assert "undici" in found.advice
    assert found.confirm[0] == "outwait timeouts deepseek-r1"


def test_the_time_is_told_once() -> None:
    for text, elapsed in (("Error:", 60), ("fetch failed", 300), ("socket hang up", 60)):
        quotes = [each.quote for each in diagnose(Symptom(text, None, elapsed)).evidence]
        assert quotes.count(f"{elapsed} s") == 1
    assert [each.quote for each in diagnose(Symptom("Error:", None, 433)).evidence] == ["433 s"]


def test_a_quote_inside_another_is_not_repeated() -> None:
    quotes = [each.quote for each in diagnose(Symptom("connect: connection refused")).evidence]
    assert len(quotes) == len(
        {quote for quote in quotes if not any(quote in other for other in quotes if other != quote)}
    )


def test_alternatives_tell_side_and_confidence() -> None:
    found = diagnose(Symptom("read ECONNRESET after 3 s, status code 503, too many open sockets"))
    told = {each.cause: each for each in found.alternatives}
    assert told["overloaded"].confidence is Confidence.LOW
    assert told["resource_exhausted_local"].confidence is Confidence.MEDIUM
    assert told["resource_exhausted_local"].quote == "too many open"
    guessed = diagnose(Symptom("fetch failed")).alternatives
    assert {each.quote for each in guessed} == {""}


def test_commands_name_what_the_text_names() -> None:
    found = diagnose(Symptom("getaddrinfo ENOTFOUND api.example.net"))
    assert found.confirm == ("outwait net api.example.net",)
    assert diagnose(Symptom("getaddrinfo failed")).confirm == ("outwait net HOST",)
    assert diagnose(Symptom("connect ECONNREFUSED 10.1.2.3:8000")).confirm[0] == "outwait net 10.1.2.3:8000"
    strange = diagnose(Symptom("UND_ERR_HEADERS_TIMEOUT", "x; rm -rf /"))
    assert strange.confirm[0] == "outwait timeouts MODEL"


def test_unknown_says_what_to_collect_in_both_languages() -> None:
    english, chinese = (diagnose(Symptom("?"), tongue) for tongue in Tongue)
    assert (english.cause, english.side, english.confidence) == ("unknown", "unknown", Confidence.LOW)
    assert english.evidence == ()
    assert "--elapsed" in english.advice
    assert "--elapsed" in chinese.advice
    assert not chinese.now.isascii()


def test_secrets_are_not_quoted() -> None:
    found = diagnose(
        Symptom("Illegal header value b'Bearer sk-abcdefgh12345678', dial tcp sk-abcdefgh12345678: i/o timeout")
    )
    assert "12345678" not in json.dumps(found.told())


@given(st.lists(WORDS | st.text(max_size=12), max_size=10).map("".join), st.sampled_from(Tongue))
def test_any_text_is_answered_with_what_stands_in_it(text: str, tongue: Tongue) -> None:
    found = diagnose(Symptom(text, "o3", None, None, {"server": "nginx", "x-outwait-exchange": "ow_1"}), tongue)
    told = json.loads(json.dumps(found.told()))
    assert {"cause", "side", "confidence", "evidence", "alternatives", "advice"} <= told.keys()
    assert told["confidence"] in ("high", "medium", "low")
    assert told["advice"]
    assert told["now"]
    for each in [*told["evidence"], *told["alternatives"]]:
        plain = each["quote"].replace("[masked]", "")
        known = each["quote"] in text or "[masked]" in each["quote"] or plain.endswith(" s") or ": " in plain
        assert known or each["quote"].startswith(("HTTP ", "x-outwait-")), each
    assert "sk-abcdefgh12345678" not in json.dumps(told)

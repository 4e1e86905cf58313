from __future__ import annotations

from outwait.diagnosis.diagnosis import Alternative, Confidence, Diagnosis, Evidence


def test_it_is_told_as_one_json_object() -> None:
    found = Diagnosis(
        "dns_failure",
        "network",
        Confidence.HIGH,
        (Evidence("ENOTFOUND", "why", "dns_failure", "https://example.com"),),
        (Alternative("connect_timeout", "network", Confidence.LOW, ""),),
        "now change",
        "now",
        ("change",),
        ("outwait net host",),
    )
    assert found.told() == {
        "cause": "dns_failure",
        "side": "network",
        "confidence": "high",
        "evidence": [{"quote": "ENOTFOUND", "why": "why", "cause": "dns_failure", "source": "https://example.com"}],
        "alternatives": [{"cause": "connect_timeout", "side": "network", "confidence": "low", "quote": ""}],
        "advice": "now change",
        "now": "now",
        "change": ["change"],
        "confirm": ["outwait net host"],
    }

import json

from outwait.config.load import loads
from outwait.config.summary import summary


def test_what_would_start_is_plain_data_without_secrets() -> None:
    text = """
server: {host: "::1", workers: 2}
channels: [{name: a, max_in_flight: 3, base_url: 'http://h/v1', api_key: canary-1}]
keys: [{name: dev, key: canary-2, models: ["o3*"], admin: true}]
fallback: {o3: gpt-5}
sticky: conversation
timeouts: {preset: seed, total: 1h, rules: [{idle: 5}]}
"""
    told = summary(loads(text))
    assert "canary" not in json.dumps(told)
    assert (told["url"], told["workers"], told["preset"], told["rules"]) == ("http://[::1]:8787", 2, "seed", 2)
    assert told["channels"][0]["credentials"] == 1  # type: ignore[index]
    assert told["channels"][0]["max_in_flight"] == 3  # type: ignore[index]
    assert told["channels"][0]["models"] == ["*"]  # type: ignore[index]
    assert told["keys"][0]["name"] == "dev"  # type: ignore[index]
    assert told["keys"][0]["admin"] is True  # type: ignore[index]
    assert (told["fallback"], told["sticky"]) == ({"o3": ["gpt-5"]}, {"*": "conversation"})
    assert told["open_access"] is False

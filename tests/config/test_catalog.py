import hashlib

from outwait.config.catalog import build
from outwait.config.load import loads
from outwait.core.catalog import RetryRule, TimeoutRule
from outwait.core.plan import Heartbeat, Hedge
from outwait.core.principal import Principal
from outwait.policy.health_rules import HealthRules, rules_of

TEXT = """
channels:
  - name: a
    base_url: http://h/v1/
    api_keys: [k1, k2]
    models: ["o3*"]
    model_map: {o3: o3-2025}
    priority: 2
    weight: 0.5
    timeouts: {idle: 1m}
    upstream_stream: {"*": never, "o3*": always}
    headers: {X-Title: t}
    verify_tls: false
    max_in_flight: 8
keys:
  - {name: dev, key: ow-1, models: ["o3*"], timeouts: {total: 9}, heartbeat: {every: 5s, max: 1h},
     on_disconnect: "linger:2m"}
timeouts:
  preset: seed
  total: 50m
  floor: {idle: 5}
  ceiling: {total: 2h}
  rules:
    - {match: {model: "o3*", stream: false}, first_byte: 20m}
    - {name: slow, idle: 3m}
heartbeat: {every: 7, max: 30m, late_error: body}
retry: {attempts: 2, paid: {chat: 5%}}
on_disconnect: finish
scenarios: {"my-*": deep}
fallback: {o3: [gpt-5, "claude-x"], "my-*": gpt-5}
sticky: {"o3*": conversation, "*": off}
hedge: {enabled: true, after: 500ms}
health: {breaker: {in_row: 3}}
"""


def test_everything_reaches_the_catalog() -> None:
    catalog = build(loads(TEXT), version=7)
    (channel,) = catalog.channels
    assert (channel.name, channel.dialect, channel.base_url, channel.api_keys) == (
        "a",
        "openai",
        "http://h/v1",
        ("k1", "k2"),
    )
    assert (channel.models, channel.model_map, channel.priority, channel.weight) == (
        ("o3*",),
        {"o3": "o3-2025"},
        2,
        0.5,
    )
    assert (channel.timeouts, channel.headers, channel.verify_tls) == ({"idle": 60}, {"x-title": "t"}, False)
    assert channel.max_in_flight == 8
    assert (channel.upstream_stream, channel.upstream_stream_models) == ("never", {"o3*": "always"})
    assert catalog.keys == {
        hashlib.sha256(b"ow-1").digest(): Principal(
            "dev", ("o3*",), {"total": 9}, {"every": 5, "limit": 3600}, "linger:120"
        )
    }
    assert catalog.rules == (
        TimeoutRule("timeouts", {}, {"total": 3000}),
        TimeoutRule("timeouts.rules[0]", {"stream": False, "model": "o3*"}, {"first_byte": 1200}),
        TimeoutRule("slow", {}, {"idle": 180}),
    )
    assert (catalog.preset, catalog.floor, catalog.ceiling) == ("seed", {"idle": 5}, {"total": 7200})
    assert catalog.heartbeat == Heartbeat(every=7, limit=1800, late_error="body", reason="config heartbeat")
    assert catalog.retry == RetryRule(2, {"chat": 0.05})
    assert (catalog.on_disconnect, catalog.scenarios) == ({"*": "finish"}, {"my-*": "deep"})
    assert catalog.fallback == {"o3": ("gpt-5", "claude-x"), "my-*": ("gpt-5",)}
    assert catalog.sticky == {"o3*": "conversation", "*": "off"}
    assert catalog.hedge == Hedge(0.5)
    rules = rules_of(catalog)
    assert rules.standing.breaker.in_row == 3
    assert (rules.floor, rules.ceiling) == ({"idle": 5}, {"total": 7200})
    assert (catalog.version, catalog.open_access) == (7, False)


def test_defaults_are_the_core_words_defaults() -> None:
    catalog = build(loads("channels: [{name: a, base_url: 'http://h'}]"))
    assert catalog.heartbeat == Heartbeat()
    assert catalog.retry == RetryRule()
    assert (catalog.rules, catalog.on_disconnect, catalog.open_access) == ((), {}, True)
    assert (catalog.fallback, catalog.sticky, catalog.health) == ({}, {}, HealthRules())
    assert (catalog.channels[0].upstream_stream, catalog.channels[0].api_keys) == ("auto", ())


def test_what_a_provider_needs_reaches_the_catalog() -> None:
    text = """
channels:
  - {name: a, dialect: azure, base_url: 'https://h', api_version: 2024-10-21, endpoints: [responses]}
  - {name: b, dialect: vertex, region: us-east5, project: p, credentials_file: %s}
"""
    azure, vertex = build(loads(text % __file__)).channels
    assert (azure.dialect, azure.api_version, azure.endpoints) == ("azure", "2024-10-21", ("responses",))
    assert (vertex.region, vertex.project, vertex.credentials_file) == ("us-east5", "p", __file__)
    assert vertex.base_url == "https://us-east5-aiplatform.googleapis.com/v1"


def test_an_admin_key_is_an_admins_principal() -> None:
    text = """
channels: [{name: a, base_url: 'http://h'}]
keys: [{name: ops, key: k-1, admin: true, models: []}, {name: dev, key: k-2}]
"""
    ops, dev = build(loads(text)).keys.values()
    assert (ops.name, ops.admin, ops.models) == ("ops", True, ())
    assert (dev.name, dev.admin) == ("dev", False)


def test_hedging_is_off_unless_it_is_switched_on() -> None:
    channel = "channels: [{name: a, base_url: 'http://h'}]\n"
    found = [build(loads(channel + text)).hedge for text in ("", "hedge: off", "hedge: {after: 1s}", "hedge: on")]
    assert found == [None, None, None, Hedge()]

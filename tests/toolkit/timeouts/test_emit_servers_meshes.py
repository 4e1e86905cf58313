"""Envoy and nginx check their settings themselves (tests/e2e/test_timeouts_servers.py). Traefik and a cluster are not
to be had in a test: their settings are held against what their documentation allows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from tests.toolkit.timeouts.reading import READERS

from outwait.policy.limits import LIMITS
from outwait.policy.presets import PRESETS
from outwait.policy.scenarios import SCENARIOS
from outwait.toolkit.timeouts.advice import Advice, Facts, advise
from outwait.toolkit.timeouts.emit_servers_meshes import envoy, ingress_nginx, traefik_dynamic, traefik_static
from outwait.toolkit.timeouts.emit_servers_proxies import nginx

GO = r"(\d+(\.\d+)?(ns|us|ms|s|m|h))+"  # time.ParseDuration
ANY = r".*"

# doc.traefik.io/traefik/reference: install-configuration/entrypoints, install-configuration/providers/others/file
STATIC: Mapping[str, Any] = {
    "entryPoints": {
        "*": {
            "address": r":\d+",
            "transport": {"respondingTimeouts": {"readTimeout": GO, "writeTimeout": GO, "idleTimeout": GO}},
        }
    },
    "providers": {"file": {"directory": r"/\S+"}},
}
# doc.traefik.io/traefik/reference/routing-configuration/http: router, load-balancing/service, serverstransport
DYNAMIC: Mapping[str, Any] = {
    "http": {
        "routers": {"*": {"rule": r"PathPrefix\(`/`\)", "entryPoints": [r"\w+"], "service": r"\w+"}},
        "services": {
            "*": {
                "loadBalancer": {
                    "servers": [{"url": r"http://\S+"}],
                    "serversTransport": r"\w+",
                    "responseForwarding": {"flushInterval": GO},
                }
            }
        },
        "serversTransports": {
            "*": {"forwardingTimeouts": {"dialTimeout": GO, "responseHeaderTimeout": GO, "idleConnTimeout": GO}}
        },
    }
}
# kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations: numbers are seconds without a unit
PREFIX = "nginx.ingress.kubernetes.io/"
ANNOTATIONS = {
    "proxy-connect-timeout": r"\d+",
    "proxy-send-timeout": r"\d+",
    "proxy-read-timeout": r"\d+",
    "proxy-buffering": r"on|off",
    "proxy-next-upstream": r"off|[a-z0-9_ ]+",
    "proxy-body-size": r"\d+[kmg]?",
}


def held(plain: object, allowed: object, at: str = "") -> list[str]:
    """What of `plain` is not in `allowed`: a mapping of keys (`*`: any), a list of one kind, or a pattern."""
    if isinstance(allowed, Mapping):
        if not isinstance(plain, Mapping):
            return [f"{at}: no mapping"]
        unknown = [f"{at}.{key}" for key in plain if key not in allowed and "*" not in allowed]
        known = [key for key in plain if key in allowed or "*" in allowed]
        return unknown + [each for key in known for each in held(plain[key], allowed.get(key, allowed.get("*")), key)]
    if isinstance(allowed, list):
        return [each for item in plain for each in held(item, allowed[0], at)] if isinstance(plain, list) else [at]
    fits = isinstance(plain, str) and re.fullmatch(str(allowed), plain)
    return [] if fits else [f"{at}: {plain!r}"]


def everything() -> list[Advice]:
    return [advise(Facts(scenario=scenario, preset=preset)) for scenario in SCENARIOS for preset in PRESETS]


@pytest.mark.parametrize("advice", everything(), ids=lambda each: f"{each.scenario}-{each.facts.preset}")
def test_traefik_finds_only_keys_and_values_it_knows(advice: Advice) -> None:
    static, dynamic = yaml.safe_load(traefik_static(advice).text), yaml.safe_load(traefik_dynamic(advice).text)
    assert held(static, STATIC) == []
    assert held(dynamic, DYNAMIC) == []


def test_the_table_refuses_what_traefik_would() -> None:
    plain = yaml.safe_load(traefik_static(advise(Facts(model="o3"))).text)
    plain["entryPoints"]["llm"]["transport"]["respondingTimeouts"]["readTimout"] = "1s"
    plain["entryPoints"]["llm"]["address"] = 80
    assert len(held(plain, STATIC)) == 2


def test_the_two_files_of_traefik_belong_together() -> None:
    advice = advise(Facts(model="o3"))
    static, dynamic = yaml.safe_load(traefik_static(advice).text), yaml.safe_load(traefik_dynamic(advice).text)["http"]
    (router,) = dynamic["routers"].values()
    assert router["entryPoints"] == list(static["entryPoints"])
    assert router["service"] in dynamic["services"]
    assert dynamic["services"][router["service"]]["loadBalancer"]["serversTransport"] in dynamic["serversTransports"]
    folder = static["providers"]["file"]["directory"]
    assert traefik_dynamic(advice).text.startswith(f"# {folder}/{traefik_dynamic(advice).file}\n")


def test_traefik_does_not_end_long_calls_by_its_default_read_timeout() -> None:
    (row,) = [row for row in LIMITS if row.name == "traefik.readTimeout"]
    assert row.seconds is not None
    assert READERS["traefik-static"](traefik_static(advise(Facts(model="o3"))).text)["total"] > row.seconds


@pytest.mark.parametrize("advice", everything(), ids=lambda each: f"{each.scenario}-{each.facts.preset}")
def test_annotations_are_known_and_say_what_nginx_would_be_told(advice: Advice) -> None:
    plain = yaml.safe_load(ingress_nginx(advice).text)
    notes = plain["metadata"]["annotations"]
    assert [name for name in notes if name.removeprefix(PREFIX) not in ANNOTATIONS] == []
    for name, value in notes.items():
        assert re.fullmatch(ANNOTATIONS[name.removeprefix(PREFIX)], value), name
    same = READERS["nginx"](nginx(advice).text)
    assert {name: same[name] for name in ("connect", "write", "idle")} == READERS["ingress-nginx"](
        ingress_nginx(advice).text
    )
    known = {row.setting for row in LIMITS if row.product == "ingress-nginx"}
    assert known <= set(notes)


def test_an_ingress_is_one() -> None:
    plain = yaml.safe_load(ingress_nginx(advise(Facts(model="o3"))).text)
    assert (plain["apiVersion"], plain["kind"]) == ("networking.k8s.io/v1", "Ingress")
    (rule,) = plain["spec"]["rules"]
    assert rule["http"]["paths"][0]["backend"]["service"]["port"] == {"number": 8787}


def test_pods_get_time_to_finish() -> None:
    (note,) = ingress_nginx(advise(Facts(model="o3"))).notes
    assert "terminationGracePeriodSeconds: 3660" in note.en
    assert 'worker-shutdown-timeout: "3600s"' in note.zh


def test_behind_a_cloud_the_controller_keeps_connections_longer() -> None:
    _, note = ingress_nginx(advise(Facts(model="o3", behind=("gcp-lb", "ingress-nginx")))).notes
    assert 'keep-alive: "615"' in note.en
    assert 'keep-alive: "615"' in note.zh


def test_envoys_defaults_are_gone() -> None:
    found = READERS["envoy"](envoy(advise(Facts(model="o3"))).text)
    assert found["total"] == found["idle"] == 3630

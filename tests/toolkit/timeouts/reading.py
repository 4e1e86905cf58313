"""The numbers in emitted settings, read back out of their text: target -> what it sets, in seconds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import yaml

from outwait.core.fault import Clock
from outwait.policy import durations

Read = dict[str, float]

_UNITS: Final = {"": 1.0, "ms": 0.001, "s": 1.0}


def span(text: str) -> float:
    """`3630s`, `20500ms`, `20.5s`, `3630`: seconds. Other spellings are none the tools know."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|)", text)
    assert found, text
    return float(found[1]) * _UNITS[found[2]]


def one(pattern: str, text: str) -> float:
    """The one number that stands where `pattern` says."""
    found = re.findall(pattern, text, re.MULTILINE)
    assert len(found) == 1, (pattern, text)
    return span(found[0])


def _outwait(text: str) -> Read:
    plain = yaml.safe_load(text)
    (rule,) = plain["timeouts"]["rules"]
    spans = {clock.value: durations.parse(rule[clock.value]) for clock in Clock}
    server = plain["server"]
    kept = durations.parse(server["limits"]["keepalive"])
    return {**spans, "drain": durations.parse(server["drain"]), "kept": kept}


def _systemd(text: str) -> Read:
    return {"stop": one(r"^TimeoutStopSec=(\S+)$", text)}


def _nginx(text: str) -> Read:
    return {
        "connect": one(r"proxy_connect_timeout (\w+);", text),
        "write": one(r"proxy_send_timeout (\w+);", text),
        "idle": one(r"proxy_read_timeout (\w+);", text),
        "reuse": one(r"^    keepalive_timeout (\w+); +# shorter", text),
        "kept": one(r"^    keepalive_timeout (\w+); +# longer", text),
    }


def _haproxy(text: str) -> Read:
    idle, client = one(r"timeout server (\w+)", text), one(r"timeout client (\w+)", text)
    assert idle == client
    return {
        "connect": one(r"timeout connect (\w+)", text),
        "write": one(r"timeout http-request (\w+)", text),
        "idle": idle,
        "reuse": one(r"pool-purge-delay (\w+)", text),
        "kept": one(r"timeout http-keep-alive (\w+)", text),
    }


def _caddy(text: str) -> Read:
    head, idle = one(r"response_header_timeout (\w+)", text), one(r"\bread_timeout (\w+)", text)
    assert head == idle
    return {
        "connect": one(r"dial_timeout (\w+)", text),
        "write": one(r"write_timeout (\w+)", text),
        "idle": idle,
        "reuse": one(r"keepalive (\w+)", text),
        "kept": one(r"^\t+idle (\w+)", text),
    }


def _apache(text: str) -> Read:
    idle = one(r"\btimeout=(\d+)", text)
    assert idle == one(r"^ +Timeout (\d+)", text) == one(r"ProxyTimeout (\d+)", text)
    return {
        "connect": one(r"connectiontimeout=(\d+)", text),
        "idle": idle,
        "reuse": one(r"ttl=(\d+)", text),
        "kept": one(r"KeepAliveTimeout (\d+)", text),
    }


def _traefik_static(text: str) -> Read:
    spans = yaml.safe_load(text)["entryPoints"]["llm"]["transport"]["respondingTimeouts"]
    assert spans["readTimeout"] == spans["writeTimeout"]
    return {"total": span(spans["writeTimeout"]), "kept": span(spans["idleTimeout"])}


def _traefik_dynamic(text: str) -> Read:
    spans = yaml.safe_load(text)["http"]["serversTransports"]["outwait"]["forwardingTimeouts"]
    return {
        "connect": span(spans["dialTimeout"]),
        "idle": span(spans["responseHeaderTimeout"]),
        "reuse": span(spans["idleConnTimeout"]),
    }


def _envoy(text: str) -> Read:
    plain = yaml.safe_load(text)["static_resources"]
    manager = plain["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    route = manager["route_config"]["virtual_hosts"][0]["routes"][0]["route"]
    (cluster,) = plain["clusters"]
    (options,) = cluster["typed_extension_protocol_options"].values()
    assert manager["stream_idle_timeout"] == route["idle_timeout"]
    return {
        "connect": span(cluster["connect_timeout"]),
        "idle": span(route["idle_timeout"]),
        "total": span(route["timeout"]),
        "reuse": span(options["common_http_protocol_options"]["idle_timeout"]),
        "kept": span(manager["common_http_protocol_options"]["idle_timeout"]),
    }


def _ingress(text: str) -> Read:
    notes: Mapping[str, str] = yaml.safe_load(text)["metadata"]["annotations"]
    seconds = {name: notes[f"nginx.ingress.kubernetes.io/proxy-{name}-timeout"] for name in ("connect", "send", "read")}
    assert all(value.isdecimal() for value in seconds.values())
    return {"connect": span(seconds["connect"]), "write": span(seconds["send"]), "idle": span(seconds["read"])}


def _alb_cli(text: str) -> Read:
    return {
        "idle": one(r"Key=idle_timeout.timeout_seconds,Value=(\d+)$", text),
        "drain": one(r"Key=deregistration_delay.timeout_seconds,Value=(\d+)$", text),
    }


def _alb_terraform(text: str) -> Read:
    return {"idle": one(r"idle_timeout += (\d+)", text), "drain": one(r"deregistration_delay += (\d+)", text)}


def _alb_cloudformation(text: str) -> Read:
    made: Mapping[str, Any] = yaml.safe_load(text)["Resources"]
    balancer = made["LoadBalancer"]["Properties"]["LoadBalancerAttributes"]
    group = made["TargetGroup"]["Properties"]["TargetGroupAttributes"]
    values = {row["Key"]: row["Value"] for row in (*balancer, *group)}
    return {
        "idle": span(values["idle_timeout.timeout_seconds"]),
        "drain": span(values["deregistration_delay.timeout_seconds"]),
    }


def _cloudflare(text: str) -> Read:
    return {
        "idle": one(r"ends an answer after (\w+) without", text),
        "enterprise": one(r"\{\"value\": (\d+)\}", text),
    }


READERS: Final[Mapping[str, Callable[[str], Read]]] = {
    "outwait": _outwait,
    "systemd": _systemd,
    "nginx": _nginx,
    "haproxy": _haproxy,
    "caddy": _caddy,
    "apache": _apache,
    "traefik-static": _traefik_static,
    "traefik-dynamic": _traefik_dynamic,
    "envoy": _envoy,
    "ingress-nginx": _ingress,
    "alb-cli": _alb_cli,
    "alb-terraform": _alb_terraform,
    "alb-cloudformation": _alb_cloudformation,
    "cloudflare": _cloudflare,
}

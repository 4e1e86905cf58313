"""What a product on the way can be set to at most, and what nobody can change.

The defaults of products stand in `policy.limits`; a row there without a setting is a limit nobody can raise. Stated
here is what a row says in words only: how far its setting goes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from outwait.policy.limits import ANSWER, LIMITS, Kind, Limit

REUSED = 60.0  # what proxies are told: shorter than a gateway keeps idle connections (server.limits.keepalive, 75 s)
_PLACES = ("middlebox", "cloud")
_HAPROXY_MOST = 2_147_483.0  # seconds in 31 bits of milliseconds: https://docs.haproxy.org/2.6/configuration.html#2.5


@dataclass(frozen=True, slots=True)
class Box:
    """How long a product lets a call take at most, in seconds (infinite: as long as it is told to).

    `name`: as an option takes it. `product`: as `policy.limits` names it, "" for one that is not there. `idle`: between
    two bytes, and until the first; heartbeats help. `total`: all of it; nothing helps. `reuse`: how long it keeps an
    idle connection to what stands behind it, which must keep it longer; `REUSED` where that can be set. `cloud`: it
    runs elsewhere, and listens on no port of this machine.
    """

    name: str
    product: str = ""
    idle: float = math.inf
    total: float = math.inf
    reuse: float = REUSED
    cloud: bool = False


# Short names for long products.
ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "alb": "aws-alb",
        "api-gateway": "aws-api-gateway",
        "apache": "apache-httpd",
        "app-service": "azure-app-service",
        "azure-lb": "azure-load-balancer",
        "cloud-run": "google-cloud-run",
        "cloudfront": "aws-cloudfront",
        "front-door": "azure-front-door",
        "gcp-lb": "google-cloud-load-balancing",
        "nlb": "aws-nlb",
    }
)

# Row of `policy.limits` -> the highest value of its setting, in seconds.
MAXIMA: Final[Mapping[str, float]] = MappingProxyType(
    {
        "aws.alb.idle": 4000.0,
        "aws.clb.idle": 4000.0,
        "aws.nlb.idle": 6000.0,
        "aws.apigateway.rest": 29.0,  # more only by a quota
        "aws.apigateway.http": 30.0,
        "aws.cloudfront.read": 120.0,
        "aws.lambda": 900.0,
        "gcp.run": 3600.0,
        "gcp.apigateway": 3600.0,
        "azure.lb.idle": 6000.0,
        "azure.nat.idle": 7200.0,
        "azure.frontdoor": 240.0,
        "azure.frontdoor.classic": 240.0,
        "alibaba.alb.request": 180.0,
        "alibaba.clb.request": 180.0,
        "alibaba.clb.tcp": 900.0,
        "tencent.clb.read": 3600.0,
        "tencent.alb.request": 600.0,
        "huawei.elb.response": 300.0,
        "huawei.elb.tcp": 4000.0,
        "firebase.hosting": 60.0,  # what its row names is a way around it
        "vercel.function": 800.0,
        "digitalocean.lb": 600.0,
        "oracle.lb": 7200.0,
        "haproxy.server": _HAPROXY_MOST,
    }
)
_BY_IDLE = frozenset(("aws-alb",))  # they keep an idle connection for as long as their idle timeout
_OTHER_WAYS = frozenset(("cloudflare.read_new", "aws.apigateway.stream", "aws.apigateway.stream_total", "vercel.edge"))


def box(name: str) -> Box:
    """The limits of what is called `name`; for what is not known, none."""
    full = ALIASES.get(name, name)
    rows = [row for row in LIMITS if slug(row.product) == full and row.place in _PLACES and row.name not in _OTHER_WAYS]
    if not rows:
        return Box(name)
    made = Box(
        name,
        rows[0].product,
        idle=_least(rows, ("idle", "first_byte")),
        total=_least(rows, ("total",)),
        cloud=rows[0].place == "cloud",
    )
    if full in _BY_IDLE:
        return replace(made, reuse=math.inf)
    kept = [row.seconds for row in rows if row.name.endswith(".keepalive") and not row.setting]
    return replace(made, reuse=kept[0]) if kept and kept[0] is not None else made


def slug(product: str) -> str:
    """A product's name as an option takes it: `AWS ALB` is `aws-alb`; what is in brackets is left out."""
    return "-".join(product.partition(" (")[0].lower().split())


def short(name: str) -> str:
    """The short name of what has one."""
    return next((alias for alias, full in ALIASES.items() if full == name), name)


def names() -> tuple[str, ...]:
    """All names that are known, short ones instead of long ones."""
    return tuple(sorted({short(slug(row.product)) for row in LIMITS if row.place in _PLACES}))


def settings(name: str) -> tuple[Limit, ...]:
    """The rows of what is called `name` that end an answer and can be set."""
    full = ALIASES.get(name, name)
    rows = (row for row in LIMITS if slug(row.product) == full and row.place in _PLACES and row.kind in ANSWER)
    return tuple(row for row in rows if row.setting and row.name not in _OTHER_WAYS)


def most(row: Limit) -> float:
    """The highest value of a row's setting, in seconds; of one without a setting, what it is."""
    if row.name in MAXIMA:
        return MAXIMA[row.name]
    return math.inf if row.setting or row.seconds is None else row.seconds


def _least(rows: Iterable[Limit], kinds: tuple[Kind, ...]) -> float:
    """The lowest limit of `kinds` that cannot be raised, or not further."""
    return min((most(row) for row in rows if row.kind in kinds), default=math.inf)

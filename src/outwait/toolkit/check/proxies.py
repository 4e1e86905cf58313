"""The proxy of the environment that applies to an endpoint: which one it is, and what its failures are.

Which one is decided as in `outwait net`, and so is what a failure means: its rules and words are asked. As long as the
way to the proxy, or through it, is not made, the endpoint has heard nothing: whatever fails is not its doing, and
nothing is charged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import unquote

import httpx2

from outwait.core.fault import Fault, Stage, fault
from outwait.core.tongue import Tongue
from outwait.toolkit.check.words import Remark, Wrong
from outwait.toolkit.net.environment import Proxy, proxy_for
from outwait.toolkit.net.findings import Findings, Proxied, Tunnel
from outwait.toolkit.net.judge import judge
from outwait.toolkit.net.target import TargetError, parse

SPOKEN: Final = ("http", "https", "socks5", "socks5h")
_STATUS: Final = re.compile(r"(\d{3})\s*(.*)", re.DOTALL)  # how httpcore tells of an answer to CONNECT
_SOCKS: Final = {
    "Invalid username/password": 407,
    "from proxy server, but got": 407,
    "not allowed by ruleset": 403,
    "TTL expired": 504,
}
"""Words of a SOCKS proxy that refuses -> the status with which one of HTTP says the same; any other: 502."""


class Refusal(NamedTuple):
    """How far a proxy took a probe. `status`: of its answer, 0 for none. `words`: what it said."""

    tunnel: Tunnel
    status: int = 0
    words: str = ""


def applying(url: str, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy that clients would use for `url`; None: they go straight. Raises Wrong where it cannot be used."""
    try:
        target = parse(url)
    except TargetError:  # nobody gets there, and the probe will say so
        return None
    proxy = proxy_for(target, environ)
    if proxy is None or proxy.bypassed:
        return None
    example = f"{proxy.variable}=http://proxy.example:3128"
    if proxy.problem:
        raise Wrong("proxy_no_url", proxy.variable, why=proxy.problem, example=example)
    if proxy.scheme not in SPOKEN:
        known = ", ".join(f"{scheme}://" for scheme in SPOKEN)
        raise Wrong("proxy_scheme", proxy.variable, scheme=proxy.scheme, known=known, example=example)
    try:
        made(proxy)
    except (httpx2.InvalidURL, ValueError) as error:
        raise Wrong("proxy_no_url", proxy.variable, why=error, example=example) from error
    return proxy


def made(proxy: Proxy) -> httpx2.Proxy:
    """The same for the HTTP library."""
    user, colon, password = proxy.credentials.partition(":")
    auth = (unquote(user), unquote(password)) if user or colon else None
    return httpx2.Proxy(proxy.url, auth=auth)


def tunnels(proxy: Proxy | None, *, secure: bool) -> bool:
    """Whether a way through it is asked for before the request (CONNECT, SOCKS); else the request itself is its own."""
    return proxy is not None and (secure or proxy.scheme.startswith("socks"))


def named(proxy: Proxy, about: str) -> Remark:
    """That the endpoint `about` is behind it."""
    return Remark("proxied", {"proxy": proxy.url.partition("://")[2]}, about)


def refusal(told: str) -> Refusal:
    """What a proxy said instead of making the connection, in the library's words."""
    status = _STATUS.fullmatch(told)
    if status is not None:
        return Refusal(Tunnel.REFUSED, int(status[1]), status[2])
    return Refusal(Tunnel.REFUSED, next((number for words, number in _SOCKS.items() if words in told), 502), told)


def failed(proxy: Proxy, url: str, how: Refusal) -> Fault:
    """The fault of a probe of `url` that came no further than `proxy`. Its `hint` is the rule's name."""
    found = Proxied(proxy.variable, proxy.url, how.tunnel, 0.0, status=how.status, detail=how.words)
    verdict = judge(Findings(parse(url), 0.0, 0.0, proxied=found))
    told = verdict.summary.told(Tongue.EN)
    if proxy.scheme.startswith("socks") and how.tunnel is Tunnel.REFUSED:  # it has no numbers
        told = f"The proxy {proxy.url} made no connection."
    return fault(
        "upstream_connect",
        told,
        cause=verdict.cause,
        side=verdict.side,
        stage=Stage.CONNECTING,
        hint=verdict.rule,
        detail=f"proxy: {how.words}" if how.words and how.words not in told else None,
    )

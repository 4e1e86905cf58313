"""Findings to judge: one that is well, and what differs from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from outwait.toolkit.net.findings import (
    Answered,
    Asked,
    Attempt,
    Certificate,
    Findings,
    Heard,
    Hop,
    Loss,
    Mtu,
    Names,
    Proxied,
    Reached,
    Reply,
    Shook,
    Talk,
    TcpInfo,
    Tls,
    Trace,
    Tunnel,
)
from outwait.toolkit.net.target import parse

NOW = 1_800_000_000.0
DAY = 86_400.0
ADDRESS = "192.0.2.7"
INFO = TcpInfo(0.02, 0.001, 0.019, 0, 0, 0, 1500, 1448)
LEAF = Certificate(
    subject="api.example.com",
    issuer="Some CA",
    names=("api.example.com",),
    not_before=NOW - 10 * DAY,
    not_after=NOW + 80 * DAY,
    key="EC secp256r1",
    fingerprint="00",
    self_signed=False,
)
TLS = Tls(Shook.OK, 0.03, "TLSv1.3", "TLS_AES_256_GCM_SHA384", "h2", (LEAF,), acknowledged=True, info=INFO)
REPLY = Reply(
    Answered.ANSWER, "GET", 0.05, status=200, reason="OK", server="nginx", date=NOW, at=NOW + 0.5, acknowledged=True,
    info=INFO,
)  # fmt: skip
OPEN = Attempt(ADDRESS, Reached.OPEN, 0.02)
SERVER = Asked("10.0.0.53", Heard.ANSWER, 0.004, (ADDRESS,))
NAMES = Names((ADDRESS,), 0.005, asked=(SERVER,), searched=("api.example.com",))
TRACE = Trace(ADDRESS, (Hop(1, "10.0.0.1", 0.001, "udp"), Hop(2, ADDRESS, 0.02, "tcp+udp", last=True)), reached=True)
WELL = Findings(
    parse("https://api.example.com/v1"),
    NOW,
    2.0,
    names=NAMES,
    attempts=(OPEN,),
    talk=Talk(ADDRESS, TLS, REPLY),
    loss=Loss(ADDRESS, (0.02, 0.021, 0.02, 0.022, 0.02), 0, 0),
    mtu=Mtu(1500, 1500),
    trace=TRACE,
)
PROXIED = Proxied("HTTPS_PROXY", "http://proxy.example:3128", Tunnel.OPEN, 0.01, talk=WELL.talk)


def unnamed(*asked: Asked, system: tuple[str, ...] = (), error: str = "EAI_NONAME") -> Findings:
    """The name has no address."""
    names = Names(system, 0.1, error=error, timed_out=error == "timeout", asked=asked)
    return replace(WELL, names=names, attempts=(), talk=None, loss=None, mtu=None, trace=None)


def heard(kind: Heard, *, configured: bool = True) -> Asked:
    """A nameserver that said `kind`."""
    return Asked("10.0.0.53", kind, 0.01, (ADDRESS,) if kind is Heard.ANSWER else (), configured=configured)


def shut(*attempts: Attempt, trace: Trace | None = None) -> Findings:
    """No address takes a connection."""
    return replace(WELL, attempts=attempts, talk=None, loss=None, mtu=None, trace=trace)


def tried(reached: Reached, address: str = ADDRESS, **more: Any) -> Attempt:
    """One attempt."""
    return Attempt(address, reached, 0.2, **more)


def shaken(**more: Any) -> Findings:
    """A handshake that went otherwise; nothing was asked after it unless it could be done."""
    tls = replace(TLS, **more)
    done = tls.shook in (Shook.OK, Shook.UNTRUSTED)
    return replace(WELL, talk=Talk(ADDRESS, tls, REPLY if done else None))


def replied(**more: Any) -> Findings:
    """An answer that is another."""
    said = more.get("answered", Answered.ANSWER) is Answered.ANSWER
    silent: dict[str, Any] = {} if said else {"status": 0, "reason": "", "server": "", "date": None}
    return replace(WELL, talk=Talk(ADDRESS, TLS, replace(REPLY, **{**silent, **more})))


def through(tunnel: Tunnel, **more: Any) -> Findings:
    """A proxy that went otherwise."""
    return replace(WELL, proxied=replace(PROXIED, tunnel=tunnel, talk=None, **more))

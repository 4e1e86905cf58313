"""What the stages found: frozen data, made by the shells of this room and judged by `judge`.

Durations are seconds, dates are Unix times, addresses are texts without brackets.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from outwait.toolkit.net.target import Target


class Reached(StrEnum):
    """How a TCP connect ended."""

    OPEN = "open"
    REFUSED = "refused"  # a RST, or ICMP port unreachable
    TIMEOUT = "timeout"  # nothing came back
    PROHIBITED = "prohibited"  # ICMP: administratively prohibited
    UNREACHABLE = "unreachable"  # ICMP: no way to the host or its network
    NO_ROUTE = "no_route"  # this machine has no way there: no packet left
    LOCAL = "local"  # this machine refused: a local firewall, no port or descriptor left


class Heard(StrEnum):
    """How a question to one nameserver ended."""

    ANSWER = "answer"
    NXDOMAIN = "nxdomain"  # there is no such name
    NO_DATA = "no_data"  # the name is there, without an address
    SERVFAIL = "servfail"
    REFUSED = "refused"  # the nameserver does not answer this client
    SILENT = "silent"
    CLOSED = "closed"  # nothing listens there, or there is no way to it
    GARBLED = "garbled"


class Shook(StrEnum):
    """How a TLS handshake ended."""

    OK = "ok"
    UNTRUSTED = "untrusted"  # it can be done, but the certificate is not to be trusted
    NOT_TLS = "not_tls"
    ALERT = "alert"  # the peer declined: version, cipher or name
    RESET = "reset"
    CLOSED = "closed"
    SILENT = "silent"
    FAILED = "failed"


class Answered(StrEnum):
    """How an HTTP request ended."""

    ANSWER = "answer"
    SILENT = "silent"
    RESET = "reset"
    CLOSED = "closed"  # the connection ended in good order, without an answer
    GARBLED = "garbled"


class Problem(StrEnum):
    """What is wrong with a certificate; several may be."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    WRONG_HOST = "wrong_host"
    SELF_SIGNED = "self_signed"
    UNKNOWN_CA = "unknown_ca"
    INCOMPLETE_CHAIN = "incomplete_chain"
    OTHER = "other"


class Tunnel(StrEnum):
    """How far a proxy took a connection."""

    OPEN = "open"
    UNREACHED = "unreached"
    REFUSED = "refused"  # it answered CONNECT with another status than 2xx
    SILENT = "silent"
    BROKEN = "broken"  # what it says is no answer of a proxy
    BAD_URL = "bad_url"
    NOT_SPOKEN = "not_spoken"  # a kind that is not measured here, as SOCKS


@dataclass(frozen=True, slots=True)
class Asked:
    """One nameserver and what it said. `server`: `10.0.0.1` or `10.0.0.1:5353`. `configured`: this machine asks it."""

    server: str
    heard: Heard
    seconds: float
    addresses: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    detail: str = ""
    configured: bool = True


@dataclass(frozen=True, slots=True)
class Names:
    """DNS. `system`: what this machine's own lookup gave, in its order of preference; `error`: its error, "" if none.

    `hosts`: what the hosts file says of the name. `searched`: names that were asked for, with the search list.
    """

    system: tuple[str, ...]
    seconds: float
    error: str = ""
    timed_out: bool = False
    hosts: tuple[str, ...] = ()
    asked: tuple[Asked, ...] = ()
    searched: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """A TCP connect to one address. `icmp_from`: who sent the ICMP error. `own`: the address is this machine's."""

    address: str
    reached: Reached
    seconds: float
    detail: str = ""
    icmp_from: str | None = None
    own: bool = False


@dataclass(frozen=True, slots=True)
class TcpInfo:
    """The kernel's own figures of a connection (Linux TCP_INFO). `unacked`: segments not confirmed by the peer.

    `unsent`: bytes that have not left this machine.
    """

    rtt: float
    rttvar: float
    min_rtt: float | None
    retransmits: int
    unacked: int
    unsent: int
    pmtu: int
    snd_mss: int

    @property
    def delivered(self) -> bool:
        """The peer's machine has confirmed everything."""
        return self.unacked == 0 and self.unsent == 0


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate of a chain. `names`: host names and addresses it is for. `fetchable`: it says where its issuer's
    certificate is, as those of public authorities do. `common_names`: of its subject; they name hosts where `names`
    has no host's name.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: float
    not_after: float
    key: str
    fingerprint: str
    self_signed: bool
    fetchable: bool = False
    common_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tls:
    """A handshake. `detail`: OpenSSL's own words. `spoken`: how what is not TLS began.

    `acknowledged`: the peer's machine confirmed our hello. `without_name`: after a reset, whether a handshake that
    names no host comes further.
    """

    shook: Shook
    seconds: float
    version: str = ""
    cipher: str = ""
    alpn: str = ""
    chain: tuple[Certificate, ...] = ()
    problems: tuple[Problem, ...] = ()
    detail: str = ""
    spoken: str = ""
    acknowledged: bool | None = None
    without_name: bool | None = None
    info: TcpInfo | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP request and its answer. `first_byte`: request handed over → first byte, or → given up.

    `acknowledged`: the peer's machine confirmed the whole request. `signed`: who made the page, if it says. `date`: its
    Date header, `at`: own clock when it began. `wants_tls`: the answer to plain HTTP says that TLS is spoken here.
    """

    answered: Answered
    method: str
    first_byte: float
    status: int = 0
    reason: str = ""
    server: str = ""
    via: str = ""
    location: str = ""
    signed: str = ""
    date: float | None = None
    at: float = 0.0
    acknowledged: bool | None = None
    wants_tls: bool = False
    detail: str = ""
    info: TcpInfo | None = None


@dataclass(frozen=True, slots=True)
class Talk:
    """What was said over one connection: TLS, if the scheme wants it, then HTTP. None: not tried."""

    address: str
    tls: Tls | None
    reply: Reply | None


@dataclass(frozen=True, slots=True)
class Proxied:
    """The way through the proxy that the environment names for this target.

    `variable`: which one, `url`: without credentials. `status`: of its answer to CONNECT, 0 for none.
    """

    variable: str
    url: str
    tunnel: Tunnel
    seconds: float
    attempts: tuple[Attempt, ...] = ()
    status: int = 0
    detail: str = ""
    talk: Talk | None = None


@dataclass(frozen=True, slots=True)
class Loss:
    """Repeated TCP connects. `seconds`: of those that came through; `lost`: those that did not.

    `retransmits`: first packets that had to be sent again.
    """

    address: str
    seconds: tuple[float, ...]
    lost: int
    retransmits: int


@dataclass(frozen=True, slots=True)
class Mtu:
    """The largest packet of the path, in bytes. `interface`: of the way out. `told_by`: who asked for smaller ones.

    `hole`: small packets came through and large ones vanished without a word.
    """

    path: int
    interface: int
    told_by: str | None = None
    hole: bool = False


@dataclass(frozen=True, slots=True)
class Hop:
    """One router on the way; `address` is None for one that says nothing. `last`: it is the target itself."""

    ttl: int
    address: str | None
    seconds: float | None
    how: str = ""
    last: bool = False
    note: str = ""
    loss: float | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """The routers on the way. `reached`: the target answered. `by`: what measured it. `error`: why it could not.

    `instead`: what was to measure it, and why it could not.
    """

    address: str
    hops: tuple[Hop, ...]
    reached: bool
    by: str = "outwait"
    error: str = ""
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that was found. None: not tried.

    `now`: own clock. `slow`: from how many seconds on a first byte is late. `bypassed`: a proxy is configured, but
    NO_PROXY takes this host out. `spare`: addresses of the name that the system's lookup did not give.
    """

    target: Target
    now: float
    slow: float
    names: Names | None = None
    attempts: tuple[Attempt, ...] = ()
    talk: Talk | None = None
    proxied: Proxied | None = None
    bypassed: str = ""
    loss: Loss | None = None
    mtu: Mtu | None = None
    trace: Trace | None = None
    spare: bool = False

"""Rules about what was said on an open connection, and what is well but not good. The first that holds decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from outwait.core.fault import Side
from outwait.toolkit.net import quality, route, signs
from outwait.toolkit.net.findings import Answered, Findings, Problem, Reached, Reply, Shook, Tls
from outwait.toolkit.net.rules_reach import Rule

_C, _N, _M, _U = Side.CLIENT, Side.NETWORK, Side.MIDDLEBOX, Side.UPSTREAM
LOSSY: Final = 0.2
"""Share of lost packets from which on a path is called bad, with at least four connects tried."""
_SLOW_DNS: Final = 2.0  # seconds
_TIMED_OUT: Final = (504, 522, 523, 524)
_BAD_GATEWAY: Final = (502, 520, 521, 525, 526)
_FILTERS: Final = ("squid", "zscaler", "fortiguard")
Check = Callable[[Findings], bool]


def _shook(*kinds: Shook, also: Callable[[Tls], bool] = lambda _: True) -> Check:
    def holds(found: Findings) -> bool:
        tls = route.tls(found)
        return tls is not None and tls.shook in kinds and also(tls)

    return holds


def _here(check: Check) -> Check:
    return lambda found: route.here(found) and check(found)


def _wrong(problem: Problem) -> Check:
    return lambda found: route.wrong(found, problem)


def inspected(found: Findings) -> str:
    """The box that made the certificate; "" for none that is known."""
    tls = route.tls(found)
    chain = () if tls is None else tls.chain
    return next((box for each in chain if (box := signs.inspector(each.issuer))), "")


def _inspected_badly(found: Findings) -> bool:
    return _shook(Shook.UNTRUSTED)(found) and bool(inspected(found))


def _replied(check: Callable[[Reply], bool]) -> Check:
    def holds(found: Findings) -> bool:
        reply = route.reply(found)
        return reply is not None and check(reply)

    return holds


def _ended(*kinds: Answered) -> Check:
    return _replied(lambda reply: reply.answered in kinds)


def _silent(*, acknowledged: tuple[bool | None, ...]) -> Check:
    return _replied(lambda reply: reply.answered is Answered.SILENT and reply.acknowledged in acknowledged)


def _briefly(found: Findings) -> bool:
    """Nothing came, but so little time was given that a good server may need as much."""
    reply = route.reply(found)
    return reply is not None and reply.answered is Answered.SILENT and reply.first_byte < found.slow


def _status(*statuses: int) -> Check:
    return _replied(lambda reply: reply.answered is Answered.ANSWER and reply.status in statuses)


def _failing(reply: Reply) -> bool:
    return reply.answered is Answered.ANSWER and reply.status >= 500


def _filtered(reply: Reply) -> bool:
    return reply.status in (403, 451) and reply.signed in _FILTERS


def _speaks_tls(found: Findings) -> bool:
    reply = route.reply(found)
    return reply is not None and found.target.scheme == "http" and reply.wants_tls


def _in_a_hole(check: Check) -> Check:
    """`check`, where large packets of this path vanish: so may large answers."""
    return lambda found: found.mtu is not None and found.mtu.hole and check(found)


def _wants_certificate(found: Findings) -> bool:
    """The peer asked for a certificate of ours; by TLS 1.3 it says so after the handshake (RFC 8446, 6.2)."""
    tls, reply = route.tls(found), route.reply(found)
    said = "" if tls is None else tls.detail + ("" if reply is None else reply.detail)
    return "CERTIFICATE_REQUIRED" in said.upper().replace(" ", "_")


def _late(found: Findings) -> bool:
    reply = route.reply(found)
    return reply is not None and reply.answered is Answered.ANSWER and reply.first_byte >= found.slow


def _late_by_loss(found: Findings) -> bool:
    """Late, and packets of this very connection had to be sent again."""
    reply = route.reply(found)
    return _late(found) and reply is not None and reply.info is not None and reply.info.retransmits >= 2


def _lossy(found: Findings) -> bool:
    loss = found.loss
    return loss is not None and len(loss.seconds) + loss.lost >= 4 and quality.quality(loss).loss >= LOSSY


def _some(kind: Reached) -> Check:
    def holds(found: Findings) -> bool:
        straight = route.proxied(found) is None and bool(route.opened(found))
        return straight and any(each.reached is kind for each in route.dead(found))

    return holds


def _slow_names(found: Findings) -> bool:
    return route.proxied(found) is None and found.names is not None and found.names.seconds > _SLOW_DNS


def _well(found: Findings) -> bool:
    return _replied(lambda reply: reply.answered is Answered.ANSWER)(found)


_RESET, _CLOSED, _SILENT = _shook(Shook.RESET), _shook(Shook.CLOSED), _shook(Shook.SILENT)
_BY_NAME: Final = _shook(Shook.RESET, Shook.CLOSED, Shook.SILENT, also=lambda tls: tls.without_name is True)
_HOLE: Final = _in_a_hole(_silent(acknowledged=(True, None)))
_UNSEEN: Final = _shook(Shook.SILENT, also=lambda tls: tls.acknowledged is False)

RULES: Final[tuple[Rule, ...]] = (
    # TLS
    Rule("clock_wrong", route.clock_to_blame, "tls_failure", _C, "high"),
    Rule("tls_inspected", _inspected_badly, "tls_failure", _M, "high"),
    Rule("tls_expired", _wrong(Problem.EXPIRED), "tls_failure", _U, "high"),
    Rule("tls_not_yet_valid", _wrong(Problem.NOT_YET_VALID), "tls_failure", _U, "medium", (("tls_failure", _C),)),
    Rule("tls_wrong_host", _wrong(Problem.WRONG_HOST), "tls_failure", _U, "medium", (("tls_failure", _M),)),
    Rule("tls_self_signed", _wrong(Problem.SELF_SIGNED), "tls_failure", _U, "medium", (("tls_failure", _M),)),
    Rule("tls_incomplete", _wrong(Problem.INCOMPLETE_CHAIN), "tls_failure", _U, "high", (("tls_failure", _M),)),
    Rule("tls_unknown_ca", _wrong(Problem.UNKNOWN_CA), "tls_failure", _C, "medium", (("tls_failure", _M),)),
    Rule("tls_untrusted", _shook(Shook.UNTRUSTED), "tls_failure", _U, "low"),
    Rule("tls_not_spoken", _shook(Shook.NOT_TLS), "tls_failure", _C, "high"),
    Rule("tls_wants_certificate", _wants_certificate, "tls_failure", _C, "high"),
    Rule("tls_declined", _shook(Shook.ALERT), "tls_failure", _U, "medium", (("tls_failure", _C),)),
    Rule("tls_reset_here", _here(_RESET), "connect_reset", _U, "medium", (("connect_reset", _M),)),
    Rule("tls_name_blocked", _BY_NAME, "connect_reset", _M, "medium", (("connect_reset", _U),)),
    Rule("tls_reset", _RESET, "connect_reset", _M, "medium", (("connect_reset", _U),)),
    Rule("tls_closed_here", _here(_CLOSED), "tls_failure", _U, "medium"),
    Rule("tls_closed", _CLOSED, "tls_failure", _M, "medium", (("tls_failure", _U),)),
    Rule("tls_lost", _UNSEEN, "connect_timeout", _N, "high"),
    Rule("tls_black_hole", _in_a_hole(_SILENT), "connect_timeout", _N, "medium", (("connect_timeout", _U),)),
    Rule("tls_silent", _SILENT, "connect_timeout", _U, "medium", (("connect_timeout", _M),)),
    Rule("tls_failed", _shook(Shook.FAILED), "tls_failure", _U, "low"),
    # HTTP
    Rule("http_wants_tls", _speaks_tls, "bad_request", _C, "high"),
    Rule("http_reset_here", _here(_ended(Answered.RESET)), "connect_reset", _U, "medium", (("connect_reset", _M),)),
    Rule("http_reset", _ended(Answered.RESET), "connect_reset", _M, "medium", (("connect_reset", _U),)),
    Rule("http_closed", _ended(Answered.CLOSED), "connect_reset", _U, "medium", (("connect_reset", _M),)),
    Rule("http_lost", _silent(acknowledged=(False,)), "write_timeout", _N, "high"),
    Rule("http_black_hole", _HOLE, "first_byte_timeout", _N, "medium", (("first_byte_timeout", _U),)),
    Rule("http_silent_briefly", _briefly, "first_byte_timeout", _U, "medium"),
    Rule("http_silent", _silent(acknowledged=(True,)), "first_byte_timeout", _U, "high"),
    Rule("http_silent_unseen", _silent(acknowledged=(None,)), "first_byte_timeout", _U, "medium"),
    Rule("http_garbled", _ended(Answered.GARBLED), "bad_response", _U, "medium", (("bad_response", _M),)),
    Rule("http_captive", _status(511), "bad_response", _M, "high"),
    Rule("http_proxy_login", _status(407), "proxy_misconfigured", _C, "high"),
    Rule("http_filtered", _replied(_filtered), "permission_denied", _M, "high"),
    Rule("http_rate_limited", _status(429), "rate_limited", _U, "high"),
    Rule("http_gateway_timeout", _status(*_TIMED_OUT), "gateway_timeout_upstream", _M, "high"),
    Rule("http_overloaded", _status(503, 529), "overloaded", _U, "medium", (("upstream_error", _M),)),
    Rule("http_bad_gateway", _status(*_BAD_GATEWAY), "upstream_error", _U, "medium", (("upstream_error", _M),)),
    Rule("http_failing", _replied(_failing), "upstream_error", _U, "high"),
    # It answers, and yet.
    Rule("slow_network", _late_by_loss, "first_byte_timeout", _N, "medium", (("first_byte_timeout", _U),)),
    Rule("slow_server", _late, "first_byte_timeout", _U, "high"),
    Rule("address_dropped", _some(Reached.TIMEOUT), "connect_timeout", _N, "high"),
    Rule("address_refused", _some(Reached.REFUSED), "connect_refused", _U, "high"),
    Rule("address_prohibited", _some(Reached.PROHIBITED), "network_unreachable", _M, "high"),
    Rule("address_unreachable", _some(Reached.UNREACHABLE), "network_unreachable", _N, "high"),
    Rule("lossy", _lossy, "connect_timeout", _N, "medium"),
    Rule("slow_dns", _slow_names, "dns_failure", _N, "medium"),
    Rule("well", _well, "", None, "high"),
    # The time was over, or what was found fits no rule.
    Rule("unfinished", lambda _: True, "unknown", _C, "low"),
)

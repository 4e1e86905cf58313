"""What a retry of a failed attempt would mean, and whether there may be one (FACTS 2.1).

Everybody who retries asks two things: may the first attempt have been charged, and has the caller seen any of it?
`classify` answers from evidence alone: what the client has, what the upstream said, and, where it said nothing, how far
the request had come. What a proxy in between says is `hearsay` once the upstream may have the request. `permitted`
weighs the class against what is left of attempts and budgets, and says why. `should_retry` is the word to the client's
SDK, which obeys `x-should-retry`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from outwait.core.fault import Fault, RetryClass, Side, Stage, UpstreamError

SAFE, AMBIGUOUS, FINAL = RetryClass.SAFE, RetryClass.AMBIGUOUS, RetryClass.FINAL

# What the upstream's own words mean below 500, where the status alone does not tell (Groq sends 413 for a rate limit).
CAUSES: dict[str, RetryClass] = {
    "rate_limited": SAFE,
    "overloaded": SAFE,
    "quota_exhausted": SAFE,
    "auth_failed": SAFE,
    "permission_denied": SAFE,
    "model_not_found": SAFE,
    "bad_request": FINAL,
    "context_too_long": FINAL,
    "content_filtered": FINAL,
}

# HTTP statuses of an upstream. Not here: other 4xx are final, all else is ambiguous; 503 depends on Retry-After.
STATUSES: dict[int, RetryClass] = {
    401: SAFE,  # refused before work: another credential or channel may do
    402: SAFE,
    403: SAFE,
    404: SAFE,  # the model is not there; it may be elsewhere
    407: SAFE,  # a proxy wants to know who asks before it passes anything on
    408: AMBIGUOUS,
    409: AMBIGUOUS,
    424: AMBIGUOUS,  # Bedrock: the model failed at its work
    429: SAFE,
    521: SAFE,  # Cloudflare never reached the origin: refused, connect timeout, unreachable, TLS, no address
    522: SAFE,
    523: SAFE,
    525: SAFE,
    526: SAFE,
    529: SAFE,  # Anthropic: overloaded
    530: SAFE,
}

# Where an attempt stood when it broke without an answer. A request that was not whole cannot have been started.
STAGES: dict[Stage, RetryClass] = {
    Stage.QUEUED: SAFE,
    Stage.CONNECTING: SAFE,
    Stage.SENDING: SAFE,
    Stage.SENT: AMBIGUOUS,
    Stage.HEAD: AMBIGUOUS,
    Stage.CONTENT: AMBIGUOUS,
}

# Faults that happen outside an attempt, or mean the same at every stage. Not here: a fault on the client's side is
# final, all else is ambiguous.
CODES: dict[str, RetryClass] = {
    "request_timeout": SAFE,
    "rate_limited": SAFE,
    "no_healthy_channel": SAFE,
    "gateway_overloaded": SAFE,
    "gateway_draining": SAFE,
    "owner_unreachable": SAFE,  # a retry asks all workers again
    "storage_full": SAFE,
    "queue_timeout": SAFE,
    "connect_timeout": SAFE,
    "write_timeout": SAFE,
    "upstream_dns": SAFE,
    "upstream_connect": SAFE,
    "upstream_tls": SAFE,
    "upstream_auth": SAFE,
    "upstream_quota": SAFE,
}

# Remarks of the wire: a dead pooled connection, and an upstream that refused to stream, did nothing.
HINTS = frozenset(("stale", "unstreamable"))

# The hint of an error reply that proves nothing: whoever wrote it, the upstream may be at work on the request.
HEARSAY = "hearsay"

# Seconds after the whole request within which a proxy refuses by its own rules, before it asks anybody.
QUICK = 1.0

# Seconds within which Cloudflare's 522 means its handshake (19 s); the other one is a request that nobody confirmed
# for 90 s (developers.cloudflare.com, Error 522).
_HANDSHAKE = 30.0

# Cloudflare's numbers for an origin that it could not send the request to.
_UNREACHED = frozenset((521, 522, 523, 525, 526, 530))

# Safe for another channel, but the same request to the same channel would end the same way.
PERMANENT = frozenset(("auth_failed", "permission_denied", "quota_exhausted", "model_not_found", "proxy_misconfigured"))

# Those of them, and of what passes, that another credential of the same channel may mend.
_KEYED = frozenset(("auth_failed", "permission_denied", "quota_exhausted"))

# What a channel's protocol cannot say, it never will.
_UNSPEAKABLE = frozenset(("not_expressible", "not_supported"))

# So do a redirect and a path or model that is not there: the base URL is wrong, or the name.
_MISPLACED = frozenset((*range(300, 400), 404))

_ABOUT_WORDS = frozenset(("context_too_long", "content_filtered"))  # the words stay the same everywhere
_THROTTLES = frozenset((429, 503, 529))


class Teller(StrEnum):
    """Who wrote an error reply."""

    API = "api"  # the provider: an API's JSON
    CLOUDFLARE = "cloudflare"
    PROXY = "proxy"  # any other: a page, or words that are known
    UNREACHED = "unreached"  # a proxy whose words say that it had nobody to send the request to
    UNKNOWN = "unknown"  # plain text, or nothing


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether another attempt may follow, and why or why not."""

    allowed: bool
    reason: str


def classify(failed: Fault, *, committed: bool = False) -> RetryClass:
    """The class of a failed attempt. `committed`: content was handed to the replay buffer."""
    if committed:
        return RetryClass.COMMITTED
    if failed.hint in HINTS:
        return SAFE
    found = _said(failed)
    return AMBIGUOUS if found is SAFE and failed.hint == HEARSAY else found


def hearsay(teller: Teller, status: int, waited: float | None) -> bool:
    """Whether the error reply of `teller` proves nothing about what the upstream did.

    `waited`: seconds from the whole request to the reply's head; below 0 when the head came first, None if not known.
    A proxy refuses at once what it refuses by its own rules. Later, or with a 5xx, it may be telling of an upstream
    that has the request; only Cloudflare has numbers for one that it did not reach.
    """
    if teller in (Teller.API, Teller.UNREACHED) or status in (200, 407) or (waited is not None and waited < 0):
        return False
    if teller is Teller.CLOUDFLARE and status in _UNREACHED:
        return status == 522 and waited is not None and waited > _HANDSHAKE
    if teller is not Teller.UNKNOWN and status >= 500:
        return True
    return waited is not None and waited >= QUICK


def _said(failed: Fault) -> RetryClass:
    if failed.upstream is not None:
        return _answered(failed, failed.upstream)
    if failed.stage is not None and failed.code not in CODES:
        return STAGES[failed.stage]
    return CODES.get(failed.code, FINAL if failed.side is Side.CLIENT else AMBIGUOUS)


def _answered(failed: Fault, answer: UpstreamError) -> RetryClass:
    status = answer.status
    if status == 503:
        return SAFE if failed.retry_after is not None else AMBIGUOUS
    if status in STATUSES and failed.cause not in _ABOUT_WORDS:
        return STATUSES[status]
    if status < 500 and failed.cause in CAUSES:
        return CAUSES[failed.cause]
    if 300 <= status < 400:
        return SAFE  # redirects are not followed, so nothing was started
    return FINAL if 400 <= status < 500 else AMBIGUOUS


def permitted(retry_class: RetryClass, *, attempts: int, limit: int, active: bool, paid: bool) -> Verdict:
    """Whether another attempt may follow one of `retry_class`.

    `attempts`: made so far, of at most `limit`. `active`: the retry budget has room. `paid`: the budget for retries
    that may be charged twice has room.
    """
    if retry_class is RetryClass.COMMITTED:
        return Verdict(allowed=False, reason="the client already has content")
    if retry_class is FINAL:
        return Verdict(allowed=False, reason="the request itself was refused")
    if attempts >= limit:
        return Verdict(allowed=False, reason=f"all {limit} attempts are made")
    if not active:
        return Verdict(allowed=False, reason="the retry budget is used up")
    if retry_class is SAFE:
        return Verdict(allowed=True, reason="safe: the upstream did nothing")
    if not paid:
        return Verdict(allowed=False, reason="it may have been charged, and the paid retry budget has no room")
    return Verdict(allowed=True, reason="it may have been charged; within the paid retry budget")


def should_retry(failed: Fault, retry_class: RetryClass) -> bool:
    """The value of `x-should-retry`: true only where a retry costs nothing and may end differently."""
    return retry_class is SAFE and not permanent(failed)


def permanent(failed: Fault) -> bool:
    """Whether the channel that `failed` would fail the same way again, until somebody changes its settings."""
    if failed.cause in PERMANENT or unspeakable(failed):
        return True
    return failed.upstream is not None and failed.upstream.status in _MISPLACED and failed.hint != HEARSAY


def keyed(failed: Fault) -> bool:
    """Whether `failed` may be a matter of the credential that was used: another one may do."""
    return failed.cause in _KEYED or throttled(failed)


def unspeakable(failed: Fault) -> bool:
    """Whether the channel's protocol has no words for the request, so that nothing was sent to it."""
    return failed.code in _UNSPEAKABLE


def throttled(failed: Fault) -> bool:
    """Whether the upstream said "too much" (429, 503, 529, or in words), as opposed to a broken way to it."""
    if failed.upstream is not None and failed.upstream.status in _THROTTLES and failed.hint != HEARSAY:
        return True
    return failed.cause in {"rate_limited", "overloaded"}

"""What a failed attempt says about the endpoint it was made at.

A breaker must open for what the endpoint did, never for what a client asked or how long a client waited:

  failure    the way to it broke, it answered 5xx, or it was silent until one of our clocks ran out
  throttle   it works and said "too much": 429, and what means the same; no failure, but a half-open trial is lost
  key        it works and refused the credential, or the account is empty: the key is out, the endpoint is not
  nothing    the request was wrong, could not be said there, was cancelled, or failed on our own side

A key is out on good evidence only: 401, 402 or 403, a 429 for an empty account, or a code that the provider has for it
(Gemini says API_KEY_INVALID in a 400). Words that sound like it are none: a client could write them into its request,
have them quoted in the refusal, and so put out one key after the other.

`policy.retry` asks another question of the same fault, whether work may have begun: a 401 is safe to retry and no
failure, a refused connection is safe to retry and one.
"""

from __future__ import annotations

from enum import StrEnum

from outwait.core.fault import Fault, Side, Stage, UpstreamError
from outwait.policy.retry import HEARSAY, HINTS


class Blame(StrEnum):
    """Whom a failed attempt accuses."""

    FAILURE = "failure"
    THROTTLE = "throttle"
    KEY = "key"
    NOTHING = "nothing"


# What the upstream's own words mean, whatever status they came with.
CAUSES: dict[str, Blame] = {
    "rate_limited": Blame.THROTTLE,
    "auth_failed": Blame.KEY,
    "quota_exhausted": Blame.KEY,
    "permission_denied": Blame.NOTHING,  # often one model or one region of a key that is good for the rest
    "proxy_misconfigured": Blame.NOTHING,  # 407
    "bad_request": Blame.NOTHING,
    "context_too_long": Blame.NOTHING,
    "content_filtered": Blame.NOTHING,
}

# The hint of a fault whose cause was read out of the words of a reply that has neither the status nor a code for it.
WORDED = "worded"

_OURS = frozenset((Side.CLIENT, Side.GATEWAY))
_REFUSALS = frozenset((401, 402, 403))
_UNSENT = frozenset((Stage.QUEUED, Stage.CONNECTING))


def blame(failed: Fault) -> Blame:
    """Whom `failed` accuses."""
    if failed.hint in HINTS:
        return Blame.NOTHING  # a dead pooled connection, a refused stream: it is asked once more in another way
    answer = failed.upstream
    if answer is None and failed.side in _OURS:
        return Blame.NOTHING  # queue and total clocks too: they run over all attempts, and clients may set them
    said = CAUSES.get(failed.cause)
    if said is Blame.KEY:
        return _refused(failed, answer)
    if said is not None:
        return said
    return Blame.FAILURE if answer is None else _answered(failed, answer)


def _refused(failed: Fault, answer: UpstreamError | None) -> Blame:
    """The cause says that the credential or its account is no good; whether that is believed."""
    if failed.hint in {WORDED, HEARSAY}:
        return Blame.NOTHING
    if answer is None:
        # Before anything was sent nobody can have refused it: a short-lived credential could not be fetched.
        return Blame.FAILURE if failed.stage in _UNSENT else Blame.KEY
    status = answer.status
    if status in _REFUSALS or (status == 429 and failed.cause == "quota_exhausted"):
        return Blame.KEY
    return Blame.NOTHING if status < 300 else _answered(failed, answer)


def _answered(failed: Fault, answer: UpstreamError) -> Blame:
    status = answer.status
    if 400 <= status < 500:
        # Groq's 498 is "no capacity now"; other 4xx never count.
        return Blame.THROTTLE if status == 429 or failed.cause == "overloaded" else Blame.NOTHING
    if status < 300 and failed.cause == "model_not_found":
        return Blame.NOTHING  # an error object inside a 200
    return Blame.FAILURE  # 5xx, a redirect, an error object

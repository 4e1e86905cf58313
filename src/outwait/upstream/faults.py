"""An error reply of an upstream, told as a fault: tables of marks, read top down; the first row that fits decides.

What a fault says here is evidence, not policy: whether a retry is safe is decided from code, cause and status elsewhere
(FACTS 2.1). The status is the upstream's own, except where it would accuse the client of what is the channel's: refused
credentials and an empty account are told with the status of `core.fault`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from outwait.core.fault import Fault, Side, UpstreamError, fault
from outwait.policy.blame import WORDED
from outwait.policy.retry import HEARSAY, QUICK, Teller, hearsay
from outwait.upstream.redact import redact, redact_bytes
from outwait.upstream.words import READ_LIMIT, ErrorWords, read_words
from outwait.wire.retry_after import number_asked, seconds_asked

_U, _M, _C, _G = Side.UPSTREAM, Side.MIDDLEBOX, Side.CLIENT, Side.GATEWAY
_ANY = range(600)
_4XX = range(400, 500)
_BUSY = frozenset((200, 408, 429, 500, 502, 503, 504, 529))
_TYPES = {
    "rate_limited": "rate_limit_error",
    "overloaded": "overloaded_error",
    "gateway_timeout_upstream": "timeout_error",
    "bad_request": "invalid_request_error",
    "context_too_long": "invalid_request_error",
    "content_filtered": "invalid_request_error",
}
# Told with the status and message of the table in `core.fault`; the upstream's words stay in the detail.
_KEPT_FROM_CLIENTS = frozenset(("upstream_auth", "upstream_quota"))
_REFUSALS = frozenset((401, 402, 403, 429))
_MODERATED = re.compile(r"flagged|moderat", re.IGNORECASE)  # such a 403 may quote what the client wrote


@dataclass(frozen=True, slots=True)
class _Row:
    """`marks` (None: any words) in a reply with one of `statuses` mean this. `page`: whether a proxy wrote it.
    `doubted`: whether it proves nothing about the upstream. `late`: whether it came after a silence. `told`: the status
    for the client, if not the reply's own.
    """

    statuses: range | frozenset[int]
    marks: re.Pattern[str] | None
    code: str
    cause: str
    side: Side = _U
    page: bool | None = None
    doubted: bool | None = None
    late: bool | None = None
    told: int | None = None


def _marks(*words: str) -> re.Pattern[str]:
    return re.compile("|".join(words))


_QUOTA = _marks(
    "insufficient_quota",
    "insufficient_user_quota",
    "billing_(hard_limit|not_active)",
    "credit balance is too low",
    "insufficient[ _](account[ _])?(balance|credits?|funds)",
    "payment[ _]required",
    "quota is not enough",
    "out of credits?",
    "requires more credits",
    "exceeded_current_quota_error",
    "used all available credits",
    "reached (your specified api usage limits|its monthly spending limit)",
    "arrearage",
    "余额不足",
    "欠费",
)
_CONTEXT = _marks(
    "context_length_exceeded",
    "(maximum|max) context length",
    "context (window|length|size)",
    "too long to fit",
    "prompt is too long",
    "input (is|was) too long",
    "max_model_len",
    "reduce the length of (the|your)",
    "input token count.*exceeds",
    "exceeds? (the )?context limit",
)
_FILTER = _marks(
    "content[_ ]?filter",
    "content[_ ](management[_ ])?polic(y|ies)",
    "content_policy_violation",
    "data_inspection_failed",
    "responsible ?ai ?policy",
    "(flagged|blocked) (as|by|for|due)",
    "content.{0,20}(flagged|blocked|moderat)",
    "output blocked",
)
_OVERLOAD = _marks(
    "modelnotready",
    "overloaded",
    "over capacity|at capacity|no capacity",
    "server (is )?(too )?busy",
    "high demand",
    "no healthy upstream",
    "负载已饱和",
)
_NO_MODEL = _marks(
    "model_?not_?found",
    "deploymentnotfound",
    "(unknown|invalid|no such|unsupported) model",
    "model .{0,200}(does not exist|doesn't exist|not found|not supported|not available|isn.t supported)",
    "not a valid model",
    "no (endpoints|channels?|deployments?) .{0,40}(found|available).{0,40}model",
    "does not have access to model",
    "resource not found",
    r"not_found_error\nmodel: ",  # Anthropic
    r"models/\S+ is not (found|supported)",  # Gemini
    "provided model identifier is invalid|resolve the foundation model|end of its life",  # Bedrock
    "无可用渠道",
)
_TIMED_OUT = _marks(
    "deadline[ _]e?xpired", "deadline_exceeded", "gateway time-?out", "timed? ?out", "timing out", "timeout"
)
_BAD_KEY = _marks(
    "api[_ ]key[_ ](not[_ ]valid|invalid)",
    "(invalid|incorrect|expired)[_ ]api[_ ]key",
    "invalid authentication",
    "organization has been disabled",
    "unregistered callers|reported as leaked",  # Gemini
    "unrecognizedclient|(invalid|incomplete)signature|expiredtoken|missingauthenticationtoken",  # AWS
)
_THROTTLED = _marks("rate_limit", "rate limit", "too many requests")
_THROTTLED_ODDLY = _marks("rate_limit_exceeded", "servicequotaexceeded")  # Groq's 413, Bedrock's 400
_REGION = _marks(
    "location is not supported", "unsupported_country", "country, region", "not available in your (country|region)"
)

_FETCH_FAILED = _marks("backend fetch failed")  # Varnish: a timeout, a cut, or nobody there
_READ_FAILED = _marks("error reading from remote server")  # Apache: a timeout or a cut

ROWS: tuple[_Row, ...] = (
    # what a proxy said when it had waited: lighttpd's 404 after its read-timeout
    _Row(
        frozenset((401, 402, 403, 404, 405)),
        None,
        "upstream_error",
        "gateway_timeout_upstream",
        _M,
        page=True,
        doubted=True,
        told=504,
    ),
    # what the channel is to blame for
    _Row(frozenset((402,)), None, "upstream_quota", "quota_exhausted"),
    _Row(frozenset((200, 400, 401, 403, 429, 500, 503)), _QUOTA, "upstream_quota", "quota_exhausted"),
    _Row(frozenset((400, 401, 403)), _REGION, "upstream_auth", "permission_denied"),
    _Row(frozenset((200, 400, 401, 403, 404, 500, 503)), _NO_MODEL, "model_not_found", "model_not_found"),
    _Row(frozenset((403,)), None, "upstream_auth", "permission_denied", _M, page=True),
    _Row(frozenset((403,)), _FILTER, "upstream_error", "content_filtered"),
    _Row(frozenset((200, 400, 403)), _BAD_KEY, "upstream_auth", "auth_failed"),
    _Row(frozenset((401,)), None, "upstream_auth", "auth_failed"),
    _Row(frozenset((403,)), None, "upstream_auth", "permission_denied"),
    _Row(frozenset((407,)), None, "upstream_error", "proxy_misconfigured", _M, told=502),
    # what the request is to blame for
    _Row(frozenset((413,)), None, "upstream_error", "bad_request", _M, page=True),
    _Row(frozenset((200, 400, 413, 422, 500)), _CONTEXT, "upstream_error", "context_too_long"),
    _Row(frozenset((200, 400, 422, 500)), _FILTER, "upstream_error", "content_filtered"),
    # what time and load are to blame for
    _Row(_BUSY, _OVERLOAD, "upstream_error", "overloaded"),
    _Row(frozenset((429,)), None, "upstream_error", "rate_limited"),
    _Row(frozenset((200, 500)), _THROTTLED, "upstream_error", "rate_limited"),
    _Row(frozenset((400, 413)), _THROTTLED_ODDLY, "upstream_error", "rate_limited"),
    _Row(frozenset((498,)), None, "upstream_error", "overloaded"),  # Groq: flex capacity is used up
    _Row(frozenset((424,)), None, "upstream_error", "upstream_error"),  # Bedrock: the model failed
    _Row(frozenset((524, 598, 599)), None, "upstream_error", "gateway_timeout_upstream", _M),
    _Row(frozenset((408, 502, 503, 504)), _TIMED_OUT, "upstream_error", "gateway_timeout_upstream", _M, page=True),
    _Row(frozenset((502,)), _READ_FAILED, "upstream_error", "upstream_error", _M, page=True, late=False),
    _Row(frozenset((502,)), _READ_FAILED, "upstream_error", "gateway_timeout_upstream", _M, page=True),
    _Row(frozenset((503,)), _FETCH_FAILED, "upstream_error", "gateway_timeout_upstream", _M, page=True, late=True),
    _Row(frozenset((408, 500, 502, 503)), _TIMED_OUT, "upstream_error", "gateway_timeout_upstream"),
    _Row(frozenset((408, 504)), None, "upstream_error", "gateway_timeout_upstream"),
    _Row(frozenset((503,)), None, "upstream_error", "overloaded", _M, page=True),
    _Row(frozenset((503, 529)), None, "upstream_error", "overloaded"),
    # Cloudflare's own numbers for what is behind it; from somebody else they mean less
    _Row(frozenset((522,)), None, "upstream_error", "gateway_timeout_upstream", _M, page=True, doubted=True),
    _Row(frozenset((521, 523, 525, 526)), None, "upstream_error", "upstream_error", _M, page=True, doubted=True),
    _Row(frozenset((521,)), None, "upstream_error", "connect_refused"),
    _Row(frozenset((522,)), None, "upstream_error", "connect_timeout"),
    _Row(frozenset((523,)), None, "upstream_error", "network_unreachable"),
    _Row(frozenset((525, 526)), None, "upstream_error", "tls_failure"),
    # the rest, by number
    _Row(frozenset((404, 405)), None, "upstream_error", "bad_request", _G),
    _Row(_4XX, None, "upstream_error", "bad_request", _C),
    _Row(_ANY, None, "upstream_error", "upstream_error"),
)
_UNSTREAMABLE = _marks(
    r"stream(ing)?\W.{0,40}(not|n't|un)\W?.{0,12}(support|allow|available|enabled)",
    r"(not|n't|un)\W?.{0,12}(support|allow|available).{0,20}\bstream(ing)?\b",
    r"verified to stream",
    r"'stream'",
)


def reply_fault(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: float,
    secrets: tuple[str, ...] = (),
    waited: float | None = None,
) -> Fault:
    """The fault that the error reply (`status`, lower-case `headers`, decoded `body`) means.

    `status` 200: an error object inside a 200 reply. `now`: seconds since the epoch, for a Retry-After date.
    `secrets`: the channel's own keys, taken out of everything that is kept. `waited`: seconds from the whole request to
    the head of the reply, below 0 when the head came first, None if not known.
    """
    words = read_words(headers, body)
    kept = UpstreamError(status, headers.get("content-type", ""), redact_bytes(body[:READ_LIMIT], secrets))
    wait = retry_after(headers, now)
    if wait is None:
        wait = words.retry
    doubted = hearsay(_teller(status, headers, words), status, waited)
    if 300 <= status < 400:
        message = "The upstream answered with a redirect, and redirects are not followed: is its base_url right?"
        detail = f"{status} to {redact(headers.get('location', 'nowhere'), secrets)[:500]}"
        return fault("upstream_bad_response", message, upstream=kept, hint=HEARSAY if doubted else None, detail=detail)
    said = redact(words.message, secrets)
    effective = _effective(status, words)
    late = None if waited is None else waited >= QUICK
    row = next(row for row in ROWS if _fits(row, effective, words) and _befits(row, doubted, late))
    detail = f"HTTP {status}, {words.code or words.type or 'no code'}: {said[:300]}"
    if words.proxy is not None:
        detail = f"{detail} (told by {words.proxy})"
    if row.code in _KEPT_FROM_CLIENTS:
        hint = HEARSAY if doubted else None if _proven(row, effective, words) else WORDED
        return fault(row.code, cause=row.cause, side=row.side, retry_after=wait, detail=detail, hint=hint)
    side = row.side
    if row.cause == "gateway_timeout_upstream" and not words.spoken and effective == 504:
        side = _M  # a 504 without an API's error object comes from something in between
    return fault(
        row.code,
        _told(effective, said, words, doubted=doubted),
        status=row.told or (effective if 400 <= effective <= 599 else None),
        cause=row.cause,
        side=side,
        type=_TYPES.get(row.cause),
        param=words.param,
        retry_after=wait,
        upstream=kept,
        hint=HEARSAY if doubted else _hint(effective, words),
        detail=detail,
    )


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds the upstream asks to wait (`retry-after-ms`, or `Retry-After` as seconds or date); None if it does not.

    What is negative, not a number or not finite is ignored (FACTS 2.2); a date in the past means 0.
    """
    milliseconds = number_asked(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds * 0.001
    return seconds_asked(headers.get("retry-after", ""), now)


def _effective(status: int, words: ErrorWords) -> int:
    """The status that tells: an error object in a 200 reply often names its own (OpenRouter: `"code": 429`)."""
    if status != 200:
        return status
    code = words.code
    return int(code) if re.fullmatch(r"[45][0-9]{2}", code) else 200


def _teller(status: int, headers: Mapping[str, str], words: ErrorWords) -> Teller:
    """Who wrote the reply. Cloudflare's own numbers may come without any words."""
    if not words.message and words.proxy is None and status > 520 and "cloudflare" in headers.get("server", "").lower():
        return Teller.CLOUDFLARE
    return words.teller


def _fits(row: _Row, status: int, words: ErrorWords) -> bool:
    if status not in row.statuses or (row.page is not None and row.page != (words.proxy is not None)):
        return False
    return row.marks is None or row.marks.search(words.all) is not None


def _befits(row: _Row, doubted: bool, late: bool | None) -> bool:
    return row.doubted in (None, doubted) and (row.late is None or row.late is late)


def _proven(row: _Row, status: int, words: ErrorWords) -> bool:
    """Whether more than the message's words, which may quote the client's, say that the channel is to blame."""
    if status in _REFUSALS and not (status == 403 and _MODERATED.search(words.message)):
        return True
    return row.marks is not None and row.marks.search(words.codes) is not None


def _told(status: int, said: str, words: ErrorWords, *, doubted: bool) -> str | None:
    """The message for the client: the API's own words as they are, a proxy's page by name and number."""
    if status == 407:
        who = "A proxy" if words.proxy in (None, "a proxy") else f"{words.proxy}, a proxy"
        return f"{who} in front of the upstream wants a login (407), so nothing was passed on: {said or 'no words'}"
    if words.proxy is not None:
        who = words.proxy[0].upper() + words.proxy[1:]
        told = f"{who}, in front of the upstream, answered {status}: {said or 'no words'}"
        return f"{told} (the upstream may be at work on the request)" if doubted else told
    return said or f"The upstream answered with status {status} and no message."


def _hint(status: int, words: ErrorWords) -> str | None:
    """`unstreamable`: the upstream would take the request without `stream: true`."""
    if status not in (400, 403, 422):
        return None
    return "unstreamable" if words.param == "stream" or _UNSTREAMABLE.search(words.all) else None

"""Reads what an error reply says, whoever wrote it: an API's JSON of whatever shape, a proxy's HTML page, plain text.

Never raises: an unreadable body is an answer without words.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from outwait.policy.retry import Teller

READ_LIMIT = 65_536
_MESSAGE_LIMIT = 1_000
_MESSAGE_KEYS = ("message", "msg", "error_msg", "error_message", "error_description", "status_msg", "detail", "title")
_CODE_KEYS = ("code", "error_code", "status_code")
# Marks of proxies: in the `server` header, in the page, or as the whole text. First match names the teller.
_PROXIES: tuple[tuple[str, str], ...] = (
    ("cloudflare", "Cloudflare"),
    ("openresty", "openresty"),
    ("tengine", "Tengine"),
    ("nginx", "nginx"),
    ("awselb", "AWS load balancer"),
    ("cloudfront", "CloudFront"),
    ("microsoft-azure-application-gateway", "Azure Application Gateway"),
    ("azure front door", "Azure Front Door"),
    ("varnish", "Varnish"),
    ("akamai", "Akamai"),
    ("heroku", "Heroku"),
    ("that’s an error", "Google's front end"),
    ("server didn't respond in time", "HAProxy"),
    ("no server is available to handle this request", "HAProxy"),
    ("upstream connect error or disconnect", "Envoy"),
    ("upstream request timeout", "Envoy"),
    ("no healthy upstream", "Envoy"),
    ("the upstream server is timing out", "Kong"),
    ("edge_function_invocation_timeout", "Vercel"),
    ("apache", "Apache"),
    ("traefik", "Traefik"),
    ("caddy", "Caddy"),
    ("lighttpd", "lighttpd"),
    ("squid", "Squid"),
)
# What they say when there was nobody to send the request to.
_UNREACHED = ("no server is available to handle this request", "no healthy upstream")
_CLOUDFLARE_TEXT = re.compile(r"error code: \d{3,4}", re.IGNORECASE)  # instead of its page, for who wants none
_REASON = re.compile(r"reason:\s*<strong>(.{1,500}?)</strong>", re.IGNORECASE | re.DOTALL)  # Apache


@dataclass(frozen=True, slots=True)
class ErrorWords:
    """What an error reply says. `proxy`: who wrote it if not the API. `spoken`: it has an API's error object.

    `reason`: a finer code beside the first (Google's ErrorInfo, Azure's innererror). `retry`: seconds it asks to wait
    (Google's RetryInfo). `strange`: no JSON that an API would send. `unreached`: the proxy had nobody to ask.
    """

    message: str = ""
    code: str = ""
    type: str = ""
    param: str | None = None
    proxy: str | None = None
    spoken: bool = False
    reason: str = ""
    retry: float | None = None
    strange: bool = False
    unreached: bool = False

    @property
    def teller(self) -> Teller:
        """Who wrote it."""
        if self.proxy is None:
            return Teller.UNKNOWN if self.strange else Teller.API
        if self.unreached:
            return Teller.UNREACHED
        return Teller.CLOUDFLARE if self.proxy == "Cloudflare" else Teller.PROXY

    @property
    def codes(self) -> str:
        """Codes and type in lower case: what the upstream chose from a list, and no client can write."""
        return f"{self.code}\n{self.reason}\n{self.type}".lower()

    @property
    def all(self) -> str:
        """Codes, type and message in lower case, for looking for marks."""
        return f"{self.codes}\n{self.message.lower()}"


def read_words(headers: Mapping[str, str], body: bytes) -> ErrorWords:
    """The words of an error reply; only the first 64 KiB of the body are looked at."""
    body = body[:READ_LIMIT]
    text = body.decode("utf-8", "replace").strip()
    if text[:1] in ("{", "["):
        try:
            document: Any = msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            document = None
        if document is not None:
            return _json_words(document, text, headers)
    seen = text[:8192].lower()
    unreached = any(mark in seen for mark in _UNREACHED)
    if text[:1] == "<" or "html" in headers.get("content-type", ""):
        who = _proxy(f"{headers.get('server', '')}\n{seen}".lower()) or "a proxy"
        return ErrorWords(message=_page_words(text), proxy=who, strange=True, unreached=unreached)
    signed = "Cloudflare" if _CLOUDFLARE_TEXT.fullmatch(text) else _proxy(seen)
    return ErrorWords(message=_short(text), proxy=signed, strange=True, unreached=unreached)


def _json_words(document: Any, text: str, headers: Mapping[str, str]) -> ErrorWords:
    found = _error_object(document)
    if found is None:
        return ErrorWords(message=_short(text), strange=True)
    message = _first(found, _MESSAGE_KEYS)
    param = found.get("param")
    outer = document[0] if isinstance(document, list) else document
    amazon = _amazon(headers)
    spoken = isinstance(outer, dict) and isinstance(outer.get("error"), dict)
    return ErrorWords(
        message=_short(message),
        code=(_first(found, _CODE_KEYS) or amazon)[:200],
        type=(_first(found, ("type", "status")))[:200],
        param=param[:200] if isinstance(param, str) and param else None,
        proxy=None if spoken else _proxy(message.lower()),
        spoken=spoken or bool(amazon),
        reason=_reason(found)[:200],
        retry=_retry(found),
    )


def _amazon(headers: Mapping[str, str]) -> str:
    """AWS names its errors in a header: `ThrottlingException:http://internal.amazon.com/...`."""
    return headers.get("x-amzn-errortype", "").partition(":")[0].rpartition("#")[2].strip()


def _details(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    details = found.get("details")
    return [each for each in details if isinstance(each, dict)] if isinstance(details, list) else []


def _reason(found: Mapping[str, Any]) -> str:
    inner = found.get("innererror")
    named = [each.get("reason") for each in _details(found)] + ([inner.get("code")] if isinstance(inner, dict) else [])
    return next((name for name in named if isinstance(name, str)), "")


def _retry(found: Mapping[str, Any]) -> float | None:
    """A google.rpc.RetryInfo among the details: `"retryDelay": "34.07s"` (protobuf's JSON form of a duration)."""
    for each in _details(found):
        delay = each.get("retryDelay")
        if isinstance(delay, str) and (match := re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)s", delay)):
            return float(match[1])
    return None


def _error_object(document: Any) -> dict[str, Any] | None:
    """What tells: `error` (or a string of that name beside its siblings), the first of `errors`, the whole."""
    if isinstance(document, list):
        return _error_object(document[0]) if document else None
    if not isinstance(document, dict):
        return None
    for name in ("error", "errors", "detail", "base_resp"):
        inner = document.get(name)
        if isinstance(inner, list) and inner:
            inner = inner[0]
        if isinstance(inner, dict):
            return inner
        if isinstance(inner, str) and inner:
            return {"message": inner, **document}
    return document


def _first(found: Mapping[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        value = found.get(name)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return ""


def _page_words(text: str) -> str:
    for tag in ("title", "h1"):
        match = re.search(rf"<{tag}[^>]*>(.{{1,2000}}?)</{tag}\s*>", text[:READ_LIMIT], re.IGNORECASE | re.DOTALL)
        if match is not None:
            words = _short(html.unescape(re.sub(r"<[^<>]*>", " ", match[1])))
            if words:
                reason = _REASON.search(text[:READ_LIMIT])
                return words if reason is None else f"{words}: {_short(html.unescape(reason[1]))}"
    return ""


def _proxy(text: str) -> str | None:
    for mark, name in _PROXIES:
        if mark in text:
            return name
    return None


def _short(text: str) -> str:
    return " ".join(text[: 4 * _MESSAGE_LIMIT].split())[:_MESSAGE_LIMIT]

"""What an exception of any HTTP library or SDK says of a call: what failed, how far it had come, what a retry means.

Exceptions are known by their names and by what they carry (a status, a response, an inner exception), so no library
needs to be installed, and old and new versions are read alike. What is not known here is nobody's network trouble.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from outwait.client import retry_after
from outwait.client.troubles import ANSWERED, CAUSES, ROUGH, TROUBLES, WORDS, Trouble
from outwait.core.fault import Fault, RetryClass, UpstreamError, fault
from outwait.policy import retry

_DEEP: Final = 8  # exceptions inside one another
_STATUS: Final = ("status_code", "status", "http_status", "code")
_WORDS: Final = ("code", "type", "status", "reason")
_ORDERS: Final = {"true": RetryClass.SAFE, "false": RetryClass.FINAL}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a failed call. `retry_class`: what a retry would mean. `ordered`: the server said so itself.

    `retry_after`: seconds the server wants to be left alone for, as it said.
    """

    fault: Fault
    retry_class: RetryClass
    retry_after: float | None = None
    ordered: bool = False

    @property
    def permanent(self) -> bool:
        """Whether the same call would fail the same way again, until somebody changes something."""
        return not self.ordered and retry.permanent(self.fault)


def evidence(error: BaseException) -> Evidence | None:
    """What `error` says of the call that it ended; None: it is no failure of a call as far as is known."""
    chain = list(_inside(error))
    for each in chain:
        status = _status(each)
        if status is not None:
            return _answered(each, status)
    rows = [row for row in (_row(each, TROUBLES) for each in chain) if row is not None]
    if not rows:
        rows = [row for row in (_row(each, ROUGH) for each in chain) if row is not None]
    if not rows:
        return None
    trouble = rows[-1]  # the innermost one is what happened; the others were told of it
    failed = fault(trouble.code, stage=trouble.stage, detail=_told(error))
    return Evidence(failed, trouble.retry_class or retry.classify(failed))


def _inside(error: BaseException) -> Iterator[BaseException]:
    """The exception and those it was made of, outermost first."""
    seen: list[BaseException] = []
    inner: object = error
    while isinstance(inner, BaseException) and len(seen) < _DEEP and all(inner is not each for each in seen):
        seen.append(inner)
        yield inner
        inner = _inner(inner)


def _inner(error: BaseException) -> BaseException | None:
    carried = (getattr(error, name, None) for name in ("reason", "os_error"))
    for each in (*carried, *error.args, error.__cause__):
        if isinstance(each, BaseException) and each is not error:
            return each
    return None


def _row(error: BaseException, rows: Mapping[str, Trouble]) -> Trouble | None:
    for kind in type(error).__mro__:
        found = rows.get(f"{kind.__module__.partition('.')[0]}.{kind.__name__}")
        if found is not None:
            return found
    return None


# -- an answer with a status -------------------------------------------------------------------------------------------


def _status(error: BaseException) -> int | None:
    """The HTTP status that the exception tells; 200 for an error inside a stream."""
    if isinstance(error, OSError) and not hasattr(error, "response") and not hasattr(error, "headers"):
        return None
    response = getattr(error, "response", None)
    for holder, names in ((error, _STATUS), (response, ("status_code", "status"))):
        for name in names:
            value = getattr(holder, name, None)
            if isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 599:
                return value
    kind = type(error)
    return 200 if f"{kind.__module__.partition('.')[0]}.{kind.__name__}" in ANSWERED else None


def _answered(error: BaseException, status: int) -> Evidence:
    headers = _headers(error)
    cause = _cause(error, status)
    asked = retry_after.seconds(headers)
    failed = fault(
        "upstream_error",
        cause=cause,
        status=status,
        retry_after=asked,
        upstream=UpstreamError(status, headers.get("content-type", ""), b""),
        hint=retry.HEARSAY if retry.hearsay(_teller(headers), status, None) else None,
        detail=_told(error),
    )
    order = _ORDERS.get(headers.get("x-should-retry", ""))
    return Evidence(failed, order or retry.classify(failed), asked, ordered=order is not None)


def _teller(headers: Mapping[str, str]) -> retry.Teller:
    """Who wrote the reply: an API speaks JSON, pages are a proxy's."""
    if "html" not in headers.get("content-type", ""):
        return retry.Teller.API
    return retry.Teller.CLOUDFLARE if "cloudflare" in headers.get("server", "").lower() else retry.Teller.PROXY


def _headers(error: BaseException) -> dict[str, str]:
    for holder in (getattr(error, "response", None), error):
        headers = getattr(holder, "headers", None)
        if headers is not None and hasattr(headers, "items"):
            return {str(name).lower(): str(value) for name, value in headers.items()}
    return {}


def _cause(error: BaseException, status: int) -> str:
    """The kind of failure, by the server's own words where they are known, else by the status."""
    words = list(_words(error))
    told = next((WORDS[word] for word in words if word in WORDS), None)
    return told or CAUSES.get(status, "upstream_error")


def _words(error: BaseException) -> Iterator[str]:
    body: Any = getattr(error, "body", None) or getattr(error, "details", None)
    inner = body.get("error", body) if isinstance(body, Mapping) else None
    own = inner.get("outwait") if isinstance(inner, Mapping) else None
    for holder in (own, inner):
        if isinstance(holder, Mapping):
            yield from (str(holder[name]).lower() for name in ("cause", *_WORDS) if name in holder)
    for name in _WORDS:
        value = getattr(error, name, None)
        if isinstance(value, str):
            yield value.lower()


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]

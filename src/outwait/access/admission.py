"""Admission: the principal behind a request's key, or a 401 that helps the right caller and tells nobody a key."""

from __future__ import annotations

from collections.abc import Mapping

from outwait.access.keys import bearer, extract, lookup
from outwait.core.catalog import Catalog
from outwait.core.fault import Refusal, fault
from outwait.core.principal import Principal

ANONYMOUS = Principal("anonymous", admin=True)  # under open access, and only this machine is let in then
_WAYS = "`Authorization: Bearer <key>`, `x-api-key: <key>` or `x-goog-api-key: <key>`"


def admit(headers: Mapping[str, str], catalog: Catalog) -> Principal:
    """Who sends `headers` (lower-case names). Raises Refusal with `invalid_api_key` when nobody known does.

    Under open access everybody is `anonymous`, whatever key is sent: SDKs insist on sending one.
    """
    if catalog.open_access:
        return ANONYMOUS
    authorization = headers.get("authorization")
    if authorization is not None:  # nearly every request: one header, one digest, one look-up
        secret = bearer(authorization)
        principal = lookup(secret, catalog.keys) if secret else None
        if principal is not None:
            return principal
    sent = extract(headers)
    for secret in sent:
        principal = lookup(secret, catalog.keys)
        if principal is not None:
            return principal
    raise Refusal(fault("invalid_api_key", _reason(headers, sent)))


def _reason(headers: Mapping[str, str], sent: tuple[str, ...]) -> str:
    """Why no key was accepted, in words that hold nothing of what was sent."""
    authorization = headers.get("authorization")
    if sent:
        if any(secret.startswith(("sk-", "AIza")) for secret in sent):
            return (
                "The key that was sent is not one of this gateway's. It looks like a provider's key: "
                "the gateway keeps those itself and wants one of its own client keys."
            )
        return (
            "The key that was sent is not one of this gateway's: it is mistyped, or was removed from its configuration."
        )
    if authorization is not None and bearer(f"{authorization} ") is None:
        return f"The Authorization header is not of the form `Bearer <key>`. Send an outwait key as {_WAYS}."
    if authorization is not None or any(name in headers for name in ("x-api-key", "x-goog-api-key")):
        return "The key that was sent is empty; is the variable set that your client reads it from?"
    return f"No key was sent. Send an outwait key as {_WAYS}."

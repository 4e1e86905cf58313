"""How an event proves where it comes from: the headers of Standard Webhooks 1.0.0.

Promises: each secret makes a signature of its own, in the order given, so that a receiver that knows any of them can
verify; the time signed is that of the attempt, since receivers refuse what is older than five minutes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable


def headers(ident: str, now: float, body: bytes, secrets: Iterable[bytes]) -> dict[str, str]:
    """The three headers of one attempt. `ident`: the same in each attempt. `now`: wall seconds."""
    moment = str(int(now))
    signed = b".".join((ident.encode("ascii"), moment.encode("ascii"), body))
    return {
        "webhook-id": ident,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(f"v1,{_signature(secret, signed)}" for secret in secrets),
    }


def _signature(secret: bytes, signed: bytes) -> str:
    return base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode("ascii")

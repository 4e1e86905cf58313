"""Access tokens of Google Cloud, fetched by google-auth: for a service account, or as the default credentials say."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import google.auth
from google.auth.transport.requests import Request
from google.oauth2 import service_account
from requests import Session

from outwait.upstream.credentials import Credential
from outwait.upstream.mint import Mint, epoch

_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
_SHORTEST = 300.0  # seconds a token without a date is taken to be good


def credential(file: str | None) -> Credential:
    """Shows a token of the service account in `file`, or of the default credentials. OSError, ValueError: no such."""
    found = None
    if file is not None:
        found = service_account.Credentials.from_service_account_file(file, scopes=_SCOPES)  # type: ignore[no-untyped-call]  # the library has no types there
    return _Token(found)


class _Token:
    """Shows an access token."""

    __slots__ = ("_found", "_mint")

    def __init__(self, found: Any) -> None:
        self._found = found
        self._mint = Mint("a token of Google Cloud", self._fetch)

    def _fetch(self) -> tuple[str, float]:
        with Session() as session:
            session.trust_env = False  # proxies of the environment are not used unless configured
            request = Request(session=session)
            if self._found is None:
                self._found, _ = google.auth.default(scopes=_SCOPES, request=request)
            self._found.refresh(request)
        end = self._found.expiry
        return self._found.token, epoch() + _SHORTEST if end is None else end.replace(tzinfo=UTC).timestamp()

    def ready(self, now: float) -> bool:
        """See `Credential`."""
        return self._mint.value(now) is not None

    async def warm(self) -> None:
        """See `Credential`."""
        await self._mint.warm()

    def lines(self, method: str, url: str, body: bytes, now: float) -> bytes:
        """See `Credential`."""
        return f"Authorization: Bearer {self._mint.value(now)}\r\n".encode("latin-1")

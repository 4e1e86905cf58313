"""Signatures of AWS (Signature Version 4), made by botocore: with keys of the channel, or those of its default chain.

The default chain is the environment, the shared files, and the roles of containers and machines, in botocore's order.
"""

from __future__ import annotations

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.session import Session

from outwait.upstream.credentials import Credential
from outwait.upstream.mint import Mint, epoch

_SERVICE = "bedrock"
# botocore renews what it fetched at the latest ten minutes before its end, so that it is good for that long.
_GOOD_FOR = 600.0


def credential(key: str | None, region: str) -> Credential:
    """Signs with `ACCESS:SECRET[:SESSION]`, or without a key as the default chain says. ValueError: not such a key."""
    if key is None:
        return _Chained(region)
    access, _, rest = key.partition(":")
    secret, _, session = rest.partition(":")
    if not access or not secret:
        raise ValueError("api_key is not ACCESS:SECRET or ACCESS:SECRET:SESSION")
    return _Signed(Credentials(access, secret, session or None), region)


class _Signed:
    """Signs with keys that are known."""

    __slots__ = ("_keys", "_region")

    def __init__(self, keys: Credentials | ReadOnlyCredentials, region: str) -> None:
        self._keys = keys
        self._region = region

    def ready(self, now: float) -> bool:
        """Always."""
        return True

    async def warm(self) -> None:
        """Nothing is fetched."""

    def lines(self, method: str, url: str, body: bytes, now: float) -> bytes:
        """See `Credential`; the host, the date and the session's token are signed with the body."""
        request = AWSRequest(method=method, url=url, data=body)
        SigV4Auth(self._keys, _SERVICE, self._region).add_auth(request)
        return "".join(f"{name}: {value}\r\n" for name, value in request.headers.items()).encode("latin-1")


class _Chained:
    """Signs with the keys that the default chain gives."""

    __slots__ = ("_mint", "_region", "_session")

    def __init__(self, region: str) -> None:
        self._region = region
        self._session = Session()
        self._mint = Mint("the keys of the AWS default chain", self._fetch)

    def _fetch(self) -> tuple[ReadOnlyCredentials, float]:
        found = self._session.get_credentials()
        if found is None:
            raise LookupError("none found; set api_key, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
        return found.get_frozen_credentials(), epoch() + _GOOD_FOR

    def ready(self, now: float) -> bool:
        """See `Credential`."""
        return self._mint.value(now) is not None

    async def warm(self) -> None:
        """See `Credential`."""
        await self._mint.warm()

    def lines(self, method: str, url: str, body: bytes, now: float) -> bytes:
        """See `Credential`."""
        keys = self._mint.value(now)
        return b"" if keys is None else _Signed(keys, self._region).lines(method, url, body, now)

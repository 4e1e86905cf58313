"""How a channel shows who it is: a key in a header, a signature over each request, or a token fetched for a while.

Most credentials are plain header lines, finished once. The others are a `Credential`: it makes its lines for one
request, and where it is not `ready` it is warmed first, which is part of connecting.
"""

from __future__ import annotations

from typing import Protocol

from outwait.core.catalog import Channel
from outwait.upstream.location import InvalidAddress, Location


class Credential(Protocol):
    """Makes header lines for one request."""

    def ready(self, now: float) -> bool:
        """Whether `lines` can be asked for at `now` (seconds since 1970)."""

    async def warm(self) -> None:
        """Until it is ready; raises mint.Unobtainable."""

    def lines(self, method: str, url: str, body: bytes, now: float) -> bytes:
        """The lines, each with its end, for a request that is otherwise finished."""


_NAMES = {"x-api-key": "X-Api-Key", "x-goog-api-key": "X-Goog-Api-Key", "api-key": "Api-Key"}


def parts_of(key: str) -> tuple[str, ...]:
    """The secrets inside an AWS key `ACCESS:SECRET[:SESSION]`: all but the first part. Others have none."""
    return tuple(part for part in key.split(":")[1:] if part)


class Issuer:
    """Issues the credentials of one channel; several ways share one that is fetched."""

    __slots__ = ("_channel", "_issued", "_location")

    def __init__(self, channel: Channel, location: Location) -> None:
        self._channel = channel
        self._location = location
        self._issued: dict[tuple[str, str | None], Credential] = {}

    def issue(self, kind: str, key: str | None) -> tuple[dict[str, str], Credential | None]:
        """The header fields of `kind` (see `dialects.provider.Provider`) with `key`, or what makes them."""
        if kind in _NAMES:
            return ({} if key is None else {_NAMES[kind]: key}), None
        if kind == "bearer" or (key is not None and not (kind == "aws" and ":" in key)):
            return ({} if key is None else {"Authorization": f"Bearer {key}"}), None
        made = self._issued.get((kind, key))
        if made is None:
            made = self._issued[kind, key] = self._aws(key) if kind == "aws" else self._google()
        return {}, made

    def _aws(self, key: str | None) -> Credential:
        region = self._location.names.get("region")
        if region is None:
            raise InvalidAddress(f"{self._location.where}needs `region`, for which requests are signed")
        try:
            from outwait.upstream import aws  # noqa: PLC0415 - an extra, wanted by channels of this kind only

            return aws.credential(key, region)
        except ImportError:
            raise self._missing("bedrock", "botocore") from None
        except ValueError as error:
            raise InvalidAddress(f"{self._location.where}{error}") from None

    def _google(self) -> Credential:
        try:
            from outwait.upstream import gcp  # noqa: PLC0415 - an extra, wanted by channels of this kind only

            return gcp.credential(self._channel.credentials_file)
        except ImportError:
            raise self._missing("vertex", "google-auth") from None
        except (OSError, ValueError) as error:
            raise InvalidAddress(f"{self._location.where}credentials_file cannot be used: {error}") from None

    def _missing(self, extra: str, library: str) -> InvalidAddress:
        return InvalidAddress(f"{self._location.where}needs {library}: pip install 'outwait[{extra}]'")

"""A running gateway, as commands talk to it: one JSON request, one JSON answer."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

PATIENCE = 150.0  # seconds: a check may wait for a model that thinks


class Unreached(Exception):  # noqa: N818 - it says what happened
    """The gateway did not answer; the text says why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What it answered; `body`: the JSON object, empty if the answer was none."""

    status: int
    body: dict[str, Any]


class Gateway:
    """`url`: with or without a /v1 at its end. `key`: of a client, "" for none. Raises ValueError for no URL."""

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no URL such as http://127.0.0.1:8787")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=PATIENCE)
        self._where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self._path = parts.path.rstrip("/").removesuffix("/v1") + "/v1/channels"
        self._headers = {"accept": "application/json"} | ({"authorization": f"Bearer {key}"} if key else {})

    def ask(self, path: str, body: dict[str, object] | None = None) -> Asked:
        """GET what is at `path` below /v1/channels, or POST `body` there. Raises Unreached."""
        data = None if body is None else json.dumps(body)
        headers = self._headers if body is None else {**self._headers, "content-type": "application/json"}
        try:
            self._connection.request("GET" if body is None else "POST", self._path + path, data, headers)
            response = self._connection.getresponse()
            status, raw = response.status, response.read()
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise Unreached(f"No gateway answers at {self._where}: {why}. Is it running? See --url.") from error
        finally:
            self._connection.close()
        try:
            told = json.loads(raw)
        except ValueError:
            told = None
        return Asked(status, told if isinstance(told, dict) else {})

"""A running gateway, as commands talk to it: one JSON request, one JSON answer."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Annotated, Any, NoReturn
from urllib.parse import urlsplit

import typer

from outwait.cli.telling import harmless, print_json
from outwait.config.errors import ConfigError

Url = Annotated[
    str | None, typer.Option(help="Where the gateway is, instead of server.host and server.port.", metavar="URL")
]
Key = Annotated[
    str | None, typer.Option(help="A client key with `admin: true`, instead of the first of the configuration.")
]
PATIENCE = 150.0  # seconds: a check may wait for a model that thinks
USAGE = (400, 401, 403, 404, 405, 422)  # statuses that say the caller is wrong


class Unreached(Exception):  # noqa: N818 - it says what happened
    """The gateway did not answer; the text says why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What it answered; `body`: the JSON object, empty if the answer was none."""

    status: int
    body: dict[str, Any]

    @property
    def refusal(self) -> str:
        """What it said where the status is not 200, in a sentence."""
        error = self.body.get("error")
        error = error if isinstance(error, dict) else {}
        said = error.get("message") or "no word of why"
        hint = "" if "outwait" in error else " (is that the address of an outwait gateway?)"  # it names itself there
        code = f" {error['code']}" if error.get("code") else ""
        return harmless(f"The gateway answered {self.status}{code}: {said}{hint}")


class Gateway:
    """`url`: with or without a /v1 at its end. `key`: of a client, "" for none. Raises ValueError for no URL.

    Each question has a connection of its own. `url` is then the address without that /v1, and without a password.
    """

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no URL such as http://127.0.0.1:8787")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=PATIENCE)
        self._where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self.url = self._where + parts.path.rstrip("/").removesuffix("/v1")
        self._root = parts.path.rstrip("/").removesuffix("/v1")
        self._headers = {"accept": "application/json"} | ({"authorization": f"Bearer {key}"} if key else {})

    def ask(self, path: str, body: dict[str, object] | None = None) -> Asked:
        """GET what is at `path` below /v1/channels, or POST `body` there. Raises Unreached."""
        return self._asked("/v1/channels" + path, None if body is None else json.dumps(body))

    def read(self, path: str) -> Asked:
        """GET what is at `path`, such as /v1/live. Raises Unreached."""
        return self._asked(path, None)

    def page(self, path: str) -> tuple[int, str]:
        """GET `path` as text: its status, and what came. Raises Unreached."""
        status, raw = self._exchange(path, None)
        return status, raw.decode("utf-8", "replace")

    def _asked(self, path: str, data: str | None) -> Asked:
        status, raw = self._exchange(path, data)
        try:
            told = json.loads(raw)
        except ValueError:
            told = None
        return Asked(status, told if isinstance(told, dict) else {})

    def _exchange(self, path: str, data: str | None) -> tuple[int, bytes]:
        headers = self._headers if data is None else {**self._headers, "content-type": "application/json"}
        try:
            self._connection.request("GET" if data is None else "POST", self._root + path, data, headers)
            response = self._connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            why = harmless((getattr(error, "strerror", None) or str(error)).strip()) or type(error).__name__
            raise Unreached(
                f"No gateway answers at {self._where}: {why}. Is it running? Is that its address?"
            ) from error
        finally:
            self._connection.close()


def running(config: str | None, url: str | None, key: str | None) -> Gateway:
    """The gateway of this configuration, asked with its first admin key; `url` and `key` say otherwise."""
    from outwait.config.load import load

    try:
        if url is not None and key is not None:
            return Gateway(url, key)
        settings = load(config, serving=False)
        server = settings.server
        if url is None:
            scheme, host = "http" if server.tls is None else "https", _reachable(server.host)
            url = f"{scheme}://{host}:{server.port}"
        if key is None:
            admins = [each for each in settings.keys if each.admin] or list(settings.keys)
            key = admins[0].key.get_secret_value() if admins else ""
        return Gateway(url, key)
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--url") from error


def refused(answer: Asked, *, as_json: bool) -> NoReturn:
    """End the command with what the gateway said instead of an answer."""
    if as_json:
        print_json(answer.body)
    else:
        typer.secho(answer.refusal, fg="red", err=True)
    raise typer.Exit(2 if answer.status in USAGE else 1)


def unreached(error: Unreached, *, as_json: bool) -> NoReturn:
    """End the command where nobody answered."""
    if as_json:
        print_json({"error": str(error)})
    else:
        typer.secho(str(error), fg="red", err=True)
    raise typer.Exit(1) from error


def _reachable(host: str) -> str:
    """Where a server that listens on `host` is reached from this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - nothing is bound here
    return f"[{host}]" if ":" in host else host

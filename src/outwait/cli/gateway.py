"""A running gateway, as commands talk to it: one JSON request, one JSON answer."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Annotated, Any, Final, NoReturn
from urllib.parse import urlsplit

import typer

from outwait.cli.telling import harmless, print_json
from outwait.config.errors import ConfigError
from outwait.core.tongue import Said, Tongue

Url = Annotated[
    str | None, typer.Option(help="Where the gateway is, instead of server.host and server.port.", metavar="URL")
]
Key = Annotated[
    str | None, typer.Option(help="A client key with `admin: true`, instead of the first of the configuration.")
]
UNREACHED: Final = "gateway_unreached"
"""The `code` of the error where no gateway answers."""
PATIENCE = 150.0  # seconds: a check may wait for a model that thinks
USAGE = (400, 401, 403, 404, 405, 422)  # statuses that say the caller is wrong


_UNREACHED: Final = Said(
    "No gateway answers at {where}: {why}. Is it running? Is that its address?",
    "{where} 没有网关应答：{why}。它在运行吗？地址对吗？",
)
_REFUSED: Final = Said("The gateway answered {status}{code}: {said}{hint}", "网关返回 {status}{code}：{said}{hint}")
_NO_WORD: Final = Said("no word of why", "没有说明原因")
_STRANGER: Final = Said(" (is that the address of an outwait gateway?)", "（这是 outwait 网关的地址吗？）")
_NO_URL: Final = Said("{url} is no URL such as http://127.0.0.1:8787", "{url} 不是 http://127.0.0.1:8787 这样的 URL")


class Unreached(Exception):  # noqa: N818 - it says what happened
    """The gateway at `where` did not answer; `why`: what the system says of it."""

    def __init__(self, where: str, why: str) -> None:
        self._about = {"where": where, "why": why}
        super().__init__(self.told(Tongue.EN))

    def told(self, tongue: Tongue) -> str:
        """That, in a sentence."""
        return _UNREACHED.told(tongue, **self._about)


class NoUrl(ValueError):  # noqa: N818 - it says what is wrong
    """`url` is none."""

    def __init__(self, url: str) -> None:
        self._url = repr(url)
        super().__init__(self.told(Tongue.EN))

    def told(self, tongue: Tongue) -> str:
        """That, in words."""
        return _NO_URL.told(tongue, url=self._url)


@dataclass(frozen=True, slots=True)
class Asked:
    """What it answered; `body`: the JSON object, empty if the answer was none."""

    status: int
    body: dict[str, Any]

    def told(self, tongue: Tongue = Tongue.EN) -> str:
        """What it said where the status is not 200, in a sentence."""
        error = self.body.get("error")
        error = error if isinstance(error, dict) else {}
        said = error.get("message") or _NO_WORD.told(tongue)
        hint = "" if "outwait" in error else _STRANGER.told(tongue)  # it names itself there
        code = f" {error['code']}" if error.get("code") else ""
        return harmless(_REFUSED.told(tongue, status=self.status, code=code, said=said, hint=hint))


class Gateway:
    """`url`: with or without a /v1 at its end. `key`: of a client, "" for none. Raises NoUrl.

    Each question has a connection of its own. `url` is then the address without that /v1, and without a password.
    """

    def __init__(self, url: str, key: str) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise NoUrl(url) from error
        if parts.scheme not in ("http", "https") or not host:
            raise NoUrl(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(host, port, timeout=PATIENCE)
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
            raise Unreached(self._where, why) from error
        finally:
            self._connection.close()


def running(config: str | None, url: str | None, key: str | None, tongue: Tongue = Tongue.EN) -> Gateway:
    """The gateway of this configuration, asked with its first admin key; `url` and `key` say otherwise. Ends the
    command where there is none.
    """
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
    except NoUrl as error:
        raise typer.BadParameter(error.told(tongue), param_hint="--url") from error


def trouble(message: str, code: str) -> dict[str, Any]:
    """Bad news as a command's one JSON object: `error` is one with a `message` and a `code`, as a gateway's is."""
    return {"error": {"message": message, "code": code}}


def refusal(answer: Asked, tongue: Tongue = Tongue.EN) -> dict[str, Any]:
    """The same of an answer that is none: as the gateway told it; where what answers there told nothing, that."""
    said = answer.body.get("error")
    if isinstance(said, dict) and said.get("message"):
        return answer.body
    return {**answer.body, **trouble(answer.told(tongue), "gateway_refused")}


def refused(answer: Asked, *, as_json: bool, tongue: Tongue = Tongue.EN) -> NoReturn:
    """End the command with what the gateway said instead of an answer."""
    if as_json:
        print_json(refusal(answer, tongue))
    else:
        typer.secho(answer.told(tongue), fg="red", err=True)
    raise typer.Exit(2 if answer.status in USAGE else 1)


def unreached(error: Unreached, *, as_json: bool, tongue: Tongue = Tongue.EN, hint: str = "") -> NoReturn:
    """End the command where nobody answered; `hint`: what to do besides, in a sentence."""
    told = f"{error.told(tongue)} {hint}".strip()
    if as_json:
        print_json(trouble(told, UNREACHED))
    else:
        typer.secho(told, fg="red", err=True)
    raise typer.Exit(1) from error


def _reachable(host: str) -> str:
    """Where a server that listens on `host` is reached from this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - nothing is bound here
    return f"[{host}]" if ":" in host else host

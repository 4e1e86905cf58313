"""What is asked of the probe route: a silence of some length, in some form, at some place of the answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode, urlsplit

ROUTE: Final = "/v1/probe"
_AGENT: Final = "outwait-path"
_HOST = re.compile(r"[!-~]+")


class Form(StrEnum):
    """What the client waits for, or does."""

    STREAM = "stream"
    JSON = "json"
    UPLOAD = "upload"


class Part(StrEnum):
    """Where the silence is: before the answer's first byte, between two of its bytes, in the middle of the request."""

    FIRST_BYTE = "first_byte"
    IDLE = "idle"
    UPLOAD = "upload"


@dataclass(frozen=True, slots=True)
class Question:
    """One probe. `silence`, `after`, `beat`: seconds; `beat` None for no heartbeats. `size`: bytes of an upload that
    come before its silence.
    """

    form: Form
    part: Part
    silence: float
    beat: float | None = None
    after: float = 0.0
    size: int = 0

    @property
    def query(self) -> str:
        """What follows the question mark."""
        if self.form is Form.UPLOAD:
            return "form=upload"
        asked: dict[str, str] = {"form": self.form, "silence": _spelt(self.silence)}
        if self.part is Part.IDLE:
            asked["head"] = "early"
        if self.beat is not None:
            asked |= {"beat": _spelt(self.beat), "after": _spelt(self.after)}
        return urlencode(asked)


@dataclass(frozen=True, slots=True)
class Target:
    """Where the gateway is reached. `prefix`: what comes before /v1 in the path. `host`: without brackets."""

    host: str
    port: int
    tls: bool
    prefix: str = ""

    @property
    def authority(self) -> str:
        """The Host header; a zone is of no use to others."""
        bare = self.host.partition("%")[0]
        host = f"[{bare}]" if ":" in bare else bare
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme and authority."""
        return f"{'https' if self.tls else 'http'}://{self.authority}"

    @property
    def path(self) -> str:
        """The probe route's path."""
        return f"{self.prefix}{ROUTE}"


def target(url: str) -> Target:
    """The gateway of `url`, with or without /v1 at its end, or an endpoint's path below it. Raises ValueError."""
    said = f"{shown(url)[:200]!r} is no URL such as https://llm.example.com or http://127.0.0.1:8787"
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(said) from None
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise ValueError(said)
    if not _HOST.fullmatch(f"{host}{parts.path}"):
        raise ValueError(f"{shown(url)[:200]!r} holds characters that must be encoded in a URL")
    host = host.replace("%25", "%") if ":" in host else host  # a zone, as RFC 6874 writes it
    tls = parts.scheme == "https"
    head, version, _ = parts.path.partition("/v1")
    prefix = head if version else parts.path
    return Target(host, port or (443 if tls else 80), tls, prefix.rstrip("/"))


def shown(url: str) -> str:
    """`url` for people: without credentials, query and fragment, none of which is sent."""
    return re.sub(r"(?<=//)[^/]*@|^[^/]*@", "", re.split(r"[?#]", url.strip(), maxsplit=1)[0])


def request(where: Target, method: str, query: str, key: str, size: int = 0, *, absolute: bool = False) -> bytes:
    """The head of a request. `size`: bytes of its body. `absolute`: to a forward proxy, which needs the whole URL."""
    path = f"{where.origin if absolute else ''}{where.path}{'?' if query else ''}{query}"
    lines = [
        f"{method} {path} HTTP/1.1",
        f"host: {where.authority}",
        f"user-agent: {_AGENT}",
        "accept: */*",
        "accept-encoding: gzip",  # as SDKs ask: what is compressed on the way is held back on the way
    ]
    if method == "POST":
        lines += [f"content-length: {size}", "content-type: application/octet-stream"]
    if key:
        lines.append(f"authorization: Bearer {key}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _spelt(seconds: float) -> str:
    """As the probe route reads it: whole milliseconds."""
    return f"{seconds:.3f}".rstrip("0").rstrip(".")

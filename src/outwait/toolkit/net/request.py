"""One HTTP request on an open line, and how its answer begins. Nothing secret is sent."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from outwait.toolkit.net import quality, signs
from outwait.toolkit.net.findings import Answered, Reply
from outwait.toolkit.net.line import Line
from outwait.toolkit.net.remark import shown

HEAD_LIMIT: Final = 65536
_BODY: Final = 4096  # bytes of the body that are looked at, for who signed it
_BODY_WAIT: Final = 1.0  # seconds to wait for them


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: `method`, the request target `where`, the host `authority`. `clock`: this machine's date."""

    method: str
    where: str
    authority: str
    clock: Callable[[], float]


@dataclass(slots=True)
class _Came:
    """What came, and when: loop times."""

    answered: Answered
    began: float
    first: float
    raw: bytes = b""
    detail: str = ""


async def ask(line: Line, question: Question, timeout: float) -> Reply:
    """Send `question`, and wait `timeout` seconds for the answer to begin and for its head to end."""
    came = await _ask(line, question, timeout)
    loop, at, info = asyncio.get_running_loop(), question.clock(), line.info
    at -= loop.time() - came.first
    found = head(came.raw) if came.answered is Answered.ANSWER else None
    plain = Reply(
        came.answered,
        question.method,
        came.first - came.began,
        at=at,
        acknowledged=None if info is None else info.delivered,
        wants_tls=signs.wants_tls(came.raw),
        detail=came.detail or printable(came.raw),
        info=info,
    )
    return plain if found is None else await _read(line, plain, came.raw, found)


async def _ask(line: Line, question: Question, timeout: float) -> _Came:
    loop = asyncio.get_running_loop()
    wire = (
        f"{question.method} {question.where} HTTP/1.1\r\nHost: {question.authority}\r\nUser-Agent: outwait-net\r\n"
        "Accept: */*\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n"
    )
    came = _Came(Answered.ANSWER, loop.time(), loop.time())
    try:
        async with asyncio.timeout(timeout):
            came.began = loop.time()  # the kernel takes a head at once, and a peer close by may answer meanwhile
            await line.send(wire.encode("ascii"))
            while not _enough(came.raw):
                piece = await line.receive()
                came.first = came.first if came.raw else loop.time()
                came.raw += piece
                if not piece:
                    break
        came.answered = Answered.CLOSED if not came.raw else Answered.ANSWER if head(came.raw) else Answered.GARBLED
    except TimeoutError:
        came.answered = Answered.GARBLED if came.raw else Answered.SILENT
    except ConnectionError as error:
        came.answered, came.detail = Answered.RESET, error.strerror or ""
    except (OSError, ssl.SSLError) as error:
        came.answered, came.detail = Answered.GARBLED, str(error)
    if not came.raw:
        came.first = loop.time()
    return came


def _enough(raw: bytes) -> bool:
    """The head is there, or what came is none."""
    return len(raw) >= HEAD_LIMIT or head(raw) is not None or (len(raw) >= 5 and not raw.startswith(b"HTTP/"))


async def _read(line: Line, plain: Reply, raw: bytes, found: tuple[int, str, Mapping[str, str]]) -> Reply:
    """The reply, with what its head says, and who signed its body."""
    status, reason, headers = found
    body = await _body(line, raw, plain.method)
    dated = quality.date(headers.get("date", ""))
    age = headers.get("age", "0")
    return replace(
        plain,
        status=status,
        reason=reason,
        server=headers.get("server", ""),
        via=headers.get("via", ""),
        location=headers.get("location", ""),
        signed=signs.signed(headers, body),
        date=None if dated is None else dated + (int(age) if age.isdecimal() and len(age) < 10 else 0),
        wants_tls=status >= 400 and signs.wants_tls(body.encode()),
        detail="CERTIFICATE_REQUIRED" if status >= 400 and signs.wants_certificate(body) else "",
    )


def head(raw: bytes) -> tuple[int, str, Mapping[str, str]] | None:
    """Status, reason and headers (lower-case names; the first of a name) of a reply; None for what is none.

    Interim replies (1xx) are passed over.
    """
    while True:
        top, end, rest = raw.partition(b"\r\n\r\n")
        if not end:
            return None
        lines = top.decode("latin-1").split("\r\n")
        words = lines[0].split(" ", 2)
        if not words[0].startswith("HTTP/") or len(words) < 2 or not (words[1].isdecimal() and len(words[1]) == 3):
            return None
        status = int(words[1])
        if 100 <= status < 200 and status != 101:
            raw = rest
            continue
        headers: dict[str, str] = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if colon:
                headers.setdefault(name.strip().lower(), shown(value.strip()))
        return status, shown(words[2]) if len(words) > 2 else "", headers


def printable(raw: bytes) -> str:
    """How bytes that should be something else begin, for people: a line of at most 60 characters."""
    line = raw.splitlines()[0] if raw else b""
    return shown(line.decode("latin-1"))[:60]


async def _body(line: Line, raw: bytes, method: str) -> str:
    """The beginning of the body, as far as it is there soon."""
    body = raw.partition(b"\r\n\r\n")[2]
    if method == "HEAD":
        return ""
    try:
        async with asyncio.timeout(_BODY_WAIT):
            while len(body) < _BODY:
                piece = await line.receive()
                if not piece:
                    break
                body += piece
    except (OSError, ssl.SSLError, TimeoutError):
        pass
    return body[:_BODY].decode("utf-8", "replace")

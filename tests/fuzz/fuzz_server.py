"""Fuzz target: bytes as a client may send them, in one piece and in pieces (`make fuzz`; needs atheris).

What must hold: no exception gets out; the same bytes give the same requests however they are cut; after a refusal
nothing is served or written; heads and bodies together are no more than what was sent, so that no byte is read as both.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import atheris

with atheris.instrument_imports(include=["outwait.wire"]):
    from outwait.wire.guard import Limits
    from outwait.wire.inlet import Inlet
    from outwait.wire.request import Request

# The body limit is small so that the fuzzer can reach it.
_LIMITS, _BODY_LIMIT = Limits(request_line=64, head_bytes=256, headers=4), 64
_SHORTEST_HEAD = len(b"GET / HTTP/1.0\r\n\r\n")

# A fuzzer does not see into regular expressions and llhttp: without these words it would never come past a head.
_WORDS = (
    b"GET / HTTP/1.1\r\n", b"POST /a?b HTTP/1.1\r\n", b"HEAD / HTTP/1.0\r\n", b"OPTIONS * HTTP/1.1\r\n",
    b"host: a\r\n", b"\r\n", b"\r", b"\n", b" ", b"\t", b"content-length: 5\r\n", b"content-length: ",
    b"transfer-encoding: chunked\r\n", b"transfer-encoding: ", b"chunked",
    b"expect: 100-continue\r\n", b"connection: close\r\n", b"upgrade: h2c\r\n",
    b"connection: keep-alive\r\n", b"hello", b"5\r\n", b"0\r\n", b"0\r\n\r\n", b";x=y", b"x: y\r\n",
    b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n",
    b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n",
)  # fmt: skip


class Wire:
    """A transport in memory."""

    def __init__(self) -> None:
        self.closing = False

    def write(self, data: bytes) -> None:
        assert not self.closing, "written after the end"

    def close(self) -> None:
        self.closing = True

    abort = write_eof = close

    def is_closing(self) -> bool:
        return self.closing

    def can_write_eof(self) -> bool:
        return True

    def get_extra_info(self, _name: str) -> None:
        return None


class Door:
    """What an inlet needs of a server; answers at once."""

    limits = _LIMITS
    draining = False

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, str, tuple[tuple[str, str], ...], bytes]] = []
        self.refused: int | None = None
        self.wheel = SimpleNamespace(now=lambda: 0.0, set=lambda _alarm, _due: None)

    def arrived(self, _inlet: Inlet) -> None:
        return None

    def handle(self, request: Request) -> None:
        assert self.refused is None, "served after a refusal"
        assert len(request.body) <= _BODY_LIMIT
        fields = tuple(request.headers.items())
        self.seen.append((request.method, request.path, request.query, fields, request.body))
        request.outlet.send(200, b"", b"")

    def body_limit(self, _path: str) -> int:
        return _BODY_LIMIT

    def refuse(self, fault: Any, _request: Request | None) -> tuple[int, bytes, bytes]:
        self.refused = fault.status
        return fault.status, b"", b""

    def date(self) -> bytes:
        return b""


def serve(pieces: list[bytes]) -> Door:
    door, wire = Door(), Wire()
    inlet = Inlet(door)  # type: ignore[arg-type]
    inlet.connection_made(wire)  # type: ignore[arg-type]
    for piece in pieces:
        inlet.data_received(piece)
    return door


def target(data: bytes) -> None:
    provider = atheris.FuzzedDataProvider(data)
    cuts = [provider.ConsumeIntInRange(1, 64) for _ in range(provider.ConsumeIntInRange(0, 8))]
    sent = b""
    while provider.remaining_bytes():
        which = provider.ConsumeIntInRange(0, len(_WORDS))
        sent += _WORDS[which] if which < len(_WORDS) else provider.ConsumeBytes(provider.ConsumeIntInRange(1, 8))
    pieces, at = [], 0
    for cut in cuts:
        pieces.append(sent[at : at + cut])
        at += cut
    pieces.append(sent[at:])
    whole, cut_up = serve([sent] if sent else []), serve([piece for piece in pieces if piece])
    assert whole.seen == cut_up.seen, (whole.seen, cut_up.seen)
    assert sum(_SHORTEST_HEAD + len(seen[-1]) for seen in whole.seen) <= len(sent)


if __name__ == "__main__":
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()

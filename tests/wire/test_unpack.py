from __future__ import annotations

import asyncio
import gzip

from outwait.core.fault import Fault, fault
from outwait.testing import virtual
from outwait.wire.attempt import OpenAttempt
from outwait.wire.coding import Decoder
from outwait.wire.unpack import Unpacker

TEXT = b"0123456789" * 30_000


class Notes:
    def __init__(self) -> None:
        self.data = b""
        self.told: list[str] = []

    def body(self, data: bytes) -> None:
        self.data += data

    def end(self) -> None:
        self.told.append("end")

    def failed(self, fault: Fault) -> None:
        self.told.append(fault.code)


class Parts:
    def __init__(self, limit: int = 1 << 20) -> None:
        self.notes, self.outer, self.inner = Notes(), OpenAttempt(), OpenAttempt()
        loop = asyncio.get_running_loop()
        self.unpacker = Unpacker(loop, Decoder("gzip", limit), self.notes, self.outer, self.inner)
        self.outer.carry(self.unpacker)


def test_body_and_end_pass_decoded() -> None:
    async def scenario() -> None:
        parts = Parts()
        parts.unpacker.body(gzip.compress(TEXT))
        parts.unpacker.end()
        assert (parts.notes.data, parts.notes.told, parts.outer.over) == (TEXT, ["end"], True)

    virtual.run(scenario())


def test_a_failure_comes_after_what_was_there() -> None:
    async def scenario() -> None:
        parts = Parts()
        parts.outer.pause()
        parts.unpacker.body(gzip.compress(TEXT))
        parts.unpacker.failed(fault("upstream_truncated"))
        assert parts.notes.told == []
        parts.outer.resume()
        await asyncio.sleep(0)
        assert (parts.notes.data, parts.notes.told) == (TEXT, ["upstream_truncated"])

    virtual.run(scenario())


def test_a_coding_that_is_cut_or_too_large_is_a_bad_response() -> None:
    async def scenario() -> None:
        cut, large = Parts(), Parts(limit=1000)
        cut.unpacker.body(gzip.compress(TEXT)[:-4])
        cut.unpacker.end()
        large.unpacker.body(gzip.compress(TEXT))
        assert cut.notes.told == large.notes.told == ["upstream_bad_response"]
        assert large.inner.over

    virtual.run(scenario())


def test_whoever_leaves_hears_nothing_more() -> None:
    async def scenario() -> None:
        parts = Parts()
        parts.outer.leave()
        parts.unpacker.body(gzip.compress(TEXT))
        parts.unpacker.end()
        assert (parts.notes.data, parts.notes.told) == (b"", [])
        assert parts.unpacker.left() == 0

    virtual.run(scenario())

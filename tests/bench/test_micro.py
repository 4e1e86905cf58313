from __future__ import annotations

import uvloop
from bench import micro
from bench.http import completion


def written(bench: micro.Bench) -> bytes:
    transport = bench.clients[1].transport
    assert isinstance(transport, micro.Silent)
    return transport.written


def test_calls_and_chunks_are_answered_and_cost_something() -> None:
    async def look() -> tuple[int, bytes, bytes]:
        calls, streams = micro.Bench(2), micro.Bench(2)
        micro.calls_run(calls, 6)()
        micro.chunks_run(streams, 6)()
        exchanges = len(calls.made.door.recent)
        said = written(calls), written(streams)
        await calls.close()
        await streams.close()
        return exchanges, *said

    exchanges, reply, piece = uvloop.run(look())
    assert exchanges == 6
    assert reply.startswith(b"HTTP/1.1 200 OK\r\n")
    assert reply.endswith(completion())
    assert b" patience" in piece


def test_it_tells_two_figures() -> None:
    call, piece = uvloop.run(micro.measure(200, 1))
    assert call > 0
    assert piece > 0

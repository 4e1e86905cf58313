"""A process that uses a store while others do: `python -m tests.store.player PART FOLDER NUMBER [URL]`.

`share` takes what it can get and prints it at its end; `write` writes until it is killed, and prints what was
acknowledged, line by line.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import uvloop
from tests.store.places import HEAD, NOW, Place, claim, event, exchange, response, result, settlement

from outwait.store.rows import Claimed, Owner, ResponseEnd
from outwait.store.store import Store

COUNT = 40  # orphans, names and events to be shared
SIZES = (10, 300_000, 10, 1_700_000)  # bytes of bodies; the last is written in several transactions


def body(ident: str, size: int) -> bytes:
    return (ident.encode() + b"|") * (size // (len(ident) + 1))


async def share(store: Store, number: int) -> None:
    adopted, claimed, leased = [], [], []
    for turn in range(COUNT):
        row = await store.exchanges.adopt("dev", b"f" * 16, NOW)
        if row is not None:
            adopted.append(row.id)
        if await store.claims.claim(claim(f"ow_{number}_{turn}", name=f"n{turn}")) == Claimed():
            claimed.append(turn)
        leased += [due.id for due in await store.outbox.lease(NOW, NOW + 60, 1)]
    lost = await store.exchanges.lose(["dead"], Owner(number, f"boot-{number}"), NOW)
    told = {
        "adopted": adopted,
        "claimed": claimed,
        "leased": leased,
        "lost": [row.id for row in lost.lost],
        "resumed": [row.id for row in lost.resumed],
    }
    json.dump(told, sys.stdout)


async def write(store: Store, number: int) -> None:
    async def one(turn: int, lane: int) -> None:
        ident = f"ow_{os.getpid()}_{lane}_{turn}"
        await store.exchanges.remember(exchange(ident, owner=Owner(number, f"boot-{os.getpid()}")))
        await store.responses.add(response(f"resp_{ident}", exchange=ident))
        _say("running", ident)
        size = SIZES[(turn + lane) % len(SIZES)]
        draft = store.results.draft(ident, HEAD)
        for at in (0, size // 2):
            await draft.add(body(ident, size)[at : at + size // 2])
            _say("drafted", f"{ident} {draft.size}")
        end = settlement(
            ident,
            result=result(body(ident, size)),
            response=ResponseEnd(f"resp_{ident}", "completed", b"[]"),
            events=(event(f"evt_{ident}"),),
        )
        assert await store.exchanges.settle(end)
        _say("settled", ident)

    async def lane(number: int) -> None:
        turn = 0
        while True:
            await one(turn, number)
            turn += 1

    await asyncio.gather(*map(lane, range(4)))


def _say(what: str, ident: str) -> None:
    os.write(1, f"{what} {ident}\n".encode())  # at once and whole, as a short write to a pipe is


async def main(part: str, place: Place, number: int) -> None:
    async with place.open() as store:
        await {"share": share, "write": write}[part](store, number)


if __name__ == "__main__":
    _, part, folder, number, *url = sys.argv
    uvloop.run(main(part, Place(url[0] if url else None, Path(folder)), int(number)))

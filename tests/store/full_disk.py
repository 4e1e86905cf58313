"""A store on a disk that is really full. A program of its own, since only a name space of its own may mount one:
`unshare -rm python -m tests.store.full_disk FOLDER` prints what it saw as JSON.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.store.places import DAY, NOW, Place, body_of, exchange, result, settlement

from outwait.store.errors import StorageFull
from outwait.store.opening import Tuning
from outwait.store.rows import State

DISK = "32m"
TUNING = Tuning()
BODY = 300_000


async def _fill(place: Place, seen: dict[str, object]) -> None:
    async with place.open(tuning=TUNING) as store:
        kept: list[str] = []
        refused: list[str] = []
        while len(refused) < 5:
            name = f"ow_{len(kept) + len(refused)}"
            try:
                await store.exchanges.remember(exchange(name))
                await store.exchanges.settle(settlement(name, result=result(name.encode().ljust(BODY))))
                kept.append(name)
            except StorageFull:
                refused.append(name)
        seen["kept"] = len(kept)
        seen["whole"] = [name for name in kept if await body_of(store, name) != name.encode().ljust(BODY)] == []
        # What needs no room goes on.
        for name in refused:
            await store.exchanges.settle(settlement(name, State.FAILED, story=b'{"code":"storage_full"}'))
        seen["orphaned"] = await store.exchanges.orphan("ow_0", NOW)
        seen["adopted"] = await store.exchanges.adopt("dev", b"f" * 16, NOW) is not None
    async with place.open(tuning=TUNING) as store:  # also after a restart
        seen["still there"] = (await store.exchanges.counts())[State.COMPLETED] == len(kept)
        seen["swept"] = len((await store.sweep(NOW + 2 * DAY)).expired) >= len(kept)
        await store.exchanges.remember(exchange("ow_after"))
        seen["again"] = await store.exchanges.settle(settlement("ow_after", result=result(b"x" * BODY)))
        seen["ballast again"] = (place.folder / "ballast").exists()


async def _expire_by_itself(place: Place, seen: dict[str, object]) -> None:
    """Time passes while the disk fills: what is over makes room at the full disk, without a sweep."""
    async with place.open(tuning=TUNING, now=NOW + 2 * DAY) as store:
        refusals = stored = 0
        for number in range(120):
            name = f"ow_b{number}"
            try:
                await store.exchanges.remember(exchange(name))
                stored += await store.exchanges.settle(settlement(name, result=result(b"x" * BODY)))
            except StorageFull:
                refusals += 1
        seen["refusals"], seen["stored"] = refusals, stored


def main(folder: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", folder], check=True)
    seen: dict[str, object] = {}
    asyncio.run(_fill(Place(None, folder / "data"), seen))
    shutil.rmtree(folder / "data")
    asyncio.run(_expire_by_itself(Place(None, folder / "data"), seen))
    json.dump(seen, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""From a configuration to a store that can be used, or to the reason why not and what to do about it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from outwait.store import file
from outwait.store.ballast import SIZE, Ballast
from outwait.store.database import Database
from outwait.store.engine import Engines, postgres_engines, sqlite_engines
from outwait.store.errors import StoreError
from outwait.store.migrate import migrate
from outwait.store.relief import Relief
from outwait.store.schema import facts
from outwait.store.seal import KEY_FILE, Seal, load_keys
from outwait.store.store import Store
from outwait.store.trouble import Trouble, name_of, told, trouble
from outwait.store.writer import Spawn, Writer

LOCK_FILE: Final = "store.lock"
_PROOF: Final = "proof of "
_POLL: Final = 0.05  # seconds between looks at the lock


@dataclass(frozen=True, slots=True)
class Tuning:
    """`busy`: seconds a write waits for other processes. `patience`: seconds to wait for another process's opening.
    `check`: read the whole SQLite file for damage; once per start of the gateway is enough. `ballast`: bytes.
    """

    busy: float = 10.0
    patience: float = 120.0
    check: bool = True
    ballast: int = SIZE


async def open_store(
    url: str | None,
    data_dir: Path,
    keys: Sequence[str] = (),
    *,
    spawn: Spawn,
    clock: Callable[[], float],
    tuning: Tuning | None = None,
) -> Store:
    """Open the database at `url`, or `outwait.db` in `data_dir`; make or update it where needed.

    `keys`: encryption keys, the first one encrypts; with none, that of `secret.key` in `data_dir`, which is made once.
    `spawn` runs a coroutine as a task; `clock` gives wall seconds. Raises StoreError.
    """
    tuning = tuning or Tuning()
    folder = await asyncio.to_thread(_usable, data_dir)
    async with _alone(folder, tuning.patience):
        seal = Seal(keys or await asyncio.to_thread(load_keys, folder))
        if url is None:
            path = folder / file.NAME
            await asyncio.to_thread(file.prepare, path, tuning.busy, check=tuning.check)
            engines, ballast = sqlite_engines(path, tuning.busy), Ballast(folder / "ballast", tuning.ballast)
            await asyncio.to_thread(ballast.hold)  # at a full disk in vain; then nothing new is taken
        else:
            engines, ballast = postgres_engines(url), None
        async with AsyncExitStack() as stack:
            stack.push_async_callback(engines.close)
            await _make_ready(engines, seal)
            stack.pop_all()  # all is well: the connections stay
    relief = Relief(engines, ballast, clock)
    return Store(Database(engines, Writer(engines, spawn, relief), seal), relief)


def _usable(data_dir: Path) -> Path:
    folder = data_dir.absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".probe."):
            pass
    except OSError as error:
        raise StoreError(
            f"data_dir {folder} cannot be written to ({error.strerror}): make it a directory that belongs to the user "
            "outwait runs as, or name another one"
        ) from None
    return folder


@asynccontextmanager
async def _alone(folder: Path, patience: float) -> AsyncIterator[None]:
    """While this runs, no other process on this machine opens the same store; the system frees it if we die."""
    loop = asyncio.get_running_loop()
    until = loop.time() + patience
    try:
        lock = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(f"{folder / LOCK_FILE} cannot be opened: {error.strerror}") from None
    try:
        while not _locked(lock):
            if loop.time() >= until:
                raise StoreError(
                    f"another process has been opening the store in {folder} for {patience:g} s: see which"
                )
            await asyncio.sleep(_POLL)
        yield
    finally:
        os.close(lock)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise StoreError(f"data_dir is on a file system that cannot lock files: {error.strerror}") from None
    return True


async def _make_ready(engines: Engines, seal: Seal) -> None:
    try:
        await migrate(engines)
        async with engines.writer.begin() as connection:
            await _prove(connection, engines, seal)
    except (sa.exc.SQLAlchemyError, OSError) as error:
        if not engines.embedded and trouble(error) is Trouble.GONE:
            cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
            raise StoreError(
                f"no connection to {engines.place} ({_first_line(cause)}): see whether it runs and the address is right"
            ) from None
        raise told(error, engines.place) from None


def _first_line(error: BaseException | None) -> str:
    """Why no connection came about; it speaks of hosts and users, never of rows."""
    lines = str(error).splitlines() if error is not None else []
    return lines[0] if lines else name_of(error or OSError())


async def _prove(connection: AsyncConnection, engines: Engines, seal: Seal) -> None:
    """See that the database was written with one of our keys, and leave a proof of the first."""
    rows = await connection.execute(sa.select(facts).where(facts.c.name.startswith(_PROOF, autoescape=True)))
    proofs: dict[str, bytes] = {row.name.removeprefix(_PROOF): row.value for row in rows}
    known = [name for name in seal.names if name in proofs]
    for name in known:
        seal.open(proofs[name], _PROOF + name)
    if proofs and not known:
        raise StoreError(
            f"{engines.place} was written with another encryption key: restore {KEY_FILE} in data_dir, or name that "
            "key in the configuration (after the new one, to change keys). Nodes that share a database share keys."
        )
    first = seal.names[0]
    if first not in proofs:
        proof = seal.close(b"outwait", _PROOF + first)
        insert = sa.insert(facts).values(name=_PROOF + first, value=proof)
        await connection.execute(insert)

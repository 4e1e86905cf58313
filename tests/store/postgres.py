"""A real PostgreSQL of the tests' own: in a temporary directory, on a Unix socket only, gone with its process."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER = "postgres"


def programs() -> Path | None:
    """Where initdb and pg_ctl are; Debian keeps them off the PATH."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return places[-1].parent if places else None


def memory() -> Path | None:
    """A file system in memory with room to spare, if there is one."""
    place = Path("/dev/shm")
    try:
        return place if os.access(place, os.W_OK) and shutil.disk_usage(place).free > 1 << 30 else None
    except OSError:
        return None


def missing() -> str | None:
    """Why there can be no server; None when there can."""
    if programs() is None:
        return "no PostgreSQL found (on Debian: apt install postgresql)"
    if os.geteuid() == 0 and _user() is None:
        return f"PostgreSQL does not run as root, and there is no user {USER}"
    return None


def _user() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        return None


def _run(*command: str | Path, folder: Path) -> None:
    user = _user() if os.geteuid() == 0 else None
    who = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    log = folder / "commands.log"
    with log.open("ab") as out:
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False, **who)  # type: ignore[call-overload]  # the keywords are of different types
    if done.returncode:
        raise RuntimeError(log.read_text(errors="replace"))


@contextmanager
def server() -> Iterator[str]:
    """The address of a server that runs while the context is open. It does not wait for the disk: what survives a
    power cut is PostgreSQL's own promise, not ours."""
    bins = programs()
    assert bins is not None
    # Not pytest's folder, which other users cannot enter; and a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="ow-pg-", dir=memory()))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, USER)
        data = folder / "data"
        _run(bins / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync", folder=folder)
        options = f"-k {folder} -c listen_addresses= -c fsync=off -c max_connections=200 -c shared_buffers=16MB"
        control = (bins / "pg_ctl", "-D", data, "-w", "-t", "30")
        _run(*control, "-l", folder / "server.log", "-o", options, "start", folder=folder)
        try:
            yield f"postgresql://{USER}@/postgres?host={folder}"
        finally:
            _run(*control, "-m", "immediate", "stop", folder=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)

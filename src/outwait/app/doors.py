"""The folder of the workers' side doors: nobody but this gateway's user can enter it, and its path is short.

That its user owns both ends is all the trust there is between workers, so the folder is made anew for each gateway
(0700), and goes with it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

_log = logging.getLogger("outwait")

_LONGEST = 107  # bytes; sun_path of unix(7) has 108, the last one is 0
_NAME = len("/0012ab")


@contextlib.contextmanager
def folder() -> Iterator[Path | None]:
    """A fresh folder, in $XDG_RUNTIME_DIR or the system's temporary directory; removed in the end. None when neither
    can have one: then the workers serve on, each by itself.
    """
    with contextlib.ExitStack() as stack:
        yield _made(stack)


def take_down(side_door: Path, *, alone: bool) -> None:
    """Remove a side door that nobody answers any more. `alone`: the supervisor is gone, so whoever is the last to leave
    removes the folder.
    """
    side_door.unlink(missing_ok=True)
    if alone:
        with contextlib.suppress(OSError):
            side_door.parent.rmdir()


def _made(stack: contextlib.ExitStack) -> Path | None:
    for place in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"):  # noqa: S108 - a fresh folder is made in it
        if not place or not Path(place).is_absolute():
            continue
        try:  # the constructor makes the folder
            made = tempfile.TemporaryDirectory(prefix="outwait-", dir=place, ignore_cleanup_errors=True)
        except OSError:
            continue
        path = stack.enter_context(made)
        if len(os.fsencode(path)) + _NAME <= _LONGEST:
            return Path(path)
    _log.warning("no place for the workers' side doors: a retry that reaches another worker is asked anew")
    return None

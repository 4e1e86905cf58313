"""A command as somebody sees it who types: in a terminal of its own."""

from __future__ import annotations

import os
import pty
import select
import sys
import time
from collections.abc import Sequence

PATIENCE = 20.0


class Terminal:
    """`outwait` with `words` in a terminal. Use `see`, `press` and `ended`."""

    def __init__(self, words: Sequence[str]) -> None:
        self.pid, self._screen = pty.fork()
        if self.pid == 0:
            os.environ |= {"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "30"}
            os.execv(sys.executable, [sys.executable, "-m", "outwait", *words])
        self.shown = b""

    def see(self, text: str) -> None:
        """Wait until `text` is on the screen."""
        deadline = time.monotonic() + PATIENCE
        while text.encode() not in self.shown:
            assert time.monotonic() < deadline, self.shown[-2000:]
            assert self._read(), self.shown[-2000:]

    def press(self, keys: bytes) -> None:
        """Type them."""
        os.write(self._screen, keys)

    def ended(self) -> int:
        """Wait for the end; returns the exit status."""
        deadline = time.monotonic() + PATIENCE
        while self._read():
            assert time.monotonic() < deadline, self.shown[-2000:]
        os.close(self._screen)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _read(self) -> bool:
        """Take what is there, or wait a moment; returns whether there may be more."""
        if select.select([self._screen], [], [], 0.1)[0]:
            try:
                more = os.read(self._screen, 65536)
            except OSError:  # EIO: nobody holds the other side any more
                return False
            self.shown += more
            return bool(more)
        return True

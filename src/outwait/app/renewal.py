"""A fresh `outwait serve --takeover` with the arguments of this one: how a running gateway takes up new code.

The new gateway is no child of the old one, which ends long before it: it is started by a go-between that leaves at
once, so that whoever looks after orphans (systemd) looks after it from the beginning. A pipe that it holds until it
ends tells the old one when it failed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence

from outwait.app import systemd
from outwait.wire.tasks import spawn

_log = logging.getLogger("outwait")

FLAG = "--takeover"
# The pipe is inheritable in there, and so passed on; nothing else is.
_GO_BETWEEN = "import os, sys; os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)"


class Renewal:
    """`argv`: the command line of the new gateway, the interpreter first; `more`: what its environment has beyond this
    one's.
    """

    def __init__(self, argv: Sequence[str], more: Mapping[str, str]) -> None:
        self.argv = argv
        self._more = more
        self._running = False

    def begin(self, relieved: Callable[[], bool]) -> None:
        """Start the new gateway, unless one is starting. `relieved`: whether this one has been told to drain."""
        if self._running:
            _log.warning("SIGUSR2: a fresh gateway is starting already")
            return
        self._running = True
        _log.info("SIGUSR2: starting a fresh gateway in this one's place")
        systemd.reloading()
        spawn(self._see_through(relieved), "renewal")

    async def _see_through(self, relieved: Callable[[], bool]) -> None:
        try:
            await self._run()
        except OSError as error:
            _log.error("the fresh gateway could not be started: %s", error)
        self._running = False
        if not relieved():
            _log.error("no fresh gateway took this one's place; its reason stands above; this one serves on")
            systemd.notify("READY=1")

    async def _run(self) -> None:
        """Start it; returns when it has ended. Raises OSError when it cannot be started."""
        watched, held = os.pipe()
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(watched, "rb", buffering=0)
        )
        try:
            try:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    *("-I", "-c", _GO_BETWEEN),
                    *self.argv,
                    env={**os.environ, **self._more},
                    pass_fds=(held,),
                )
            finally:
                os.close(held)
            await process.wait()
            await reader.read()
        finally:
            transport.close()


def renewal(more: Mapping[str, str]) -> Renewal:
    """Of this process: its own command line, with the flag that makes it take over."""
    argv = [sys.executable, *sys.orig_argv[1:]]  # the interpreter by the name it was called by
    return Renewal([*argv, *(() if FLAG in argv else (FLAG,))], more)

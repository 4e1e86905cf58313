"""The first module of the command that is loaded: Ctrl-C is heard from here on, while the rest is still being loaded.

It loads nothing slow itself, not even `typing`.
"""

from __future__ import annotations

import os
import signal
import sys

INTERRUPTED = 130  # how a shell tells of SIGINT: 128 + 2


def main() -> None:
    """Load the commands, run the one that was asked for, and end the process."""
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # else it is ignored, as by `nohup`
    if ours:
        signal.signal(signal.SIGINT, _leave)  # nothing has begun, so there is nothing to put in order
    from outwait.cli.commands import run
    from outwait.cli.ending import ended

    def running() -> None:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        run()

    status = ended(running)
    if ours:
        signal.signal(signal.SIGINT, _leave)  # only threads are left; who asks again does not want to wait for them
    sys.exit(status)


def _leave(*_: object) -> None:
    os._exit(INTERRUPTED)

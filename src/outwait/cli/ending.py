"""How every command ends: Ctrl-C is exit status 130, a reader of stdout that went away is no trouble, and a full disk
is one line on stderr. None of them shows a traceback, nor does a stream that is closed or lacks a character.
"""

from __future__ import annotations

import errno
import io
import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TextIO

from outwait.cli import streams
from outwait.cli.helping import tongue_asked
from outwait.cli.start import INTERRUPTED
from outwait.core.tongue import Said

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_UNWRITTEN: Final = Said("outwait: stdout cannot be written: {why}.", "outwait：无法写入标准输出：{why}。")
_GONE: Final = (errno.EPIPE, errno.ECONNRESET)

Status = int | str | None
"""What SystemExit takes."""


class Unwritten(SystemExit):
    """stdout could not be written. `gone`: since nobody reads it any more.

    It is no OSError, since the libraries below take those for their own and end the process in their own ways. It is a
    SystemExit, which no loop, task or thread keeps for itself: they end.
    """

    def __init__(self, error: OSError) -> None:
        self.gone = error.errno in _GONE
        self.why = error.strerror or str(error)
        super().__init__(0 if self.gone else 1)

    def __str__(self) -> str:
        return self.why


class _Stdout(io.FileIO):
    """Fails once. What is written after that goes nowhere: a command that puts things in order must not fail again, nor
    Python, which writes what is still buffered at its end.
    """

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            raise Unwritten(error) from error


def ended(run: Callable[[], None]) -> Status:
    """What to end with after `run`. What it wrote to stdout is written, or told on stderr that it is not."""
    status: Status = 0
    streams.prepare()
    try:
        sys.stdout = _telling(sys.stdout)
        try:
            run()
        except Unwritten:
            raise
        except SystemExit as end:
            status = end.code
            if status == INTERRUPTED:
                _hush()
        _flush()
    except KeyboardInterrupt:
        status = INTERRUPTED
        _hush()
        with suppress(Unwritten):
            _flush()
    except Unwritten as error:
        _hush()
        status = told(error)
    return status


def _hush() -> None:
    """What was under way is thrown away as it is: a loop half made, a task that nobody asks for its result. Neither is
    to complain of that: why the process ends is known.
    """
    sys.unraisablehook = _unheard
    logging.getLogger("asyncio").disabled = True


def _unheard(_: object) -> None:
    pass


def _flush() -> None:
    if sys.stdout is not None:  # a program may be started without one
        sys.stdout.flush()


def _telling(stdout: TextIO) -> TextIO:
    """`stdout`, but what fails there is told apart from every other OSError."""
    if not (isinstance(stdout, io.TextIOWrapper) and isinstance(stdout.buffer, io.BufferedWriter | io.FileIO)):
        return stdout
    raw = _Stdout(stdout.fileno(), "wb", closefd=False)
    buffered = isinstance(stdout.buffer, io.BufferedWriter)  # not so with PYTHONUNBUFFERED
    return io.TextIOWrapper(
        io.BufferedWriter(raw) if buffered else raw,
        encoding=stdout.encoding,
        errors=stdout.errors,
        line_buffering=stdout.line_buffering,
        write_through=stdout.write_through,
    )


def told(error: Unwritten) -> int:
    """Say on stderr why stdout could not be written, unless nobody wants to read it; returns the exit status."""
    if error.gone:
        return 0
    try:
        print(_UNWRITTEN.told(tongue_asked(sys.argv[1:], os.environ), why=error), file=sys.stderr, flush=True)
    except OSError:  # stderr is there, too: the exit status says it alone
        return 1
    return 1

"""Runs in a file: JSON Lines, one object a line, appended as probes end, so that a run that was cut off can be read.

A run is a line of type `run` and its lines of type `probe`; docs/check.md describes their fields. A file may hold
several runs. Readers skip fields and types of lines they do not know, and refuse a `version` they do not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

import msgspec

from outwait.toolkit.check.probe import Probe

VERSION: Final = 1


class About(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One endpoint of a run. `asked`: the request in words. `stream`: None where there is no answer of a model.

    `paid`: whether each of its probes is charged. `url`: without credentials and query.
    """

    name: str
    url: str
    dialect: str
    asked: str
    model: str | None = None
    stream: bool | None = None
    paid: bool = False
    max_tokens: int | None = None


class Header(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag_field="type", tag="run"):
    """What was run. `started`: a date (RFC 3339, UTC). `probes`: of each endpoint in a round. `parallel`: how many at
    a time of one endpoint. `reuse`: connections were kept. `clocks`: clock -> seconds.
    """

    started: str
    outwait: str
    endpoints: tuple[About, ...]
    probes: int
    parallel: int
    reuse: bool = False
    clocks: Mapping[str, float] = {}
    version: int = VERSION


class Run(msgspec.Struct, frozen=True, gc=False):
    """A run as it was saved."""

    header: Header
    probes: tuple[Probe, ...] = ()

    def of(self, endpoint: str) -> tuple[Probe, ...]:
        """The probes of the endpoint of this name."""
        return tuple(probe for probe in self.probes if probe.endpoint == endpoint)


class Unreadable(ValueError):  # noqa: N818 - it says what is the case
    """A file that holds no run; the text names the file, the line and what to do."""


class _Kind(msgspec.Struct, frozen=True, gc=False):
    type: str = ""
    version: int = VERSION


_kind = msgspec.json.Decoder(_Kind).decode
_header = msgspec.json.Decoder(Header).decode
_probe = msgspec.json.Decoder(Probe).decode
_encode = msgspec.json.Encoder().encode


class Bytes(Protocol):
    """A file that is open for writing."""

    def write(self, data: bytes, /) -> int | None:
        """Write `data`, or its beginning; how much it was."""


class Log:
    """Writes one run to an open file, each line at once. The file should have no buffer: what a full disk did not take
    would be tried again when it is closed. Raises OSError where a line cannot be written.
    """

    __slots__ = ("_file",)

    def __init__(self, file: Bytes, header: Header) -> None:
        self._file = file
        self._put(header)

    def add(self, probe: Probe) -> None:
        """One more probe."""
        self._put(probe)

    def _put(self, row: Header | Probe) -> None:
        rest = _encode(row) + b"\n"
        while rest:  # a disk that is almost full takes a part
            rest = rest[self._file.write(rest) or 0 :]


def read(path: str | Path) -> Run:
    """The last run in the file. Raises Unreadable."""
    return read_all(path)[-1]


def read_all(path: str | Path) -> tuple[Run, ...]:
    """All runs in the file, oldest first, at least one. Raises Unreadable."""
    try:
        text = Path(path).read_text("utf-8")
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise Unreadable(f"{path} is no text in UTF-8: is it a file that `outwait check --save` wrote?") from error
    return parse(text, str(path))


def parse(text: str, name: str = "the text") -> tuple[Run, ...]:
    """All runs in `text`, which is called `name` in errors. Raises Unreadable."""
    runs: list[tuple[Header, list[Probe]]] = []
    cut: Unreadable | None = None  # a line that is no JSON: fine where a run was broken off, and the next one begins
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            if _take(line, runs):
                cut = None
        except Unreadable as error:
            raise Unreadable(f"{name}, line {number}: {error}") from None
        except (msgspec.MsgspecError, UnicodeError) as error:
            told = Unreadable(f"{name}, line {number}, is not what `outwait check --save` writes: {error}")
            if cut is not None or isinstance(error, msgspec.ValidationError) or not runs:
                raise (cut or told) from error
            cut = told
            continue
        if cut is not None:
            raise cut
    if cut is not None and text.endswith("\n"):
        raise cut
    if not runs:
        raise Unreadable(f"{name} holds no run of `outwait check --save`")
    return tuple(Run(header, tuple(probes)) for header, probes in runs)


def _take(line: str, runs: list[tuple[Header, list[Probe]]]) -> bool:
    """Add what the line says; whether it begins a run."""
    kind = _kind(line)
    if kind.type == "run":
        if kind.version > VERSION:
            told = f"a run of version {kind.version}; this outwait reads up to {VERSION}: update it"
            raise Unreadable(told)
        runs.append((_header(line), []))
        return True
    if kind.type == "probe":
        probe = _probe(line)
        if not runs:
            raise Unreadable("a probe stands before any run: the beginning of the file is missing")
        runs[-1][1].append(probe)
    return False

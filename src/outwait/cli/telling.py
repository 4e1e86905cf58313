"""How the commands of the toolkit speak: their common options, progress on stderr, JSON on stdout."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from outwait.cli import streams
from outwait.core.tongue import Tongue, tongue_of

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

Lang = Annotated[Tongue | None, typer.Option("--lang", help="Language; by default the locale's.", metavar="en|zh")]
AsJson = Annotated[bool, typer.Option("--json", help="As one JSON object on stdout.")]


def spoken(asked: Tongue | None) -> Tongue:
    """The language to speak: what was asked for, else the locale's."""
    return tongue_of(os.environ) if asked is None else asked


def print_json(told: object, *, indent: int | None = 2) -> None:
    """`told` as the command's one JSON object; in ASCII where stdout has not every character. `indent` None: a line."""
    typer.echo(json.dumps(told, ensure_ascii=not streams.unicode(sys.stdout), indent=indent))


def harmless(text: str) -> str:
    """`text` of somebody else's, without what a terminal would obey instead of showing it."""
    return text if text.isprintable() else "".join(each if each.isprintable() else "?" for each in text)


def console() -> Console:
    """Where tables go: stdout, no colours of its own making, as wide as the terminal is."""
    from rich.console import Console

    return Console(highlight=False, markup=False)


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Progress]:
    """A progress display on stderr while something runs; gone when it is done.

    Nothing is drawn where stderr is no terminal, nor with `quiet`. Use `add_task(words, total=n)` and `advance(task)`.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    screen = Console(stderr=True, highlight=False)
    with Progress(*columns, console=screen, transient=True, disable=quiet or not sys.stderr.isatty()) as bars:
        yield bars

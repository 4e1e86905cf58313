"""`outwait top`: what a running gateway is doing, live in the terminal."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from outwait.cli import telling
from outwait.cli.gateway import Asked, Gateway, Key, Unreached, Url, refused, running, unreached
from outwait.cli.serve import Config
from outwait.cli.telling import AsJson, Lang
from outwait.cli.top_rows import CHANNEL_HEADS, HEADS, ORDERS, Cell, Seen, channel_rows, figures, fitting, head, rows
from outwait.core.tongue import Said, Tongue

if TYPE_CHECKING:
    from rich.console import Console

EXAMPLES = """Examples:

outwait top

outwait top --url https://gateway.example.com --key ow-...    (an admin key)

outwait top --once    (one look, as text)

outwait top --json | jq '.live.data[] | select(.silence > 60)'

Keys: s sorts, space pauses, enter shows one exchange with its timeline, q or Ctrl-C ends.

Exit status: 0 all is well, 1 the gateway does not answer, 2 usage, configuration or a key that may not.
"""
_MOST = 500
_BETWEEN = 3  # cells of a table's rule and blanks, for each column
_LEFT_OUT = Said(
    "No room for: {names}. A wider terminal, a pipe or --json has all.",
    "放不下：{names}。更宽的终端、管道或 --json 有全部内容。",
)
_NOTHING = Said("Nothing is in flight.", "没有进行中的请求。")


class Refused(Exception):  # noqa: N818 - it says what happened
    """The gateway answered with an error."""

    def __init__(self, answer: Asked) -> None:
        super().__init__(answer.told())
        self.answer = answer

    def told(self, tongue: Tongue) -> str:
        """What it said."""
        return self.answer.told(tongue)


def top(
    *,
    every: Annotated[float, typer.Option(min=0.2, max=60, help="Seconds between two looks.")] = 1.0,
    sort: Annotated[str, typer.Option(help="What comes first: silence, age or left.")] = "silence",
    once: Annotated[bool, typer.Option("--once", help="One look, as tables; so it is without a terminal.")] = False,
    url: Url = None,
    key: Key = None,
    config: Config = None,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Watch a running gateway: what is in flight, how silent it is, heartbeats, clocks left; and its channels.

    Exchanges of all workers are shown, channels as one worker sees them.
    """
    if sort not in ORDERS:
        raise typer.BadParameter(f"one of {', '.join(ORDERS)}; not {sort!r}", param_hint="--sort")
    tongue = telling.spoken(lang)
    gateway = running(config, url, key, tongue)
    try:
        seen = look(gateway)
    except Unreached as error:
        unreached(error, as_json=as_json, tongue=tongue)
    except Refused as error:
        refused(error.answer, as_json=as_json, tongue=tongue)
    if as_json:
        telling.print_json({"live": seen.live, "channels": seen.channels, "figures": seen.figures})
    elif once or not _terminal():
        _print(seen, sort, tongue)
    else:
        from outwait.cli.top_screen import Watch

        watch = Watch(gateway, lambda: look(gateway), seen, sort=sort, every=every, tongue=tongue)
        watch.run()
        raise typer.Exit(watch.return_code or 0)


def look(gateway: Gateway, clock: Callable[[], float] = time.monotonic) -> Seen:
    """One look: exchanges, channels, counters. Raises Unreached, Refused."""
    live = gateway.read(f"/v1/live?limit={_MOST}")
    if live.status != 200 or "data" not in live.body:
        raise Refused(live)
    channels = gateway.read("/v1/channels")
    if channels.status != 200:
        raise Refused(channels)
    status, page = gateway.page("/metrics")
    return Seen(clock(), live.body, channels.body["data"], figures(page) if status == 200 else {})


def _terminal() -> bool:
    return sys.stdout.isatty()


def _print(seen: Seen, sort: str, tongue: Tongue) -> None:
    screen = telling.console()
    for line in head(None, seen, tongue):
        screen.print(line)
    shown = [cells for _, cells in rows(seen.live, sort, tongue)]
    if shown:
        _table(screen, {name: said.told(tongue) for name, said in HEADS.items()}, shown, tongue)
    else:
        screen.print(_NOTHING.told(tongue))
    channels = channel_rows(seen.channels, tongue)
    _table(screen, {name: said.told(tongue) for name, said in CHANNEL_HEADS.items()}, channels, tongue)


def _table(screen: Console, heads: Mapping[str, str], lines: Sequence[Sequence[Cell]], tongue: Tongue) -> None:
    """A table. A terminal that is too narrow gets fewer columns; a pipe or a file gets all of them, uncut."""
    from rich.cells import cell_len
    from rich.table import Column, Table
    from rich.text import Text

    found = [dict(zip(heads, line, strict=True)) for line in lines]
    widths = {name: max(map(cell_len, (told, *(row[name][0] for row in found)))) for name, told in heads.items()}
    kept = fitting(widths, screen.width - 1 if screen.is_terminal else math.inf, _BETWEEN)
    if not screen.is_terminal:
        screen.width = max(screen.width, sum(widths.values()) + _BETWEEN * len(widths) + 1)
    elastic = ("model", "last")
    drawn = Table(
        *(Column(heads[name], no_wrap=True, min_width=1 if name in elastic else widths[name]) for name in kept)
    )
    for row in found:
        drawn.add_row(*(Text(*row[name]) for name in kept))
    screen.print(drawn)
    if len(kept) < len(heads):
        missing = ", ".join(told for name, told in heads.items() if name not in kept)
        screen.print(_LEFT_OUT.told(tongue, names=missing), style="dim")

"""`outwait top`: what a running gateway is doing, live in the terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Annotated, NoReturn

import typer

from outwait.cli import telling
from outwait.cli.gateway import USAGE, Asked, Gateway, Unreached, running
from outwait.cli.serve import Config
from outwait.cli.telling import AsJson, Lang
from outwait.cli.top_rows import CHANNEL_HEADS, HEADS, ORDERS, Cell, Seen, channel_rows, figures, head, rows
from outwait.core.tongue import Said, Tongue

EXAMPLES = """Examples:

outwait top

outwait top --url https://gateway.example.com --key ow-...    (an admin key)

outwait top --once    (one look, as text)

outwait top --json | jq '.live.data[] | select(.silence > 60)'

Keys: s sorts, space pauses, enter shows one exchange with its timeline, q ends.

Exit status: 0 all is well, 1 the gateway does not answer, 2 usage, configuration or a key that may not.
"""
_MOST = 500
_NOTHING = Said("Nothing is in flight.", "没有进行中的请求。")


class Refused(Exception):  # noqa: N818 - it says what happened
    """The gateway answered with an error."""

    def __init__(self, answer: Asked) -> None:
        super().__init__(answer.refusal)
        self.answer = answer


def top(
    *,
    every: Annotated[float, typer.Option(min=0.2, max=60, help="Seconds between two looks.")] = 1.0,
    sort: Annotated[str, typer.Option(help="What comes first: silence, age or left.")] = "silence",
    once: Annotated[bool, typer.Option("--once", help="One look, as tables; so it is without a terminal.")] = False,
    url: Annotated[
        str | None, typer.Option(help="Where the gateway is, instead of server.host and server.port.", metavar="URL")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="A client key with `admin: true`, instead of the first of the configuration.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Watch a running gateway: what is in flight, how silent it is, heartbeats, clocks left; and its channels.

    Exchanges of all workers are shown, channels as one worker sees them.
    """
    if sort not in ORDERS:
        raise typer.BadParameter(f"one of {', '.join(ORDERS)}; not {sort!r}", param_hint="--sort")
    gateway, tongue = running(config, url, key), telling.spoken(lang)
    try:
        seen = look(gateway)
    except Unreached as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(1) from error
    except Refused as error:
        _refused(error.answer, as_json=as_json)
    if as_json:
        telling.print_json({"live": seen.live, "channels": seen.channels, "figures": seen.figures})
    elif once or not _terminal():
        _print(seen, sort, tongue)
    else:
        from outwait.cli.top_screen import Watch

        Watch(gateway, lambda: look(gateway), seen, sort=sort, every=every, tongue=tongue).run()


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
    from rich.table import Column, Table
    from rich.text import Text

    console = telling.console()

    def table(heads: list[str], lines: list[list[Cell]]) -> None:
        drawn = Table(*(Column(each, no_wrap=True) for each in heads))
        for line in lines:
            drawn.add_row(*(Text(text, style) for text, style in line))
        console.print(drawn)

    for line in head(None, seen, tongue):
        console.print(line)
    shown = rows(seen.live, sort, tongue)
    if shown:
        table([each.told(tongue) for each in HEADS.values()], [cells for _, cells in shown])
    else:
        console.print(_NOTHING.told(tongue))
    table([each.told(tongue) for each in CHANNEL_HEADS.values()], channel_rows(seen.channels, tongue))


def _refused(answer: Asked, *, as_json: bool) -> NoReturn:
    if as_json:
        telling.print_json(answer.body)
    else:
        typer.secho(answer.refusal, fg="red", err=True)
    raise typer.Exit(2 if answer.status in USAGE else 1)

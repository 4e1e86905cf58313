"""What people see of the demo: a line per call that grows while it runs, or plain lines; a table and a sentence."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Final

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from outwait.cli.demo_scene import Audience, Kind, Setting, Track

# What stands for a heartbeat, the cut, an answer, a failure and a silent moment, in UTF-8 and for old terminals.
_FINE: Final[dict[str, str]] = {"beat": "•", "cut": "✂", "answer": "✔", "failed": "✘", "silence": "─"}
_PLAIN: Final[dict[str, str]] = {"beat": "o", "cut": "X", "answer": "A", "failed": "!", "silence": "-"}
_STYLES: Final[dict[str, str]] = {
    "beat": "cyan", "cut": "bold red", "answer": "bold green", "failed": "red", "silence": "bright_black",
}  # fmt: skip
_RANK: Final = ("silence", "beat", "failed", "answer", "cut")  # the later one is shown where two share a cell
_NARROWEST, _WIDEST = 12, 72
_TITLE, _NOTE = 20, 30  # columns beside the bar


def opening(setting: Setting, sdk: str) -> str:
    """What is about to be shown."""
    return (
        f"A model that is silent for {setting.thinking:g} s, a proxy that cuts after {setting.silence:g} s of it.\n"
        f"Four calls with the official openai SDK {sdk}, each made once (max_retries=0)."
    )


def conclusion(setting: Setting, calls: list[Track], problems: list[str]) -> str:
    """What was shown, in one sentence."""
    if problems:
        return "It did not hold: " + "; ".join(problems) + "."
    beats = sum(each.count("beat") for each in calls if each.way == "outwait")
    return (
        f"It held: both direct calls died at the proxy's {setting.silence:g} s limit; through outwait the same calls "
        f"got their whole answers after {setting.thinking:g} s, kept alive by {beats} heartbeats."
    )


def bar(track: Track, elapsed: float, span: float, width: int, glyphs: dict[str, str]) -> Text:
    """The call's line: `span` seconds wide, filled up to `elapsed` or to the call's end."""
    cells: dict[int, str] = {}
    until = elapsed if track.seconds is None else track.seconds
    for cell in range(_cell(until, span, width) + 1):
        cells[cell] = "silence"
    for seconds, mark in track.marks:
        cell = _cell(seconds, span, width)
        if _RANK.index(mark) > _RANK.index(cells.get(cell, "silence")):
            cells[cell] = mark
    text = Text(no_wrap=True)
    for kind, run in groupby(cells.get(cell, "") for cell in range(width)):
        text.append((glyphs[kind] if kind else " ") * len(tuple(run)), _STYLES.get(kind))
    return text


def _cell(seconds: float, span: float, width: int) -> int:
    return min(max(int(seconds / span * width), 0), width - 1)


def note(track: Track, elapsed: float) -> Text:
    """The words beside the bar."""
    beats = track.count("beat")
    told = f", {beats} heartbeat{'s' * (beats != 1)}" if beats else ""
    if track.seconds is None:
        return Text(f"{elapsed:.1f} s{told}", "bright_black")
    if track.count("cut"):
        return Text(f"cut after {track.seconds:.1f} s", "bold red")
    if track.right:
        return Text(f"answer, {track.seconds:.1f} s{told}", "bold green")
    return Text(f"failed, {track.seconds:.1f} s{told}", "red")


def told(track: Track, kind: Kind) -> str:
    """One event as a plain line."""
    seconds = track.marks[-1][0]
    words = {
        "beat": f"heartbeat {track.count('beat')}",
        "cut": "cut by the middlebox",
        "answer": f"done: {track.result}",
        "failed": f"dead: {track.result}",
    }
    return f"{seconds:6.1f} s  {track.title:<20} {words[kind]}"


def table(calls: list[Track]) -> Table:
    """The four calls side by side."""
    made = Table("call", "result", "after", "heartbeats", "upstream\ncalls", box=box.SIMPLE_HEAD, pad_edge=False)
    made.columns[0].no_wrap = made.columns[2].no_wrap = True
    for column in made.columns[2:]:
        column.justify = "right"
    for each in calls:
        style = "green" if each.right else "red"
        after = "" if each.seconds is None else f"{each.seconds:.1f} s"
        result = Text(each.result, style)
        made.add_row(each.title, result, after, str(each.count("beat")), str(each.upstream_calls))
    return made


def plain(console: Console) -> Audience:
    """Shows each event as a line."""

    def tell(track: Track, kind: Kind) -> None:
        console.print(told(track, kind), markup=False)

    return Audience(ready=lambda: None, tell=tell, tick=lambda: None)


def silent() -> Audience:
    """Shows nothing; for programs."""
    return Audience(ready=lambda: None, tell=lambda _, __: None, tick=lambda: None)


class Stage:
    """The live picture: one growing line for each call. A context manager; `audience` feeds it."""

    def __init__(self, console: Console, setting: Setting, calls: list[Track], clock: Callable[[], float]) -> None:
        self._console = console
        self._calls = calls
        self._span = setting.thinking + 1.0
        self._clock = clock
        self._began: float | None = None
        self._glyphs = _FINE if (console.encoding or "").lower().startswith("utf") else _PLAIN
        self._live = Live(console=console, auto_refresh=False)

    def __enter__(self) -> Audience:
        """Begin to draw."""
        self._live.start()
        self._live.update(Text("starting the model, the proxy and outwait ...", "bright_black"), refresh=True)
        return Audience(ready=self._ready, tell=lambda _, __: self._draw(), tick=self._draw)

    def __exit__(self, *_: object) -> None:
        """Leave the last picture on the screen."""
        self._live.stop()

    def _ready(self) -> None:
        self._began = self._clock()
        self._draw()

    def _draw(self) -> None:
        self._live.update(self.picture(), refresh=True)

    def picture(self) -> Group:
        """The picture as it is now."""
        elapsed = 0.0 if self._began is None else self._clock() - self._began
        width = max(_NARROWEST, min(_WIDEST, self._console.width - _TITLE - _NOTE - 4))
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=_TITLE, no_wrap=True)
        grid.add_column(width=width, no_wrap=True)
        grid.add_column(no_wrap=True)
        for each in self._calls:
            line = bar(each, elapsed, self._span, width, self._glyphs)
            grid.add_row(each.title, line, note(each, elapsed))
        signs = "   ".join(f"{self._glyphs[kind]} {name}" for kind, name in _LEGEND)
        return Group(grid, Text(signs, "bright_black"))


_LEGEND: Final = (("silence", "silence"), ("beat", "heartbeat"), ("cut", "cut by the proxy"), ("answer", "answer"))

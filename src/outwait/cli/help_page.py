"""The page of `--help` in Chinese: lines break between characters, which the page that typer draws cannot do.

Typer's tables take a sentence without blanks for one word and cut what has no room. Here nothing is cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from rich.cells import cell_len, chop_cells
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from outwait.cli.telling import console

if TYPE_CHECKING:
    from rich.console import Console

_OPENING, _CLOSING = r"\[(（《「【", "，。；：、）》」】！？"
# What a line may not end between: a run of Latin letters, or a character, with the punctuation that clings to it.
_UNIT: Final = re.compile(rf"\s+|[{_OPENING}]*(?:[!-\u2e7f]+|[^\s{_OPENING}])[{_CLOSING}]*|[{_OPENING}]+")
_NAMES: Final = 30  # cells: the widest that names of parameters get beside their help
_FRAME: Final = 4  # cells of a panel's borders and blanks
_GAP: Final = 2  # cells between columns


def show(command: Any, context: Any) -> None:
    """Print the page of `command`, as typer makes it; `context`: of this call."""
    screen = console()
    parts = [part for part in command.collect_usage_pieces(context) if part]
    _paragraphs(screen, " ".join(("用法：" + context.command_path, *parts)), "bold")
    _paragraphs(screen, command.help or "")
    records = [(each.param_type_name, each.get_help_record(context)) for each in command.get_params(context)]
    for kind, title in (("argument", "参数"), ("option", "选项")):
        _panel(screen, title, [record for of, record in records if of == kind and record is not None])
    _panel(screen, "命令", _children(command, context))
    screen.print()
    _paragraphs(screen, command.epilog or "")


def wrapped(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` cells (2 or more). Between two lines only blanks are left out."""
    lines = [""]
    blank = ""
    for unit in _UNIT.findall(text):
        if unit.isspace():
            blank = " "
            continue
        if lines[-1] and cell_len(lines[-1] + blank + unit) <= width:
            lines[-1] += blank + unit
        else:
            pieces = chop_cells(unit, width)
            lines[-1:] = [lines[-1], *pieces] if lines[-1] else pieces
        blank = ""
    return lines


def _children(command: Any, context: Any) -> list[tuple[str, str]]:
    if not hasattr(command, "list_commands"):
        return []
    found = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
    return [(name, _split(each.short_help or each.help or "")[0]) for name, each in found if not each.hidden]


def _paragraphs(screen: Console, text: str, style: str = "") -> None:
    """Paragraphs with a blank line after each."""
    for paragraph in filter(None, _split(text)):
        for line in wrapped(paragraph, screen.width - _GAP):
            screen.print(Text(f" {line}", style))
        screen.print()


def _panel(screen: Console, title: str, rows: Iterable[tuple[str, str]]) -> None:
    """Names and what they mean, side by side."""
    rows = [(name, told.replace("[default: ", "[默认：")) for name, told in rows]
    if not rows:
        return
    first = min(_NAMES, max(cell_len(name) for name, _ in rows))
    second = max(2, screen.width - _FRAME - first - _GAP)
    table = Table.grid(padding=(0, _GAP, 0, 0), pad_edge=False)
    for name, told in rows:
        names, means = ("\n".join(wrapped(text, width)) for text, width in ((name, first), (told, second)))
        table.add_row(Text(names, "bold cyan"), Text(means))
    screen.print(Panel(table, title=title, title_align="left", border_style="dim"))


def _split(text: str) -> list[str]:
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]

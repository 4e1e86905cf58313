"""Reads the tables of the docs, for the tests that hold them against the code."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"
Row = dict[str, str]


@cache
def lines(page: str) -> tuple[str, ...]:
    return tuple((DOCS / page).read_text("utf-8").splitlines())


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def table(page: str, *columns: str, under: str | None = None, which: int = 0) -> list[Row]:
    """The first table (or a later one: `which`) of `page` that has all `columns`, `under` the heading of that text if
    one is named."""
    text = list(lines(page))
    if under is not None:
        start = next(at for at, line in enumerate(text) if re.fullmatch(rf"#+ {re.escape(under)}", line))
        end = next((at for at in range(start + 1, len(text)) if text[at].startswith("#")), len(text))
        text = text[start:end]
    for at, line in enumerate(text):
        names = cells(line)
        if line.startswith("|") and set(columns) <= set(names) and text[at + 1].startswith("|---"):
            if which > 0:
                which -= 1
                continue
            rows = []
            for row in text[at + 2 :]:
                if not row.startswith("|"):
                    break
                assert len(cells(row)) == len(names), row
                rows.append(dict(zip(names, cells(row), strict=True)))
            return rows
    raise AssertionError(f"{page}: no table with {columns}")


def plain(cell: str) -> str:
    return cell.strip("`")


def words(cell: str) -> list[str]:
    return [plain(word.strip()) for word in cell.split(",") if word.strip()]

"""The tables of limits in the docs, made from `outwait.policy.limits`.

A page holds a place for them, between two remarks that its reader does not see:

    <!-- limits: nginx, HAProxy -->     the rows of these products
    <!-- limits of: cloud -->           one row for each product of a place: what ends an answer there
    <!-- end of limits -->

`python -m tests.limits_pages` writes the tables anew; tests/test_docs_limits.py says when that is needed.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from outwait.policy.durations import tell
from outwait.policy.limits import ANSWER, BEATEN, Kind, Limit, Place, limits, products

DOCS = Path(__file__).resolve().parent.parent / "docs"
PLACE = re.compile(
    r"(?P<open><!-- limits(?P<all> of)?: (?P<names>[^\n]+?) -->\n)(?P<table>.*?)(?P<end><!-- end of limits -->)",
    re.DOTALL,
)

BOUNDS: dict[Kind, str] = {
    "idle": "between two bytes of the answer",
    "first_byte": "request sent → first byte",
    "total": "request → end of the answer",
    "events": "between two events",
    "connect": "connecting",
    "write": "between two writes",
    "keepalive": "between two requests",
}
HELPS: dict[Kind, str] = {"idle": "yes", "first_byte": "yes", "total": "no", "events": "events do"}
PLACES: dict[str, Place] = {"client": "client", "middlebox": "middlebox", "cloud": "cloud", "provider": "provider"}


def span(seconds: float | None) -> str:
    """A default as people read it."""
    if seconds is None:
        return "none"
    return f"{seconds:g} s" if seconds < 600 else f"{seconds:g} s ({tell(seconds)})"


def pages() -> list[Path]:
    """The pages with a place for a table."""
    return [page for page in sorted(DOCS.rglob("*.md")) if PLACE.search(page.read_text("utf-8"))]


def named(text: str) -> list[str]:
    """The products whose rows a page shows."""
    return [name for place in PLACE.finditer(text) if not place["all"] for name in place["names"].split(", ")]


def written(text: str, page: Path) -> str:
    """`text` with its tables as they must be."""

    def fresh(place: re.Match[str]) -> str:
        rows = summary(PLACES[place["names"]], page) if place["all"] else table(place["names"].split(", "))
        return place["open"] + "".join(f"{row}\n" for row in rows) + place["end"]

    return PLACE.sub(fresh, text)


def table(names: list[str]) -> Iterator[str]:
    """The rows of some products, those that end an answer first."""
    one = len(names) == 1
    columns = ["limit", "default", "bounds", "heartbeats help", "set by", "what is seen"]
    yield _row(*(columns if one else ["where", *columns]))
    yield _row(*["---"] * (len(columns) + (not one)))
    for name in names:
        found = limits(name)
        if not found:
            raise KeyError(f"no limits of {name!r}")
        for each in sorted(found, key=lambda row: row.kind not in ANSWER):
            yield _row(*([] if one else [name]), *_cells(each))


def _cells(each: Limit) -> list[str]:
    title = each.name.split(".", 1)[1]
    source = each.source if each.source.startswith("http") else ""
    return [
        f"[{title}]({source})" if source else title,
        span(each.seconds),
        BOUNDS[each.kind],
        HELPS.get(each.kind, "–"),
        _code(each.setting) if each.setting else "nothing",
        each.sign,
    ]


def summary(place: Place, page: Path) -> Iterator[str]:
    """One row for each product of `place`, with the page that tells more."""
    yield _row("product", "ends an answer after", "heartbeats help", "page")
    yield _row(*["---"] * 4)
    homes = {name: each for each in pages() for name in named(each.read_text("utf-8"))}
    for name in products(place):
        rows = [row for row in limits(name) if row.kind in ANSWER]
        if rows:
            home = Path(os.path.relpath(homes[name], page.parent))
            yield _row(name, "; ".join(_shorts(rows)), _helped(rows), f"[{home.stem}]({home.as_posix()})")


def _shorts(rows: list[Limit]) -> Iterator[str]:
    """What ends an answer, with the row's own name where two rows bound the same."""
    for row in rows:
        twin = any(other.kind == row.kind and other is not row for other in rows)
        yield _short(row) + (f" ({row.name.rsplit('.', 1)[1].replace('_', ' ')})" if twin else "")


def _short(row: Limit) -> str:
    words: dict[Kind, str] = {
        "idle": "of silence",
        "first_byte": "before the first byte",
        "total": "in all",
        "events": "without an event",
    }
    return f"{span(row.seconds)} {words[row.kind]}"


def _helped(rows: list[Limit]) -> str:
    told = dict.fromkeys("yes" if row.kind in BEATEN else HELPS[row.kind] for row in rows if row.seconds is not None)
    return ", ".join(told) or "–"


def _code(setting: str) -> str:
    """A setting as code where it is no more than a name."""
    return f"`{setting}`" if re.fullmatch(r"[\w./=_-]+", setting) else setting.replace("<", "&lt;")


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main() -> None:
    for page in pages():
        old = page.read_text("utf-8")
        new = written(old, page)
        if new != old:
            page.write_text(new, "utf-8")
            sys.stdout.write(f"{page.relative_to(DOCS)}\n")


if __name__ == "__main__":
    main()

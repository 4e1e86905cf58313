"""The tables of limits in docs/clients.md, docs/middleboxes and docs/clouds are those of `outwait.policy.limits`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from tests.limits_pages import DOCS, named, pages, written

from outwait.policy.limits import LIMITS


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(DOCS)))
def test_the_tables_of_a_page_are_the_codes(page: Path) -> None:
    text = page.read_text("utf-8")
    assert text == written(text, page), "write it anew: .venv/bin/python -m tests.limits_pages"


def test_every_product_stands_on_one_page() -> None:
    told = Counter(name for page in pages() for name in named(page.read_text("utf-8")))
    assert {name: count for name, count in told.items() if count > 1} == {}
    assert {limit.product for limit in LIMITS} - set(told) == set()


@pytest.mark.parametrize("folder", ["middleboxes", "clouds"])
def test_the_index_of_a_folder_names_its_pages(folder: str) -> None:
    index = (DOCS / folder / "index.md").read_text("utf-8")
    missing = [
        page.name for page in (DOCS / folder).glob("*.md") if page.name != "index.md" and f"({page.name})" not in index
    ]
    assert missing == []


def test_a_page_says_how_to_verify() -> None:
    missing = [
        str(page.relative_to(DOCS))
        for folder in ("middleboxes", "clouds")
        for page in (DOCS / folder).glob("*.md")
        if "outwait path" not in page.read_text("utf-8")
    ]
    assert missing == []

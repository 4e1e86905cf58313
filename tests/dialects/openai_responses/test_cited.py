from __future__ import annotations

from typing import Any

import pytest

from outwait.core.part import Citation
from outwait.dialects.openai_responses.cited import annotation_of, citation_of, citations_of

URL = {"type": "url_citation", "url": "u", "title": "t", "start_index": 1, "end_index": 2}
FILE = {"type": "file_citation", "file_id": "f", "filename": "n", "index": 3}


@pytest.mark.parametrize(
    "annotation, citation",
    [
        (URL, Citation("u", "t", None, 1, 2, URL, "responses")),
        (FILE, Citation(None, "n", None, None, None, FILE, "responses")),
        ({}, Citation(raw={}, dialect="responses")),
        ("x", None),
    ],
)
def test_annotations_are_read(annotation: Any, citation: Citation | None) -> None:
    assert citation_of(annotation) == citation


def test_lists() -> None:
    assert citations_of([URL, "x"]) == (citation_of(URL),)
    assert citations_of(None) == ()


@pytest.mark.parametrize(
    "citation, annotation",
    [
        (Citation(raw=FILE, dialect="responses"), FILE),
        (Citation("u", "t", "q", 1, 2), URL),
        (Citation("u"), {"type": "url_citation", "url": "u", "title": "", "start_index": 0, "end_index": 9}),
        (Citation(title="a book"), None),
    ],
)
def test_citations_are_told(citation: Citation, annotation: dict[str, Any] | None) -> None:
    assert annotation_of(citation, 9) == annotation

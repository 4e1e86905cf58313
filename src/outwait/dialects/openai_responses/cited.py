"""Sources of words: annotations of an `output_text`, to and from the neutral citation."""

from __future__ import annotations

from typing import Any

from outwait.core.part import Citation
from outwait.dialects.openai_responses.proofs import OWN


def citation_of(annotation: object) -> Citation | None:
    """The source that an annotation names, if it names one."""
    if not isinstance(annotation, dict):
        return None
    url, title, name = (annotation.get(key) for key in ("url", "title", "filename"))
    start, end = annotation.get("start_index"), annotation.get("end_index")
    return Citation(
        url if isinstance(url, str) else None,
        title if isinstance(title, str) else name if isinstance(name, str) else None,
        None,
        start if type(start) is int else None,
        end if type(end) is int else None,
        annotation,
        OWN,
    )


def citations_of(annotations: object) -> tuple[Citation, ...]:
    """The sources that a part's annotations name."""
    told = (citation_of(each) for each in annotations) if isinstance(annotations, list) else ()
    return tuple(citation for citation in told if citation is not None)


def annotation_of(citation: Citation, length: int) -> dict[str, Any] | None:
    """The annotation for a source of words, of which there are `length` characters so far; None where there is none:
    OpenAI knows only sources that have a URL, besides its own files."""
    if citation.dialect == OWN and citation.raw is not None:
        return dict(citation.raw)
    if citation.url is None:
        return None
    return {
        "type": "url_citation",
        "url": citation.url,
        "title": citation.title or "",
        "start_index": citation.start or 0,
        "end_index": length if citation.end is None else citation.end,
    }

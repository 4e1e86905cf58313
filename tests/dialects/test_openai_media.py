from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.part import Media
from outwait.dialects import openai_media


@pytest.mark.parametrize(
    "url, told",
    [
        ("https://example.com/a.png", None),
        ("data:image/png;base64,AAAA", ("image/png", "AAAA")),
        ("DATA:image/png;charset=x;base64,AAAA", ("image/png", "AAAA")),
        ("data:;base64,", (None, "")),
    ],
)
def test_the_data_of_a_url(url: str, told: tuple[str | None, str] | None) -> None:
    assert openai_media.data_of(url) == told


@pytest.mark.parametrize("url", ["data:", "data:image/png", "data:image/png,%89", "data:image/png;base64"])
def test_data_must_be_in_base64(url: str) -> None:
    with pytest.raises(ValueError, match="base64"):
        openai_media.data_of(url)


@given(st.sampled_from(["image/png", "image/webp"]), st.from_regex(r"[A-Za-z0-9+/]{0,8}", fullmatch=True))
def test_a_url_goes_there_and_back(mime: str, data: str) -> None:
    url = f"data:{mime};base64,{data}"
    assert openai_media.url_of(openai_media.at_url("image", url)) == url


def test_urls_of_media() -> None:
    assert openai_media.url_of(openai_media.at_url("image", "https://e.com/a")) == "https://e.com/a"
    assert openai_media.url_of(Media("image", file="file-1")) is None
    assert openai_media.url_of(Media("image", data="AA")) == "data:image/png;base64,AA"
    assert openai_media.url_of(Media("other", data="AA")) == "data:application/octet-stream;base64,AA"


@pytest.mark.parametrize("form", ["mp3", "wav", "flac", "m4a", "ogg"])
def test_formats_of_sound(form: str) -> None:
    assert openai_media.form_of(openai_media.mime_of(form)) == form


@pytest.mark.parametrize(
    "mime, form", [("audio/x-wav", "wav"), ("audio/MP3;codecs=x", "mp3"), (None, "wav"), ("audio/mpeg", "mp3")]
)
def test_media_types_of_sound(mime: str | None, form: str) -> None:
    assert openai_media.form_of(mime) == form


@pytest.mark.parametrize(
    "part, told",
    [
        (Media("document", file="f", name="n"), {"file_id": "f", "filename": "n"}),
        (Media("document", file="f"), {"file_id": "f"}),
        (Media("document", url="https://e.com/a.pdf"), None),
        (Media("document", data="AA"), {"file_data": "AA"}),
        (Media("document", data="AA", name="n"), {"file_data": "AA", "filename": "n"}),
        (
            Media("document", "application/pdf", "AA"),
            {"file_data": "data:application/pdf;base64,AA", "filename": "document.pdf"},
        ),
        (
            Media("document", "application/x", "AA", name="n.x"),
            {"file_data": "data:application/x;base64,AA", "filename": "n.x"},
        ),
    ],
)
def test_files(part: Media, told: dict[str, str] | None) -> None:
    assert openai_media.file_of(part) == told

"""Images, sound and files as chat completions and Responses write them, to and from the neutral part."""

from __future__ import annotations

from typing import Any

from outwait.core.part import Media

# Whose media types do not end with the name that OpenAI uses.
_FORMATS = {"mpeg": "mp3", "x-wav": "wav", "wave": "wav", "vnd.wave": "wav", "mp4": "m4a", "x-m4a": "m4a"}
_MIMES = {"mp3": "audio/mpeg", "m4a": "audio/mp4"}
_PLAIN = {"image": "image/png", "video": "video/mp4", "audio": "audio/wav", "document": "application/pdf"}
_ENDINGS = {"application/pdf": ".pdf", "text/plain": ".txt", "text/markdown": ".md", "text/csv": ".csv"}
_BASE64 = ";base64"


def data_of(url: str) -> tuple[str | None, str] | None:
    """The media type and the base64 text of a `data:` URL; None for any other. ValueError if it is not in base64."""
    if url[:5].lower() != "data:":
        return None
    head, comma, data = url[5:].partition(",")
    if not comma or not head.endswith(_BASE64):
        raise ValueError("no base64")
    return head.removesuffix(_BASE64).partition(";")[0] or None, data


def at_url(kind: str, url: str, detail: str | None = None) -> Media:
    """What stands at `url`, or in it. ValueError as for `data_of`."""
    told = data_of(url)
    if told is None:
        return Media(kind, url=url, detail=detail)
    return Media(kind, mime=told[0], data=told[1], detail=detail)


def url_of(media: Media) -> str | None:
    """A URL of `media`, with the data in it where there are some."""
    if media.data is None:
        return media.url
    return f"data:{media.mime or _PLAIN.get(media.kind, 'application/octet-stream')};base64,{media.data}"


def mime_of(form: str) -> str:
    """The media type of sound in the format that OpenAI calls `form`."""
    return _MIMES.get(form, f"audio/{form}")


def form_of(mime: str | None) -> str:
    """OpenAI's name for sound with this media type."""
    kind = (mime or _PLAIN["audio"]).partition(";")[0].rpartition("/")[2].lower()
    return _FORMATS.get(kind, kind)


def file_of(media: Media) -> dict[str, Any] | None:
    """The `file` of a content part; None where it cannot be one."""
    if media.file is not None:
        return {"file_id": media.file, **({"filename": media.name} if media.name else {})}
    if media.data is None:
        return None
    if media.mime is None:
        return {"file_data": media.data, **({"filename": media.name} if media.name else {})}
    return {"file_data": url_of(media), "filename": media.name or name_for(media.mime)}


def name_for(mime: str) -> str:
    """A name for a document without one: OpenAI knows the kind of a file by the ending of its name."""
    return f"document{_ENDINGS.get(mime, '')}"

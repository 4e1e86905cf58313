from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import pytest
from openai.types import ImageEditStreamEvent, ImageGenStreamEvent, ImagesResponse
from pydantic import TypeAdapter
from tests.toolkit.simulate.conftest import asked, events, played, refusal

from outwait.toolkit.simulate.dialect import Speech
from outwait.toolkit.simulate.multipart import Upload
from outwait.toolkit.simulate.openai_images import OPENAI_IMAGE_EDIT, OPENAI_IMAGES, png

FILE = Upload("a.png", "image/png", png("a"))
GENERATED: TypeAdapter[Any] = TypeAdapter(ImageGenStreamEvent)
EDITED: TypeAdapter[Any] = TypeAdapter(ImageEditStreamEvent)


def test_an_image_is_a_png() -> None:
    data = png("x")
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at, kinds, pixels = 8, [], b""
    while at < len(data):
        size, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + size]
        assert int.from_bytes(data[at + 8 + size : at + 12 + size]) == zlib.crc32(kind + body)
        kinds.append(kind)
        pixels += body if kind == b"IDAT" else b""
        at += 12 + size
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]
    assert len(zlib.decompress(pixels)) == 16 * (1 + 16 * 3)
    assert png("x") == data != png("y")


def test_replies_validate_against_the_sdks_types() -> None:
    said = asked(OPENAI_IMAGES, "fast", {"model": "fast", "prompt": "a cat", "n": 2, "background": "transparent"})
    told = ImagesResponse.model_validate_json(OPENAI_IMAGES.whole(said), strict=True)
    first, second = (base64.b64decode(each.b64_json or "") for each in told.data or ())
    assert first != second
    assert (told.background, told.size) == ("transparent", "1024x1024")


@pytest.mark.parametrize(
    "speech,more,event,verb",
    [
        (OPENAI_IMAGES, {"stream": True, "partial_images": 2}, GENERATED, "image_generation"),
        (OPENAI_IMAGE_EDIT, {"stream": "true", "partial_images": "2", "image": [FILE]}, EDITED, "image_edit"),
    ],
)
def test_partial_images_come_before_the_image(
    speech: Speech, more: dict[str, object], event: TypeAdapter[Any], verb: str
) -> None:
    said = asked(speech, "fast", {"model": "fast", "prompt": "a cat", **more})
    assert said.question.stream
    stream = events(b"".join(played(speech, said)))
    assert [name for name, _ in stream] == [f"{verb}.partial_image"] * 2 + [f"{verb}.completed"]
    for _, data in stream:
        event.validate_json(json.dumps(data), strict=True)


def test_a_failure_in_a_stream_is_an_event() -> None:
    [(name, data)] = events(OPENAI_IMAGES.error_event(503, None, "no"))
    assert (name, data["type"], data["error"]["message"]) == ("error", "error", "no")


@pytest.mark.parametrize(
    "speech,more,param",
    [
        (OPENAI_IMAGES, {"prompt": ""}, "prompt"),
        (OPENAI_IMAGES, {"n": 11}, "n"),
        (OPENAI_IMAGES, {"stream": "yes"}, "stream"),
        (OPENAI_IMAGES, {"partial_images": 4}, "partial_images"),
        (OPENAI_IMAGE_EDIT, {}, "image"),
        (OPENAI_IMAGE_EDIT, {"image": Upload("a", "image/png", b"")}, "image"),
        (OPENAI_IMAGE_EDIT, {"image": FILE, "mask": "x"}, "mask"),
        (OPENAI_IMAGE_EDIT, {"image": FILE, "n": "many"}, "n"),
    ],
)
def test_a_wrong_field_is_named(speech: Speech, more: dict[str, object], param: str) -> None:
    assert refusal(speech, {"model": "fast", "prompt": "x", **more})[0] == param

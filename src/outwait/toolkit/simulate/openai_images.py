"""OpenAI's images as a provider sends them: made and edited, at once or with partial images in a stream.

Promises: replies and events validate against the openai SDK's types; each image is a real PNG of one colour, which the
seed and the prompt choose.
"""

from __future__ import annotations

import base64
import hashlib
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from outwait.toolkit.simulate import openai_errors
from outwait.toolkit.simulate.answer import Answer, Question
from outwait.toolkit.simulate.dialect import PLAIN, BadCallError, Envelope, Speech, nothing
from outwait.toolkit.simulate.multipart import Upload
from outwait.toolkit.simulate.openai_chat_request import named, number

_SIZE = 16  # pixels
_MOST_IMAGES = 10
_MOST_PARTIAL = 3
_TOKENS = 272  # of a low image
_INTEGERS: Final = ("n", "partial_images", "output_compression")


def ask(body: Mapping[str, object], envelope: Envelope = PLAIN) -> Question:
    """What an image is to show. Raises BadCallError."""
    prompt = body.get("prompt")
    if not isinstance(prompt, str) or not prompt:
        raise BadCallError("Missing required parameter: 'prompt'.", "prompt")
    stream = body.get("stream")
    if stream is not None and not isinstance(stream, bool):
        raise BadCallError("'stream' must be a boolean.", "stream")
    number(body, "partial_images", 0, _MOST_PARTIAL)
    return Question(
        model=named(body, envelope),
        stream=stream is True,
        text=prompt,
        words=len(prompt.split()),
        count=number(body, "n", 1, _MOST_IMAGES) or 1,
        body=body,
    )


def ask_edit(body: Mapping[str, object], envelope: Envelope = PLAIN) -> Question:
    """What an image is to become, in a form. Raises BadCallError."""
    image = body.get("image")
    images = image if isinstance(image, list) else [image]
    if not all(isinstance(each, Upload) and each.data for each in images):
        raise BadCallError("'image' must be a file that is not empty, or several as 'image[]'.", "image")
    if "mask" in body and not isinstance(body["mask"], Upload):
        raise BadCallError("'mask' must be a file.", "mask")
    return ask(typed(body, _INTEGERS), envelope)


def typed(form: Mapping[str, object], integers: tuple[str, ...]) -> dict[str, object]:
    """The fields of a form, which are texts all of them, as the JSON values they stand for."""
    values: dict[str, object] = dict(form)
    for name in integers:
        text = form.get(name)
        if isinstance(text, str) and text.isdecimal():
            values[name] = int(text)
    if form.get("stream") in ("true", "false", "True", "False"):
        values["stream"] = str(form["stream"]).lower() == "true"
    return values


def png(key: str) -> bytes:
    """A square of the colour that belongs to `key`."""
    colour = hashlib.sha256(key.encode()).digest()[:3]
    rows = (b"\0" + colour * _SIZE) * _SIZE

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", _SIZE, _SIZE, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def _image(answer: Answer, number_: int) -> str:
    return base64.b64encode(png(f"{answer.fingerprint}/{answer.question.text}/{number_}")).decode()


def _usage(answer: Answer) -> dict[str, object]:
    asked, said = answer.question.words, _TOKENS * answer.question.count
    return {
        "input_tokens": asked,
        "input_tokens_details": {"image_tokens": 0, "text_tokens": asked},
        "output_tokens": said,
        "total_tokens": asked + said,
    }


def _kind(answer: Answer) -> dict[str, object]:
    asked: Any = answer.question.body
    background = asked.get("background")
    return {
        "background": "transparent" if background == "transparent" else "opaque",
        "output_format": "png",
        "quality": "low",
        "size": "1024x1024" if asked.get("size") in (None, "auto") else asked["size"],
    }


def whole(answer: Answer) -> bytes:
    """The images."""
    data = [{"b64_json": _image(answer, index)} for index in range(answer.question.count)]
    return msgspec.json.encode({"created": answer.created, **_kind(answer), "data": data, "usage": _usage(answer)})


def _event(answer: Answer, kind: str, number_: int, **more: object) -> bytes:
    fields = {"b64_json": _image(answer, number_), "created_at": answer.created, **_kind(answer), **more}
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), msgspec.json.encode({"type": kind, **fields}))


def _verb(answer: Answer) -> str:
    return "image_edit" if "image" in answer.question.body else "image_generation"


def telling(answer: Answer) -> Iterator[bytes]:
    """The partial images that were asked for."""
    wanted: Any = answer.question.body.get("partial_images") or 0
    for index in range(wanted):
        yield _event(answer, f"{_verb(answer)}.partial_image", index + 1, partial_image_index=index)


def closing(answer: Answer) -> Iterator[bytes]:
    """The image."""
    yield _event(answer, f"{_verb(answer)}.completed", 0, usage=_usage(answer))


def error_event(status: int, code: str | None, message: str, _: Answer | None = None) -> bytes:
    """A failure inside a stream that has begun."""
    told = openai_errors.told(status, code, message, None)
    return b"event: error\ndata: %b\n\n" % msgspec.json.encode({"type": "error", **told})


OPENAI_IMAGES: Final = Speech(
    ask=ask,
    opening=nothing,
    thinking=nothing,
    telling=telling,
    closing=closing,
    whole=whole,
    error=openai_errors.error,
    error_event=error_event,
    prefix="img-",
)
OPENAI_IMAGE_EDIT: Final = replace(OPENAI_IMAGES, ask=ask_edit, form=True)

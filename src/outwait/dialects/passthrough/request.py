"""A request to a plain route: read at the door, prepared for an upstream.

`read` finds the few fields that decide, in a JSON body or in a form, and refuses what two readers of one body could
understand differently. `prepare` changes the model's name where it stands, and nothing else: files are never touched.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import UNSET, Raw, UnsetType

from outwait.core.fault import Refusal, fault
from outwait.core.plan import Candidate
from outwait.core.request import Call
from outwait.dialects import body as reading
from outwait.dialects import document
from outwait.dialects.passthrough import form
from outwait.dialects.passthrough.endpoints import ENDPOINTS, PATHS, Endpoint

_FIELD_LIMIT = 1024
# As the readers of forms understand them (pydantic's and Go's among them).
_TRUE = frozenset({"true", "1", "yes", "on", "t", "y"})
_FALSE = frozenset({"false", "0", "no", "off", "f", "n", ""})
_COUNT_LIMIT = 1000


class Facts(msgspec.Struct, frozen=True, gc=False):
    """What decides in a request. `count`: how many answers were asked for. `written`: its `response_format`."""

    model: str
    stream: bool
    count: int = 1
    written: str | None = None
    include_usage: bool = False


class _Peek(msgspec.Struct, gc=False):
    model: str | UnsetType = UNSET
    stream: Raw | UnsetType = UNSET
    stream_format: Raw | UnsetType = UNSET
    stream_options: Raw | UnsetType = UNSET
    n: Raw | UnsetType = UNSET
    response_format: Raw | UnsetType = UNSET


class _StreamOptions(msgspec.Struct, gc=False):
    include_usage: bool | None = None


_KEYS = _Peek.__struct_fields__
_QUOTED = reading.quoted(_KEYS)
_FORM_NAMES = frozenset({"model", "stream", "n", "response_format"})
_peek = msgspec.json.Decoder(_Peek).decode


def endpoint(path: str) -> str:
    """The name of the endpoint at `path`, or `other`."""
    row = PATHS.get(path)
    return "other" if row is None else row.name


def read(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Call:
    """The call in a client's request; header names in lower case. Raises `Refusal` for what is none."""
    row = PATHS.get(path) or PATHS.get(path.partition("?")[0])
    if row is None:
        raise Refusal(fault("not_found"))
    if method != "POST":
        raise Refusal(fault("method_not_allowed"))
    found = _facts(row, headers, body)
    return Call(
        "openai", row.name, found.model, found.stream, body, headers, None, False, found.include_usage, method, path
    )


def prepare(call: Call, candidate: Candidate) -> bytes:
    """The body for `candidate`: the very same bytes but for the model's name there."""
    if candidate.model == call.model:
        return call.body
    if not is_form(call.headers):
        return document.change(call.body, {"model": msgspec.json.encode(candidate.model)})
    found = form.fields(call.body, form.boundary_of(call.headers["content-type"]), ("model",))
    return form.changed(call.body, found["model"], candidate.model.encode())


def facts(call: Call) -> Facts:
    """What decides in `call`, found anew in its body."""
    return _facts(ENDPOINTS[call.endpoint], call.headers, call.body)


def is_form(headers: Mapping[str, str]) -> bool:
    """Whether the body is a form; then its content type names the boundary, and has to go upstream with it."""
    return headers.get("content-type", "").lstrip().lower().startswith("multipart/")


def _facts(row: Endpoint, headers: Mapping[str, str], body: bytes) -> Facts:
    if not row.form:
        reading.check_type(headers)
        return _of_json(row, body)
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind.startswith(("application/x-www-form-urlencoded", "multipart/")) and kind != "multipart/form-data":
        told = "The body must be multipart/form-data (or application/json, where the upstream takes it)."
        raise Refusal(fault("unsupported_media_type", told))
    if kind != "multipart/form-data":
        reading.check_type(headers)
        return _of_json(row, body)
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Refusal(fault("unsupported_media_type", "The request body must not be compressed."))
    return _of_form(row, headers["content-type"], body)


def _of_json(row: Endpoint, body: bytes) -> Facts:
    if not body.isascii():
        reading.check_utf8(body)
    peek = reading.peek(_peek, body)
    model = reading.model_of(row.model if peek.model is UNSET and row.model else peek.model)
    reading.check_document(body, peek, _QUOTED, _KEYS)
    options = reading.loosely(peek.stream_options, _StreamOptions)
    count = reading.loosely(peek.n, int)
    return Facts(
        model,
        _streams(row, peek),
        count if count is not None and 0 < count <= _COUNT_LIMIT else 1,
        reading.loosely(peek.response_format, str),
        options is not None and options.include_usage is True,
    )


def _streams(row: Endpoint, peek: _Peek) -> bool:
    """Whether a stream of events is asked for."""
    if row.switch is None:
        return False
    raw = peek.stream if row.switch == "stream" else peek.stream_format
    if row.switch == "stream_format":  # `audio` is a stream too, but one of plain bytes
        return bool(reading.loosely(raw, str) == "sse")
    if isinstance(raw, UnsetType) or bytes(raw) == b"null":
        return False
    stream = reading.loosely(raw, bool)
    if stream is None:
        raise Refusal(fault("invalid_value", "'stream' must be bool.", param="stream"))
    return bool(stream)


def _of_form(row: Endpoint, content_type: str, body: bytes) -> Facts:
    found = form.fields(body, form.boundary_of(content_type), _FORM_NAMES)
    values = {name: _text(body, name, field) for name, field in found.items()}
    model = reading.model_of(values.get("model", UNSET))
    stream = values.get("stream", "").strip().lower()
    if stream not in _TRUE | _FALSE:
        raise Refusal(fault("invalid_value", "'stream' must be true or false.", param="stream"))
    count = values.get("n", "")
    counted = int(count) if count.isascii() and count.isdigit() and len(count) <= len(str(_COUNT_LIMIT)) else 1
    return Facts(model, row.switch == "stream" and stream in _TRUE, max(counted, 1), values.get("response_format"))


def _text(body: bytes, name: str, field: form.Field) -> str:
    if field.end - field.start > _FIELD_LIMIT:
        raise Refusal(fault("invalid_value", f"{name!r} must have at most {_FIELD_LIMIT} bytes.", param=name))
    try:
        return body[field.start : field.end].decode()
    except UnicodeDecodeError:
        raise Refusal(fault("invalid_value", f"{name!r} must be UTF-8.", param=name)) from None

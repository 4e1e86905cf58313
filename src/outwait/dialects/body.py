"""What is the same in reading every JSON request: its type, its bytes, and the few fields that decide.

Nothing here knows a dialect. A room gives a msgspec struct of the fields it peeks at (all optional, UNSET where absent)
and gets it filled, or a `Refusal` that says what is wrong: compressed or form bodies, invalid UTF-8, no JSON, too deep,
control keys given twice or in escapes, which two readers of one body could understand differently.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

from outwait.core.fault import Fault, Refusal, fault
from outwait.dialects import document

MODEL_LIMIT = 256
JSON = "application/json"
_FORMS = ("application/x-www-form-urlencoded", "multipart/")
_AT = re.compile(r" - at `\$\.?([^`]*)`$")

T = TypeVar("T")


def check(headers: Mapping[str, str], body: bytes) -> None:
    """Refuse a body that is no JSON by its headers, or no UTF-8."""
    if headers.get("content-type") != JSON or "content-encoding" in headers:
        check_type(headers)
    if not body.isascii():
        check_utf8(body)


def check_type(headers: Mapping[str, str]) -> None:
    """Refuse a form and a compressed body."""
    if headers.get("content-type", "").lower().lstrip().startswith(_FORMS):
        raise Refusal(fault("unsupported_media_type"))
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Refusal(fault("unsupported_media_type", "The request body must not be compressed."))


def check_utf8(body: bytes) -> None:
    """Refuse what is not UTF-8."""
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise Refusal(_no_json(f"byte {error.start} is not UTF-8")) from None


def peek(decode: Callable[[bytes], T], body: bytes) -> T:
    """`body` as `decode`, of a msgspec decoder, reads it."""
    if not body:
        raise Refusal(fault("invalid_json", "The request body is empty."))
    try:
        return decode(body)
    except RecursionError:
        raise Refusal(_too_deep()) from None
    except msgspec.ValidationError as error:
        raise Refusal(_invalid(str(error))) from None
    except ValueError as error:
        told = str(error)
    try:
        # Half a surrogate pair is JSON all the same; only this peek stumbles over it.
        return decode(document.without_surrogates(body))
    except msgspec.ValidationError as error:
        raise Refusal(_invalid(str(error))) from None
    except (ValueError, RecursionError):
        raise Refusal(_no_json(told.removeprefix("JSON is malformed: "))) from None


def check_document(body: bytes, peeked: object, present: Iterable[tuple[str, bytes]], keys: tuple[str, ...]) -> None:
    """Refuse what a second reader of the same bytes could understand in another way.

    `peeked`: the struct read from it. `present`: the keys the body may have, plain and as they stand in it. `keys`: all
    control keys.
    """
    if document.deeper_than(body):
        raise Refusal(_too_deep())
    if key := document.escaped_key(body, keys):
        raise Refusal(fault("invalid_value", f"The key {key!r} must be written without escapes.", param=key))
    for key, quoted in present:
        if getattr(peeked, key) is UNSET or body.count(quoted) == 1:
            continue
        try:
            places = len(document.values_of(body, key))
        except document.TooManyKeysError:
            raise Refusal(fault("duplicate_key", f"The request body has too many keys {key!r}.", param=key)) from None
        if places > 1:
            raise Refusal(fault("duplicate_key", f"The request body names {key!r} twice.", param=key))


def quoted(keys: Iterable[str]) -> tuple[tuple[str, bytes], ...]:
    """`keys`, plain and as they stand in a body."""
    return tuple((key, b'"%s"' % key.encode()) for key in keys)


def model_of(model: str | UnsetType) -> str:
    """A model's name that can be one."""
    if isinstance(model, UnsetType):
        raise Refusal(fault("invalid_value", "The request must name a model.", param="model"))
    if not model or len(model) > MODEL_LIMIT or not model.isprintable():
        told = f"The model's name must have 1 to {MODEL_LIMIT} printable characters."
        raise Refusal(fault("invalid_value", told, param="model"))
    return model


def loosely(raw: Raw | UnsetType, kind: type[Any]) -> Any:
    """`raw` as `kind`, or None: where these fields are wrong it is the upstream's business to say so."""
    if isinstance(raw, UnsetType):
        return None
    try:
        return msgspec.json.decode(raw, type=kind)
    except (ValueError, RecursionError):
        return None


def _invalid(told: str) -> Fault:
    at = _AT.search(told)
    if at is None or not at[1]:
        return fault("invalid_json", "The request body must be a JSON object.")
    what = _AT.sub("", told).lower().replace("`", "").replace("expected", "must be").replace(", got", ", not")
    return fault("invalid_value", f"{at[1]!r} {what}.", param=at[1])


def _no_json(why: str) -> Fault:
    return fault("invalid_json", f"The request body is not valid JSON: {why}.")


def _too_deep() -> Fault:
    return fault("invalid_json", f"The request body is nested more than {document.DEPTH_LIMIT} levels deep.")

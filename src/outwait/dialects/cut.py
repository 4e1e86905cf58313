"""Whether a JSON body that cannot be read was cut off, or never was JSON: the first breaks the line, the second lies.

One judgement for all rooms, so that the same half reply is told and retried alike whatever its upstream speaks. What is
called cut is always the beginning of a JSON text; one that is nested a thousand levels deep is called no JSON.
"""

from __future__ import annotations

import msgspec

from outwait.core.fault import Fault, fault
from outwait.dialects import document

_MISSING = "Input data was truncated"  # what msgspec says where the end is missing
_SHOWN = 200


def no_answer(body: bytes, *, lists: bool = False) -> Fault:
    """The fault for a body that is no JSON answer: the beginning of one was cut, anything else never was one.

    `lists`: an answer may be an array too. Blanks before the body are taken off already.
    """
    if is_cut(body, lists=lists):
        return fault("upstream_truncated", detail=f"JSON that was cut after {len(body)} bytes: {body[:_SHOWN]!r}")
    return fault("upstream_bad_response", detail=f"no JSON answer in {len(body)} bytes: {body[:_SHOWN]!r}")


def is_cut(body: bytes, *, lists: bool = False) -> bool:
    """Whether `body` is the beginning of an object, or with `lists` of an array, whose end is missing."""
    if not body.startswith((b"{", b"[") if lists else b"{"):
        return False
    # In the middle of a number (`-`, `1.`, `1e`) msgspec misses a digit first, and says so instead.
    return _ends_early(body) or _ends_early(body + b"0")


def _ends_early(text: bytes) -> bool:
    try:
        msgspec.json.decode(document.without_surrogates(text), type=msgspec.Raw)
    except RecursionError:
        return False
    except ValueError as error:
        return str(error) == _MISSING
    return False

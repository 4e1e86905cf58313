"""What is said of a response that is not there (any more), or cannot be cancelled, in OpenAI's own words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from outwait.core.fault import Fault, fault
from outwait.dialects import document


def unknown(ident: str) -> Fault:
    """404: there is no response `ident`."""
    return fault("not_found", f"Response with id '{ident}' not found.")


def unknown_previous(ident: str) -> Fault:
    """400: there is no response `ident` that a call could continue; clients know the code, and send the whole then."""
    told = f"Previous response with id '{ident}' not found."
    return replace(fault("bad_request", told, param="previous_response_id"), code="previous_response_not_found")


def not_cancellable() -> Fault:
    """400: only a background response can be cancelled."""
    return fault("bad_request", "Cannot cancel a synchronous response.")


def error_json(fault: Fault) -> bytes:
    """The body that tells one of these just as OpenAI does, which has a code for few of them."""
    code = fault.code if fault.code == "previous_response_not_found" else None
    error = {"message": fault.message, "type": fault.type, "param": fault.param, "code": code}
    return document.dumps({"error": error})


def deleted(ident: str) -> dict[str, Any]:
    """What answers a deletion."""
    return {"id": ident, "object": "response", "deleted": True}

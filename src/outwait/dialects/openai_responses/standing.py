"""The response object of a call whose response outwait keeps, at each point of its life.

Before there is an answer it repeats the request, as OpenAI's does: queued when it came, then in progress, at last
cancelled or failed. An answer brings its own object, which is kept as its client saw it.
"""

from __future__ import annotations

from typing import Any

from outwait.core.fault import Fault, fault
from outwait.core.request import Call
from outwait.dialects.openai_responses import response
from outwait.dialects.openai_responses.errors import failure
from outwait.dialects.openai_responses.final import final

ENDED = frozenset({"completed", "incomplete", "failed", "cancelled"})
_UNREADABLE = "upstream_bad_response"


def queued(call: Call, created: int) -> dict[str, Any]:
    """The response with which a background call is answered. `created`: when it came, in seconds since 1970."""
    return standing(call, created, "queued")


def standing(call: Call, created: int, status: str) -> dict[str, Any]:
    """The response as it stands without an answer: queued, in_progress or cancelled."""
    made = response.blank(_ident(call), call.model, created)
    return response.echo(response.asked(call.body), made) | {"status": status}


def failed(call: Call, created: int, fault: Fault) -> dict[str, Any]:
    """The response that ended with `fault`."""
    return standing(call, created, "failed") | {"error": failure(fault)}


def ended(call: Call, outcome: str, body: bytes, failed_with: Fault | None, created: int) -> tuple[str, dict[str, Any]]:
    """How the response ended, and what is stored and shown of it: completed, incomplete, failed or cancelled.

    `outcome`: of the exchange; all but `completed` and `cancelled` is a failure, with `failed_with` if that is known.
    `body`: the answer as its client got it.
    """
    if outcome == "cancelled":
        return outcome, standing(call, created, outcome)
    told = final(body, stream=call.stream) if outcome == "completed" else None
    if told is None:
        told = failed(call, created, failed_with or fault(_UNREADABLE if outcome == "completed" else "internal_error"))
    status = told.get("status")
    told["status"] = status if isinstance(status, str) and status in ENDED else "completed"
    if call.state is not None and call.state.background:
        told["id"] = call.state.ident
    told["id"] = told.get("id") or _ident(call)
    told["created_at"] = told.get("created_at") or created  # not every upstream says when
    return told["status"], told


def _ident(call: Call) -> str:
    return f"resp_{response.key_of(call.body)}" if call.state is None else call.state.ident

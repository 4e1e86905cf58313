"""The four dialects as this matrix's upstream speaks them and as its clients read them.

Written by hand and on purpose without the gateway's own code: what is a whole answer is judged by the marks that SDKs
look for, so that a gateway which misreads a stream is not judged by its own misreading.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Event = dict[str, Any]
BROKE = "it broke here"  # how the upstream tells its own error


def _event(data: Event, *, named: bool = False) -> bytes:
    name = f"event: {data['type']}\n".encode() if named else b""
    return name + b"data: " + json.dumps(data).encode() + b"\n\n"


# -- the upstream's side


def opening(dialect: str) -> bytes:
    """What comes first in a stream and says nothing."""
    if dialect == "chat":
        return _chat({"role": "assistant", "content": ""})
    if dialect == "responses":
        return _event(
            {"type": "response.created", "sequence_number": 0, "response": _response("in_progress")}, named=True
        )
    if dialect == "anthropic":
        message: Event = {
            "id": "m",
            "type": "message",
            "role": "assistant",
            "content": [],
            "model": "m",
            "stop_reason": None,
        }
        usage = {"input_tokens": 1, "output_tokens": 1}
        return _event({"type": "message_start", "message": {**message, "usage": usage}}, named=True)
    return _event({"usageMetadata": {"promptTokenCount": 1}, "modelVersion": "m"})


def words(dialect: str, pieces: Sequence[str], first: int = 0) -> bytes:
    """Pieces of the answer; `first`: how many came before."""
    return b"".join(_word(dialect, piece, first + at) for at, piece in enumerate(pieces))


def _word(dialect: str, piece: str, at: int) -> bytes:
    if dialect == "chat":
        return _chat({"content": piece})
    if dialect == "responses":
        where = {"item_id": "i", "output_index": 0, "content_index": 0, "logprobs": []}
        told = {"type": "response.output_text.delta", "sequence_number": at + 1, "delta": piece}
        return _event({**told, **where}, named=True)
    if dialect == "anthropic":
        text = {"type": "text_delta", "text": piece}
        delta = _event({"type": "content_block_delta", "index": 0, "delta": text}, named=True)
        if at:
            return delta
        block = {"type": "text", "text": ""}
        return _event({"type": "content_block_start", "index": 0, "content_block": block}, named=True) + delta
    return _event({"candidates": [_candidate(piece)]})


def ending(dialect: str, pieces: Sequence[str]) -> bytes:
    """What says that the answer is whole."""
    if dialect == "chat":
        return _chat({}, "stop") + b"data: [DONE]\n\n"
    if dialect == "responses":
        done = {"type": "response.completed", "sequence_number": len(pieces) + 1}
        return _event({**done, "response": _response("completed", "".join(pieces))}, named=True)
    if dialect == "anthropic":
        reason = {"stop_reason": "end_turn", "stop_sequence": None}
        told = {"type": "message_delta", "delta": reason, "usage": {"output_tokens": len(pieces)}}
        stop = _event({"type": "content_block_stop", "index": 0}, named=True) + _event(told, named=True)
        return stop + _event({"type": "message_stop"}, named=True)
    return _event({"candidates": [{**_candidate(""), "finishReason": "STOP"}]})


def reply(dialect: str, pieces: Sequence[str]) -> bytes:
    """The answer as one JSON body."""
    text = "".join(pieces)
    if dialect == "chat":
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        told: Event = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    elif dialect == "responses":
        told = _response("completed", text)
    elif dialect == "anthropic":
        told = {"id": "m", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn"}
        told |= {"content": [{"type": "text", "text": text}], "usage": {"input_tokens": 1, "output_tokens": 1}}
    else:
        told = {"candidates": [{**_candidate(text), "finishReason": "STOP"}]}
    return json.dumps(told).encode()


def refusal(dialect: str) -> bytes:
    """The body of a 500, which says nothing about whose fault it was."""
    if dialect == "gemini":
        return json.dumps({"error": {"code": 500, "message": BROKE, "status": "INTERNAL"}}).encode()
    if dialect == "anthropic":
        return json.dumps({"type": "error", "error": {"type": "api_error", "message": BROKE}}).encode()
    return json.dumps({"error": {"message": BROKE, "type": "server_error", "param": None, "code": None}}).encode()


def error_event(dialect: str, at: int) -> bytes:
    """The same inside a stream."""
    if dialect == "responses":
        told = {"type": "error", "code": "server_error", "message": BROKE, "param": None, "sequence_number": at}
        return _event(told, named=True)
    return _event(json.loads(refusal(dialect)), named=dialect == "anthropic")


def _chat(delta: Event, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return _event({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})


def _response(status: str, text: str | None = None) -> Event:
    part: Event = {"type": "output_text", "text": text, "annotations": []}
    item = {"type": "message", "id": "i", "role": "assistant", "status": "completed", "content": [part]}
    output = [] if text is None else [item]
    return {"id": "r", "object": "response", "created_at": 1, "status": status, "model": "m", "output": output}


def _candidate(text: str) -> Event:
    return {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0}


# -- the client's side


@dataclass(frozen=True, slots=True)
class Told:
    """What a client makes of a body. `ended`: its mark for a whole answer is there. `error`: it was told of one."""

    text: str = ""
    ended: bool = False
    error: bool = False


def read(dialect: str, body: bytes, *, stream: bool) -> Told:
    """What a client of `dialect` makes of the bytes of `body`, of a stream or of a JSON reply, whole or not."""
    if not stream:
        return _read_json(dialect, body)
    events = list(_events(body))
    error = any(each.get("error") or each.get("type") in ("error", "response.failed") for each in events)
    ended = any(_ends(dialect, each) for each in events)
    if dialect == "chat":
        ended = ended and body.endswith(b"data: [DONE]\n\n")
    return Told("".join(_said(dialect, each) for each in events), ended, error)


def _events(body: bytes) -> Iterator[Event]:
    for block in body.replace(b"\r\n", b"\n").split(b"\n\n")[:-1]:  # the last is not whole, or nothing
        data = b"\n".join(line[6:] for line in block.split(b"\n") if line.startswith(b"data: "))
        if data.startswith(b"{"):
            yield json.loads(data)


def _said(dialect: str, event: Event) -> str:
    if dialect == "chat":
        return "".join(choice["delta"].get("content") or "" for choice in event.get("choices", ()))
    if dialect == "responses":
        return str(event["delta"]) if event.get("type") == "response.output_text.delta" else ""
    if dialect == "anthropic":
        return str(event["delta"]["text"]) if event.get("type") == "content_block_delta" else ""
    return _parts(event)


def _parts(told: Event) -> str:
    parts = [part for each in told.get("candidates", ()) for part in each.get("content", {}).get("parts", ())]
    return "".join(part.get("text", "") for part in parts)


def _ends(dialect: str, event: Event) -> bool:
    if dialect == "chat":
        return any(choice.get("finish_reason") for choice in event.get("choices", ()))
    if dialect == "gemini":
        return any(each.get("finishReason") for each in event.get("candidates", ()))
    return event.get("type") in ("response.completed", "message_stop")


def _read_json(dialect: str, body: bytes) -> Told:
    try:
        told = json.loads(body)
    except ValueError:
        return Told()
    if told.get("error"):
        return Told(error=True)
    if dialect == "chat":
        choice = told["choices"][0]
        return Told(choice["message"]["content"], choice["finish_reason"] == "stop")
    if dialect == "responses":
        return Told(told["output"][0]["content"][0]["text"], told["status"] == "completed")
    if dialect == "anthropic":
        return Told(told["content"][0]["text"], told["stop_reason"] == "end_turn")
    return Told(_parts(told), told["candidates"][0]["finishReason"] == "STOP")

"""Between the two forms of a Messages reply: a stream folded into one message, and a message unfolded into a stream.

Both keep what they do not know: blocks of future kinds stand whole in their first event, and unknown fields stay where
they are.
"""

from __future__ import annotations

from typing import Any

from outwait.dialects import document
from outwait.dialects.anthropic import usage
from outwait.dialects.passing import event

# Kind of delta -> the field of the block that it makes longer.
_GROWING = {"text_delta": "text", "thinking_delta": "thinking"}
_OURS = (b"message_", b"content_block_")
# Fields of a message that its stream tells at the end.
_LAST = ("stop_reason", "stop_sequence", "stop_details", "container")
_BESIDE = ("context_management",)  # told at the end too, beside the delta


class Fold:
    """Gathers the events of a stream into one message."""

    __slots__ = ("_blocks", "_inputs", "_message")

    def __init__(self) -> None:
        self._message: dict[str, Any] = {}
        self._blocks: dict[int, dict[str, Any]] = {}
        self._inputs: dict[int, list[str]] = {}

    def add(self, name: bytes, data: bytes) -> None:
        """One event; raises ValueError for one that cannot be read."""
        try:
            told = document.loads(data)
        except ValueError:
            if name.startswith(_OURS) or not name:
                raise
            return  # an event of a future kind
        if not isinstance(told, dict):
            return
        kind = told.get("type") or name.decode(errors="replace")
        if kind == "message_start" and isinstance(told.get("message"), dict):
            self._message = dict(told["message"])
        elif kind == "content_block_start" and isinstance(told.get("content_block"), dict):
            self._blocks[_index(told)] = dict(told["content_block"])
        elif kind == "content_block_delta" and isinstance(told.get("delta"), dict):
            self._grow(_index(told), told["delta"])
        elif kind == "message_delta":
            self._close(told)

    def _grow(self, index: int, delta: dict[str, Any]) -> None:
        block = self._blocks.setdefault(index, {"type": "text", "text": ""})
        kind = delta.get("type")
        if kind == "input_json_delta":
            self._inputs.setdefault(index, []).append(str(delta.get("partial_json") or ""))
        elif kind == "citations_delta":
            block["citations"] = [*(block.get("citations") or ()), delta.get("citation")]
        elif kind in _GROWING:
            field = _GROWING[kind]
            block[field] = str(block.get(field) or "") + str(delta.get(field) or "")
        elif kind == "signature_delta":
            block["signature"] = delta.get("signature")  # whole each time, as SDKs take it
        else:
            for field, value in delta.items():
                if field != "type":
                    known = block.get(field)
                    both = isinstance(known, str) and isinstance(value, str)
                    block[field] = known + value if both else value

    def _close(self, told: dict[str, Any]) -> None:
        delta = told.get("delta")
        message = self._message
        for field, value in (delta if isinstance(delta, dict) else {}).items():
            if value is not None or field not in message:
                message[field] = value
        known = message.get("usage")
        message["usage"] = usage.merged(known if isinstance(known, dict) else {}, told.get("usage"))
        message |= {field: value for field, value in told.items() if field not in {"type", "delta", "usage"}}

    def body(self) -> bytes:
        """The message."""
        for index, pieces in self._inputs.items():
            text = "".join(pieces)
            if text:
                self._blocks[index]["input"] = _input(text)
        blocks = [self._blocks[index] for index in sorted(self._blocks)]
        known = self._message.get("content")
        before = known if isinstance(known, list) else []
        return document.dumps({"type": "message", "role": "assistant", **self._message, "content": [*before, *blocks]})


def _input(text: str) -> object:
    """The arguments of a tool; where they broke off, the text itself in the form Anthropic's documents give it."""
    try:
        return document.loads(text.encode())
    except ValueError:
        return {"INVALID_JSON": text}


def _index(told: dict[str, Any]) -> int:
    index = told.get("index")
    return index if type(index) is int else 0


def unfold(body: bytes) -> bytes:
    """The stream that says the same as the message `body`; raises ValueError if it is none."""
    message = document.loads(body)
    if not isinstance(message, dict) or not isinstance(message.get("content"), list):
        raise ValueError("no message")  # noqa: TRY004 - what `passing.WholeReader` expects
    counts = message.get("usage")
    counted = counts if isinstance(counts, dict) else {}
    later = {"stop_reason", *_LAST, *_BESIDE}
    opening = {key: value for key, value in message.items() if key not in later}
    opening |= {"content": [], "stop_reason": None, "stop_sequence": None, "usage": {**counted, "output_tokens": 0}}
    out = [line("message_start", message=opening)]
    for index, block in enumerate(message["content"]):
        out += _block(index, block)
    delta = {"stop_reason": None, "stop_sequence": None}
    delta |= {key: message[key] for key in _LAST if key in message}
    beside = {key: message[key] for key in _BESIDE if key in message}
    out.append(line("message_delta", delta=delta, usage={"output_tokens": 0} | counted, **beside))
    out.append(line("message_stop"))
    return b"".join(out)


def _block(index: int, block: object) -> list[bytes]:
    """The events of one block."""
    if not isinstance(block, dict):
        return []
    start, deltas = dict(block), list[dict[str, Any]]()
    kind = block.get("type")
    grown = {"text": ("text",), "thinking": ("thinking", "signature")}.get(str(kind), ())
    for field in grown:
        if isinstance(block.get(field), str):
            start[field] = ""
            if block[field]:
                deltas.append({"type": f"{field}_delta", field: block[field]})
    if kind == "text" and isinstance(block.get("citations"), list):
        start["citations"] = []
        deltas += [{"type": "citations_delta", "citation": citation} for citation in block["citations"]]
    if str(kind).endswith("tool_use") and isinstance(block.get("input"), dict):
        start["input"] = {}
        deltas.append({"type": "input_json_delta", "partial_json": document.dumps(block["input"]).decode()})
    return [
        line("content_block_start", index=index, content_block=start),
        *(line("content_block_delta", index=index, delta=delta) for delta in deltas),
        line("content_block_stop", index=index),
    ]


def line(kind: str, **fields: object) -> bytes:
    """One event of a Messages stream."""
    return event(kind.encode(), document.dumps({"type": kind, **fields}))

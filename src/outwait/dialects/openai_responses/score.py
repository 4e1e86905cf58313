"""The events of a Responses stream, each named and numbered, in the order in which OpenAI plays them.

An item opens (`output_item.added`), each of its parts opens, grows by deltas and closes, and the item closes with all
its words (`output_item.done`). Parts of a message, of a reasoning item and of its summary differ in names only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from outwait.dialects import document

# Type of a part -> the prefix of the events around it, that of the events of its words, and where its words stand.
_PARTS: Mapping[str, tuple[str, str, str]] = MappingProxyType({
    "output_text": ("response.content_part", "response.output_text", "text"),
    "refusal": ("response.content_part", "response.refusal", "refusal"),
    "reasoning_text": ("response.content_part", "response.reasoning_text", "text"),
    "summary_text": ("response.reasoning_summary_part", "response.reasoning_summary_text", "text"),
})  # fmt: skip

# Type of a call -> the prefix of the events of its words, and where those stand.
CALLS: Mapping[str, tuple[str, str]] = MappingProxyType({
    "function_call": ("response.function_call_arguments", "arguments"),
    "custom_tool_call": ("response.custom_tool_call_input", "input"),
    "mcp_call": ("response.mcp_call_arguments", "arguments"),
    "code_interpreter_call": ("response.code_interpreter_call_code", "code"),
})  # fmt: skip

# Type of a hosted tool's call -> its steps, before and after its words.
_STEPS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = MappingProxyType({
    "web_search_call": (("in_progress", "searching"), ("completed",)),
    "file_search_call": (("in_progress", "searching"), ("completed",)),
    "code_interpreter_call": (("in_progress",), ("interpreting", "completed")),
    "image_generation_call": (("in_progress", "generating"), ("completed",)),
    "mcp_call": (("in_progress",), ("completed",)),
    "mcp_list_tools": (("in_progress",), ("completed",)),
})  # fmt: skip


class Score:
    """Names and numbers events. `number`: of the next one. `after`: those up to this number are counted, not told."""

    __slots__ = ("_after", "number")

    def __init__(self, number: int = 0, *, after: int = -1) -> None:
        self.number = number
        self._after = after

    def tell(self, kind: str, **fields: object) -> bytes:
        """One event."""
        if self.number <= self._after:
            self.number += 1
            return b""
        data = document.dumps({"type": kind, "sequence_number": self.number, **fields})
        self.number += 1
        return b"event: %s\ndata: %s\n\n" % (kind.encode(), data)

    def open_item(self, index: int, item: Mapping[str, Any]) -> bytes:
        """An item begins."""
        return self.tell("response.output_item.added", output_index=index, item=item)

    def close_item(self, index: int, item: Mapping[str, Any]) -> bytes:
        """An item is whole."""
        return self.tell("response.output_item.done", output_index=index, item=item)

    def open_part(self, place: Mapping[str, Any], kind: str) -> bytes:
        """A part begins; `place`: the ids and indexes of its item and of itself."""
        around, _, key = _PARTS[kind]
        part: dict[str, Any] = {"type": kind, key: ""}
        if kind == "output_text":
            part |= {"annotations": [], "logprobs": []}
        return self.tell(f"{around}.added", **place, part=part)

    def grow_part(self, place: Mapping[str, Any], kind: str, text: str, logprobs: object = ()) -> bytes:
        """A part grows by `text`."""
        more = {"logprobs": logprobs} if kind == "output_text" else {}
        return self.tell(f"{_PARTS[kind][1]}.delta", **place, delta=text, **more)

    def cite(self, place: Mapping[str, Any], index: int, annotation: Mapping[str, Any]) -> bytes:
        """A part gets an annotation, its `index`th."""
        kind = "response.output_text.annotation.added"
        return self.tell(kind, **place, annotation_index=index, annotation=annotation)

    def close_part(self, place: Mapping[str, Any], part: Mapping[str, Any]) -> bytes:
        """A part is whole."""
        around, words, key = _PARTS[part["type"]]
        more = {"logprobs": part.get("logprobs") or []} if part["type"] == "output_text" else {}
        done = self.tell(f"{words}.done", **place, **{key: part.get(key) or ""}, **more)
        return done + self.tell(f"{around}.done", **place, part=part)

    def grow_call(self, index: int, item: Mapping[str, Any], text: str) -> bytes:
        """A call grows by `text`."""
        return self.tell(f"{CALLS[item['type']][0]}.delta", **place_of(index, item), delta=text)

    def close_call(self, index: int, item: Mapping[str, Any]) -> bytes:
        """A call's words are whole."""
        words, key = CALLS[item["type"]]
        return self.tell(f"{words}.done", **place_of(index, item), **{key: item[key]})

    def whole_item(self, index: int, item: dict[str, Any]) -> bytes:
        """All events of an item that is whole already."""
        kind = str(item.get("type"))
        before, after = _STEPS.get(kind, ((), ()))
        place = place_of(index, item)
        events = [self.open_item(index, _unsaid(item))]
        events += [self.tell(f"response.{kind}.{step}", **place) for step in before]
        for part_place, part in _parts(place, item):
            events.append(self._whole_part(part_place, part))
        if kind in CALLS and isinstance(text := item.get(CALLS[kind][1]), str):
            events += [self.grow_call(index, item, text)] if text else []
            events.append(self.close_call(index, item))
        failed = item.get("status") == "failed" or bool(item.get("error"))
        steps = [step.replace("completed", "failed") for step in after] if failed and "mcp" in kind else after
        events += [self.tell(f"response.{kind}.{step}", **place) for step in steps]
        return b"".join((*events, self.close_item(index, item)))

    def _whole_part(self, place: Mapping[str, Any], part: Mapping[str, Any]) -> bytes:
        kind = part["type"]
        events = [self.open_part(place, kind)]
        if text := part.get(_PARTS[kind][2]):
            events.append(self.grow_part(place, kind, text, part.get("logprobs") or []))
        for index, annotation in enumerate(part.get("annotations") or ()):
            events.append(self.cite(place, index, annotation))
        return b"".join((*events, self.close_part(place, part)))


def place_of(index: int, item: Mapping[str, Any]) -> dict[str, Any]:
    """Where an item is."""
    return {"item_id": item.get("id") or "", "output_index": index}


def _parts(place: Mapping[str, Any], item: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], Mapping[str, Any]]]:
    """The parts of an item whose words are told one by one, and where they are."""
    if item.get("type") not in {"message", "reasoning"}:
        return
    for key, index_name in (("summary", "summary_index"), ("content", "content_index")):
        parts = item.get(key)
        for at, part in enumerate(parts if isinstance(parts, list) else []):
            if isinstance(part, dict) and part.get("type") in _PARTS:
                yield {**place, index_name: at}, part


def _unsaid(item: dict[str, Any]) -> dict[str, Any]:
    """`item` as it was when it began."""
    emptied: dict[str, Any] = {key: [] for key in ("content", "summary") if isinstance(item.get(key), list)}
    words = {CALLS[item["type"]][1]: ""} if item.get("type") in CALLS else {}
    status = {"status": "in_progress"} if "status" in item else {}
    emptied |= {"result": None} if "result" in item else {}
    proof = "encrypted_content" if item.get("type") == "reasoning" else None  # it proves words that come later
    return {key: value for key, value in item.items() if key != proof} | emptied | words | status

"""A conversation that outwait kept, written out as the input of its next turn, for an upstream that knows none of it.

Earlier items lose what only the upstream that made them understands: ids and states, thoughts that cannot be shown,
what its hosted tools did. Words, calls and results stay, paired by `call_id`; a picture that the model made is shown
to it again. Instructions are each turn's own and are not carried over, as OpenAI has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from outwait.dialects import body as reading
from outwait.dialects import document, lenient
from outwait.dialects.openai_responses import members

_REFERENCE = "item_reference"
# Items without an id and a state of their own: any upstream takes them so.
_BARE = frozenset({
    "message", "reasoning", "function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output",
})  # fmt: skip
# What a provider's own tools did: told by the answer, and unknown to any other upstream.
_HOSTED = frozenset({
    "web_search_call", "file_search_call", "code_interpreter_call", "mcp_call", "mcp_list_tools", "tool_search_call",
    "tool_search_output",
})  # fmt: skip


class Turn(msgspec.Struct, frozen=True, gc=False):
    """One earlier response: the items it was asked with (a JSON array), and the response itself (a JSON object)."""

    input: bytes
    response: bytes


class _Peek(msgspec.Struct, gc=False):
    type: str | None = None
    id: str | None = None
    role: Raw | UnsetType = UNSET


def expanded(body: bytes, turns: Sequence[Turn]) -> bytes:
    """`body` with the conversation of `turns` (oldest first) in front of its own input, which stays as it is; without
    `previous_response_id`. References to items of the conversation are left out, since those stand in it.

    ValueError if `body` or a turn is not what it should be.
    """
    known: set[str] = set()
    items: list[Raw] = []
    for turn in turns:
        for item in _items(turn):
            ident = lenient.text(item, "id")
            if item.get("type") != _REFERENCE:
                known.add(ident)
            elif ident in known:
                continue
            if (bare := _bare(item)) is not None:
                items.append(Raw(document.dumps(bare)))
    own = members.members_of(body).get("input")
    items += [] if own is None else [item for item in _own(bytes(own)) if not _refers(item, known)]
    told = {"input": msgspec.json.encode(items)}
    return members.without(members.put(body, told), "previous_response_id")


def _items(turn: Turn) -> Iterator[dict[str, Any]]:
    given, answer = document.loads(turn.input), document.loads(turn.response)
    yield from lenient.tables({"input": given}, "input")
    yield from lenient.tables(answer, "output")


def _own(text: bytes) -> list[Raw]:
    if text.startswith(b"["):
        return members.elements_of(text)
    if text.startswith(b'"'):
        return [Raw(b'{"type":"message","role":"user","content":%s}' % text)]
    return []  # null, or the upstream's to judge


def _refers(item: Raw, known: set[str]) -> bool:
    peek = reading.loosely(item, _Peek)
    if peek is None or peek.id not in known:
        return False
    return peek.type == _REFERENCE or (peek.type is None and isinstance(peek.role, UnsetType))


def _bare(item: Mapping[str, Any]) -> dict[str, Any] | None:
    """An earlier item as any upstream takes it; None for one that it could not."""
    kind = lenient.text(item, "type")
    if kind in _HOSTED or (kind == "reasoning" and not lenient.text(item, "encrypted_content")):
        return None
    if kind == "image_generation_call":
        return _shown(item)
    if kind not in _BARE:
        return dict(item)
    made = {key: value for key, value in item.items() if key not in {"id", "status"}}
    if kind == "message" and isinstance(made.get("content"), list):
        made["content"] = [_part(part) for part in made["content"]]
    return made


def _part(part: object) -> object:
    """Words without their probabilities, and with those sources only that are not files of the provider's."""
    if not isinstance(part, dict) or part.get("type") != "output_text":
        return part
    cited = [each for each in lenient.tables(part, "annotations") if each.get("type") == "url_citation"]
    return {"type": "output_text", "text": lenient.text(part, "text"), "annotations": cited}


def _shown(item: Mapping[str, Any]) -> dict[str, Any] | None:
    """A picture that the model made: only a user can show one."""
    data = lenient.text(item, "result")
    if not data:
        return None
    url = f"data:image/{lenient.text(item, 'output_format') or 'png'};base64,{data}"
    return {"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": url}]}

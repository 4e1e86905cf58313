"""The fold: the chunks of a streamed chat answer put together into the one completion they are pieces of.

Rules for what the protocol defines are the official SDK's, made tolerant of sloppy providers (tool calls without index
or id, names sent twice, lists and strings mixed). Rules for unknown fields, so that nothing a provider adds is lost:

- in a delta, strings are pieces and are joined; lists are extended, their objects merged where `index` (and `type`)
  agree; objects are merged member by member; numbers and booleans: the last wins; null changes nothing;
- members that name a thing (`id`, `type`, `role`, `format`, ...) are not pieces: they are set, not joined;
- beside the delta (in a choice or in the chunk) nothing is a piece: objects are merged, all else: the last wins, except
  log probabilities, which are extended.

Strings are gathered as lists of pieces and joined once, so that a fold is linear in the length of the answer.
"""

from __future__ import annotations

from typing import Any

# Members whose strings name something and are sent whole.
_NAMES = frozenset({
    "format", "id", "item_id", "media_type", "mime_type", "model", "name", "object", "role", "status", "type",
})  # fmt: skip
# Members of a chunk or choice that the fold sets itself or that belong to the stream alone.
_CHUNK_OWN = frozenset({"id", "object", "created", "model", "choices", "usage", "obfuscation"})
_CHOICE_OWN = frozenset({"index", "delta", "message", "finish_reason", "logprobs"})
_MESSAGE_ORDER = ("role", "content", "reasoning_content", "reasoning", "reasoning_details", "refusal", "tool_calls")

Members = dict[str, Any]


class Pieces(list[str]):
    """A string that is still coming."""


def _fresh(value: Any) -> Any:
    if isinstance(value, str):
        return Pieces((value,))
    if isinstance(value, dict):
        grown: Members = {}
        _grow(grown, value)
        return grown
    if isinstance(value, list):
        items: list[Any] = []
        _extend(items, value)
        return items
    return value


def _grow(target: Members, delta: Members) -> None:
    """Add the members of `delta` to `target` by the rules for deltas."""
    for key, new in delta.items():
        old = target.get(key)
        if new is None or (isinstance(old, (Pieces, list)) and new == ""):
            target.setdefault(key, None)
        elif key in _NAMES and isinstance(new, str):
            _name(target, key, new)
        elif old is None:
            target[key] = _fresh(new)
        elif isinstance(old, Pieces) and isinstance(new, str):
            old.append(new)
        elif isinstance(old, dict) and isinstance(new, dict):
            _grow(old, new)
        elif isinstance(old, (list, Pieces)) and isinstance(new, (list, str)):
            target[key] = _parts(old, new)
        else:
            target[key] = _fresh(new)


def _name(target: Members, key: str, new: str) -> None:
    old = target.get(key)
    if not isinstance(old, str) or not old:
        target[key] = new
    elif key == "name" and new != old:
        target[key] = old + new  # a function's name may come in pieces; a repeated one is whole
    elif new:
        target[key] = new


def _parts(old: list[Any], new: list[Any] | str) -> list[Any]:
    """A list and a string that belong together (Mistral thinks in parts and answers in text), or two lists."""
    if isinstance(old, Pieces):
        old = [{"type": "text", "text": old}]
    if isinstance(new, list):
        _extend(old, new)
        return old
    last = old[-1] if old else None
    if isinstance(last, dict) and last.get("type") == "text" and isinstance(last.get("text"), Pieces):
        last["text"].append(new)
    else:
        old.append({"type": "text", "text": Pieces((new,))})
    return old


def _extend(items: list[Any], new: list[Any]) -> None:
    for item in new:
        if isinstance(item, dict) and isinstance(item.get("index"), int):
            same = (item["index"], item.get("type"))
            for old in reversed(items):
                if isinstance(old, dict) and old.get("index") == same[0] and same[1] in (None, old.get("type")):
                    _grow(old, item)
                    break
            else:
                items.append(_fresh(item))
        else:
            # Whole already: what has no index can never be grown by a later chunk.
            items.append(item)


def _settle(value: Any) -> Any:
    """`value` with its strings joined."""
    if isinstance(value, Pieces):
        return "".join(value)
    if isinstance(value, dict):
        return {key: _settle(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_settle(item) for item in value]
    return value


def _merge(target: Members, new: Members, but: frozenset[str] = frozenset()) -> None:
    """Add the members of `new` to `target` by the rules for what stands beside a delta."""
    for key, value in new.items():
        if key in but:
            continue
        old = target.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            _merge(old, value)
        elif value is not None or key not in target:
            target[key] = dict(value) if isinstance(value, dict) else value


class _Calls:
    """The tool calls of one choice, in the order in which they began."""

    __slots__ = ("_by_index", "_calls")

    def __init__(self) -> None:
        self._calls: list[Members] = []
        self._by_index: dict[int, Members] = {}

    def add(self, delta: Members) -> None:
        """Add one entry of `delta.tool_calls`; the call it belongs to is found by index, else by id, else the last."""
        index, ident = delta.get("index"), delta.get("id")
        if not isinstance(ident, str) or not ident:
            ident = None
        if isinstance(index, int):
            call = self._by_index.get(index)
        else:
            call = next((old for old in self._calls if ident and old.get("id") == ident), None)
            if call is None and ident is None and self._calls and not _named(delta):
                call = self._calls[-1]
        # The same index for all parallel calls: a new id with a new name begins a new call.
        if call is None or (ident and call.get("id") not in (None, "", ident) and _named(delta)):
            call = {}
            self._calls.append(call)
        if isinstance(index, int):
            self._by_index[index] = call
        _grow(call, delta)

    def settle(self, choice: int) -> list[Members]:
        """The calls as a completion has them: with id and type, without index."""
        done: list[Members] = []
        for place, call in enumerate(self._calls):
            whole: Members = _settle(call)
            whole.pop("index", None)
            head: Members = {"id": whole.pop("id", None) or f"call_{choice}_{place}"}
            head["type"] = whole.pop("type", None) or "function"
            function = whole.get("function")
            if isinstance(function, dict):
                whole["function"] = {"name": "", **function, "arguments": function.get("arguments") or ""}
            done.append(head | whole)
        return done


def _named(delta: Members) -> bool:
    function = delta.get("function")
    return isinstance(function, dict) and bool(function.get("name"))


class _Choice:
    __slots__ = ("calls", "finish", "index", "logprobs", "message", "other")

    def __init__(self, index: int) -> None:
        self.index = index
        self.message: Members = {}
        self.calls = _Calls()
        self.finish: Any = None
        self.logprobs: Members | None = None
        self.other: Members = {}

    def add(self, choice: Members) -> None:
        delta = choice.get("delta") or choice.get("message")
        if isinstance(delta, dict):
            calls = delta.get("tool_calls")
            if isinstance(calls, list):
                delta = {key: value for key, value in delta.items() if key != "tool_calls"}
                for call in calls:
                    if isinstance(call, dict):
                        self.calls.add(call)
            _grow(self.message, delta)
        if choice.get("finish_reason") is not None:
            self.finish = choice["finish_reason"]
        logprobs = choice.get("logprobs")
        if isinstance(logprobs, dict):
            self.logprobs = self.logprobs or {}
            for key, value in logprobs.items():
                old = self.logprobs.get(key)
                if isinstance(old, list) and isinstance(value, list):
                    old.extend(value)
                elif value is not None or key not in self.logprobs:
                    self.logprobs[key] = list(value) if isinstance(value, list) else value
        _merge(self.other, choice, _CHOICE_OWN)

    def settle(self) -> Members:
        message = _settle(self.message)
        calls = self.calls.settle(self.index)
        if calls:
            message["tool_calls"] = calls
        message = {"role": "assistant", "content": None, "refusal": None} | message
        message["role"] = message["role"] or "assistant"
        ordered = {key: message.pop(key) for key in _MESSAGE_ORDER if key in message}
        return {
            "index": self.index,
            "message": ordered | message,
            "logprobs": self.logprobs,
            "finish_reason": self.finish,
            **self.other,
        }


class Fold:
    """Gathers chunks (`add`) and gives the completion (`completion`). `created`: told where no chunk says when."""

    __slots__ = ("_choices", "_created", "_head", "_other", "_usage")

    def __init__(self, created: int = 0) -> None:
        self._created = created
        self._head: Members = {}
        self._choices: dict[int, _Choice] = {}
        self._usage: Any = None
        self._other: Members = {}

    def add(self, chunk: Members) -> None:
        """Add one chunk, as decoded from JSON. The chunk's parts are kept, not copied."""
        for key in ("id", "created", "model"):
            # Azure's first chunk has empty ones.
            if not self._head.get(key) and chunk.get(key) is not None:
                self._head[key] = chunk[key]
        if chunk.get("usage") is not None:
            self._usage = chunk["usage"]
        _merge(self._other, chunk, _CHUNK_OWN)
        choices = chunk.get("choices")
        for place, choice in enumerate(choices if isinstance(choices, list) else ()):
            if isinstance(choice, dict):
                index = choice.get("index")
                known = self._choices.setdefault(number := index if isinstance(index, int) else place, _Choice(number))
                known.add(choice)

    def completion(self) -> Members:
        """The completion so far."""
        done: Members = {
            "id": self._head.get("id", ""),
            "object": "chat.completion",
            "created": self._head.get("created") or self._created,
            "model": self._head.get("model", ""),
            "choices": [self._choices[index].settle() for index in sorted(self._choices)],
        }
        if self._usage is not None:
            done["usage"] = self._usage
        return done | self._other

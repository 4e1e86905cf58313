"""Between the two forms of an answer: a stream folded into one reply, and a reply unfolded into a stream.

Chunks of Gemini are whole small replies, so a fold joins them: candidates by their index, words of one kind that follow
one another, and everything else as the latest chunk has it, what nobody here knows among it. A part with a signature
stays by itself, since the signature is of that very part.
"""

from __future__ import annotations

from typing import Any

import msgspec

from outwait.dialects import document, passing
from outwait.dialects.gemini import chunk as reading

_PLAIN = frozenset({"text", "thought"})
_LISTS = {"citationMetadata": ("citations", "citationSources"), "urlContextMetadata": ("urlMetadata",)}
NEWLINE = b"\r\n"


class Fold:
    """See `passing.Fold`."""

    __slots__ = ("_candidates", "_rest")

    def __init__(self) -> None:
        self._candidates: dict[int, _Candidate] = {}
        self._rest: dict[str, Any] = {}

    def add(self, name: bytes, data: bytes) -> None:
        """See `passing.Fold`."""
        value = document.loads(data)
        if not isinstance(value, dict):
            raise ValueError("a chunk that is no object")  # noqa: TRY004 - as the port says
        self.join(value)

    def join(self, chunk: dict[str, Any]) -> None:
        """Add a decoded chunk."""
        for index, candidate in reading.candidates_of(chunk):
            self._candidates.setdefault(index, _Candidate()).join(candidate)
        self._rest.update((key, value) for key, value in chunk.items() if key != "candidates")

    def body(self) -> bytes:
        """See `passing.Fold`."""
        candidates = [self._candidates[index].settle() for index in sorted(self._candidates)]
        return document.dumps(({"candidates": candidates} if candidates else {}) | self._rest)


class _Candidate:
    """One candidate that still grows."""

    __slots__ = ("_content", "_parts", "_rest", "_words")

    def __init__(self) -> None:
        self._content: dict[str, Any] = {}
        self._parts: list[dict[str, Any]] = []
        self._words: list[str] | None = None  # of the last part, while it grows
        self._rest: dict[str, Any] = {}

    def join(self, candidate: dict[str, Any]) -> None:
        for part in reading.parts_of(candidate):
            self._part(part)
        content = candidate.get("content")
        if isinstance(content, dict):
            self._content.update((key, value) for key, value in content.items() if key != "parts")
        for key, value in candidate.items():
            if key != "content":
                self._rest[key] = _joined(key, self._rest.get(key), value)

    def _part(self, part: dict[str, Any]) -> None:
        text = part.get("text")
        if not isinstance(text, str) or not part.keys() <= _PLAIN:
            self._close()
            self._parts.append(part)
            return
        if not text:
            return
        if self._words is not None and bool(self._parts[-1].get("thought")) == bool(part.get("thought")):
            self._words.append(text)
            return
        self._close()
        self._parts.append(dict(part))
        self._words = [text]

    def _close(self) -> None:
        if self._words is not None:
            self._parts[-1]["text"] = "".join(self._words)
            self._words = None

    def settle(self) -> dict[str, Any]:
        self._close()
        content = ({"parts": self._parts} if self._parts else {}) | self._content
        return ({"content": content} if content else {}) | self._rest


def _joined(key: str, old: Any, new: Any) -> Any:
    """Two values of a candidate's field as one."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    if key == "groundingMetadata":
        return old | new
    if key == "logprobsResult":
        lists = {name: _list(old, name) + _list(new, name) for name in ("topCandidates", "chosenCandidates")}
        return old | new | {name: items for name, items in lists.items() if items}
    made = old | new
    for name in _LISTS.get(key, ()):
        known = _list(old, name)
        if known:
            made[name] = known + [item for item in _list(new, name) if item not in known]
    return made if key in _LISTS else new


def _list(value: dict[str, Any], name: str) -> list[Any]:
    found = value.get(name)
    return found if isinstance(found, list) else []


def folded(body: bytes) -> bytes:
    """One reply, for an upstream that answered with an array of chunks; any other body as it is."""
    if not body.startswith(b"["):
        return body
    fold = Fold()
    for item in _items(body):
        fold.add(b"", item)
    return fold.body()


def events(body: bytes) -> bytes:
    """The stream of events that says the same as a JSON reply."""
    return b"".join(passing.event(b"", item, NEWLINE) for item in _items(body))


def array(body: bytes) -> bytes:
    """The array that says the same as a JSON reply."""
    return body if body.startswith(b"[") else b"[" + body + b"]"


def _items(body: bytes) -> list[bytes]:
    """The chunks in a JSON reply, each on one line: outside its strings JSON's line ends are mere blanks."""
    body = body.translate(_ONE_LINE)
    if not body.startswith(b"["):
        return [body]
    return [bytes(item) for item in msgspec.json.decode(body, type=list[msgspec.Raw])]


_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")

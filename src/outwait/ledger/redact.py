"""Redaction: what is written anywhere passes here first, and no secret and no prompt comes out.

Three nets, each enough for the secrets it knows: values under names that hold secrets (`authorization`, `api_key`), the
configured secrets exactly, wherever they stand, and whatever looks like a key. Values under names that hold what people
ask and models answer (`messages`, `content`) are dropped whole: they are never logged, not even by mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from outwait.config.secret import KEY_LIKE_HINTS, MASK, masked, names_secret

NOT_LOGGED = "[not logged]"
WORDS = frozenset(
    {"messages", "message_content", "prompt", "prompts", "input", "content", "body", "answer", "completion", "choices"}
)
DEEPEST = 8
LONGEST = 8192
_REMEMBERED = 4096  # distinct short texts: log fields repeat (models, clients, timeline words), so most are known
_SHORT = 256


class Redactor:
    """Cleans texts and nested values of secrets. Thread-safe: it keeps no state but a memory of clean texts."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = tuple(sorted({secret for secret in secrets if secret}, key=len, reverse=True))
        self._remembered: Callable[[str], str] = lru_cache(_REMEMBERED)(self._clean)

    def text(self, text: str) -> str:
        """`text` without secrets, at most 8192 characters."""
        if len(text) <= _SHORT:
            return self._remembered(text)
        cleaned = self._clean(text)
        return cleaned if len(cleaned) <= LONGEST else cleaned[:LONGEST] + "…"

    def value(self, value: object, depth: int = 0) -> object:
        """`value` without secrets, whatever it is made of; ready for JSON."""
        if isinstance(value, str):
            return self.text(value)
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, bytes | bytearray | memoryview):
            return f"[{len(value)} bytes]"
        if depth >= DEEPEST:
            return "[too deep]"
        if isinstance(value, Mapping):
            return self.fields(value, depth)
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(item, depth + 1) for item in value]
        return self.text(str(value))

    def fields(self, fields: Mapping[object, object], depth: int = 0) -> dict[str, object]:
        """A mapping without secrets; each value is judged by its name too."""
        return {self.text(str(name)): self._named(str(name), value, depth) for name, value in fields.items()}

    def _named(self, name: str, value: object, depth: int) -> object:
        if name.lower() in WORDS:
            return NOT_LOGGED
        if names_secret(name) and not isinstance(value, bool | int | float | None):
            return self.value(value, depth + 1) if isinstance(value, Mapping) else MASK
        return self.value(value, depth + 1)

    def _clean(self, text: str) -> str:
        if not text.isascii():
            text = text.encode("utf-8", "replace").decode()  # lone surrogates cannot be written
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, MASK)
        if "://" in text or any(hint in text for hint in KEY_LIKE_HINTS) or _carries_credential(text):
            return masked(text)
        return text


def _carries_credential(text: str) -> bool:
    lower = text.lower()
    return "bearer" in lower or "basic" in lower

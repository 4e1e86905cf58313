"""The two languages outwait speaks, and a sentence said in both."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Tongue(StrEnum):
    """A language, by its ISO 639-1 code."""

    EN = "en"
    ZH = "zh"


class Said(NamedTuple):
    """One sentence in both languages; `{name}` stands for what is only known when it is said."""

    en: str
    zh: str

    def told(self, tongue: Tongue, **values: object) -> str:
        """The sentence in `tongue`, with `values` in their places."""
        words = self.zh if tongue is Tongue.ZH else self.en
        return words.format(**values) if values else words


def tongue_of(environ: Mapping[str, str]) -> Tongue:
    """The language of a process, from its environment: OUTWAIT_LANG, else the locale of messages (POSIX, 8.2)."""
    for name in ("OUTWAIT_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if environ.get(name):
            return Tongue.ZH if environ[name].lower().startswith("zh") else Tongue.EN
    return Tongue.EN

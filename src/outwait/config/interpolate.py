"""`${NAME}`, `${NAME:-default}` and `${file:/path}` inside any scalar; `$$` is a plain dollar sign.

A value that was put in is not looked at again, so a secret may hold any character. `${NAME:-default}` gives the default
when the variable is missing or empty, as in a shell. A file's trailing newline is dropped. A value that could not be
put in becomes `MISSING`, so that the check which follows does not complain about it a second time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Final

from outwait.config.errors import Problem, dotted, nearest
from outwait.config.source import Document, Path

MISSING: Final = "\x00missing"
MAX_FILE: Final = 64 * 1024
_REFERENCE = re.compile(r"\$\$|\$\{([^{}]*)\}|\$\{")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class _Unusable(Exception):  # noqa: N818 - it is a reason, told as a problem by the one who catches it
    """Why a reference cannot be put in, what would do, and the name that was probably meant."""

    def __init__(self, what: str, expected: str, like: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.expected = expected
        self.like = like


class Interpolation:
    """Puts the environment and files into a document's scalars; `raw` keeps the text that stood there before."""

    def __init__(self, document: Document, env: Mapping[str, str]) -> None:
        self._document = document
        self._env = env
        self.raw: dict[Path, str] = {}
        self.named: set[str] = set()

    def tree(self, literal: frozenset[Path] = frozenset()) -> dict[str, object]:
        """The document's tree with everything put in, except at the `literal` paths."""
        return {key: self._value(value, (key,), literal) for key, value in self._document.tree.items()}

    def _value(self, value: object, path: Path, literal: frozenset[Path]) -> object:
        if path in literal:
            return value
        if isinstance(value, dict):
            return {key: self._value(item, (*path, key), literal) for key, item in value.items()}
        if isinstance(value, list):
            return [self._value(item, (*path, index), literal) for index, item in enumerate(value)]
        if isinstance(value, str) and "$" in value:
            return self._text(value, path)
        return value

    def _text(self, text: str, path: Path) -> str:
        if "${" in text:
            self.raw[path] = text
        try:
            return _REFERENCE.sub(lambda match: "$" if match[0] == "$$" else self._reference(match[1]), text)
        except _Unusable as why:
            line = self._document.line(path)
            problem = Problem(dotted(path), why.what, expected=why.expected, nearest=why.like, line=line)
            self._document.problems.append(problem)
            return MISSING

    def _reference(self, inside: str | None) -> str:
        if inside is None:
            raise _Unusable("holds `${` without a plain name and a closing `}`", "`$$` for a plain dollar sign")
        if inside.startswith("file:"):
            return _file(inside[5:])
        name, has_default, default = inside.partition(":-")
        if not _NAME.match(name):
            raise _Unusable(f"refers to `${{{inside}}}`", "`${NAME}`, `${NAME:-default}` or `${file:/path}`")
        self.named.add(name)
        value = self._env.get(name)
        if has_default:
            return value or default
        if value is None:
            like = nearest(name, (each for each in self._env if each.isupper()))
            way = f"it to be set, or `${{{name}:-default}}`"
            raise _Unusable(f"needs the environment variable {name}, which is not set", way, like)
        return value


def _file(name: str) -> str:
    try:
        with FilePath(name).expanduser().open("rb") as opened:
            data = opened.read(MAX_FILE + 1)
        text = data.decode()
    except OSError as error:
        raise _Unusable(f"needs the file {name}: {error.strerror or error}", "a readable file") from None
    except (ValueError, RuntimeError):  # not UTF-8; a NUL in the name; no home directory for `~`
        raise _Unusable(f"needs the file {name}, which is not UTF-8 text", "a text file") from None
    if len(data) > MAX_FILE:
        raise _Unusable(f"needs the file {name}, which is too large", f"at most {MAX_FILE} bytes")
    return text.rstrip("\r\n")

"""What pydantic found wrong, told as problems: path, value (secrets masked), expectation, nearest name, line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel, ValidationError

from outwait.config.environ import Overlay
from outwait.config.errors import Problem, dotted, nearest
from outwait.config.interpolate import MISSING
from outwait.config.secret import MASK, masked, names_secret
from outwait.config.source import Document, Path

_EXPECTED: dict[str, str] = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a smaller number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text (in quotes, if it looks like a number)",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "greater_than_equal": "at least {ge}",
    "greater_than": "more than {gt}",
    "less_than_equal": "at most {le}",
    "less_than": "less than {lt}",
    "literal_error": "one of {expected}",
}
# Words of providers, SDKs, proxies and other gateways for what a field here says; the first one that is known there.
_SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = {
    "address": ("host", "base_url"),
    "api_base": ("base_url",),
    "backends": ("channels",),
    "bind": ("host",),
    "certificate": ("cert",),
    "client_keys": ("keys",),
    "connect_timeout": ("connect",),
    "credential": ("api_key",),
    "credentials": ("api_keys",),
    "deadline": ("total",),
    "interval": ("every",),
    "listen": ("host",),
    "max_retries": ("attempts",),
    "max_tries": ("attempts",),
    "private_key": ("key",),
    "provider": ("dialect",),
    "providers": ("channels",),
    "read_timeout": ("idle",),
    "reasoning": ("effort",),
    "reasoning_effort": ("effort",),
    "request_timeout": ("total",),
    "retries": ("attempts", "retry"),
    "secret": ("api_key", "key"),
    "thinking": ("effort",),
    "timeout": ("total", "timeouts"),
    "token": ("api_key", "key"),
    "ttft": ("first_token",),
    "type": ("dialect",),
    "upstreams": ("channels",),
    "url": ("base_url",),
    "verify": ("verify_tls",),
}
_QUOTED = re.compile(r"'([^']*)'")
_LONGEST = 80


class Explainer:
    """Tells validation errors of `model` about a document, in the words of its file and variables."""

    def __init__(
        self, model: type[BaseModel], document: Document, tree: object, raw: Mapping[Path, str], overlay: Overlay
    ) -> None:
        self._model = model
        self._document = document
        self._tree = tree
        self._raw = raw
        self._overlay = overlay

    def problems(self, error: ValidationError) -> list[Problem]:
        """One problem per error, except where the value could not be put in (which was told already)."""
        told = [self._problem(each) for each in error.errors(include_url=False) if not self._missing(each["loc"])]
        return list(dict.fromkeys(told))

    def _missing(self, loc: Sequence[str | int]) -> bool:
        return _at(self._tree, _clean(loc)) == MISSING

    def _problem(self, error: Any) -> Problem:
        context = error.get("ctx", {})
        kind = error["type"]
        path = _clean(error["loc"]) + tuple(context.get("at", ()))
        if path and path[-1] in {"*", 0} and not isinstance(_at(self._tree, path[:-1]), dict | list):
            path = path[:-1]  # one word was given where a mapping from `*` to it, or a list of one, is meant
        source = self._source(path)
        line = None if source else self._document.line(path)
        if kind == "extra_forbidden":
            known = _fields(self._model, path[:-1])
            like = _meant(str(path[-1]), known)
            expected = None if like else "one of " + ", ".join(known)
            return Problem(dotted(path), "unknown field", None, expected, like, line, source)
        if kind == "missing":
            return Problem(dotted(path), "is missing", line=line, source=source)
        expected = _EXPECTED.get(kind, "{expected}" if "expected" in context else error["msg"]).format_map(context)
        what = context.get("what", "is not right")
        value = None if "what" in context else self._shown(path)
        return Problem(dotted(path), what, value, expected, _option(context, value), line, source)

    def _source(self, path: Path) -> str | None:
        """The variable that `path` comes from, or the section around it; None where the file has it."""
        found = self._overlay.source(path)
        while found is None and path and path not in self._document.lines:
            found, path = self._overlay.made(path), path[:-1]
        return found

    def _shown(self, path: Path) -> str | None:
        """The value at `path` as it may be shown: never a secret, and `${NAME}` as it was written."""
        value = _at(self._tree, path)
        raw = self._raw.get(path)
        name = next((step for step in reversed(path) if isinstance(step, str)), "")
        secret = names_secret(name) or "headers" in path[:-1]
        if isinstance(value, dict | list):
            return "a list" if isinstance(value, list) else "a mapping"
        shown = repr(value) if isinstance(value, str) else str(value).lower()
        if secret or (raw and "${file:" in raw):
            shown = MASK
        shown = masked(shown)
        if len(shown) > _LONGEST:
            shown = shown[:_LONGEST] + "…"
        return f"{shown} (from {raw})" if raw else shown


def _meant(name: str, known: Sequence[str]) -> str | None:
    """The known field that `name` is another word for, or is most like."""
    word = name.lower().replace("-", "_")
    return next((each for each in _SYNONYMS.get(word, ()) if each in known), None) or nearest(name, known)


def _option(context: Mapping[str, Any], value: str | None) -> str | None:
    """The choice nearest to a value that is none of the choices."""
    options = _QUOTED.findall(str(context.get("expected", ""))) if value else []
    return nearest(value.strip("'"), options) if options and value else None


def _clean(loc: Sequence[str | int]) -> Path:
    """Pydantic's location without its own marks: `[key]` stands for the name of a mapping's entry."""
    return tuple(step for step in loc if step != "[key]")


def _at(tree: object, path: Path) -> object:
    for step in path:
        if isinstance(tree, dict):
            tree = tree.get(step)
        elif isinstance(tree, list) and isinstance(step, int) and step < len(tree):
            tree = tree[step]
        else:
            return tree
    return tree


def _fields(model: type[BaseModel], path: Path) -> tuple[str, ...]:
    """The known fields of the section at `path`."""
    kind: Any = model
    for step in path:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            known = kind.model_fields.get(str(step))
            kind = known.annotation if known else None
        else:
            kind = _inner(kind)
        kind = _section(kind)
    return tuple(kind.model_fields) if isinstance(kind, type) and issubclass(kind, BaseModel) else ()


def _section(kind: Any) -> Any:
    """`kind` without Annotated and without `| None`."""
    while get_args(kind) and get_origin(kind) not in {tuple, dict}:
        kind = next((each for each in get_args(kind) if each is not type(None)), None)
    return kind


def _inner(kind: Any) -> Any:
    """What a list or mapping holds."""
    arguments = [each for each in get_args(kind) if each is not Ellipsis]
    return arguments[-1] if arguments else None

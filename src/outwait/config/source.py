"""Where the configuration comes from: which file is used, and its text as a plain tree with line numbers.

YAML is read with the safe loader's scalars. Duplicate keys are problems (YAML would silently keep the last), keys must
be text, and an alias that contains itself is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import TypeAlias

import yaml

from outwait.config.errors import ConfigError, Problem, dotted

Path: TypeAlias = tuple[str | int, ...]
MAX_BYTES = 4 * 1024 * 1024
MAX_NODES = 200_000  # aliases can unfold a small file into a huge tree


@dataclass(slots=True)
class Document:
    """A configuration as read: plain lists, dicts and scalars; for each path its line (from 1); what was wrong."""

    tree: dict[str, object] = field(default_factory=dict)
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    file: str | None = None

    def line(self, path: Path) -> int | None:
        """The line of `path`, or of the nearest thing around it."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path)


def places(env: Mapping[str, str], cwd: FilePath) -> tuple[FilePath, ...]:
    """The files looked for, in order, when none is named."""
    home = FilePath(env["HOME"]) if env.get("HOME") else FilePath.home()
    return (
        cwd / "outwait.yaml",
        home / ".config" / "outwait" / "outwait.yaml",
        FilePath("/etc/outwait/outwait.yaml"),
    )


def find(named: str | None, env: Mapping[str, str], cwd: FilePath) -> FilePath | None:
    """The file to read, or None when there is none. A file that was named must exist."""
    told = named or env.get("OUTWAIT_CONFIG")
    if told:
        file = cwd / _expanded(told)
        problem = _unfit(file, "--config" if named else "$OUTWAIT_CONFIG")
        if problem is not None:
            raise ConfigError([problem])
        return file
    return next((place for place in places(env, cwd) if _there(place)), None)


def _expanded(told: str) -> FilePath:
    try:
        return FilePath(told).expanduser()
    except RuntimeError:  # `~name` of nobody
        return FilePath(told)


def _unfit(file: FilePath, by: str) -> Problem | None:
    """Why `file`, which was named `by` an option or a variable, is none; None if it is one."""
    inside = file / "outwait.yaml"
    try:
        if file.is_file():
            return None
        if file.is_dir():
            like = str(inside) if _there(inside) else None
            expected = None if like else "a file"
            return Problem("", f"what {by} names is a directory", str(file), expected, like)
        if file.exists():
            return Problem("", f"what {by} names is no ordinary file", str(file))
    except OSError as error:
        return Problem("", f"the file named by {by} cannot be read: {error.strerror}", str(file))
    return Problem("", f"the file named by {by} does not exist", str(file))


def _there(file: FilePath) -> bool:
    """Whether `file` is one; what may not be looked at is not there."""
    try:
        return file.is_file()
    except OSError:
        return False


def read(file: FilePath) -> Document:
    """Read and parse `file`. Raises ConfigError when it cannot be read or is not YAML."""
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError([Problem("", f"cannot be read: {error.strerror}")], str(file)) from error
    if len(data) > MAX_BYTES:
        raise ConfigError([Problem("", f"is larger than {MAX_BYTES} bytes")], str(file))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError([Problem("", f"is not UTF-8 (byte {error.start})")], str(file)) from error
    return parse(text, str(file))


def parse(text: str, file: str | None = None) -> Document:
    """Parse YAML text. Raises ConfigError when it is not YAML or not a mapping."""
    document = Document(file=file)
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        tree = None if node is None else _Walk(loader, document).value(node, ())
    except yaml.YAMLError as error:
        raise ConfigError([_syntax(error)], file) from error
    if tree is None:
        tree = {}
    if not isinstance(tree, dict):
        raise ConfigError([Problem("", "is not a mapping", expected="fields such as `channels:` at the top")], file)
    document.tree = tree
    return document


def _syntax(error: yaml.YAMLError) -> Problem:
    """A YAML error in one line, without the text around it (which may hold a secret)."""
    mark = getattr(error, "problem_mark", None)
    words = getattr(error, "problem", None) or getattr(error, "context", None) or type(error).__name__
    return Problem("", f"is not valid YAML: {words}", line=mark.line + 1 if mark else None)


class _Walk:
    """Turns YAML nodes into plain values, noting lines and problems in the document."""

    def __init__(self, loader: yaml.SafeLoader, document: Document) -> None:
        self._loader = loader
        self._document = document
        self._around: set[int] = set()
        self._count = 0

    def value(self, node: yaml.Node, path: Path) -> object:
        self._count += 1
        if self._count > MAX_NODES or id(node) in self._around:
            raise yaml.MarkedYAMLError(problem="an alias unfolds without end", problem_mark=node.start_mark)
        self._document.lines.setdefault(path, node.start_mark.line + 1)
        self._around.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            if isinstance(node, yaml.SequenceNode):
                return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
            return self._scalar(node)
        finally:
            self._around.discard(id(node))

    def _scalar(self, node: yaml.Node) -> object:
        try:
            value: object = self._loader.construct_object(node, deep=True)
        except ValueError as error:  # e.g. the date 2026-99-99
            raise yaml.MarkedYAMLError(problem=str(error), problem_mark=node.start_mark) from error
        return value if isinstance(value, str | int | float | bool | None) else str(node.value)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        own = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.value != "<<"]
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a field's name must be plain text", problem_mark=key.start_mark)
            if own.count(key.value) > 1 and (*path, key.value) in self._document.lines:
                self._document.problems.append(Problem(dotted((*path, key.value)), "is given twice", line=line))
            self._document.lines[*path, key.value] = line
        self._loader.flatten_mapping(node)
        return {key.value: self.value(item, (*path, key.value)) for key, item in node.value}

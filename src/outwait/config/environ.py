"""Every field as an environment variable: `OUTWAIT_SERVER__PORT=9000` is `server: {port: 9000}`.

Lists and mappings are given as JSON, in which `${...}` is put in as in the file; plain values are taken as they are.
`OUTWAIT_CHANNELS__0__API_KEY` reaches into a list of the file. A name with `__` is always meant for us, so an unknown
one is an error. A name without it is ours only if it is a field: Kubernetes puts OUTWAIT_PORT and OUTWAIT_SERVICE_HOST
into every pod beside a service called outwait.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from outwait.config.errors import Problem, dotted, nearest
from outwait.config.source import Path

PREFIX = "OUTWAIT_"
RESERVED = frozenset({"OUTWAIT_CONFIG"})


@dataclass(slots=True)
class Overlay:
    """What the environment laid over the tree: path -> variable, which are literal, unknown, astray."""

    sources: dict[Path, str] = field(default_factory=dict)
    literal: set[Path] = field(default_factory=set)
    unknown: list[str] = field(default_factory=list)
    astray: list[Problem] = field(default_factory=list)

    def source(self, path: Path) -> str | None:
        """The variable that set `path` or something around it."""
        while path:
            if path in self.sources:
                return self.sources[path]
            path = path[:-1]
        return None

    def made(self, path: Path) -> str | None:
        """A variable that set something in `path`, and so made it where no file has it."""
        return next((name for set_, name in self.sources.items() if set_[: len(path)] == path), None)


def lay_over(tree: dict[str, object], env: Mapping[str, str], sections: Iterable[str]) -> Overlay:
    """Lay the OUTWAIT_ variables of `env` over `tree` in place; `sections` are the known top fields."""
    overlay = Overlay()
    known = set(sections)
    names = [name for name in env if name.startswith(PREFIX) and name not in RESERVED]
    for name in sorted(names, key=lambda each: (each.count("__"), each)):
        steps = name[len(PREFIX) :].lower().split("__")
        if len(steps) == 1 and steps[0] not in known:
            if nearest(steps[0], known):
                overlay.unknown.append(name)
            continue
        _put(tree, steps, env[name], name, overlay)
    return overlay


def remarks(overlay: Overlay, named: set[str], sections: Iterable[str]) -> tuple[str, ...]:
    """A remark for each variable that looks like a field, is none, and is not `named` by the file either."""
    known = tuple(sections)
    return tuple(
        f"the environment variable {name} is not a setting; "
        f"did you mean {PREFIX}{(nearest(name[len(PREFIX) :], known) or '').upper()}?"
        for name in overlay.unknown
        if name not in named
    )


def _put(tree: dict[str, object], steps: list[str], text: str, name: str, overlay: Overlay) -> None:
    """Set the field at `steps`, making the sections on the way to it."""
    node: object = tree
    path: Path = ()
    for step in steps[:-1]:
        at, inner = _inside(node, step)
        if inner is None and isinstance(node, dict):
            inner = node[at] = {}
        path, node = (*path, at), inner
    at, _ = _inside(node, steps[-1])
    path = (*path, at)
    value, literal = _read(text)
    if isinstance(node, dict) or (isinstance(node, list) and isinstance(at, int)):
        node[at] = value  # type: ignore[index]  # a name in a dict, a number in a list
        overlay.sources[path] = name
        if literal:
            overlay.literal.add(path)
    else:
        overlay.astray.append(Problem(dotted(path), "is not a field that can be set", source=name))


def _inside(node: object, step: str) -> tuple[str | int, object]:
    """What `step` names in `node`, and what stands there."""
    if isinstance(node, list) and step.isdecimal() and int(step) < len(node):
        return int(step), node[int(step)]
    return step, node.get(step) if isinstance(node, dict) else None


def _read(text: str) -> tuple[object, bool]:
    """The value of a variable, and whether it is to be taken literally."""
    if text.lstrip().startswith(("{", "[")):
        try:
            return json.loads(text), False
        except ValueError:
            return text, True
    return text, True

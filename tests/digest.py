"""The files of the tree, each read and parsed once for all the house rules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


@cache
def text(name: str) -> str:
    """The file as text; empty when it is not text."""
    try:
        return (ROOT / name).read_text("utf-8")
    except UnicodeDecodeError:
        return ""


class Shape(NamedTuple):
    """A function: its dotted name, its length in lines, its parameters without `self`, and whether it does anything."""

    title: str
    lines: int
    parameters: int
    does: bool


class Digest(NamedTuple):
    """What the rules ask of a file, taken from its tree once: a kept tree slows the collector down.

    `calls` and `attributes` stand with their lines; `broad`: the lines of a broad except; `containers`: those of an
    empty container at module level.
    """

    documented: bool
    shapes: list[Shape]
    calls: list[tuple[str, int]]
    attributes: list[tuple[str, int]]
    broad: list[int]
    containers: list[int]


@cache
def digest(name: str) -> Digest:
    module = ast.parse(text(name), name)
    shapes = [shape(*found) for found in functions(module)]
    made = Digest(bool(ast.get_docstring(module)), shapes, [], [], [], [])
    if name.startswith("tests/"):
        return made  # no rule asks for more
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            made.calls.append((dotted(node.func), node.lineno))
        elif isinstance(node, ast.Attribute):
            made.attributes.append((dotted(node), node.lineno))
        elif isinstance(node, ast.ExceptHandler) and is_broad(node):
            made.broad.append(node.lineno)
    for node in module.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and is_empty_container(node.value):
            made.containers.append(node.lineno)
    return made


Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(module: ast.Module) -> Iterator[tuple[str, Function, bool]]:
    """Each function with its dotted name and whether it is a method."""

    def walk(node: ast.AST, prefix: str, inside_class: bool) -> Iterator[tuple[str, Function, bool]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Function):
                yield prefix + child.name, child, inside_class
                yield from walk(child, f"{prefix}{child.name}.", inside_class=False)
            elif isinstance(child, ast.ClassDef):
                yield from walk(child, f"{prefix}{child.name}.", inside_class=True)
            elif not isinstance(child, ast.expr):  # no expression holds a definition
                yield from walk(child, prefix, inside_class)

    yield from walk(module, "", inside_class=False)


def shape(title: str, node: Function, is_method: bool) -> Shape:
    spec = node.args
    names = [arg.arg for arg in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)]
    return Shape(
        title,
        (node.end_lineno or node.lineno) - node.lineno + 1,
        len(names[1:] if is_method and names[:1] in (["self"], ["cls"]) else names),
        any(not isinstance(part, ast.Expr | ast.Pass) for part in node.body),
    )


def is_broad(node: ast.ExceptHandler) -> bool:
    kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return any(kind is None or dotted(kind) in ("Exception", "BaseException") for kind in kinds)


def is_empty_container(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Call):
        return not value.args and dotted(value.func) in ("list", "dict", "set", "deque", "collections.deque")
    return isinstance(value, ast.List | ast.Dict) and not ast.unparse(value).strip("[]{}")


def dotted(node: ast.expr) -> str:
    """`asyncio.create_task` for the expression of that name; "?" stands for what is not a name."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"

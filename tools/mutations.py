"""The small changes that `mutate.py` makes to a tree: what a slip of the hand would do, or a forgotten case."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.Pow: ast.Mult,
}
ENUMS = frozenset(("Phase", "Clock", "Stage", "Outcome", "RetryClass", "OnDisconnect", "Side"))
TWINS = {"min": "max", "max": "min", "any": "all", "all": "any"}
DROPPED = (ast.Expr, ast.Assign, ast.AugAssign, ast.Delete, ast.Raise, ast.Return, ast.Continue, ast.Break)


@dataclass
class Mutation:
    """One change. `before`, `after`: the line it stands in. `place`: the function it stands in."""

    place: str
    before: str
    after: str
    apply: Callable[[], None]

    def key(self, path: str) -> str:
        """How it is named in the list of harmless ones; line numbers would not last."""
        return f"{path} {self.place}: `{self.before}` -> `{self.after}`"


@dataclass
class _Spot:
    """A node, and where it hangs in the tree."""

    node: ast.AST
    parent: ast.AST
    field: str
    index: int | None
    statement: ast.AST  # the nearest statement, or the entry of a table: what is shown
    place: str

    def put(self, new: ast.AST) -> None:
        """Replace the node."""
        if self.index is None:
            setattr(self.parent, self.field, new)
        else:
            getattr(self.parent, self.field)[self.index] = new


def mutations(tree: ast.Module) -> Iterator[Mutation]:
    """Every change, in the order of the lines."""
    members = _members(tree)
    seen: dict[tuple[str, str, str], int] = {}
    for spot in _spots(tree, "module", tree):
        for new in _variants(spot, members):
            before = _shown(spot.statement)
            spot.put(new)
            after = _shown(new if spot.node is spot.statement else spot.statement)
            spot.put(spot.node)
            same = seen[spot.place, before, after] = seen.get((spot.place, before, after), 0) + 1
            place = spot.place if same == 1 else f"{spot.place} ({same})"
            yield Mutation(place, before, after, partial(spot.put, new))
    yield from _rows(tree)


def _spots(node: ast.AST, place: str, statement: ast.AST) -> Iterator[_Spot]:
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "type_comment") or _is_declaration(node, field):
            continue
        children = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        for index, child in children:
            if not isinstance(child, ast.AST) or _is_docstring(child):
                continue
            inner = child.name if isinstance(child, ast.FunctionDef | ast.ClassDef) else place
            nearest = child if isinstance(child, ast.stmt) else statement
            yield _Spot(child, node, field, index, nearest, inner)
            yield from _spots(child, inner, nearest)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_declaration(node: ast.AST, field: str) -> bool:
    """Slots, type variables and imports: a change there says nothing."""
    if isinstance(node, ast.Assign):
        names = {target.id for target in node.targets if isinstance(target, ast.Name)}
        return "__slots__" in names or any("Callable" in ast.unparse(node.value) for _ in names)
    return isinstance(node, ast.Import | ast.ImportFrom | ast.arguments) and field not in {"defaults", "kw_defaults"}


def _members(tree: ast.Module) -> dict[str, list[str]]:
    """The members of each enumeration that the file names."""
    found: dict[str, list[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ENUMS:
            names = found.setdefault(node.value.id, [])
            if node.attr not in names:
                names.append(node.attr)
    return found


def _variants(spot: _Spot, members: dict[str, list[str]]) -> Iterator[ast.AST]:
    """What the node could have been by mistake."""
    yield from _conditions(spot.node)
    yield from _values(spot.node, members)
    if isinstance(spot.node, DROPPED) and not isinstance(spot.parent, ast.Module | ast.ClassDef) and not _last(spot):
        yield ast.Pass()


def _last(spot: _Spot) -> bool:
    """A function that ends without this `return None` returns None all the same."""
    node, parent = spot.node, spot.parent
    if not (isinstance(node, ast.Return) and isinstance(parent, ast.FunctionDef)):
        return False
    return ast.unparse(node) == "return None" and node is parent.body[-1]


def _conditions(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(left, [op], comparators):
            for other in COMPARISONS[type(op)]:
                yield ast.Compare(left, [other()], comparators)
        case ast.BoolOp(op, values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
            for place in range(len(values)):
                rest = values[:place] + values[place + 1 :]
                yield rest[0] if len(rest) == 1 else ast.BoolOp(op, rest)
        case ast.If(test, body, orelse):
            yield ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.IfExp(test, body, orelse):
            yield ast.IfExp(test, orelse, body)
        case ast.UnaryOp(ast.Not() | ast.USub(), operand):
            yield operand
        case _:
            pass


def _values(node: ast.AST, members: dict[str, list[str]]) -> Iterator[ast.AST]:
    match node:
        case ast.BinOp(left, op, right) if type(op) in OPERATORS:
            yield ast.BinOp(left, OPERATORS[type(op)](), right)
        case ast.AugAssign(target, op, value) if type(op) in OPERATORS:
            yield ast.AugAssign(target, OPERATORS[type(op)](), value)
        case ast.Constant(value):
            yield from (ast.Constant(other) for other in _constants(value))
        case ast.Name(name, ast.Load()) if name in TWINS:
            yield ast.Name(TWINS[name], ast.Load())
        case ast.Attribute(ast.Name(name), attr, ast.Load()) if len(members.get(name, ())) > 1:
            names = members[name]
            yield ast.Attribute(ast.Name(name, ast.Load()), names[(names.index(attr) + 1) % len(names)], ast.Load())
        case _:
            pass


def _constants(value: object) -> tuple[bool | float | str, ...]:
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int | float):
        return (value + 1, value - 1)
    if isinstance(value, str) and value.strip():
        return (f"{value}?",)
    return ()


def _rows(tree: ast.Module) -> Iterator[Mutation]:
    """Entries that are left out of a table."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Dict):
            continue
        for index, (key, value) in enumerate(zip(node.keys, node.values, strict=True)):
            row = f"{ast.unparse(key) if key else '**'}: {ast.unparse(value)}".splitlines()[0]
            yield Mutation(_title(tree, node), row, "", partial(_leave_out, node, index))


def _leave_out(node: ast.Dict, index: int) -> None:
    del node.keys[index], node.values[index]


def _title(tree: ast.Module, inside: ast.AST) -> str:
    """The name of the table at module level that `inside` is part of."""
    for statement in tree.body:
        if any(node is inside for node in ast.walk(statement)):
            names = [node.id for node in ast.walk(statement) if isinstance(node, ast.Name)]
            row = next((_row(node, inside) for node in ast.walk(statement) if isinstance(node, ast.Dict)), "")
            return f"{names[0]} {row}".strip()
    return "module"


def _row(table: ast.Dict, inside: ast.AST) -> str:
    for key, value in zip(table.keys, table.values, strict=True):
        if key is not None and any(node is inside for node in ast.walk(value)):
            return ast.unparse(key)
    return ""


def _shown(node: ast.AST) -> str:
    """The node as one line; of a compound statement its head."""
    text = ast.unparse(ast.fix_missing_locations(copy.deepcopy(node)))
    return text.splitlines()[0] if isinstance(node, ast.stmt) and hasattr(node, "body") else " ".join(text.split())

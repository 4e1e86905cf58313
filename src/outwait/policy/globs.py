"""Globs of names: `*`, `?` and `[..]`, the whole name, upper and lower case told apart."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

WILD = frozenset("*?[")


def fits(glob: str, name: str) -> bool:
    """Whether `name` fits `glob`."""
    return glob == name or fnmatchcase(name, glob)


def first(globs: Iterable[str], name: str) -> str | None:
    """The first of `globs` that `name` fits."""
    for glob in globs:
        if fits(glob, name):
            return glob
    return None


def literal(glob: str) -> bool:
    """Whether `glob` is one plain name."""
    return WILD.isdisjoint(glob)

"""All tables of Chinese help, joined. A command's table stands in the module of its name."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from importlib import import_module
from typing import Final

COMMANDS: Final = (
    "outwait", "check", "net", "path", "diagnose", "top",
    "timeouts", "serve", "demo", "simulate", "explain", "channels",
)  # fmt: skip
"""The modules of this package; a command that speaks Chinese adds its own."""


def words() -> Mapping[str, str]:
    """English help text -> Chinese."""
    return ChainMap(*(import_module(f"outwait.cli.zh.{name}").HELP for name in COMMANDS))

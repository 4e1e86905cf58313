"""Globs match whole names, case and all."""

from __future__ import annotations

import pytest

from outwait.policy.globs import first, fits, literal


@pytest.mark.parametrize(
    "glob, name, fit",
    [
        ("*", "anything/at:all", True),
        ("gpt-*", "gpt-4o", True),
        ("gpt-*", "my-gpt-4o", False),
        ("gpt-?", "gpt-45", False),
        ("o[1-3]", "o2", True),
        ("O3", "o3", False),
        ("odd[name", "odd[name", True),
    ],
)
def test_fits(glob: str, name: str, fit: bool) -> None:
    assert fits(glob, name) is fit


def test_the_first_glob_wins() -> None:
    assert first(["x*", "o3*", "*"], "o3-pro") == "o3*"
    assert first([], "o3-pro") is None


def test_literal() -> None:
    assert literal("gpt-4o")
    assert not literal("gpt-4*")

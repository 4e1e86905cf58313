from __future__ import annotations

import pytest
import typer

from outwait.cli.commands import app
from outwait.cli.helping import untold
from outwait.cli.zh.words import COMMANDS, words

GROUP = typer.main.get_command(app)


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "outwait"])
def test_every_text_of_a_command_is_said_in_chinese(name: str) -> None:
    assert untold(GROUP.commands[name], words()) == []  # type: ignore[attr-defined] # the group's


def test_the_group_too() -> None:
    assert untold(GROUP, words()) == []


def test_no_row_without_chinese() -> None:
    assert [text for text in words().values() if text.isascii()] == []

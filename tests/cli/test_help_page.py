from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Annotated

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from outwait.cli import commands, help_page, helping
from outwait.cli.zh.words import words

LETTERS = "中文，。；（）「」、aZ09-_.:[]/→…“” \n"


@given(text=st.text(LETTERS, max_size=200), width=st.integers(2, 60))
def test_nothing_is_lost_and_no_line_is_too_long(text: str, width: int) -> None:
    lines = help_page.wrapped(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert max(map(cell_len, lines)) <= width


@pytest.mark.parametrize(
    "text, width, lines",
    [
        ("每个端点的探测次数。", 8, ["每个端点", "的探测次", "数。"]),
        ("探测次数（重要）", 10, ["探测次数", "（重要）"]),  # nothing ends with an opening bracket
        ("写到 outwait.yaml 中", 14, ["写到", "outwait.yaml", "中"]),
        ("次数 [默认：x]", 7, ["次数", "[默认：", "x]"]),
        ("", 8, [""]),
    ],
)
def test_lines_break_where_a_reader_expects_it(text: str, width: int, lines: list[str]) -> None:
    assert help_page.wrapped(text, width) == lines


@cache
def chinese() -> helping.Command:
    group = typer.main.get_command(commands.app)
    helping.translate(group, words())
    return group


@pytest.fixture
def page(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], str]:
    def shown(name: str, width: int) -> str:
        monkeypatch.setenv("COLUMNS", str(width))
        words = [name] if name else []
        chinese().main([*words, "--help"], prog_name="outwait", standalone_mode=False)
        return capsys.readouterr().out

    return shown


Page = Callable[[str, int], str]
NAMES = sorted(chinese().commands)


@pytest.mark.parametrize("width", [80, 50])
@pytest.mark.parametrize("name", ["", *NAMES])
def test_no_command_loses_a_word(page: Page, name: str, width: int) -> None:
    command = chinese().commands[name] if name else chinese()
    lines = page(name, width).splitlines()
    assert max(map(cell_len, lines)) <= width
    prose = "".join("".join(lines).split())
    for text in (command.help or "", command.epilog or ""):
        assert all("".join(part.split()) in prose for part in text.split("\n\n"))
    at = next(line.index("显示本说明") for line in lines if "--help" in line and "显示本说明" in line)
    means = "".join("".join(line[at:].rstrip("│") for line in lines if line.startswith("│")).split())
    for each in command.params:
        if not getattr(each, "hidden", False) and each.param_type_name == "option":
            assert "".join((each.help or "").split()) in means


def test_arguments_options_and_commands_have_their_panels(page: Page) -> None:
    assert "用法：outwait" in page("", 80)
    assert "╭─ 命令" in page("", 80)
    assert "╭─ 参数" in page("check", 80)
    assert "╭─ 选项" in page("check", 80)
    assert "[默认：90]" in page("check", 80)


def test_what_is_hidden_stays_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    app = typer.Typer()

    @app.command()
    def ask(*, secret: Annotated[int, typer.Option(hidden=True, help="No.")] = 2) -> None:
        """Asks."""

    command = typer.main.get_command(app)
    help_page.show(command, typer.Context(command, info_name="ask"))
    page = capsys.readouterr().out
    assert "Asks." in page
    assert "secret" not in page
